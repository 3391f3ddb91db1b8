//===- ProgramTest.cpp - The program file ---------------------------------===//
#include "EdgeLLM/ISA/Program.h"

#include "EdgeLLM/ISA/Instructions.h"
#include "EdgeLLM/Support/Error.h"

#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <random>

using namespace edgellm;
using namespace edgellm::isa;

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
  Program program{8, 96, 32, 64, 512, 7, 100, {}, {}, {}};
  append(program, Begin{64, 96, 512, 7, 100});
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
            "p.bin: program format 130, this version reads 2");
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
  EXPECT_EQ(checkingError([](Program &p) { p.entries[0].packets = 1; }),
            "p: entry 'generate': instruction 0 has opcode 1; begin stands "
            "first, end last and neither elsewhere");
}

/// Random damage is found or harmless; nothing crashes or reads outside.
TEST(Program, SurvivesDamage) {
  std::vector<std::byte> original = serializeProgram(smallProgram());
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
