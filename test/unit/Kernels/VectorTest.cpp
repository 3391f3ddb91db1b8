//===- VectorTest.cpp - Vector instructions on kernels and model ----------===//
#include "Twin.h"
#include "types.h"

using namespace edgellm;
using namespace edgellm::test;
using isa::Request;
using isa::Space;

namespace {

/// Where operands lie, and how large they are.
struct Shape {
  int64_t channels, rows;
  isa::ActivationSpace src;
  Space dst;
  bool inPlace, wild;
};

void PrintTo(const Shape &s, std::ostream *os) {
  *os << s.channels << " channels, " << s.rows << " rows, "
      << isa::nameOf(s.src) << " to " << isa::nameOf(s.dst)
      << (s.inPlace ? ", in place" : "") << (s.wild ? ", wild" : "");
}

class VectorTest : public testing::TestWithParam<Shape> {
protected:
  VectorTest() : device(40000, 800) {
    device.setFirstCachePacket(100);
    device.scramble(values);
    values.wildly = shape.wild;
    for (auto *bytes : {&device.ddr, &device.chip})
      for (size_t at = 0; at < bytes->size(); at += 2) {
        uint16_t half = values.either();
        std::memcpy(&(*bytes)[at], &half, sizeof half);
      }
  }

  const Shape shape = GetParam();
  const int64_t blocks = blocksOf(shape.channels);
  Values values{unsigned(shape.channels * 100 + shape.rows)};
  Twin device;

  /// rows, src and dst of any of the instructions; results in hbm go to the
  /// cache, all others to ddr or chip.
  template <typename Instruction>
  void place(Instruction &instruction, bool toCache = false) {
    instruction.src_space = shape.src;
    instruction.rows = times(Request::tokens);
    instruction.src = constant(7);
    instruction.src_stride = times(Request::tokens, 1, 1);
    using DstSpace = decltype(instruction.dst_space);
    Space space = toCache || shape.dst != Space::hbm ? shape.dst : Space::ddr;
    instruction.dst_space = DstSpace(space);
    instruction.dst = constant(space == Space::hbm ? 8 * 100 + 3 : 1000);
    instruction.dst_stride = times(Request::tokens);
    if (shape.inPlace && space == Space(shape.src)) {
      instruction.dst = instruction.src;
      instruction.dst_stride = instruction.src_stride;
    }
  }

  template <typename Instruction> void run(const Instruction &instruction) {
    EXPECT_COMPLETED(device, device.run(shape.rows, 5, instruction));
  }
};

TEST_P(VectorTest, rmsNorm) {
  isa::RmsNorm norm;
  for (int64_t heads : {int64_t(1), blocks}) {
    norm.heads = heads;
    norm.channels = heads == 1 ? shape.channels : 32;
    norm.epsilon = 1e-6f;
    norm.inverse_channels = 1.0f / float(norm.channels);
    norm.weight = 20000;
    place(norm, true);
    run(norm);
  }
}

TEST_P(VectorTest, layerNorm) {
  isa::LayerNorm norm;
  norm.channels = shape.channels;
  norm.epsilon = 1e-5f;
  norm.weight = 20000;
  norm.bias = 30000;
  place(norm);
  run(norm);
}

TEST_P(VectorTest, activations) {
  isa::Activation activation;
  activation.channels = shape.channels;
  for (isa::Function function : {isa::Function::silu, isa::Function::gelu}) {
    activation.function = function;
    place(activation);
    run(activation);
  }
}

TEST_P(VectorTest, rope) {
  isa::Rope rope;
  rope.head_blocks = blocks % 2 == 0 ? 2 : 1;
  rope.heads = blocks / rope.head_blocks;
  rope.table = times(Request::past, 1, 20000);
  rope.table_stride = 600;
  place(rope, true);
  run(rope);
}

TEST_P(VectorTest, softmax) {
  isa::Softmax softmax;
  softmax.heads = 2;
  softmax.columns = constant(shape.channels);
  place(softmax);
  softmax.rows = constant(std::min(shape.rows, shape.channels));
  for (int64_t visible :
       {int64_t(1), shape.channels - softmax.rows.offset + 1}) {
    softmax.visible = constant(visible);
    softmax.src_head_stride =
        times(Request::tokens, uint16_t(blocks), 2 * blocks);
    softmax.dst_head_stride = softmax.dst == softmax.src
                                  ? softmax.src_head_stride
                                  : times(Request::tokens, uint16_t(blocks));
    run(softmax);
  }
}

constexpr auto kDdr = isa::ActivationSpace::ddr,
               kChip = isa::ActivationSpace::chip;

INSTANTIATE_TEST_SUITE_P(
    Shapes, VectorTest,
    testing::Values(Shape{1, 1, kDdr, Space::ddr, false, false},
                    Shape{32, 3, kChip, Space::chip, true, true},
                    Shape{100, 40, kDdr, Space::chip, false, true},
                    Shape{256, 2, kChip, Space::hbm, false, false},
                    Shape{320, 5, kDdr, Space::ddr, true, true},
                    Shape{512, 1, kDdr, Space::hbm, false, true}));

/// Results in hbm lie in the KV memory of the sequence that runs.
TEST(CacheTest, sequences) {
  Twin device(2000, 200);
  Values values(75);
  device.scramble(values);
  device.begin.sequence_packets = 25;
  device.begin.sequences = 4;
  isa::Rope rope = Samples().rope;
  rope.dst_space = Space::hbm;
  rope.dst = times(Request::past, 1, machine::kPorts * 100 + 3);
  rope.dst_stride = constant(33);
  for (uint32_t sequence = 0; sequence < 4; ++sequence) {
    device.sequence = sequence;
    auto before = device.hbm;
    EXPECT_COMPLETED(device, device.run(3, 7, rope));
    EXPECT_FALSE(device.hbm == before) << "writes packets of its own";
    isa::Rope onItself = rope;
    onItself.dst_stride = constant(0);
    EXPECT_EQ(device.run(3, 7, onItself).code, isa::StatusCode::overlap);
  }
}

//===----------------------------------------------------------------------===//
// Strips of several requests
//===----------------------------------------------------------------------===//

/// With FIFOs that hold more than the kernel declares, as usual in simulation,
/// and with its own.
class LongStripsTest : public testing::TestWithParam<bool> {
protected:
  LongStripsTest() : device(60000, 10) {
    hls::csim::Simulation::leastDepth = GetParam() ? 0 : kUsual;
    Values values(73);
    for (size_t at = 0; at < device.ddr.size(); at += 2) {
      uint16_t half = values.normal();
      std::memcpy(&device.ddr[at], &half, sizeof half);
    }
    device.begin.max_tokens = 1000;
    device.begin.context = 50000;
  }
  ~LongStripsTest() override { hls::csim::Simulation::leastDepth = kUsual; }

  /// Packets of a strip: as many as one, two and three requests may have, and
  /// one more.
  static constexpr int64_t kLengths[] = {
      kernels::kRequestPackets, kernels::kRequestPackets + 1,
      2 * kernels::kRequestPackets, 2 * kernels::kRequestPackets + 1,
      3 * kernels::kRequestPackets + 1};

  const size_t kUsual = hls::csim::Simulation::leastDepth;
  Twin device;
};

TEST_P(LongStripsTest, alongChannels) {
  for (int64_t length : kLengths) {
    SCOPED_TRACE(length);
    isa::LayerNorm norm;
    placeRows(norm);
    norm.channels = 32 * length - 7;
    norm.epsilon = 1e-5f;
    norm.weight = 20000;
    norm.bias = 30000;
    norm.dst = constant(40000);
    EXPECT_COMPLETED(device, device.run(2, 0, norm));
    norm.dst = norm.src;
    EXPECT_COMPLETED(device, device.run(2, 0, norm));
    isa::Softmax softmax;
    placeRows(softmax);
    softmax.heads = 2;
    softmax.columns = constant(32 * length - 7);
    softmax.visible = constant(32 * length - 9);
    softmax.src_head_stride = softmax.dst_head_stride = constant(3 * length);
    softmax.dst = constant(40000);
    EXPECT_COMPLETED(device, device.run(3, 0, softmax));
  }
}

TEST_P(LongStripsTest, alongRows) {
  for (int64_t length : kLengths) {
    SCOPED_TRACE(length);
    isa::Rope rope;
    placeRows(rope);
    rope.heads = 3;
    rope.head_blocks = 2;
    rope.table = constant(20000);
    rope.table_stride = 1000;
    rope.dst = constant(40000);
    EXPECT_COMPLETED(device, device.run(length, 0, rope));
    rope.dst = rope.src;
    EXPECT_COMPLETED(device, device.run(length, 0, rope));
  }
}

INSTANTIATE_TEST_SUITE_P(Depths, LongStripsTest, testing::Bool(),
                         [](const auto &info) {
                           return info.param ? "declared" : "usual";
                         });

} // namespace
