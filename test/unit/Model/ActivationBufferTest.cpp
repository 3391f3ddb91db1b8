//===- ActivationBufferTest.cpp - Operands on chip, slices, tokens --------===//
#include "DeviceErrors.h"
#include "EdgeLLM/Model/Numerics.h"

using namespace edgellm;
using namespace edgellm::test;
using isa::ActivationSpace;

namespace {

constexpr int64_t kChip = TestDevice::kChipPackets;

/// The samples have operands at the same packets in either space.
class ActivationBufferTest : public DeviceErrors {
protected:
  static ActivationSpace chip(ActivationSpace) { return ActivationSpace::chip; }
  static isa::Space chip(isa::Space) { return isa::Space::chip; }

  template <typename Instruction>
  static Instruction onChip(Instruction instruction) {
    instruction.src_space = ActivationSpace::chip;
    instruction.dst_space = chip(instruction.dst_space);
    if constexpr (requires { instruction.aux_space; })
      instruction.aux_space = ActivationSpace::chip;
    if constexpr (requires { instruction.slice_rows; })
      instruction.slice_rows = 0;
    return instruction;
  }

  /// The first kDdr packets of both spaces hold the same; then the result of
  /// the instruction in one of them is in the other as well.
  template <typename Instruction>
  std::vector<std::byte> resultOf(const Instruction &instruction) {
    Values values(43);
    device.scramble(values);
    std::copy(device.ddr.begin(), device.ddr.end(), device.chip.begin());
    auto ddr = device.ddr;
    expectGood(instruction);
    auto &written = instruction.dst_space == chip(instruction.dst_space)
                        ? device.chip
                        : device.ddr;
    std::vector<std::byte> result(written.begin() + 64,
                                  written.begin() + kDdr * 64);
    EXPECT_FALSE(std::equal(result.begin(), result.end(), ddr.begin() + 64))
        << "nothing was written";
    auto &other = &written == &device.ddr ? device.chip : device.ddr;
    EXPECT_TRUE(std::equal(ddr.begin() + 64, ddr.end(), other.begin() + 64))
        << "the other space was written";
    return result;
  }

  /// Every combination of spaces gives the bits that ddr gives.
  template <typename Instruction>
  void expectSameEverywhere(const Instruction &instruction) {
    auto expected = resultOf(instruction);
    for (unsigned spaces = 1; spaces < 8; ++spaces) {
      Instruction moved = instruction;
      if (spaces & 1)
        moved.src_space = ActivationSpace::chip;
      if (spaces & 2)
        moved.dst_space = chip(moved.dst_space);
      if constexpr (requires { moved.aux_space; })
        if (spaces & 4)
          moved.aux_space = ActivationSpace::chip;
      EXPECT_TRUE(resultOf(moved) == expected) << spaces;
    }
  }
};

//===----------------------------------------------------------------------===//
// On chip as in ddr
//===----------------------------------------------------------------------===//

TEST_F(ActivationBufferTest, everyInstructionGivesTheSameBits) {
  for (isa::WeightFormat format :
       {isa::WeightFormat::int4, isa::WeightFormat::fp16}) {
    samples.vmm.weight_format = format;
    samples.vmm.weights = 0;
    samples.vmm.in_channels = 128;
    expectSameEverywhere(samples.vmm);
  }
  expectSameEverywhere(samples.scores);
  expectSameEverywhere(samples.softmax);
  expectSameEverywhere(samples.values);
  expectSameEverywhere(samples.norm);
  samples.norm.heads = 3, samples.norm.channels = 32;
  expectSameEverywhere(samples.norm);
  expectSameEverywhere(samples.layerNorm);
  expectSameEverywhere(samples.rope);
  expectSameEverywhere(samples.activation);
}

TEST_F(ActivationBufferTest, resultsInPlaceOnChip) {
  isa::Softmax softmax = onChip(samples.softmax);
  auto expected = resultOf(samples.softmax);
  softmax.dst = softmax.src;
  auto found = resultOf(softmax);
  for (size_t head = 0; head < 4; ++head) // two blocks of three rows each
    for (size_t i = head * 12 * 64; i < head * 12 * 64 + 2 * 3 * 64; ++i)
      ASSERT_EQ(found.at(99 * 64 + i), expected.at(999 * 64 + i)) << i;
}

/// As on a card, nothing clears the buffer: a later run of a machine finds what
/// an earlier one left.
TEST_F(ActivationBufferTest, staysFromRunToRun) {
  isa::Activation there = samples.activation, back = onChip(samples.activation);
  there.dst_space = ActivationSpace::chip;
  back.src = there.dst;
  back.dst = constant(1500);
  back.dst_space = ActivationSpace::ddr;
  expectGood(there);
  auto chip = device.chip;
  expectGood(back);
  EXPECT_TRUE(device.chip == chip);
  Matrix onceMore = device.readDdr(1500, 3, 3, 100);
  Matrix once = device.read(isa::Space::chip, 1000, 3, 3, 100);
  for (size_t i = 0; i < once.halves.size(); ++i)
    ASSERT_EQ(onceMore.halves[i], numerics::silu(once.halves[i]));
}

//===----------------------------------------------------------------------===//
// Bounds
//===----------------------------------------------------------------------===//

TEST_F(ActivationBufferTest, operandsEndWhereItEnds) {
  auto check = [&](auto sample, int64_t srcLength, int64_t dstLength) {
    using Instruction = decltype(sample);
    SCOPED_TRACE(Instruction::mnemonic);
    sample = onChip(sample);
    expectBounds(sample, &Instruction::src, "src", srcLength, kChip, 0);
    expectBounds(sample, &Instruction::dst, "dst", dstLength, kChip, 0);
    expectStrideBounds(sample, &Instruction::src_stride, "src");
    expectStrideBounds(sample, &Instruction::dst_stride, "dst");
  };
  constexpr int64_t kScores = 3 * 12 + 2 * 3;
  check(samples.vmm, 8 * 3, 2 * 3);
  check(samples.scores, 8 * 3, kScores);
  check(samples.softmax, kScores, kScores);
  check(samples.values, kScores, 8 * 3);
  check(samples.norm, 4 * 3, 4 * 3);
  check(samples.layerNorm, 4 * 3, 4 * 3);
  check(samples.rope, 4 * 3, 4 * 3);
  check(samples.activation, 4 * 3, 4 * 3);
  isa::Vmm vmm = onChip(samples.vmm);
  expectBounds(vmm, &isa::Vmm::aux, "aux", 2 * 3, kChip, 0);
}

TEST_F(ActivationBufferTest, declaredSizeIsTheLimit) {
  isa::Activation activation = onChip(samples.activation);
  device.begin.chip_packets = 1012;
  expectGood(activation);
  device.begin.chip_packets = 1011;
  Status status = expectBad(activation, StatusCode::out_of_bounds, "dst");
  EXPECT_EQ(status.found, 1011);
  EXPECT_EQ(status.limit, 1010);
  device.begin.chip_packets = 0;
  expectBad(activation, StatusCode::out_of_bounds, "src");
  expectGood(samples.activation);
}

TEST_F(ActivationBufferTest, machineMustHaveWhatIsDeclared) {
  device.begin.chip_packets = kChip + 1;
  Status status = device.run(1, 0);
  expectStatus(device, status, StatusCode::out_of_bounds, "chip_packets");
  EXPECT_EQ(status.found, kChip + 1);
  EXPECT_EQ(status.limit, kChip);
  EXPECT_EQ(status.completed, 0u);
  device.begin.chip_packets = 1;
  device.chip.clear();
  expectStatus(device, device.run(1, 0), StatusCode::out_of_bounds,
               "chip_packets");
  device.begin.chip_packets = 0;
  EXPECT_EQ(device.run(1, 0).code, StatusCode::ok);
}

TEST_F(ActivationBufferTest, overlaps) {
  isa::Vmm vmm = onChip(samples.vmm);
  vmm.dst = constant(95); // up to 100, where src begins
  expectOverlap(vmm);
  vmm.src_space = ActivationSpace::ddr; // the same packets of another space
  vmm.slice_rows = 1;
  expectGood(vmm);
  vmm = onChip(samples.vmm);
  vmm.dst = vmm.aux;
  expectGood(vmm);
  vmm.aux_space = ActivationSpace::ddr;
  expectGood(vmm);
  isa::Rope rope = onChip(samples.rope);
  rope.dst = constant(101);
  expectOverlap(rope);
}

//===----------------------------------------------------------------------===//
// Slices
//===----------------------------------------------------------------------===//

TEST_F(ActivationBufferTest, inputsInDdrNeedSlices) {
  auto check = [&](auto sample) {
    SCOPED_TRACE(sample.mnemonic);
    sample.slice_rows = 0;
    Status status =
        expectBad(sample, StatusCode::illegal_instruction, "slice_rows");
    EXPECT_EQ(status.found, 0);
    EXPECT_EQ(status.limit, 1);
    sample.src_space = ActivationSpace::chip;
    expectGood(sample);
    sample.work = int64_t(0xFFFFFFFF); // of no meaning then
    expectGood(sample);
  };
  check(samples.vmm);
  check(samples.scores);
  check(samples.values);
}

/// Two slices of the channel blocks that a row has on chip at a time: all of a
/// vector, those of one head for scores and values.
TEST_F(ActivationBufferTest, slicesLieInTheBuffer) {
  auto check = [&](auto sample, int64_t blocks) {
    using Instruction = decltype(sample);
    SCOPED_TRACE(Instruction::mnemonic);
    sample.slice_rows = 3;
    int64_t packets = 2 * 3 * blocks;
    sample.work = kChip - packets;
    expectGood(sample);
    sample.work = kChip - packets + 1;
    Status status = expectBad(sample, StatusCode::out_of_bounds, "work");
    EXPECT_EQ(status.found, kChip);
    EXPECT_EQ(status.limit, kChip - 1);
    sample.work = 0xFFFFFFFF;
    expectBad(sample, StatusCode::out_of_bounds, "work");
    sample.work = 0;
    sample.slice_rows = 65535;
    expectBad(sample, StatusCode::out_of_bounds, "work");
  };
  check(samples.vmm, 8);
  check(samples.scores, 2);
  check(samples.values, 2); // 43 columns
}

/// A slice that is loaded would overwrite what the instruction still needs or
/// has just written.
TEST_F(ActivationBufferTest, slicesShareNoPackets) {
  isa::Vmm vmm = onChip(samples.vmm);
  vmm.src_space = ActivationSpace::ddr;
  vmm.slice_rows = 2;                 // 2 * 2 * 8 packets
  for (int64_t other : {500, 1000}) { // aux and dst, 6 packets each
    for (int64_t work : {other - 32, other + 6}) {
      vmm.work = work;
      expectGood(vmm);
    }
    for (int64_t work : {other - 31, other, other + 5}) {
      vmm.work = work;
      expectBad(vmm, StatusCode::overlap, "work");
    }
  }
  isa::AttentionScores scores = samples.scores;
  scores.dst_space = ActivationSpace::chip;
  scores.work = 1000;
  expectBad(scores, StatusCode::overlap, "work");
}

TEST_F(ActivationBufferTest, sizeOfASliceDoesNotMatter) {
  auto check = [&](auto sample) {
    SCOPED_TRACE(sample.mnemonic);
    sample.slice_rows = 1;
    auto expected = resultOf(sample);
    for (int64_t rows : {2, 3, 4, 7, 64, 255}) {
      sample.slice_rows = rows;
      EXPECT_TRUE(resultOf(sample) == expected) << rows;
    }
  };
  check(samples.vmm);
  check(samples.scores);
  check(samples.values);
}

//===----------------------------------------------------------------------===//
// Tokens
//===----------------------------------------------------------------------===//

/// Tokens have no effect on what is computed.
TEST_F(ActivationBufferTest, tokensThatAreThere) {
  isa::Vmm vmm = samples.vmm;
  isa::Activation activation = samples.activation;
  vmm.signal.insert(isa::Unit::vector);
  vmm.signal.insert(isa::Unit::dma);
  vmm.lead.insert(isa::Unit::vector);
  activation.wait.insert(isa::Unit::matrix);
  activation.follow.insert(isa::Unit::matrix);
  isa::AttentionScores scores = samples.scores;
  scores.stream_wait.insert(isa::Unit::matrix);
  EXPECT_COMPLETED(device, device.run(3, 40, vmm, activation, scores));
}

TEST_F(ActivationBufferTest, missingTokens) {
  using isa::Unit;
  auto expectMissing = [&](const auto &instruction, Unit from,
                           const char *field) {
    Status status = expectBad(instruction, StatusCode::missing_token, field);
    EXPECT_EQ(Unit(status.found), from);
  };
  auto check = [&](auto sample, Unit from) {
    SCOPED_TRACE(sample.mnemonic);
    auto waiting = sample, following = sample;
    waiting.wait.insert(from);
    expectMissing(waiting, from, "wait");
    following.follow.insert(from);
    expectMissing(following, from, "follow");
    if constexpr (requires { sample.stream_wait; }) {
      sample.stream_wait.insert(from);
      expectMissing(sample, from, "stream_wait");
    }
  };
  for (Unit from : {Unit::matrix, Unit::attention, Unit::vector, Unit::dma}) {
    check(samples.vmm, from);
    check(samples.scores, from);
    check(samples.softmax, from);
    check(samples.values, from);
    check(samples.norm, from);
    check(samples.layerNorm, from);
    check(samples.rope, from);
    check(samples.activation, from);
  }
}

/// A token is for one unit, of one kind, and taken once.
TEST_F(ActivationBufferTest, tokensOfOthers) {
  using isa::Unit;
  isa::Vmm puts = samples.vmm;
  isa::Activation takes = samples.activation;
  takes.wait.insert(Unit::matrix);
  auto expectMissing = [&](const Status &status, uint32_t instruction,
                           const char *field) {
    expectStatus(device, status, StatusCode::missing_token, field);
    EXPECT_EQ(status.instruction, instruction);
    EXPECT_EQ(status.completed, instruction);
  };
  puts.signal.insert(Unit::attention);
  puts.signal.insert(Unit::dma);
  puts.lead.insert(Unit::vector);
  expectMissing(device.run(3, 40, puts, takes), 2, "wait");
  puts.signal.insert(Unit::vector);
  EXPECT_COMPLETED(device, device.run(3, 40, puts, takes));
  expectMissing(device.run(3, 40, puts, takes, takes), 3, "wait");
  EXPECT_COMPLETED(device, device.run(3, 40, puts, puts, takes, takes));
  expectMissing(device.run(3, 40, takes, puts), 1, "wait");
}

} // namespace
