//===- AnalysisTest.cpp - Figures that the outputs share ------------------===//
#include "Analysis.h"
#include "SamplePass.h"

#include <gtest/gtest.h>

#include <numeric>

using namespace edgellm;
using namespace edgellm::perf;
using model::PassTiming, model::StepTiming, model::TimingOptions;

TEST(Analysis, KindsAreSourcesWithoutTheirLayer) {
  EXPECT_EQ(kindOf("model.layers.3.mlp.up_proj"), "mlp.up_proj");
  EXPECT_EQ(kindOf("blk.31.attn_q"), "attn_q");
  EXPECT_EQ(kindOf("lm_head"), "lm_head");
  EXPECT_EQ(kindOf("model.layers.3"), "layer");
  EXPECT_EQ(kindOf("model.w2.x"), "model.w2.x");
  EXPECT_EQ(kindOf(""), "");
  EXPECT_EQ(kindOf("..."), "...");
}

TEST(Analysis, LayersAreTheNumbersInSources) {
  EXPECT_EQ(layerOf("model.layers.12.mlp"), 12u);
  EXPECT_EQ(layerOf("lm_head"), std::nullopt);
  // Too large for a layer, so a name like any other.
  EXPECT_EQ(layerOf("a.99999999999999999999.b"), std::nullopt);
}

TEST(Analysis, LayersHaveStepsIfAllHaveAsMany) {
  PassTiming pass = samplePass(/*layers=*/3);
  EXPECT_EQ(stepsPerLayer(pass), 15u);
  pass.steps.back().source = "model.layers.2.more";
  EXPECT_EQ(stepsPerLayer(pass), std::nullopt);
  EXPECT_EQ(stepsPerLayer({}), std::nullopt);
}

TEST(Analysis, AStepWithoutSourceIsCalledByItsInstruction) {
  StepTiming step;
  step.mnemonic = "vmm";
  step.index = 7;
  EXPECT_EQ(perf::nameOf(step), "vmm 7");
  step.source = "lm_head";
  EXPECT_EQ(perf::nameOf(step), "lm_head");
}

// Three steps that overlap: each cycle belongs to the step that ends next.
TEST(Analysis, AdvancesMakeUpThePass) {
  PassTiming pass;
  pass.steps.resize(3);
  pass.steps[0].end = 10;
  pass.steps[1].start = 5;
  pass.steps[1].end = 30;
  pass.steps[2].start = 6;
  pass.steps[2].end = 18;
  EXPECT_EQ(advances(pass), (std::vector<double>{10, 12, 8}));
}

TEST(Analysis, GroupsHoldEveryStepByteAndCycleOnce) {
  PassTiming pass = samplePass(/*layers=*/3);
  std::vector<StepGroup> groups = groupSteps(pass);
  // begin, 15 kinds in a block, norm, lm_head, end
  EXPECT_EQ(groups.size(), 19u);
  EXPECT_EQ(groups[1].kind, "input_layernorm");
  EXPECT_EQ(groups[1].steps, 3u);
  unsigned steps = 0;
  uint64_t bytes = 0;
  double cycles = 0;
  for (const StepGroup &group : groups) {
    steps += group.steps;
    bytes += group.readBytes;
    cycles += group.advance;
  }
  EXPECT_EQ(steps, pass.steps.size());
  EXPECT_EQ(bytes, pass.hbmBytes);
  EXPECT_NEAR(cycles, pass.cycles, 1e-6 * pass.cycles);
}

// Scores, softmax and values all come from "self_attn".
TEST(Analysis, InstructionsOfOneSourceAreKindsOfTheirOwn) {
  unsigned kinds = 0;
  for (const StepGroup &group : groupSteps(samplePass()))
    kinds += group.kind == "self_attn";
  EXPECT_EQ(kinds, 3u);
}

TEST(Analysis, TechniquesAreComparedWithEverythingOn) {
  std::vector<std::vector<std::string_view>> asked;
  std::vector<Comparison> rows =
      compareTechniques([&](const TimingOptions &options) {
        asked.push_back(switchedOff(options));
        return samplePass(1, 1, 0, options);
      });
  using Names = std::vector<std::string_view>;
  Names all{"prefetch", "overlap", "chaining", "lookahead", "deep-bursts"};
  ASSERT_EQ(asked.size(), 7u);
  EXPECT_EQ(asked.front(), Names{});
  for (size_t i = 0; i < all.size(); ++i)
    EXPECT_EQ(asked[1 + i], Names{all[i]});
  EXPECT_EQ(asked.back(), all);
  EXPECT_EQ(rows[1].name, "no prefetch");
  EXPECT_GT(rows.front().tokensPerSecond, rows.back().tokensPerSecond);
}

static std::vector<uint32_t> pastsOf(uint32_t mostPast) {
  std::vector<uint32_t> pasts;
  for (const SpeedPoint &point : speedByPast(
           [](uint32_t past) { return samplePass(1, 1, past); }, mostPast))
    pasts.push_back(point.past);
  return pasts;
}

TEST(Analysis, SpeedsCoverTheContext) {
  EXPECT_EQ(pastsOf(2047), (std::vector<uint32_t>{0, 256, 512, 768, 1024, 1280,
                                                  1536, 1792, 2047}));
  EXPECT_EQ(pastsOf(2), (std::vector<uint32_t>{0, 1, 2}));
  EXPECT_EQ(pastsOf(0), (std::vector<uint32_t>{0}));
}

TEST(Analysis, RatiosOfNothingAreNothing) {
  EXPECT_EQ(ratio(1, 0), std::nullopt);
  EXPECT_EQ(ratio(0, 0), std::nullopt);
  EXPECT_EQ(ratio(0, 4), 0.0);
  EXPECT_EQ(hbmBusyCycles(PassTiming()), 0);
}
