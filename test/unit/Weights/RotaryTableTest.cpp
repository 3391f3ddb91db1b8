//===- RotaryTableTest.cpp - Angles of rotary position embeddings ---------===//
#include "EdgeLLM/Weights/RotaryTable.h"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <numbers>
#include <string>

using namespace edgellm;

static constexpr double kTwoPi = 2 * std::numbers::pi;

/// Radians a token of every pair, from the angle of the first token: right as
/// long as that is below pi.
static std::vector<double> anglesOf(double theta, int64_t rotary,
                                    const RopeScaling &scaling) {
  RotaryTable table(theta, rotary, scaling);
  std::vector<double> angles;
  for (int64_t pair = 0; pair < table.pairs(); ++pair) {
    RotaryTable::Turn turn = table.at(1, pair);
    angles.push_back(std::atan2(turn.sine, turn.cosine));
  }
  return angles;
}

static void expectAngles(const std::vector<double> &found,
                         const std::vector<double> &expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (size_t i = 0; i < found.size(); ++i)
    EXPECT_NEAR(found[i] / expected[i], 1, 1e-6) << "pair " << i;
}

TEST(RotaryTable, TurnsByPowersOfTheta) {
  expectAngles(anglesOf(10000, 8, {}), {1, 0.1, 0.01, 0.001});
  RotaryTable table(10000, 8, {});
  EXPECT_EQ(table.at(0, 0).cosine, 1);
  EXPECT_EQ(table.at(0, 3).sine, 0);
  EXPECT_EQ(table.at(7, 1).cosine, float(std::cos(7 * 0.1)));
  EXPECT_EQ(table.at(1 << 20, 0).sine, float(std::sin(double(1 << 20))));
}

TEST(RotaryTable, LinearDividesEveryAngle) {
  expectAngles(anglesOf(10000, 8, {RopeScalingKind::linear, 4}),
               {0.25, 0.025, 0.0025, 0.00025});
  // A factor of 1 changes nothing.
  expectAngles(anglesOf(10000, 8, {RopeScalingKind::linear, 1}),
               anglesOf(10000, 8, {}));
}

/// In an original context of 2000 pi the pairs turn 1000, 100, 10 and 1 times.
TEST(RotaryTable, Llama3StretchesPairsThatTurnSlowly) {
  double original = 1000 * kTwoPi;
  RopeScaling scaling{RopeScalingKind::llama3, 8, original, 5, 25};
  // 10 turns are a quarter of the way from 5 to 25.
  double between = 0.01 * (0.75 / 8 + 0.25);
  expectAngles(anglesOf(10000, 8, scaling), {1, 0.1, between, 0.001 / 8});
  // Exactly at the bounds: 100 is left alone, 10 stretched.
  scaling.low = 10;
  scaling.high = 100;
  expectAngles(anglesOf(10000, 8, scaling), {1, 0.1, 0.01 / 8, 0.001 / 8});
}

/// The same turns; pair i makes 10^(3-i) of them.
TEST(RotaryTable, YarnStretchesByTheIndexOfThePair) {
  RopeScaling scaling{RopeScalingKind::yarn, 8, 1000 * kTwoPi,
                      std::pow(10, 0.5), std::pow(10, 2.5)};
  // The ramp begins at pair 0.5 and ends at pair 2.5; truncated at 0 and 3.
  auto at = [](double angle, double t) { return angle * ((1 - t) + t / 8); };
  expectAngles(anglesOf(10000, 8, scaling),
               {1, at(0.1, 1.0 / 3), at(0.01, 2.0 / 3), 0.001 / 8});
  scaling.truncate = false;
  expectAngles(anglesOf(10000, 8, scaling),
               {1, at(0.1, 0.25), at(0.01, 0.75), 0.001 / 8});
}

TEST(RotaryTable, YarnEnlargesCosinesAndSines) {
  RopeScaling scaling{RopeScalingKind::yarn, 4, 4096, 1, 32, 1.25};
  RotaryTable table(10000, 8, scaling), plain(10000, 8, {});
  EXPECT_EQ(table.at(0, 0).cosine, 1.25f);
  EXPECT_EQ(table.at(0, 3).cosine, 1.25f);
  EXPECT_NEAR(table.at(3, 0).sine, 1.25f * plain.at(3, 0).sine, 1e-6);
  EXPECT_NEAR(yarnAttention(std::exp(10)), 2, 1e-12);
}

TEST(RotaryTable, KnowsWhatIsNoScaling) {
  auto problemOf = [](RopeScaling scaling, double theta = 10000) {
    const char *problem = scaling.problem(theta);
    return std::string(problem ? problem : "");
  };
  using enum RopeScalingKind;
  EXPECT_EQ(problemOf({}), "");
  EXPECT_EQ(problemOf({llama3, 8, 8192, 1, 4}), "");
  double nan = std::numeric_limits<double>::quiet_NaN();
  for (double bad : {0.99, -1.0, 1.1e6, nan})
    EXPECT_EQ(problemOf({linear, bad}), "factor must be from 1 to 1e6");
  for (double bad : {0.0, 1e10, nan})
    EXPECT_EQ(problemOf({llama3, 8, bad, 1, 4}),
              "the original context must be from 1 to 1e9 tokens");
  for (double bad : {0.0, 4.0, 5.0, nan})
    EXPECT_EQ(problemOf({yarn, 8, 8192, bad, 4}),
              "turns must be 0 < low < high, at most 1e9");
  EXPECT_EQ(problemOf({yarn, 8, 8192, 1, 4, 0}),
            "attention must be from 1e-3 to 1e3");
  EXPECT_EQ(problemOf({yarn, 8, 8192, 1, 4}, 1), "yarn needs a theta above 1");
  EXPECT_EQ(problemOf({llama3, 8, 8192, 1, 4}, 1), "");
}
