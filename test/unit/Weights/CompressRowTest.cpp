//===- CompressRowTest.cpp - Single-pass compression of rows --------------===//
#include "EdgeLLM/Weights/Compress.h"

#include "../Testing.h"
#include "BlockKernels.h"
#include "EdgeLLM/Support/Half.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <random>

using namespace edgellm;
using edgellm::testing::errorOf;

using Block = std::array<float, kQuantBlock>;

static QuantizedMatrix compress(std::span<const float> row,
                                const Compression &compression) {
  QuantizedMatrix result{1, int64_t(row.size()), {}, {}};
  result.values.resize(row.size());
  result.scales.resize(row.size() / kQuantBlock);
  compressRow(row, compression, result.values, result.scales);
  return result;
}

static Block normalBlock(std::mt19937 &random) {
  std::normal_distribution<float> normal(0, 0.02f);
  Block block;
  std::ranges::generate(block, [&] { return normal(random); });
  return block;
}

TEST(CompressRow, KeepsTheGreatestOfEachEight) {
  Block row = {7, -6, 5, 4, 3, 2, 1, 0, 1, 1, -1, 1, 1, 1, -7, 1};
  auto valuesOf = [&](unsigned keep) {
    QuantizedMatrix result = compress(
        row, {keep, PruneMethod::magnitude, QuantizeMethod::roundToNearest});
    EXPECT_EQ(result.scales[0], floatToHalf(1));
    return std::vector<int>(result.values.begin(), result.values.begin() + 16);
  };
  using Values = std::vector<int>;
  EXPECT_EQ(valuesOf(8),
            (Values{7, -6, 5, 4, 3, 2, 1, 0, 1, 1, -1, 1, 1, 1, -7, 1}));
  // Of equal ones the lower channel.
  EXPECT_EQ(valuesOf(4),
            (Values{7, -6, 5, 4, 0, 0, 0, 0, 1, 1, -1, 0, 0, 0, -7, 0}));
  EXPECT_EQ(valuesOf(2),
            (Values{7, -6, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, -7, 0}));
  EXPECT_EQ(valuesOf(1),
            (Values{7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -7, 0}));
}

TEST(CompressRow, ScaleIsOfKeptWeightsAlone) {
  std::mt19937 random(1);
  for (unsigned keep : {4u, 2u, 1u}) {
    Block row = normalBlock(random), kept = row;
    for (size_t group = 0; group < row.size(); group += 8) {
      std::array<float, 8> order;
      std::ranges::transform(std::span(row).subspan(group, 8), order.begin(),
                             [](float w) { return std::fabs(w); });
      std::ranges::sort(order, std::greater());
      for (size_t i = group; i < group + 8; ++i)
        if (std::fabs(row[i]) < order[keep - 1])
          kept[i] = 0;
    }
    std::array<int8_t, kQuantBlock> values;
    uint16_t scale = quantizeBlock(kept, QuantizeMethod::scaleSearch, values);
    QuantizedMatrix result = compress(row, {.keep = keep});
    EXPECT_EQ(result.scales[0], scale);
    EXPECT_TRUE(std::ranges::equal(result.values, values));
  }
}

TEST(CompressRow, BlocksOfZerosHaveScaleZero) {
  std::vector<float> row(256);
  row[200] = -0.5f;
  for (unsigned keep : {8u, 4u, 2u, 1u}) {
    QuantizedMatrix result = compress(row, {.keep = keep});
    EXPECT_EQ(result.scales[0], 0);
    EXPECT_NE(result.scales[1], 0);
    EXPECT_EQ(std::ranges::count(result.values, int8_t(0)), 255);
  }
}

TEST(CompressRow, RefusesWhatNeedsAMatrix) {
  Block row = {};
  auto errorWith = [&](Compression compression) {
    return errorOf([&] { compress(row, compression); });
  };
  EXPECT_EQ(errorWith({.keep = 3}),
            "density 3 of 8: allowed are 8, 4, 2 and 1");
  const char *alone = "a row alone can only be pruned by magnitude and "
                      "quantized by roundToNearest or scaleSearch; other "
                      "methods need the matrix and calibration";
  EXPECT_EQ(errorWith({.keep = 4, .prune = PruneMethod::wanda}), alone);
  EXPECT_EQ(errorWith({.quantize = QuantizeMethod::gptq}), alone);
  EXPECT_NO_THROW(compress(row, {.keep = 8, .prune = PruneMethod::sparsegpt}));
  std::array<int8_t, kQuantBlock> values;
  EXPECT_EQ(
      errorOf([&] { quantizeBlock(row, QuantizeMethod::gptq, values); }),
      "a block alone cannot be quantized by gptq: allowed are roundToNearest "
      "and scaleSearch");
}

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

/// Every set of kernels gives the same bits, so results do not depend on the
/// processor.
class BlockKernelsTest : public ::testing::TestWithParam<size_t> {
protected:
  static bool isSupported() {
    return GetParam() < supportedBlockKernels().size();
  }
  static const BlockKernels &kernels() {
    return supportedBlockKernels()[GetParam()];
  }
};

INSTANTIATE_TEST_SUITE_P(Sets, BlockKernelsTest,
                         ::testing::Range(size_t(0), size_t(2)));

TEST_P(BlockKernelsTest, WidenEveryHalf) {
  if (!isSupported())
    GTEST_SKIP();
  std::vector<std::byte> bytes(1);
  for (unsigned bits = 0; bits < 0x10000; ++bits) {
    bytes.push_back(std::byte(bits & 0xFF));
    bytes.push_back(std::byte(bits >> 8));
  }
  for (size_t count : {size_t(0x10000), size_t(13), size_t(0)}) {
    std::vector<float> values(count + 1, -1.0f);
    kernels().widenHalves(bytes.data() + 1, count, values.data());
    EXPECT_EQ(values.back(), -1); // nothing written past the end
    for (unsigned bits = 0; bits < count; ++bits) {
      uint32_t expected = std::bit_cast<uint32_t>(halfToFloat(uint16_t(bits)));
      if ((bits & 0x7C00) == 0x7C00) // infinity and NaN
        expected = (bits & 0x8000) << 16 | 0x7F800000 | (bits & 0x3FF) << 13;
      ASSERT_EQ(std::bit_cast<uint32_t>(values[bits]), expected) << bits;
    }
  }
}

TEST_P(BlockKernelsTest, LargestOfAnyCount) {
  if (!isSupported())
    GTEST_SKIP();
  std::vector<float> values;
  EXPECT_EQ(kernels().largestBits(values.data(), 0), 0u);
  for (int i = 1; i < 40; ++i) {
    values.push_back(i % 2 ? float(i) : -float(i));
    EXPECT_EQ(kernels().largestBits(values.data(), values.size()),
              std::bit_cast<uint32_t>(float(i)));
  }
  values[3] = -NAN;
  EXPECT_EQ(kernels().largestBits(values.data(), values.size()), 0x7FC00000u);
}

/// The definition in Quantize.h, one weight at a time.
static uint16_t searchSlowly(const Block &weights, float m) {
  uint16_t best = 0;
  float least = INFINITY;
  for (float q = 6.5f; q < 10.5f; q += 0.125f) {
    uint16_t bits = std::max<uint16_t>(floatToHalf(m / q), 1);
    float s = halfToFloat(bits), unit = 32767 / m;
    int64_t r = int64_t(m / s * 1024 + 0.5f), sum = 0;
    for (float w : weights) {
      int64_t a = int64_t(std::fabs(w) * unit + 0.5f);
      int64_t t = (a * r + (1 << 14)) >> 15;
      int64_t e = t - std::min<int64_t>((t + 512) & -1024, 7 * 1024);
      sum += e * e;
    }
    float error = float(sum) * (s * s);
    if (r < 11 * 1024 && error < least) {
      best = bits;
      least = error;
    }
  }
  return best;
}

TEST_P(BlockKernelsTest, SearchIsItsDefinition) {
  if (!isSupported())
    GTEST_SKIP();
  std::mt19937 random(3);
  for (int trial = 0; trial < 2000; ++trial) {
    Block block = normalBlock(random);
    // Down to the smallest scales, and up to the largest.
    float factor = trial % 2 ? 1 : std::ldexp(1.0f, int(random() % 40) - 20);
    if (trial % 8 == 0) // the largest sums of errors
      std::ranges::fill(block, trial % 16 ? 0.0625f : -0x1p-24f);
    else if (trial % 8 == 1)
      kernels().prune(block.data(), 1);
    for (float &weight : block)
      weight *= trial % 16 ? factor : 1;
    float largest =
        std::bit_cast<float>(kernels().largestBits(block.data(), block.size()));
    if (largest >= 0x1p-24f)
      ASSERT_EQ(kernels().searchScale(block.data(), largest),
                searchSlowly(block, largest))
          << trial;
  }
  for (float largest = 0x1p-24f; largest < 2e-5f; largest *= 1.01f) {
    Block block = {largest, -largest / 2, largest / 3};
    ASSERT_EQ(kernels().searchScale(block.data(), largest),
              searchSlowly(block, largest));
  }
  Block large = {kInt4Limit, -kInt4Limit, 1000};
  EXPECT_EQ(kernels().searchScale(large.data(), kInt4Limit),
            searchSlowly(large, kInt4Limit));
}

TEST_P(BlockKernelsTest, AgreeWithTheFastest) {
  if (!isSupported())
    GTEST_SKIP();
  const BlockKernels &fastest = blockKernels();
  std::mt19937 random(4);
  for (int trial = 0; trial < 200; ++trial) {
    Block left = normalBlock(random);
    if (trial % 2) // ties
      for (float &weight : left)
        weight = std::round(weight * 100);
    Block right = left;
    std::array<int8_t, kQuantBlock> leftValues, rightValues;
    float scale = trial % 3 ? 0.004f : 1;
    kernels().roundToLevels(left.data(), scale, leftValues.data());
    fastest.roundToLevels(right.data(), scale, rightValues.data());
    ASSERT_EQ(leftValues, rightValues);
    std::array<uint32_t, 16> leftCodes, rightCodes;
    kernels().packCodes(leftValues.data(), leftCodes.data());
    fastest.packCodes(rightValues.data(), rightCodes.data());
    ASSERT_EQ(leftCodes, rightCodes);
    BlockLoss leftLoss = kernels().loss(left.data(), leftValues.data(), scale);
    BlockLoss rightLoss = fastest.loss(right.data(), rightValues.data(), scale);
    ASSERT_EQ(leftLoss.squaredError, rightLoss.squaredError);
    ASSERT_EQ(leftLoss.squaredNorm, rightLoss.squaredNorm);
    kernels().prune(left.data(), 1u << trial % 4);
    fastest.prune(right.data(), 1u << trial % 4);
    ASSERT_EQ(left, right);
  }
}
