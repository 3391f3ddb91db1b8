//===- QuantizeTest.cpp - INT4 blocks of weights --------------------------===//
#include "EdgeLLM/Weights/Quantize.h"

#include "EdgeLLM/Support/Half.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <gtest/gtest.h>
#include <random>

using namespace edgellm;

namespace {

using Weights = std::array<float, kQuantBlock>;

struct Quantized {
  float scale;
  std::array<int8_t, kQuantBlock> values;
};

} // namespace

static constexpr auto kNearest = QuantizeMethod::roundToNearest;
static constexpr auto kSearch = QuantizeMethod::scaleSearch;

static Quantized quantize(const Weights &weights, QuantizeMethod method) {
  Quantized result;
  uint16_t scale = quantizeBlock(weights, method, result.values);
  result.scale = halfToFloat(scale);
  Weights restored;
  dequantizeBlock(scale, result.values, restored);
  for (size_t i = 0; i < kQuantBlock; ++i)
    EXPECT_EQ(restored[i], float(result.values[i]) * result.scale);
  return result;
}

static double squaredError(const Weights &weights, const Quantized &block) {
  double sum = 0;
  for (size_t i = 0; i < kQuantBlock; ++i)
    sum += std::pow(weights[i] - double(block.values[i]) * block.scale, 2);
  return sum;
}

static Weights normalWeights(std::mt19937 &random, float deviation = 0.02f) {
  std::normal_distribution<float> normal(0, deviation);
  Weights weights;
  for (float &weight : weights)
    weight = normal(random);
  return weights;
}

TEST(Quantize, MultiplesOfAScaleAreExact) {
  Weights weights;
  for (size_t i = 0; i < kQuantBlock; ++i)
    weights[i] = (float(i % 15) - 7) * 0.25f;
  for (QuantizeMethod method : {kNearest, kSearch}) {
    Quantized block = quantize(weights, method);
    EXPECT_EQ(block.scale, 0.25f);
    EXPECT_EQ(squaredError(weights, block), 0);
  }
}

TEST(Quantize, RoundsHalfWayToEven) {
  Weights weights = {7, 0.5f, 1.5f, 2.5f, -0.5f, -1.5f, -2.5f, 6.5f};
  Quantized block = quantize(weights, kNearest);
  ASSERT_EQ(block.scale, 1);
  const int expected[] = {7, 0, 2, 2, 0, -2, -2, 6};
  for (size_t i = 0; i < std::size(expected); ++i)
    EXPECT_EQ(block.values[i], expected[i]) << i;
}

TEST(Quantize, ZeroBlockHasZeroScale) {
  Weights weights = {};
  weights[3] = -0.0f;
  for (QuantizeMethod method : {kNearest, kSearch}) {
    Quantized block = quantize(weights, method);
    EXPECT_EQ(block.scale, 0);
    EXPECT_TRUE(std::ranges::all_of(block.values, [](int v) { return !v; }));
  }
}

TEST(Quantize, TinyBlocksUseTheSmallestScale) {
  for (float tiny : {0x1p-26f, 0x1p-40f, 0x1p-149f})
    for (QuantizeMethod method : {kNearest, kSearch}) {
      Quantized block = quantize(Weights{tiny}, method);
      EXPECT_EQ(block.scale, 0x1p-24f);
      EXPECT_EQ(block.values[0], 0);
    }
  // 2.6 smallest scales: the nearest multiple is kept, not lost.
  EXPECT_EQ(quantize(Weights{2.6f * 0x1p-24f}, kNearest).values[0], 3);
}

TEST(Quantize, LargestWeightFits) {
  for (QuantizeMethod method : {kNearest, kSearch}) {
    Quantized block = quantize(Weights{kInt4Limit, -kInt4Limit}, method);
    EXPECT_EQ(block.scale, 65504);
    EXPECT_EQ(block.values[0], 7);
    EXPECT_EQ(block.values[1], -7);
  }
}

TEST(Quantize, EveryWeightTakesItsNearestLevel) {
  std::mt19937 random(2);
  for (int trial = 0; trial < 200; ++trial) {
    Weights weights = normalWeights(random);
    Quantized block = quantize(weights, trial % 2 ? kSearch : kNearest);
    for (size_t i = 0; i < kQuantBlock; ++i) {
      double level = double(weights[i]) / block.scale;
      double best = std::clamp(std::nearbyint(level), -7., 7.);
      ASSERT_NEAR(std::fabs(level - block.values[i]), std::fabs(level - best),
                  1e-6);
    }
  }
}

TEST(Quantize, RoundToNearestScaleIsASeventhOfTheLargest) {
  std::mt19937 random(3);
  for (int trial = 0; trial < 100; ++trial) {
    Weights weights = normalWeights(random);
    float largest = std::fabs(*std::ranges::max_element(
        weights, {}, [](float weight) { return std::fabs(weight); }));
    EXPECT_EQ(quantize(weights, kNearest).scale,
              halfToFloat(floatToHalf(largest / 7)));
  }
}

/// The least squared error over every FP16 scale between maxabs/14 and
/// maxabs/4, found the slow way.
static double leastError(const Weights &weights, float roundToNearestScale) {
  double least = INFINITY;
  uint16_t last = floatToHalf(roundToNearestScale * 7 / 4);
  for (uint16_t bits = floatToHalf(roundToNearestScale / 2); bits <= last;
       ++bits) {
    Quantized block = {halfToFloat(bits), {}};
    for (size_t i = 0; i < kQuantBlock; ++i)
      block.values[i] = int8_t(
          std::clamp(std::nearbyint(weights[i] / block.scale), -7.f, 7.f));
    least = std::min(least, squaredError(weights, block));
  }
  return least;
}

TEST(Quantize, SearchIsCloseToTheBestScaleThereIs) {
  std::mt19937 random(4);
  double least = 0, searched = 0, nearest = 0;
  for (int trial = 0; trial < 100; ++trial) {
    Weights weights = normalWeights(random);
    Quantized rounded = quantize(weights, kNearest);
    double before = squaredError(weights, rounded);
    double after = squaredError(weights, quantize(weights, kSearch));
    ASSERT_LE(after, before * 1.001);
    least += leastError(weights, rounded.scale);
    searched += after;
    nearest += before;
  }
  EXPECT_LE(searched, least * 1.002);
  EXPECT_GE(nearest, least * 1.15);
}

TEST(Quantize, ScalesWithTheWeights) {
  // Powers of two commute with every step while scales stay normal numbers.
  std::mt19937 random(5);
  Weights weights = normalWeights(random, 1), small;
  std::ranges::transform(weights, small.begin(),
                         [](float weight) { return weight * 0x1p-10f; });
  Quantized large = quantize(weights, kSearch);
  Quantized scaled = quantize(small, kSearch);
  EXPECT_EQ(scaled.scale, large.scale * 0x1p-10f);
  EXPECT_EQ(scaled.values, large.values);
}
