//===- SamplerTest.cpp ----------------------------------------------------===//
#include "EdgeLLM/Runtime/Sampler.h"

#include "EdgeLLM/Support/Half.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

using namespace edgellm;

namespace {

std::vector<uint16_t> halves(std::vector<float> values) {
  std::vector<uint16_t> result;
  for (float value : values)
    result.push_back(floatToHalf(value));
  return result;
}

std::map<uint32_t, int> draw(const Sampling &sampling,
                             const std::vector<uint16_t> &logits, int count) {
  Sampler sampler(sampling);
  std::map<uint32_t, int> counts;
  for (int i = 0; i < count; ++i)
    ++counts[sampler.pick(logits)];
  return counts;
}

TEST(Argmax, TakesTheLowestOfEquals) {
  EXPECT_EQ(argmax(halves({-3, 2, 1, 2})), 1u);
  EXPECT_EQ(argmax(halves({-5})), 0u);
  // -0 equals +0.
  EXPECT_EQ(argmax(std::vector<uint16_t>{0x8000, 0x0000}), 0u);
}

TEST(Argmax, ReadsFp16AsTheMachineDoes) {
  // 0x7C00 is 65536 here, not infinity, and 0x7E00 is 98304, not a NaN.
  EXPECT_EQ(argmax(std::vector<uint16_t>{0x7BFF, 0x7C00, 0x7E00}), 2u);
}

TEST(Sampler, ZeroTemperatureIsGreedy) {
  Sampler sampler({});
  EXPECT_EQ(sampler.pick(halves({0, 1, 3, 2})), 2u);
}

TEST(Sampler, TheSeedDecides) {
  std::vector<uint16_t> logits(100, floatToHalf(1));
  auto sequence = [&](uint64_t seed) {
    Sampler sampler({.temperature = 1, .seed = seed});
    std::vector<uint32_t> ids;
    for (int i = 0; i < 20; ++i)
      ids.push_back(sampler.pick(logits));
    return ids;
  };
  EXPECT_EQ(sequence(5), sequence(5));
  EXPECT_NE(sequence(5), sequence(6));
}

TEST(Sampler, DrawsByProbability) {
  // Probabilities 1/2, 1/3, 1/6.
  auto logits = halves({std::log(3.f), std::log(2.f), 0, -1000});
  auto counts = draw({.temperature = 1}, logits, 6000);
  EXPECT_NEAR(counts[0], 3000, 200);
  EXPECT_NEAR(counts[1], 2000, 200);
  EXPECT_NEAR(counts[2], 1000, 200);
  EXPECT_EQ(counts[3], 0);
}

TEST(Sampler, TemperatureSharpens) {
  auto logits = halves({1, 0});
  EXPECT_GT(draw({.temperature = 0.1}, logits, 1000)[0], 990);
  EXPECT_NEAR(draw({.temperature = 100}, logits, 1000)[0], 500, 60);
}

TEST(Sampler, TopKKeepsTheLikeliest) {
  auto counts =
      draw({.temperature = 1, .topK = 2}, halves({0, 1, 1, 0.5, 1}), 500);
  // Of three equals the two lowest ids stay.
  EXPECT_EQ(counts.size(), 2u);
  EXPECT_TRUE(counts.contains(1) && counts.contains(2));
}

TEST(Sampler, TopPKeepsTheFewestThatReachIt) {
  auto logits = halves({std::log(3.f), std::log(2.f), 0}); // 1/2, 1/3, 1/6
  auto sizes = [&](double topP) {
    return draw({.temperature = 1, .topP = topP}, logits, 500).size();
  };
  EXPECT_EQ(sizes(0.4), 1u);
  EXPECT_EQ(sizes(0.7), 2u);
  EXPECT_EQ(sizes(0.9), 3u);
  EXPECT_EQ(sizes(1e-6), 1u);
}

TEST(Sampler, TopPOnManyTokens) {
  std::vector<uint16_t> logits(5000, floatToHalf(-20));
  logits[17] = logits[42] = floatToHalf(5);
  auto counts = draw({.temperature = 1, .topP = 0.95}, logits, 500);
  EXPECT_EQ(counts.size(), 2u);
  EXPECT_NEAR(counts[17], 250, 60);
}

} // namespace
