//===- ProgramTest.cpp - The program file ---------------------------------===//
#include "EdgeLLM/ISA/Program.h"

#include "../Testing.h"
#include "EdgeLLM/ISA/Instructions.h"

#include <cstring>
#include <functional>
#include <random>

using namespace edgellm;
using namespace edgellm::isa;
using namespace edgellm::testing;

namespace {

template <typename Instruction>
void append(Program &program, const Instruction &instruction) {
  uint64_t words[Instruction::words];
  DecodeError error;
  ASSERT_TRUE(encode(instruction, words, error));
  program.code.insert(program.code.end(), words, words + Instruction::words);
}

/// One entry point: begin, end.
Program smallProgram() {
  Program program{8, 96, 32, 64, 512, 7, 100, 2, 3};
  append(program, Begin{64, 96, 512, 7, 100, 2, 3});
  append(program, End{});
  program.entries.push_back({"generate", 3, 2, 2, 64, 16, 8, 1});
  return program;
}

/// What parsing says of the serialized program after `change` to its bytes.
std::string
parsingError(const std::function<void(std::vector<std::byte> &)> &change) {
  std::vector<std::byte> bytes = serializeProgram(smallProgram());
  change(bytes);
  try {
    parseProgram(bytes, "p.bin");
    return "";
  } catch (const Error &error) {
    return error.what();
  }
}

/// What the check says of the program after `change`.
std::string checkingError(const std::function<void(Program &)> &change) {
  Program program = smallProgram();
  change(program);
  try {
    checkProgram(program, "p");
    return "";
  } catch (const Error &error) {
    return error.what();
  }
}

} // namespace

TEST(Program, SerializesBothWays) {
  std::vector<std::byte> bytes = serializeProgram(smallProgram());
  EXPECT_EQ(bytes.size(), 5 * 64u);
  Program program = parseProgram(bytes, "p.bin");
  EXPECT_EQ(program.entries.at(0).name, "generate");
  EXPECT_EQ(program.hbmPackets, 7u);
  EXPECT_EQ(program.sequencePackets, 2u);
  EXPECT_EQ(program.sequences, 3u);
  EXPECT_EQ(program.firstSequencePacket(), 1u);
  EXPECT_EQ(serializeProgram(program), bytes);
  EXPECT_EQ(program.findEntry("generate"), &program.entries[0]);
  EXPECT_EQ(program.findEntry("score"), nullptr);
}

TEST(Program, RefusesForeignFiles) {
  auto resize = [](size_t size) {
    return [size](std::vector<std::byte> &bytes) { bytes.resize(size); };
  };
  auto flip = [](size_t offset) {
    return [offset](std::vector<std::byte> &bytes) {
      bytes[offset] ^= std::byte(0x80);
    };
  };
  EXPECT_EQ(parsingError(resize(63)),
            "p.bin: 63 bytes are no program, the header has 128");
  EXPECT_EQ(parsingError(flip(0)), "p.bin: not a program (wrong magic)");
  EXPECT_EQ(parsingError(flip(8)),
            "p.bin: program format 131, this version reads 3");
  EXPECT_NE(parsingError(flip(16)).find("p.bin: instruction table 0x"),
            std::string::npos);
  EXPECT_EQ(parsingError(resize(4 * 64)),
            "p.bin: 256 bytes, the header says 1 entries, 2 packets of code "
            "and 0 of sources");
  // Behind the name of the entry.
  EXPECT_EQ(parsingError(flip(128 + 12)),
            "p.bin: reserved bytes are not zero or sources not in order");
}

TEST(Program, TableHashIsNamedTwice) {
  std::string message = parsingError(
      [](std::vector<std::byte> &bytes) { bytes[16] ^= std::byte(1); });
  std::ostringstream own;
  own << std::hex << kTableHash;
  EXPECT_NE(message.find("this version has 0x" + own.str()), std::string::npos)
      << message;
}

TEST(Program, ChecksSizes) {
  EXPECT_EQ(checkingError([](Program &p) { p.ports = 12; }),
            "p: 12 HBM ports, allowed are 8, 16 and 32");
  EXPECT_EQ(checkingError([](Program &p) { p.hidden = 0; }),
            "p: context 96, hidden 0 and vocabulary 64 must be positive");
  EXPECT_EQ(checkingError([](Program &p) { p.sequences = 0; }),
            "p: 0 sequences of 2 packets a port, expected at least one and 7 "
            "packets in all");
  EXPECT_EQ(checkingError([](Program &p) { p.sequences = 4; }),
            "p: 4 sequences of 2 packets a port, expected at least one and 7 "
            "packets in all");
  EXPECT_EQ(checkingError([](Program &p) { p.sequencePackets = 3; }),
            "p: 3 sequences of 3 packets a port, expected at least one and 7 "
            "packets in all");
  EXPECT_EQ(checkingError([](Program &p) { p.entries.clear(); }),
            "p: 0 entry points, allowed are 1 to 64");
  EXPECT_EQ(checkingError([](Program &p) { p.entries[0].name = ""; }),
            "p: entry '': the name has 0 bytes, allowed are 1 to 23");
}

TEST(Program, ChecksEntries) {
  EXPECT_EQ(checkingError([](Program &p) { p.entries[0].firstPacket = 4; }),
            "p: entry 'generate': code at packets 4 + 2, expected within 3 to "
            "5");
  EXPECT_EQ(
      checkingError([](Program &p) { p.entries[0].packets = 0xFFFFFFFF; }),
      "p: entry 'generate': code at packets 3 + 4294967295, expected "
      "within 3 to 5");
  EXPECT_EQ(checkingError([](Program &p) { p.entries[0].instructions = 3; }),
            "p: entry 'generate': 2 instructions, the entry says 3");
  EXPECT_EQ(checkingError([](Program &p) { p.entries[0].logitsRows = 2; }),
            "p: entry 'generate': logits rows 2, allowed are 0 and 1");
  EXPECT_EQ(checkingError([](Program &p) { p.entries[0].inputPacket = 449; }),
            "p: entry 'generate': input needs packets 449 to 513 of a ddr "
            "buffer of 512");
  EXPECT_EQ(checkingError([](Program &p) { p.entries[0].logitsPacket = 511; }),
            "p: entry 'generate': logits needs packets 511 to 513 of a ddr "
            "buffer of 512");
}

TEST(Program, ChecksCode) {
  EXPECT_EQ(checkingError([](Program &p) { p.code[8] = 0; }),
            "p: entry 'generate': instruction 1: opcode 0 is not in the "
            "instruction table");
  EXPECT_EQ(checkingError([](Program &p) { std::swap(p.code[0], p.code[8]); }),
            "p: entry 'generate': instruction 0: end: reserved bits 0x60 are "
            "set, they must be zero");
  EXPECT_EQ(checkingError([](Program &p) {
              p.code.insert(p.code.end(), p.code.end() - 8, p.code.end());
              p.entries[0].packets = 3;
            }),
            "p: entry 'generate': instruction 1 has opcode 2; begin stands "
            "first, end last and neither elsewhere");
  EXPECT_EQ(checkingError([](Program &p) { p.context = 95; }),
            "p: entry 'generate': begin disagrees with the program's header");
  EXPECT_EQ(checkingError([](Program &p) { p.sequences = 2; }),
            "p: entry 'generate': begin disagrees with the program's header");
  EXPECT_EQ(checkingError([](Program &p) { p.sequencePackets = 1; }),
            "p: entry 'generate': begin disagrees with the program's header");
  EXPECT_EQ(checkingError([](Program &p) { p.entries[0].packets = 1; }),
            "p: entry 'generate': instruction 0 has opcode 1; begin stands "
            "first, end last and neither elsewhere");
}

//===----------------------------------------------------------------------===//
// Sources
//===----------------------------------------------------------------------===//

namespace {

/// Adds instructions before the `end` of the last entry.
void addActivations(Program &program, unsigned count) {
  Activation activation;
  activation.channels = 32;
  activation.rows = activation.src = {1, 0, Request::zero};
  activation.dst = {2, 0, Request::zero};
  program.code.resize(program.code.size() - End::words);
  for (unsigned i = 0; i < count; ++i)
    append(program, activation);
  append(program, End{});
  program.entries.back().packets += count * Activation::words / kPacketWords;
  program.entries.back().instructions += count;
}

/// Two entries of two and three instructions, named after the model.
Program programWithSources() {
  Program program = smallProgram();
  append(program, Begin{1, 96, 512, 7, 100, 2, 3});
  append(program, End{});
  program.entries[0].firstPacket = 4;
  program.entries.push_back({"decode", 6, 2, 2, 1, 16, 8, 1});
  addActivations(program, 1);
  program.sources = {"", "end", "", "layers.0.mlp.act", "end"};
  return program;
}

/// Parsing after `change` to the program with sources, unchecked.
std::string
sourceError(const std::function<void(std::vector<std::string> &)> &change) {
  Program program = programWithSources();
  change(program.sources);
  std::vector<std::byte> bytes = serializeProgram(program);
  return errorOf([&] { parseProgram(bytes, "p"); });
}

} // namespace

TEST(ProgramSources, SerializeBothWays) {
  std::vector<std::byte> bytes = serializeProgram(programWithSources());
  Program program = parseProgram(bytes, "p");
  EXPECT_EQ(program.sources, programWithSources().sources);
  EXPECT_EQ(serializeProgram(program), bytes);
  EXPECT_EQ(program.sourceOf(program.entries[0], 1), "end");
  EXPECT_EQ(program.sourceOf(program.entries[1], 0), "");
  EXPECT_EQ(program.sourceOf(program.entries[1], 1), "layers.0.mlp.act");
  EXPECT_EQ(program.sourceOf(program.entries[1], 3), ""); // no such number
  // Five numbers and "", "end", "layers.0.mlp.act", each once.
  size_t codeEnd = size_t(program.codePacket()) * kPacketBytes +
                   program.code.size() * sizeof(uint64_t);
  EXPECT_EQ(bytes.size() - codeEnd, 64u);
}

TEST(ProgramSources, AreFoundByPacket) {
  Program program = programWithSources();
  EXPECT_EQ(program.entryAt(3), nullptr); // the table of entries
  EXPECT_EQ(program.entryAt(5), &program.entries[0]);
  EXPECT_EQ(program.entryAt(6), &program.entries[1]);
  uint32_t end = 6 + program.entries[1].packets;
  EXPECT_EQ(program.entryAt(end - 1), &program.entries[1]);
  EXPECT_EQ(program.entryAt(end), nullptr);
}

/// Texts of any lengths, so that every filling of the last packet occurs.
TEST(ProgramSources, FillTheirPackets) {
  for (size_t length = 0; length <= kSourceBytes; ++length) {
    Program program = programWithSources();
    program.sources[3] = std::string(length, 'x');
    for (const char *last : {"end", "", "\u00e9 \u4e2d"}) { // any UTF-8
      program.sources[4] = last;
      std::vector<std::byte> bytes = serializeProgram(program);
      EXPECT_EQ(bytes.size() % kPacketBytes, 0u);
      ASSERT_EQ(parseProgram(bytes, "p").sources, program.sources) << length;
    }
  }
}

TEST(ProgramSources, AreShortTexts) {
  using Sources = std::vector<std::string>;
  EXPECT_EQ(sourceError([](Sources &s) { s[3] = "a\nb"; }),
            "p: the source of an instruction has 3 bytes and control "
            "characters, allowed are 0 to 255 bytes of text");
  EXPECT_EQ(sourceError([](Sources &s) { s[3] = std::string(256, 'x'); }),
            "p: the source of an instruction has 256 bytes, allowed are 0 to "
            "255 bytes of text");
  EXPECT_EQ(sourceError([](Sources &s) { s.assign(5, ""); }),
            "p: sources that are all empty");
  Program program = programWithSources();
  program.sources.pop_back();
  EXPECT_EQ(errorOf([&] { checkProgram(program, "p"); }),
            "p: 4 sources for 5 instructions");
  program.sources = {"", "end", "", "a", std::string(1, '\x7f')};
  EXPECT_EQ(errorOf([&] { checkProgram(program, "p"); }),
            "p: the source of an instruction has 1 bytes and control "
            "characters, allowed are 0 to 255 bytes of text");
}

/// A text that each of many instructions names is not copied for each before
/// its length is looked at.
TEST(ProgramSources, LongTextsCannotFillTheMemory) {
  Program program = programWithSources();
  addActivations(program, 5000);
  program.sources.clear();
  std::vector<std::byte> bytes = serializeProgram(program);
  constexpr size_t kTextBytes = 1 << 20; // times 5005 would be 5 GB
  size_t numbers = 4 * 5005 + 12;        // to a whole packet, all of text 0
  ASSERT_EQ(numbers % kPacketBytes, 0u);
  uint64_t packets = (numbers + kTextBytes) / kPacketBytes;
  std::memcpy(&bytes.at(72), &packets, sizeof packets);
  size_t sources = bytes.size();
  bytes.resize(sources + numbers + kTextBytes, std::byte('x'));
  std::fill_n(&bytes[sources], 4 * 5005, std::byte(0));
  bytes.back() = std::byte(0);
  EXPECT_EQ(errorOf([&] { parseProgram(bytes, "p"); }),
            "p: the source of an instruction has 1048587 bytes, allowed are 0 "
            "to 255 bytes of text");
}

//===----------------------------------------------------------------------===//
// Damage
//===----------------------------------------------------------------------===//

/// No beginning of a program is one.
TEST(ProgramDamage, TruncatedAtEveryByte) {
  std::vector<std::byte> whole = serializeProgram(programWithSources());
  for (size_t size = 0; size < whole.size(); ++size) {
    std::vector<std::byte> bytes(whole.begin(),
                                 whole.begin() + ptrdiff_t(size));
    std::string error = errorOf([&] { parseProgram(bytes, "p.bin"); });
    EXPECT_TRUE(error.starts_with("p.bin: " + std::to_string(size) + " bytes"))
        << error;
  }
  whole.push_back({});
  EXPECT_NE(errorOf([&] { parseProgram(whole, "p"); }), "");
}

/// Sizes in the header that the file does not have, up to those whose sum
/// overflows.
TEST(ProgramDamage, HeadersThatLie) {
  std::vector<std::byte> whole = serializeProgram(programWithSources());
  auto errorWith = [&](size_t offset, auto value) {
    std::vector<std::byte> bytes = whole;
    std::memcpy(&bytes[offset], &value, sizeof value);
    return errorOf([&] { parseProgram(bytes, "p"); });
  };
  constexpr size_t kEntryCount = 12, kCodePackets = 64, kSourcePackets = 72;
  for (uint32_t count : {0u, 1u, 3u, 0xFFFFFFFFu})
    EXPECT_NE(errorWith(kEntryCount, count)
                  .find(" bytes, the header says " + std::to_string(count) +
                        " entries, "),
              std::string::npos);
  for (uint64_t packets : {uint64_t(0), uint64_t(2), uint64_t(1) << 58,
                           ~uint64_t(0), ~uint64_t(0) - 3})
    for (size_t field : {kCodePackets, kSourcePackets})
      EXPECT_NE(errorWith(field, packets).find(std::to_string(packets)),
                std::string::npos);
  // Entries that say how many instructions they have.
  constexpr size_t kInstructions = 2 * 64 + 32;
  EXPECT_EQ(errorWith(kInstructions, 3u),
            "p: entry 'generate': 2 instructions, the entry says 3");
  EXPECT_EQ(errorWith(kInstructions, 0xFFFFFFFFu),
            "p: entry 'generate': 2 instructions, the entry says 4294967295");
  // A table of sources that ends early.
  Program program = programWithSources();
  addActivations(program, 20);
  EXPECT_EQ(errorOf([&] { parseProgram(serializeProgram(program), "p"); }),
            "p: 64 bytes of sources for 25 instructions");
}

TEST(ProgramDamage, SourcesThatAreNotThere) {
  std::vector<std::byte> whole = serializeProgram(programWithSources());
  size_t table = whole.size() - 64;
  auto errorWith = [&](size_t offset, uint32_t value) {
    std::vector<std::byte> bytes = whole;
    std::memcpy(&bytes[table + offset], &value, sizeof value);
    return errorOf([&] { parseProgram(bytes, "p"); });
  };
  EXPECT_NE(errorWith(8, 0x12345678)
                .find("instruction 2 of the code has "
                      "source 305419896, there are "),
            std::string::npos);
  // Texts in another order, or a text more than once, is another encoding.
  EXPECT_EQ(errorWith(4, 0),
            "p: reserved bytes are not zero or sources not in order");
}

/// Magic and hash stay where they are: programs of other tables are refused by
/// both hashes, whatever their format and however little of them there is.
TEST(ProgramDamage, OtherTablesAreNamed) {
  std::ostringstream expected;
  expected << "p: instruction table 0x123456789abcdef, this version has 0x"
           << std::hex << kTableHash << "; compile the model again";
  std::mt19937 random(5);
  for (uint32_t version : {0u, 1u, 2u, 3u, 0xFFFFFFFFu})
    for (size_t size : {24u, 63u, 64u, 128u, 1000u}) {
      std::vector<std::byte> bytes(size);
      for (std::byte &byte : bytes)
        byte = std::byte(random());
      uint64_t hash = 0x0123456789abcdef;
      std::memcpy(&bytes[0], "EdgeLLMP", 8);
      std::memcpy(&bytes[8], &version, sizeof version);
      std::memcpy(&bytes[16], &hash, sizeof hash);
      EXPECT_EQ(errorOf([&] { parseProgram(bytes, "p"); }), expected.str());
      // Of this table, but in another format.
      if (version == kProgramVersion)
        continue;
      std::memcpy(&bytes[16], &kTableHash, sizeof kTableHash);
      EXPECT_EQ(errorOf([&] { parseProgram(bytes, "p"); }),
                "p: program format " + std::to_string(version) +
                    ", this version reads " + std::to_string(kProgramVersion));
    }
}

/// Random damage is found or harmless; nothing crashes or reads outside.
TEST(ProgramDamage, SurvivesAnything) {
  std::vector<std::byte> original = serializeProgram(programWithSources());
  std::mt19937 random(1);
  for (unsigned round = 0; round < 20000; ++round) {
    std::vector<std::byte> bytes = original;
    for (unsigned i = 0; i < 1 + round % 4; ++i)
      bytes[random() % bytes.size()] = std::byte(random());
    if (round % 8 == 0)
      bytes.resize(random() % bytes.size());
    try {
      EXPECT_EQ(serializeProgram(parseProgram(bytes, "p")), bytes);
    } catch (const Error &) {
    }
  }
}
