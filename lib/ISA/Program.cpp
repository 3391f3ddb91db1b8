//===- Program.cpp - The program file -------------------------------------===//
#include "EdgeLLM/ISA/Program.h"

#include "EdgeLLM/ISA/Disassembly.h"
#include "EdgeLLM/Support/Error.h"

#include <cstring>

using namespace edgellm;
using namespace edgellm::isa;

static constexpr char kMagic[8] = {'E', 'd', 'g', 'e', 'L', 'L', 'M', 'P'};

namespace {

/// The first packet of the file.
struct FileHeader {
  char magic[8];
  uint32_t version, entryCount;
  uint64_t tableHash;
  uint32_t ports, context, hidden, vocabulary;
  uint64_t ddrPackets, hbmPackets;
  uint64_t codePackets;
};
static_assert(sizeof(FileHeader) == kPacketBytes);

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

//===----------------------------------------------------------------------===//
// Checks
//===----------------------------------------------------------------------===//

static void checkSizes(const Program &program, const std::string &origin) {
  if (program.ports != 8 && program.ports != 16 && program.ports != 32)
    fail(origin, ": ", program.ports, " HBM ports, allowed are 8, 16 and 32");
  if (program.context == 0 || program.hidden == 0 || program.vocabulary == 0)
    fail(origin, ": context ", program.context, ", hidden ", program.hidden,
         " and vocabulary ", program.vocabulary, " must be positive");
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
      uint64_t(begin.hbm_packets) != program.hbmPackets)
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
  checkBuffer(program, entry.inputPacket, program.hidden, entry.maxTokens,
              where + ": input");
  checkBuffer(program, entry.logitsPacket, program.vocabulary,
              entry.logitsRows ? entry.logitsRows : entry.maxTokens,
              where + ": logits");
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
}

//===----------------------------------------------------------------------===//
// Bytes
//===----------------------------------------------------------------------===//

static FileHeader readHeader(std::span<const std::byte> bytes,
                             const std::string &origin) {
  FileHeader header;
  if (bytes.size() < sizeof header)
    fail(origin, ": ", bytes.size(), " bytes are no program, the header has ",
         sizeof header);
  std::memcpy(&header, bytes.data(), sizeof header);
  if (std::memcmp(header.magic, kMagic, sizeof kMagic) != 0)
    fail(origin, ": not a program (wrong magic)");
  if (header.version != kProgramVersion)
    fail(origin, ": program format ", header.version, ", this version reads ",
         kProgramVersion);
  if (header.tableHash != kTableHash)
    fail(origin, ": instruction table 0x", std::hex, header.tableHash,
         ", this version has 0x", kTableHash, "; compile the model again");
  uint64_t packets = bytes.size() / kPacketBytes;
  if (bytes.size() % kPacketBytes != 0 || header.codePackets > packets ||
      1 + uint64_t(header.entryCount) + header.codePackets != packets)
    fail(origin, ": ", bytes.size(), " bytes, the header says ",
         header.entryCount, " entries and ", header.codePackets,
         " packets of code");
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

Program edgellm::parseProgram(std::span<const std::byte> bytes,
                              const std::string &origin) {
  FileHeader header = readHeader(bytes, origin);
  Program program{header.ports,
                  header.context,
                  header.hidden,
                  header.vocabulary,
                  header.ddrPackets,
                  header.hbmPackets,
                  {},
                  {}};
  for (uint32_t i = 0; i < header.entryCount; ++i)
    program.entries.push_back(
        readEntry(bytes.data() + size_t(1 + i) * kPacketBytes));
  std::span<const std::byte> code =
      bytes.subspan(size_t(program.codePacket()) * kPacketBytes);
  program.code.resize(code.size() / sizeof(uint64_t));
  std::memcpy(program.code.data(), code.data(), code.size());
  checkProgram(program, origin);
  if (serializeProgram(program) != std::vector(bytes.begin(), bytes.end()))
    fail(origin, ": reserved bytes are not zero");
  return program;
}

static void append(std::vector<std::byte> &bytes, const void *data,
                   size_t size) {
  const std::byte *begin = static_cast<const std::byte *>(data);
  bytes.insert(bytes.end(), begin, begin + size);
}

std::vector<std::byte> edgellm::serializeProgram(const Program &program) {
  FileHeader header{{},
                    kProgramVersion,
                    uint32_t(program.entries.size()),
                    kTableHash,
                    program.ports,
                    program.context,
                    program.hidden,
                    program.vocabulary,
                    program.ddrPackets,
                    program.hbmPackets,
                    program.code.size() / kPacketWords};
  std::memcpy(header.magic, kMagic, sizeof kMagic);
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
  return bytes;
}
