//===- Program.cpp - The program file -------------------------------------===//
#include "EdgeLLM/ISA/Program.h"

#include "EdgeLLM/ISA/Disassembly.h"
#include "EdgeLLM/ISA/Schedule.h"
#include "EdgeLLM/Support/Error.h"
#include "SourceTable.h"

#include <algorithm>
#include <cstring>

using namespace edgellm;
using namespace edgellm::isa;

static constexpr char kMagic[8] = {'E', 'd', 'g', 'e', 'L', 'L', 'M', 'P'};

namespace {

/// The first packets of the file. Magic and hash stay where they are in every
/// version, so that programs of all of them are refused by name.
struct FileHeader {
  char magic[8];
  uint32_t version, entryCount;
  uint64_t tableHash;
  uint32_t ports, context, hidden, vocabulary;
  uint64_t ddrPackets, hbmPackets, chipPackets;
  uint64_t codePackets, sourcePackets;
  uint64_t sequencePackets;
  uint32_t sequences, unused;
  uint64_t reserved[4];
};
static_assert(sizeof(FileHeader) == 2 * kPacketBytes);

/// One entry point in the file.
struct FileEntry {
  char name[kEntryNameBytes + 1];
  uint32_t firstPacket, packets, instructions, maxTokens;
  uint64_t inputPacket, logitsPacket;
  uint32_t logitsRows, reserved;
};
static_assert(sizeof(FileEntry) == kPacketBytes);

/// Keeps the limits that an entry point starts with.
class BeginReader final : public IgnoringVisitor {
public:
  using IgnoringVisitor::visit;
  Begin begin;
  void visit(const Begin &instruction) override { begin = instruction; }
};

} // namespace

std::span<const uint64_t> Program::codeOf(const Entry &entry) const {
  return std::span(code).subspan(size_t(entry.firstPacket - codePacket()) *
                                     kPacketWords,
                                 size_t(entry.packets) * kPacketWords);
}

const Entry *Program::findEntry(const std::string &name) const {
  for (const Entry &entry : entries)
    if (entry.name == name)
      return &entry;
  return nullptr;
}

const std::string &Program::sourceOf(const Entry &entry, uint32_t index) const {
  static const std::string none;
  size_t position = index;
  for (const Entry &other : entries) {
    if (other.firstPacket == entry.firstPacket)
      return position < sources.size() ? sources[position] : none;
    position += other.instructions;
  }
  return none;
}

const Entry *Program::entryAt(uint64_t packet) const {
  for (const Entry &entry : entries)
    if (packet >= entry.firstPacket &&
        packet - entry.firstPacket < entry.packets)
      return &entry;
  return nullptr;
}

//===----------------------------------------------------------------------===//
// Checks
//===----------------------------------------------------------------------===//

static void checkSizes(const Program &program, const std::string &origin) {
  if (program.ports != 8 && program.ports != 16 && program.ports != 32)
    fail(origin, ": ", program.ports, " HBM ports, allowed are 8, 16 and 32");
  if (program.context == 0 || program.hidden == 0 || program.vocabulary == 0)
    fail(origin, ": context ", program.context, ", hidden ", program.hidden,
         " and vocabulary ", program.vocabulary, " must be positive");
  if (program.sequences == 0 ||
      program.sequencePackets > program.hbmPackets / program.sequences)
    fail(origin, ": ", program.sequences, " sequences of ",
         program.sequencePackets, " packets a port, expected at least one and ",
         program.hbmPackets, " packets in all");
  if (program.entries.empty() || program.entries.size() > 64)
    fail(origin, ": ", program.entries.size(),
         " entry points, allowed are 1 to 64");
}

/// `count` channel blocks of `rows` rows at `packet` lie inside the buffer.
static void checkBuffer(const Program &program, uint64_t packet,
                        uint64_t channels, uint64_t rows,
                        const std::string &what) {
  uint64_t packets = (channels + kLanes - 1) / kLanes * rows;
  if (packet > program.ddrPackets || packets > program.ddrPackets - packet)
    fail(what, " needs packets ", packet, " to ", packet + packets,
         " of a ddr buffer of ", program.ddrPackets);
}

static void checkBegin(const Program &program, const Entry &entry,
                       const Begin &begin, const std::string &where) {
  if (begin.max_tokens != entry.maxTokens || begin.context != program.context ||
      uint64_t(begin.ddr_packets) != program.ddrPackets ||
      uint64_t(begin.hbm_packets) != program.hbmPackets ||
      uint64_t(begin.chip_packets) != program.chipPackets ||
      uint64_t(begin.sequence_packets) != program.sequencePackets ||
      begin.sequences != program.sequences)
    fail(where, ": begin disagrees with the program's header");
  if (entry.maxTokens > program.context)
    fail(where, ": passes of ", entry.maxTokens,
         " tokens exceed the context of ", program.context);
}

/// begin first, end last, neither in between, all of it decodable.
static void checkCode(const Program &program, const Entry &entry,
                      const std::string &where) {
  std::span<const uint64_t> code = program.codeOf(entry);
  BeginReader reader;
  DecodeError error;
  size_t position = 0;
  uint32_t index = 0;
  for (; position < code.size(); ++index) {
    unsigned length =
        decodeAndVisit(&code[position], code.size() - position, reader, error);
    if (length == 0)
      fail(where, ": instruction ", index, ": ", describe(error));
    Opcode opcode = Opcode(code[position] & 0xFF);
    position += length;
    if ((opcode == Opcode::begin) != (index == 0) ||
        (opcode == Opcode::end) != (position == code.size()))
      fail(where, ": instruction ", index, " has opcode ", unsigned(opcode),
           "; begin stands first, end last and neither elsewhere");
  }
  if (index != entry.instructions)
    fail(where, ": ", index, " instructions, the entry says ",
         entry.instructions);
  checkBegin(program, entry, reader.begin, where);
}

static void checkEntry(const Program &program, const Entry &entry,
                       uint64_t expectedPacket, const std::string &where) {
  uint64_t endPacket =
      program.codePacket() + program.code.size() / kPacketWords;
  if (entry.firstPacket != expectedPacket || entry.packets == 0 ||
      entry.packets > endPacket - expectedPacket)
    fail(where, ": code at packets ", entry.firstPacket, " + ", entry.packets,
         ", expected within ", expectedPacket, " to ", endPacket);
  if (entry.logitsRows > 1)
    fail(where, ": logits rows ", entry.logitsRows, ", allowed are 0 and 1");
  checkCode(program, entry, where);
  checkSchedule(program, entry, where);
  checkBuffer(program, entry.inputPacket, program.hidden, entry.maxTokens,
              where + ": input");
  checkBuffer(program, entry.logitsPacket, program.vocabulary,
              entry.logitsRows ? entry.logitsRows : entry.maxTokens,
              where + ": logits");
}

/// Sources are names, one for each instruction or none at all.
static void checkSources(const Program &program, const std::string &origin) {
  size_t instructions = 0;
  for (const Entry &entry : program.entries)
    instructions += entry.instructions;
  if (!program.sources.empty() && program.sources.size() != instructions)
    fail(origin, ": ", program.sources.size(), " sources for ", instructions,
         " instructions");
  if (!program.sources.empty() &&
      std::ranges::all_of(program.sources, &std::string::empty))
    fail(origin, ": sources that are all empty");
  for (const std::string &source : program.sources) {
    bool isText = std::ranges::all_of(source, [](char c) {
      return static_cast<unsigned char>(c) >= 0x20 && c != 0x7F;
    });
    if (source.size() > kSourceBytes || !isText)
      fail(origin, ": the source of an instruction has ", source.size(),
           " bytes", isText ? "" : " and control characters",
           ", allowed are 0 to ", kSourceBytes, " bytes of text");
  }
}

void edgellm::checkProgram(const Program &program, const std::string &origin) {
  checkSizes(program, origin);
  uint64_t packet = program.codePacket();
  for (const Entry &entry : program.entries) {
    std::string where = origin + ": entry '" + entry.name + "'";
    if (entry.name.empty() || entry.name.size() > kEntryNameBytes)
      fail(where, ": the name has ", entry.name.size(),
           " bytes, allowed are 1 to ", kEntryNameBytes);
    checkEntry(program, entry, packet, where);
    packet += entry.packets;
  }
  if (packet != program.codePacket() + program.code.size() / kPacketWords)
    fail(origin, ": code after the last entry");
  checkSources(program, origin);
}

//===----------------------------------------------------------------------===//
// Bytes
//===----------------------------------------------------------------------===//

/// Table before version: a program of another table, of whatever format, is
/// refused by the hashes.
static void checkIdentity(std::span<const std::byte> bytes,
                          const std::string &origin) {
  struct {
    char magic[8];
    uint32_t version, entryCount;
    uint64_t tableHash;
  } identity;
  if (bytes.size() < sizeof identity)
    fail(origin, ": ", bytes.size(), " bytes are no program, the header has ",
         sizeof(FileHeader));
  std::memcpy(&identity, bytes.data(), sizeof identity);
  if (std::memcmp(identity.magic, kMagic, sizeof kMagic) != 0)
    fail(origin, ": not a program (wrong magic)");
  if (identity.tableHash != kTableHash)
    fail(origin, ": instruction table 0x", std::hex, identity.tableHash,
         ", this version has 0x", kTableHash, "; compile the model again");
  if (identity.version != kProgramVersion)
    fail(origin, ": program format ", identity.version, ", this version reads ",
         kProgramVersion);
}

static FileHeader readHeader(std::span<const std::byte> bytes,
                             const std::string &origin) {
  checkIdentity(bytes, origin);
  FileHeader header;
  if (bytes.size() < sizeof header)
    fail(origin, ": ", bytes.size(), " bytes are no program, the header has ",
         sizeof header);
  std::memcpy(&header, bytes.data(), sizeof header);
  uint64_t packets = bytes.size() / kPacketBytes;
  if (bytes.size() % kPacketBytes != 0 || header.codePackets > packets ||
      header.sourcePackets > packets ||
      2 + uint64_t(header.entryCount) + header.codePackets +
              header.sourcePackets !=
          packets)
    fail(origin, ": ", bytes.size(), " bytes, the header says ",
         header.entryCount, " entries, ", header.codePackets,
         " packets of code and ", header.sourcePackets, " of sources");
  return header;
}

static Entry readEntry(const std::byte *bytes) {
  FileEntry file;
  std::memcpy(&file, bytes, sizeof file);
  file.name[kEntryNameBytes] = '\0';
  return {file.name,         file.firstPacket, file.packets,
          file.instructions, file.maxTokens,   file.inputPacket,
          file.logitsPacket, file.logitsRows};
}

/// Takes `packets` packets off the front of `bytes`.
static std::span<const std::byte> takePackets(std::span<const std::byte> &bytes,
                                              uint64_t packets) {
  std::span<const std::byte> taken = bytes.first(packets * kPacketBytes);
  bytes = bytes.subspan(taken.size());
  return taken;
}

Program edgellm::parseProgram(std::span<const std::byte> bytes,
                              const std::string &origin) {
  FileHeader header = readHeader(bytes, origin);
  Program program;
  program.ports = header.ports;
  program.context = header.context;
  program.hidden = header.hidden;
  program.vocabulary = header.vocabulary;
  program.ddrPackets = header.ddrPackets;
  program.hbmPackets = header.hbmPackets;
  program.chipPackets = header.chipPackets;
  program.sequencePackets = header.sequencePackets;
  program.sequences = header.sequences;
  std::span<const std::byte> rest = bytes.subspan(sizeof header);
  uint64_t instructions = 0;
  for (uint32_t i = 0; i < header.entryCount; ++i) {
    program.entries.push_back(readEntry(takePackets(rest, 1).data()));
    instructions += program.entries.back().instructions;
  }
  std::span<const std::byte> code = takePackets(rest, header.codePackets);
  program.code.resize(code.size() / sizeof(uint64_t));
  std::ranges::copy(code,
                    std::as_writable_bytes(std::span(program.code)).begin());
  // Sources belong to instructions, so these are checked first.
  checkProgram(program, origin);
  program.sources = parseSources(rest, instructions, origin);
  checkSources(program, origin);
  if (!std::ranges::equal(serializeProgram(program), bytes))
    fail(origin, ": reserved bytes are not zero or sources not in order");
  return program;
}

static void append(std::vector<std::byte> &bytes, const void *data,
                   size_t size) {
  const std::byte *begin = static_cast<const std::byte *>(data);
  bytes.insert(bytes.end(), begin, begin + size);
}

static FileHeader headerOf(const Program &program, uint64_t sourcePackets) {
  FileHeader header{};
  std::memcpy(header.magic, kMagic, sizeof kMagic);
  header.version = kProgramVersion;
  header.entryCount = uint32_t(program.entries.size());
  header.tableHash = kTableHash;
  header.ports = program.ports;
  header.context = program.context;
  header.hidden = program.hidden;
  header.vocabulary = program.vocabulary;
  header.ddrPackets = program.ddrPackets;
  header.hbmPackets = program.hbmPackets;
  header.chipPackets = program.chipPackets;
  header.sequencePackets = program.sequencePackets;
  header.sequences = program.sequences;
  header.codePackets = program.code.size() / kPacketWords;
  header.sourcePackets = sourcePackets;
  return header;
}

std::vector<std::byte> edgellm::serializeProgram(const Program &program) {
  std::vector<std::byte> sources = serializeSources(program.sources);
  FileHeader header = headerOf(program, sources.size() / kPacketBytes);
  std::vector<std::byte> bytes;
  append(bytes, &header, sizeof header);
  for (const Entry &entry : program.entries) {
    FileEntry file{{},
                   entry.firstPacket,
                   entry.packets,
                   entry.instructions,
                   entry.maxTokens,
                   entry.inputPacket,
                   entry.logitsPacket,
                   entry.logitsRows,
                   0};
    entry.name.copy(file.name, kEntryNameBytes);
    append(bytes, &file, sizeof file);
  }
  append(bytes, program.code.data(), program.code.size() * sizeof(uint64_t));
  append(bytes, sources.data(), sources.size());
  return bytes;
}
