//===- VectorUnitTest.cpp - Vector instructions against their loop nests --===//
#include "EdgeLLM/Model/Numerics.h"
#include "TestDevice.h"

using namespace edgellm;
using namespace edgellm::test;
using isa::Request;

namespace {

struct Shape {
  int64_t channels, rows;
  bool inPlace, wild;
};

void PrintTo(const Shape &s, std::ostream *os) {
  *os << s.channels << " channels, " << s.rows << " rows"
      << (s.inPlace ? ", in place" : "") << (s.wild ? ", wild" : "");
}

constexpr int64_t kSrc = 4, kDst = 10000, kWeight = 20000, kTable = 21000,
                  kBias = 22000;

class VectorUnitTest : public testing::TestWithParam<Shape> {
protected:
  VectorUnitTest()
      : values(unsigned(shape.channels + shape.rows)), device(2, 30000, 300),
        blocks(blocksOf(shape.channels)) {
    device.scramble(values);
    values.wildly = shape.wild;
    input = randomMatrix(values, shape.rows, shape.channels);
    device.writeDdr(kSrc, shape.rows + 1, input);
  }

  /// src, src_stride, dst, dst_stride and rows of any of the instructions.
  template <typename Instruction> void place(Instruction &instruction) {
    instruction.rows = times(Request::tokens);
    instruction.src = instruction.dst = constant(kSrc);
    instruction.src_stride = instruction.dst_stride =
        times(Request::tokens, 1, 1);
    if (shape.inPlace)
      return;
    instruction.dst = constant(kDst);
    instruction.dst_stride = times(Request::tokens);
  }

  template <typename Instruction> Matrix run(const Instruction &instruction) {
    int64_t stride = shape.inPlace ? shape.rows + 1 : shape.rows;
    int64_t base = shape.inPlace ? kSrc : kDst;
    UnchangedOutside unchanged(device);
    unchanged.allow(base, stride, shape.rows, blocks);
    EXPECT_COMPLETED(device, device.run(shape.rows, 5, instruction));
    unchanged.expect();
    return device.readDdr(base, stride, shape.rows, shape.channels);
  }

  const Shape shape = GetParam();
  Values values;
  TestDevice device;
  int64_t blocks;
  Matrix input{0, 0};
};

TEST_P(VectorUnitTest, rmsNorm) {
  Matrix weight = randomMatrix(values, 1, shape.channels);
  device.writeDdr(kWeight, 1, weight);
  isa::RmsNorm norm;
  norm.heads = 1;
  norm.channels = shape.channels;
  norm.epsilon = 1e-6f;
  norm.inverse_channels = 1.0f / float(shape.channels);
  norm.weight = kWeight;
  place(norm);
  Matrix result = run(norm);
  for (int64_t r = 0; r < shape.rows; ++r) {
    std::vector<uint16_t> expected(result.columns);
    numerics::rmsNorm(input.row(r), weight.row(0), norm.inverse_channels,
                      norm.epsilon, expected);
    EXPECT_TRUE(std::ranges::equal(result.row(r), expected)) << "row " << r;
  }
}

/// Each head is a row of its own; what stands in its padding counts.
TEST_P(VectorUnitTest, rmsNormOfHeads) {
  int64_t headBlocks = blocks % 2 == 0 ? 2 : 1, width = 32 * headBlocks;
  Matrix weight = randomMatrix(values, 1, width - 5);
  device.writeDdr(kWeight, 1, weight);
  isa::RmsNorm norm;
  norm.heads = blocks / headBlocks;
  norm.channels = width - 5;
  norm.epsilon = 1e-6f;
  norm.inverse_channels = 1.0f / float(norm.channels);
  norm.weight = kWeight;
  place(norm);
  Matrix result = run(norm);
  for (int64_t r = 0; r < shape.rows; ++r)
    for (int64_t h = 0; h < norm.heads; ++h) {
      std::vector<uint16_t> expected(width);
      numerics::rmsNorm(input.row(r).subspan(h * width, width), weight.row(0),
                        norm.inverse_channels, norm.epsilon, expected);
      EXPECT_TRUE(
          std::ranges::equal(result.row(r).subspan(h * width, width), expected))
          << "row " << r << ", head " << h;
    }
}

/// What stands in the padding does not count, and zeros take its place.
TEST_P(VectorUnitTest, layerNorm) {
  Matrix weight = randomMatrix(values, 1, shape.channels);
  Matrix bias = randomMatrix(values, 1, shape.channels);
  device.writeDdr(kWeight, 1, weight);
  device.writeDdr(kBias, 1, bias);
  Matrix padded = input;
  for (int64_t r = 0; r < shape.rows; ++r)
    for (int64_t c = shape.channels; c < padded.columns; ++c)
      padded.at(r, c) = uint16_t(values.bits());
  device.writeDdr(kSrc, shape.rows + 1, padded);
  isa::LayerNorm norm;
  norm.channels = shape.channels;
  norm.epsilon = 1e-5f;
  norm.weight = kWeight;
  norm.bias = kBias;
  place(norm);
  Matrix result = run(norm);
  for (int64_t r = 0; r < shape.rows; ++r) {
    std::vector<uint16_t> expected(result.columns);
    numerics::layerNorm(input.row(r), weight.row(0), bias.row(0),
                        shape.channels, norm.epsilon, expected);
    EXPECT_TRUE(std::ranges::equal(result.row(r), expected)) << "row " << r;
  }
}

TEST_P(VectorUnitTest, activations) {
  isa::Activation activation;
  activation.channels = shape.channels;
  place(activation);
  auto expectFunction = [&](isa::Function function, auto scalar) {
    device.writeDdr(kSrc, shape.rows + 1, input);
    activation.function = function;
    Matrix result = run(activation);
    for (size_t i = 0; i < result.halves.size(); ++i)
      ASSERT_EQ(result.halves[i], scalar(input.halves[i]));
  };
  expectFunction(isa::Function::silu, numerics::silu);
  expectFunction(isa::Function::gelu, numerics::gelu);
}

TEST_P(VectorUnitTest, rope) {
  isa::Rope rope;
  rope.head_blocks = blocks % 2 == 0 ? 2 : 1;
  rope.heads = blocks / rope.head_blocks;
  rope.table = times(Request::past, 1, kTable);
  rope.table_stride = 100;
  place(rope);
  Matrix table = randomMatrix(values, 100, 32 * rope.head_blocks);
  device.writeDdr(kTable, 100, table);
  Matrix result = run(rope);
  for (int64_t r = 0; r < shape.rows; ++r)
    for (int64_t c = 0; c < result.columns; c += 2) {
      int64_t entry = c % (32 * rope.head_blocks);
      EXPECT_EQ(std::pair(result.at(r, c), result.at(r, c + 1)),
                numerics::rotate(input.at(r, c), input.at(r, c + 1),
                                 table.at(r + 5, entry),
                                 table.at(r + 5, entry + 1)))
          << "row " << r << ", channel " << c;
    }
}

INSTANTIATE_TEST_SUITE_P(Shapes, VectorUnitTest,
                         testing::Values(Shape{1, 1, false, false},
                                         Shape{32, 3, true, true},
                                         Shape{100, 40, false, true},
                                         Shape{256, 64, true, false},
                                         Shape{1024, 60, false, true},
                                         Shape{4100, 2, false, false}));

TEST(VectorUnitTest, ropeWritesTheCache) {
  Values values(31);
  TestDevice device(8, 1000, 100);
  device.setFirstCachePacket(0);
  Matrix input = randomMatrix(values, 3, 64),
         table = randomMatrix(values, 9, 32);
  device.writeDdr(kSrc, 3, input);
  device.writeDdr(500, 9, table);
  isa::Rope rope;
  rope.dst_space = isa::Space::hbm;
  rope.heads = 2;
  rope.head_blocks = 1;
  rope.table = times(Request::past, 1, 500);
  rope.table_stride = 9;
  rope.rows = times(Request::tokens);
  rope.src = constant(kSrc);
  rope.src_stride = times(Request::tokens);
  rope.dst = times(Request::past, 1, 100);
  rope.dst_stride = constant(300);
  UnchangedOutside unchanged(device);
  unchanged.allowHbm();
  EXPECT_COMPLETED(device, device.run(3, 6, rope));
  unchanged.expect();
  Matrix result = device.read(isa::Space::hbm, 106, 300, 3, 64);
  for (int64_t r = 0; r < 3; ++r)
    for (int64_t c = 0; c < 64; c += 2)
      EXPECT_EQ(std::pair(result.at(r, c), result.at(r, c + 1)),
                numerics::rotate(input.at(r, c), input.at(r, c + 1),
                                 table.at(6 + r, c % 32),
                                 table.at(6 + r, c % 32 + 1)));
}

TEST(VectorUnitTest, rmsNormWritesTheCache) {
  Values values(32);
  TestDevice device(8, 1000, 100);
  device.setFirstCachePacket(0);
  Matrix input = randomMatrix(values, 3, 64),
         weight = randomMatrix(values, 1, 32);
  device.writeDdr(kSrc, 3, input);
  device.writeDdr(500, 1, weight);
  isa::RmsNorm norm;
  norm.dst_space = isa::Space::hbm;
  norm.heads = 2;
  norm.channels = 32;
  norm.epsilon = 1e-6f;
  norm.inverse_channels = 1 / 32.0f;
  norm.weight = 500;
  norm.rows = times(Request::tokens);
  norm.src = constant(kSrc);
  norm.src_stride = times(Request::tokens);
  norm.dst = times(Request::past, 1, 100);
  norm.dst_stride = constant(300);
  UnchangedOutside unchanged(device);
  unchanged.allowHbm();
  EXPECT_COMPLETED(device, device.run(3, 6, norm));
  unchanged.expect();
  Matrix result = device.read(isa::Space::hbm, 106, 300, 3, 64);
  for (int64_t r = 0; r < 3; ++r)
    for (int64_t c = 0; c < 64; c += 32) {
      std::vector<uint16_t> expected(32);
      numerics::rmsNorm(input.row(r).subspan(c, 32), weight.row(0),
                        norm.inverse_channels, norm.epsilon, expected);
      EXPECT_TRUE(std::ranges::equal(result.row(r).subspan(c, 32), expected));
    }
}

} // namespace
