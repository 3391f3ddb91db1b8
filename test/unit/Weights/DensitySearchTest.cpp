//===- DensitySearchTest.cpp - Where sparsity costs least -----------------===//
#include "EdgeLLM/Weights/DensitySearch.h"

#include <gtest/gtest.h>

using namespace edgellm;

static std::string textOf(const std::vector<DensityStep> &steps) {
  std::string text;
  for (const DensityStep &step : steps)
    text += step.matrix + std::to_string(step.keep) + ' ';
  return text;
}

TEST(DensitySearch, CheapStepsComeFirst) {
  // Loss a saved byte: a 1, 4 and 20; b 2, 3 and 10.
  EXPECT_EQ(textOf(orderSteps({{"a", {40, 30, 20, 10}, {0, 10, 50, 250}},
                               {"b", {40, 30, 20, 10}, {0, 20, 50, 150}}})),
            "a4 b4 b2 a2 b1 a1 ");
}

TEST(DensitySearch, WhatAMixBeatsIsPassedOver) {
  // 4 of 8 loses 30 for 10 bytes; half of the way to 2 of 8 would lose 20.
  EXPECT_EQ(textOf(orderSteps({{"a", {40, 30, 20, 10}, {0, 30, 40, 200}}})),
            "a2 a1 ");
}

TEST(DensitySearch, WhatSavesNothingIsNoStep) {
  // A narrow matrix, whose packages are padded to whole words of the port.
  EXPECT_EQ(textOf(orderSteps({{"a", {40, 40, 30, 30}, {0, 1, 2, 9}}})), "a2 ");
  EXPECT_EQ(textOf(orderSteps({{"a", {40, 40, 40, 40}, {0, 0, 0, 0}}})), "");
}

TEST(DensitySearch, EqualStepsKeepTheOrderOfTheMatrices) {
  DensityChoice same{"b", {40, 30, 20, 10}, {0, 10, 40, 90}};
  DensityChoice other = same;
  other.matrix = "a";
  EXPECT_EQ(textOf(orderSteps({same, other})), "b4 a4 b2 a2 b1 a1 ");
}

TEST(DensitySearch, FindsTheLeastNumberOfSteps) {
  for (size_t most : {0u, 1u, 7u, 8u, 100u})
    for (size_t enough = 0; enough <= most + 1; ++enough) {
      size_t calls = 0;
      EXPECT_EQ(leastSteps(most,
                           [&](size_t steps) {
                             EXPECT_LE(steps, most);
                             ++calls;
                             return steps >= enough;
                           }),
                enough);
      EXPECT_LE(calls, 8u);
    }
}
