//===- KernelsTest.cpp ----------------------------------------------------===//
#include "Kernels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

using namespace edgellm;

namespace {

std::vector<float> randomValues(int64_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(static_cast<size_t>(count));
  for (float &value : values)
    value = normal(random);
  return values;
}

std::vector<float> product(const std::vector<float> &x, int64_t tokens,
                           const std::vector<float> &w, int64_t outputs,
                           unsigned threads) {
  int64_t inputs = int64_t(x.size()) / tokens;
  std::vector<float> y(size_t(tokens * outputs), -1);
  reference::multiplyByWeight(x, tokens, viewOf("w", outputs, inputs, w), y,
                              threads);
  return y;
}

/// Sizes around those of tiles, panels and lanes.
TEST(MultiplyByWeight, IsTheProductInTheOrderOfItsTerms) {
  for (int64_t tokens : {1, 5, 6, 7, 50})
    for (int64_t outputs : {1, 15, 16, 64, 65, 130})
      for (int64_t inputs : {1, 17, 512, 513, 1100}) {
        auto x = randomValues(tokens * inputs, 1);
        auto w = randomValues(outputs * inputs, 2);
        auto y = product(x, tokens, w, outputs, 2);
        for (int64_t t = 0; t < tokens; ++t)
          for (int64_t o = 0; o < outputs; ++o) {
            float sum = 0;
            for (int64_t k = 0; k < inputs; ++k)
              sum += x[size_t(t * inputs + k)] * w[size_t(o * inputs + k)];
            ASSERT_EQ(y[size_t(t * outputs + o)], sum)
                << tokens << " x " << inputs << " x " << outputs << " at " << t
                << ", " << o;
          }
      }
}

TEST(MultiplyByWeight, HasTheSameBitsForEveryNumberOfThreads) {
  auto x = randomValues(33 * 700, 3), w = randomValues(300 * 700, 4);
  auto expected = product(x, 33, w, 300, 1);
  for (unsigned threads : {2u, 3u, 7u})
    EXPECT_EQ(product(x, 33, w, 300, threads), expected);
}

std::vector<float> moments(const std::vector<float> &x, int64_t columns,
                           unsigned threads) {
  std::vector<float> result(size_t(columns * columns), -1);
  reference::secondMoments(x, int64_t(x.size()) / columns, columns, result,
                           threads);
  return result;
}

TEST(SecondMoments, AreTheMeanProductsOfEveryTwoChannels) {
  for (int64_t samples : {1, 255, 256, 300})
    for (int64_t columns : {1, 63, 64, 65, 150}) {
      auto x = randomValues(samples * columns, 5);
      auto result = moments(x, columns, 2);
      for (int64_t a = 0; a < columns; ++a)
        for (int64_t b = 0; b < columns; ++b) {
          double sum = 0;
          for (int64_t t = 0; t < samples; ++t)
            sum +=
                double(x[size_t(t * columns + a)]) * x[size_t(t * columns + b)];
          ASSERT_NEAR(result[size_t(a * columns + b)], sum / samples, 1e-5)
              << samples << " of " << columns << " at " << a << ", " << b;
        }
    }
}

/// In binary32 alone 0.1^2 would stop growing the sum well before its end.
TEST(SecondMoments, DoNotDriftOverManySamples) {
  std::vector<float> x(2'000'000, 0.1f);
  EXPECT_NEAR(moments(x, 1, 1)[0], 0.01, 0.01 * 2e-6);
}

TEST(SecondMoments, HaveTheSameBitsForEveryNumberOfThreads) {
  auto x = randomValues(500 * 200, 6);
  EXPECT_EQ(moments(x, 200, 3), moments(x, 200, 1));
}

TEST(MeanSquares, AreThoseOfEveryChannel) {
  std::vector<float> x = {1, 2, 3, 4, 5, 6}, result(2);
  reference::meanSquares(x, 3, 2, result, 2);
  EXPECT_FLOAT_EQ(result[0], (1 + 9 + 25) / 3.0f);
  EXPECT_FLOAT_EQ(result[1], (4 + 16 + 36) / 3.0f);
}

TEST(SumOfSquares, CountsEveryElement) {
  for (size_t count : {1, 15, 16, 17, 100})
    EXPECT_EQ(reference::sumOfSquares(std::vector<float>(count, 2)),
              4.0f * float(count));
}

} // namespace
