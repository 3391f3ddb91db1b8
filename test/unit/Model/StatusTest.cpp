//===- StatusTest.cpp - The status packet and its messages ----------------===//
#include "EdgeLLM/ISA/Status.h"
#include "TestDevice.h"
#include <array>

using namespace edgellm;
using namespace edgellm::test;
using isa::Status;
using isa::StatusCode;

namespace {

TEST(StatusTest, layoutIsPinned) {
  std::array<std::byte, isa::kStatusBytes> bytes;
  Status status{StatusCode::out_of_bounds, 3,          0x01020304, 9, -2,
                0x1122334455667788,        0xA0B0C0D0, 0xFBFF,     3};
  isa::writeStatus(status, bytes);
  std::array<uint32_t, 16> words;
  std::memcpy(words.data(), bytes.data(), sizeof words);
  EXPECT_EQ(words, (std::array<uint32_t, 16>{2, 3, 0x01020304, 9, 0xFFFFFFFE,
                                             0xFFFFFFFF, 0x55667788, 0x11223344,
                                             0xA0B0C0D0, 0xFBFF, 3}));
  EXPECT_EQ(bytes[8], std::byte(0x04)) << "little-endian";

  Status back = isa::readStatus(bytes);
  EXPECT_EQ(back.code, status.code);
  EXPECT_EQ(back.instruction, status.instruction);
  EXPECT_EQ(back.packet, status.packet);
  EXPECT_EQ(back.field, status.field);
  EXPECT_EQ(back.found, status.found);
  EXPECT_EQ(back.limit, status.limit);
  EXPECT_EQ(back.argmaxIndex, status.argmaxIndex);
  EXPECT_EQ(back.argmaxValue, status.argmaxValue);
  EXPECT_EQ(back.completed, status.completed);
}

class StatusMessageTest : public testing::Test {
protected:
  StatusMessageTest() : device(1, 100, 10) {
    activation.channels = 64;
    activation.rows = times(isa::Request::tokens);
    activation.src = constant(1);
    activation.src_stride = constant(10);
    activation.dst = constant(50);
    activation.dst_stride = constant(10);
  }
  std::string message(uint32_t tokens = 5) {
    return isa::describe(device.run(tokens, 0, activation), device.program);
  }

  TestDevice device;
  isa::Activation activation;
};

TEST_F(StatusMessageTest, completed) {
  EXPECT_EQ(message(), "completed 3 instructions");
}

TEST_F(StatusMessageTest, outOfBounds) {
  activation.src = constant(86);
  EXPECT_EQ(message(), "instruction 1 at packet 1: activation: 'src' reaches "
                       "packet 100, the limit is 99");
}

TEST_F(StatusMessageTest, requestRange) {
  EXPECT_EQ(message(65), "instruction 0 at packet 0: begin: 'max_tokens' is 65 "
                         "for this request, the limit is 64");
}

TEST_F(StatusMessageTest, overlap) {
  activation.dst = constant(2);
  EXPECT_EQ(message(),
            "instruction 1 at packet 1: activation: 'dst' starts at packet 2 "
            "and overlaps packets up to 15 that the instruction also uses");
}

TEST_F(StatusMessageTest, illegalInstruction) {
  device.append(device.begin);
  device.program.resize(128, std::byte(0xEE));
  EXPECT_EQ(isa::describe(device.launch(1, 0), device.program),
            "instruction 1 at packet 1: illegal: opcode 238 is not in the "
            "instruction table");
}

TEST_F(StatusMessageTest, illegalField) {
  isa::RmsNorm norm;
  norm.heads = 1;
  norm.channels = 32;
  norm.inverse_channels = 1;
  EXPECT_EQ(isa::describe(device.run(1, 0, norm), device.program),
            "instruction 1 at packet 1: rms_norm: 'epsilon' is 0, which the "
            "machine does not allow; the limit is 1");
}

TEST_F(StatusMessageTest, machineTooSmall) {
  device.begin.chip_packets = TestDevice::kChipPackets + 1;
  EXPECT_EQ(message(), "instruction 0 at packet 0: begin: 'chip_packets' is "
                       "4097, the machine's buffer has 4096 packets");
  device.begin.ddr_packets = 101;
  EXPECT_EQ(message(), "instruction 0 at packet 0: begin: 'ddr_packets' is "
                       "101, the machine's buffer has 100 packets");
}

TEST_F(StatusMessageTest, missingToken) {
  activation.wait.insert(isa::Unit::matrix);
  EXPECT_EQ(message(), "instruction 1 at packet 1: activation: 'wait' takes a "
                       "token of the matrix unit that no earlier instruction "
                       "puts");
}

/// With the program that was loaded, a message names the part of the model.
TEST_F(StatusMessageTest, namesTheSource) {
  activation.src = constant(86);
  message();
  Program program;
  program.code.resize(device.program.size() / sizeof(uint64_t));
  std::memcpy(program.code.data(), device.program.data(),
              device.program.size());
  uint32_t packets = uint32_t(device.program.size() / isa::kPacketBytes);
  program.entries = {
      {.name = "score", .firstPacket = 4, .packets = packets},
      {.name = "decode", .firstPacket = 4 + packets, .packets = packets}};
  for (Entry &entry : program.entries)
    entry.instructions = 3;
  program.code.insert(program.code.end(), program.code.begin(),
                      program.code.end());
  program.sources = {"", "a", "", "", "model.layers.0.mlp.act_fn", ""};
  device.program = serializeProgram(program);
  EXPECT_EQ(isa::describe(device.launch(5, 0, 4 + packets), program),
            "instruction 1 (model.layers.0.mlp.act_fn) at packet " +
                std::to_string(4 + packets + 1) +
                ": activation: 'src' reaches packet 100, the limit is 99");
  EXPECT_EQ(isa::describe(device.launch(5, 0, 4), program),
            "instruction 1 (a) at packet 5: activation: 'src' reaches packet "
            "100, the limit is 99");
  // A packet of no entry, or none of the file, has no source.
  EXPECT_EQ(isa::describe(device.launch(5, 0, 3), program).substr(0, 28),
            "instruction 0 at packet 3: i");
  EXPECT_EQ(isa::describe(device.launch(5, 0, 5000), program).substr(0, 30),
            "instruction 0 at packet 5000: ");
}

TEST_F(StatusMessageTest, missingBegin) {
  device.append(isa::Activation{.channels = 1});
  EXPECT_EQ(isa::describe(device.launch(1, 0), device.program).substr(0, 72),
            "instruction 0 at packet 0: the entry starts with activation "
            "src_space = ");
}

TEST_F(StatusMessageTest, missingEnd) {
  device.append(device.begin);
  EXPECT_EQ(isa::describe(device.launch(1, 0), device.program),
            "instruction 1 at packet 1: the entry goes on without an end "
            "instruction");
}

} // namespace
