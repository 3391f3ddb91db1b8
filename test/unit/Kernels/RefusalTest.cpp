//===- RefusalTest.cpp - What the sequencer refuses, as the model does ----===//
#include "Twin.h"
#include "types.h"

using namespace edgellm;
using namespace edgellm::test;

namespace {

class RefusalTest : public testing::Test {
protected:
  RefusalTest() : device(kDdr, kHbm) {
    Values values(71);
    device.scramble(values);
    device.begin.context = 120;
    device.setFirstCachePacket(kWeights);
    samples.scores.keys = samples.values.values = machine::kPorts * kWeights;
  }

  /// Three tokens after forty, as in the tests of the model.
  static constexpr uint32_t kTokens = 3, kPast = 40;

  template <typename Instruction> Status run(const Instruction &instruction) {
    return device.run(kTokens, kPast, instruction);
  }

  /// Calls action with each sample.
  template <typename Action> void forEachSample(Action action) {
    action(samples.vmm);
    action(samples.scores);
    action(samples.softmax);
    action(samples.values);
    action(samples.norm);
    action(samples.layerNorm);
    action(samples.rope);
    action(samples.activation);
  }

  Twin device;
  Samples samples;
};

//===----------------------------------------------------------------------===//
// Entries
//===----------------------------------------------------------------------===//

TEST_F(RefusalTest, noBegin) {
  device.append(samples.activation);
  EXPECT_EQ(device.launch(1, 0).code, StatusCode::illegal_instruction);
  device.program.clear();
  device.append(isa::End{});
  EXPECT_EQ(device.launch(1, 0).code, StatusCode::illegal_instruction);
}

TEST_F(RefusalTest, anotherEntryInsteadOfAnEnd) {
  device.append(device.begin);
  device.append(samples.activation);
  device.append(device.begin);
  EXPECT_EQ(device.launch(kTokens, kPast).code, StatusCode::no_end);
}

TEST_F(RefusalTest, requests) {
  for (uint32_t tokens : {0u, 1u, 64u, 65u, 0xFFFFFFFFu})
    for (uint32_t past : {0u, 56u, 57u, 119u, 120u, 0xFFFFFFFFu})
      device.run(tokens, past);
  for (uint32_t sequence : {0u, 1u, 0xFFFFFFFFu}) {
    device.sequence = sequence;
    device.run(1, 0);
  }
}

/// The size of a buffer is known to the host alone, which asks the model then.
TEST_F(RefusalTest, buffersSmallerThanBeginSays) {
  auto expectBounds = [&](int64_t isa::Begin::*field) {
    isa::Begin good = device.begin;
    ++(device.begin.*field);
    EXPECT_EQ(device.run(1, 0).code, StatusCode::out_of_bounds);
    device.begin = good;
    EXPECT_EQ(device.run(1, 0).code, StatusCode::ok);
  };
  expectBounds(&isa::Begin::ddr_packets);
  expectBounds(&isa::Begin::hbm_packets);
  expectBounds(&isa::Begin::chip_packets);
  device.begin.sequences = kHbm / (kHbm - kWeights) + 1;
  EXPECT_EQ(device.run(1, 0).code, StatusCode::out_of_bounds);
}

TEST_F(RefusalTest, anEntryOutsideTheProgram) {
  device.append(isa::End{});
  EXPECT_EQ(device.launch(1, 0, 1).code, StatusCode::out_of_bounds);
  EXPECT_EQ(device.launch(1, 0, 0xFFFFFFFF).code, StatusCode::out_of_bounds);
}

/// Everything before the instruction that is refused has happened.
TEST_F(RefusalTest, earlierResultsRemain) {
  isa::Activation far = samples.activation;
  far.dst = constant(kDdr);
  Status status = device.run(kTokens, kPast, samples.activation, far);
  EXPECT_EQ(status.code, StatusCode::out_of_bounds);
  EXPECT_EQ(status.instruction, 2u);
  EXPECT_EQ(status.completed, 2u);
}

/// More instructions than are in flight at a time, each of which reads what the
/// one before wrote.
TEST_F(RefusalTest, moreInstructionsThanTheWindow) {
  device.append(device.begin);
  for (unsigned i = 0; i < 3 * isa::kWindow + 1; ++i) {
    isa::Activation next = samples.activation;
    next.src = constant(100 + 12 * i);
    next.dst = constant(100 + 12 * (i + 1));
    device.append(next);
  }
  device.append(isa::End{});
  EXPECT_COMPLETED(device, device.launch(kTokens, kPast));
}

//===----------------------------------------------------------------------===//
// Tokens
//===----------------------------------------------------------------------===//

TEST_F(RefusalTest, missingTokens) {
  forEachSample([&](auto sample) {
    for (unsigned unit = 0; unit < isa::kUnits; ++unit) {
      auto bent = sample;
      bent.wait.insert(isa::Unit(unit));
      EXPECT_EQ(run(bent).code, StatusCode::missing_token);
      bent = sample;
      bent.follow.insert(isa::Unit(unit));
      EXPECT_EQ(run(bent).code, StatusCode::missing_token);
      if constexpr (requires { bent.stream_wait; }) {
        bent = sample;
        bent.stream_wait.insert(isa::Unit(unit));
        EXPECT_EQ(run(bent).code, StatusCode::missing_token);
      }
    }
  });
}

/// Within a unit, where no FIFO is needed.
TEST_F(RefusalTest, tokensForItself) {
  isa::Activation puts = samples.activation, takes = samples.activation;
  puts.signal.insert(isa::Unit::vector);
  puts.lead.insert(isa::Unit::vector);
  takes.wait.insert(isa::Unit::vector);
  takes.follow.insert(isa::Unit::vector);
  EXPECT_COMPLETED(device, device.run(kTokens, kPast, puts, takes));
  EXPECT_EQ(device.run(kTokens, kPast, puts, takes, takes).code,
            StatusCode::missing_token);
}

/// What the kernel cannot do and the model can: a unit would wait for room.
TEST_F(RefusalTest, moreTokensThanAFifoHolds) {
  isa::Activation puts = samples.activation;
  puts.signal.insert(isa::Unit::matrix);
  auto runWith = [&](unsigned count) {
    device.program.clear();
    device.append(device.begin);
    for (unsigned i = 0; i < count; ++i)
      device.append(puts);
    device.append(isa::End{});
    EXPECT_TRUE(kernels::execute(device.launchOf(kTokens, kPast)));
    return device.status();
  };
  EXPECT_EQ(runWith(kernels::kTokenDepth).code, StatusCode::ok);
  Status status = runWith(kernels::kTokenDepth + 1);
  expectStatus(device, status, StatusCode::illegal_instruction, "signal");
  EXPECT_EQ(status.instruction, kernels::kTokenDepth + 1);
  EXPECT_EQ(status.limit, kernels::kTokenDepth);
}

//===----------------------------------------------------------------------===//
// Fields
//===----------------------------------------------------------------------===//

/// Every single bit of every instruction: it decodes or not, its operands lie
/// inside, apart and distinct or not, as the model finds it.
TEST_F(RefusalTest, flippedBits) {
  forEachSample([&](const auto &sample) {
    using Instruction = std::decay_t<decltype(sample)>;
    SCOPED_TRACE(Instruction::mnemonic);
    for (unsigned bit = 0; bit < 64 * Instruction::words; ++bit) {
      SCOPED_TRACE(bit);
      device.program.clear();
      device.append(device.begin);
      size_t at = device.program.size() + bit / 8;
      device.append(sample);
      device.append(isa::End{});
      device.program[at] ^= std::byte(1 << bit % 8);
      device.launch(kTokens, kPast);
      if (HasFailure())
        return;
    }
  });
}

/// Numbers around the limits of the memories and the samples' operands.
constexpr int64_t kBoundaries[] = {-(int64_t(1) << 39),
                                   -1,
                                   0,
                                   1,
                                   2,
                                   3,
                                   4,
                                   5,
                                   8,
                                   9,
                                   99,
                                   111,
                                   112,
                                   468,
                                   499,
                                   500,
                                   505,
                                   506,
                                   600,
                                   999,
                                   kDdr - 1,
                                   kDdr,
                                   machine::kPorts *kWeights,
                                   machine::kPorts *kHbm - 1,
                                   machine::kChipPackets - 1,
                                   (int64_t(1) << 39) - 1};

/// Each affine field with each of them, in both activation spaces.
TEST_F(RefusalTest, boundaries) {
  forEachSample([&](auto sample) {
    using Instruction = decltype(sample);
    SCOPED_TRACE(Instruction::mnemonic);
    for (auto space : {isa::ActivationSpace::ddr, isa::ActivationSpace::chip}) {
      sample.dst_space = decltype(sample.dst_space)(space);
      Instruction bent = sample;
      Instruction::forEachField(
          bent, [&](const isa::FieldInfo &info, auto &field) {
            if constexpr (std::is_same_v<std::decay_t<decltype(field)>,
                                         isa::Affine>) {
              isa::Affine before = field;
              for (int64_t value : kBoundaries) {
                SCOPED_TRACE(std::string(info.name) + " = " +
                             std::to_string(value));
                field = constant(value);
                run(bent);
              }
              field = before;
            }
          });
    }
  });
}

} // namespace
