//===- StrategyTest.cpp - Which matrix is compressed how ------------------===//
#include "EdgeLLM/Weights/Strategy.h"

#include "EdgeLLM/Support/JsonObject.h"
#include "EdgeLLM/Support/MappedFile.h"

#include "../Testing.h"

using namespace edgellm;
namespace fs = std::filesystem;

static const fs::path kPresets = EDGELLM_STRATEGIES;

static std::string strategyError(std::string_view text) {
  return edgellm::testing::errorOf([&] { parseStrategy(text, "s.json"); });
}

TEST(Patterns, StarsStandForAnyText) {
  EXPECT_TRUE(matchesPattern("*", ""));
  EXPECT_TRUE(matchesPattern("lm_head", "lm_head"));
  EXPECT_TRUE(matchesPattern("*.mlp.*", "model.layers.3.mlp.up_proj"));
  EXPECT_TRUE(matchesPattern("*.layers.?.mlp.*", "model.layers.3.mlp.up_proj"));
  EXPECT_TRUE(matchesPattern("*a*b*", "xxaxaxbxb"));
  EXPECT_TRUE(matchesPattern("a**", "a"));
  // Square brackets, which name parts of fused tensors, mean themselves.
  EXPECT_TRUE(matchesPattern("*.qkv[0:*]", "l.0.qkv[0:4096]"));
  EXPECT_FALSE(matchesPattern("*.layers.?.mlp.*", "model.layers.13.mlp.up"));
  EXPECT_FALSE(matchesPattern("lm_head", "lm_head2"));
  EXPECT_FALSE(matchesPattern("", "a"));
  EXPECT_FALSE(matchesPattern("a?", "a"));
}

TEST(Patterns, ManyStarsTakeNoTime) {
  std::string pattern, text(100000, 'a');
  for (int i = 0; i < 1000; ++i)
    pattern += "*a";
  EXPECT_TRUE(matchesPattern(pattern, text));
  EXPECT_FALSE(matchesPattern(pattern + "b", text));
}

TEST(Strategy, TheFirstRuleThatMatchesHolds) {
  Strategy strategy = parseStrategy(R"({"description": "d", "rules": [
    {"match": ["lm_head"], "weights": "fp16"},
    {"match": ["*.0.mlp.*", "*.1.mlp.*"], "density": "1/8", "index": "padded"},
    {"match": ["*.mlp.*"], "density": "4/8", "prune": "wanda",
     "quantize": "rtn"}]})",
                                    "s.json");
  EXPECT_TRUE(strategy.ruleFor("lm_head")->fp16);
  EXPECT_EQ(strategy.ruleFor("l.1.mlp.up")->keep, 1u);
  EXPECT_TRUE(strategy.ruleFor("l.1.mlp.up")->paddedIndex);
  const StrategyRule &last = *strategy.ruleFor("l.2.mlp.up");
  EXPECT_EQ(last.keep, 4u);
  EXPECT_EQ(last.prune, PruneMethod::wanda);
  EXPECT_EQ(last.quantize, QuantizeMethod::roundToNearest);
  EXPECT_EQ(strategy.ruleFor("l.2.attn.q"), nullptr);
}

TEST(Strategy, WhatIsWrittenReadsBack) {
  for (const char *preset :
       {"dense", "strategy-1", "strategy-2", "strategy-3"}) {
    std::string text = formatStrategy(findStrategy(preset, kPresets));
    EXPECT_EQ(formatStrategy(parseStrategy(text, preset)), text);
  }
}

TEST(Strategy, SaysWhatIsWrong) {
  EXPECT_EQ(strategyError(R"({"description": "d", "rules": [{"match": []}]})"),
            "s.json: field 'rules[0].match': found [], expected at least 1 "
            "elements");
  EXPECT_EQ(
      strategyError(R"({"description": "d", "rules": [
              {"match": ["*"], "density": "3/8"}]})"),
      "s.json: field 'rules[0].density': found \"3/8\", expected one of 8/8, "
      "4/8, 2/8, 1/8");
  EXPECT_EQ(strategyError(R"({"description": "d", "rules": [
              {"match": ["*"], "weights": "fp16", "density": "4/8"}]})"),
            "s.json: field 'rules[0].density': found \"4/8\", expected no such "
            "field beside fp16 weights");
  EXPECT_EQ(strategyError(R"({"description": "d", "rules": [
              {"match": ["*"], "density": "2/8", "index": "padded"}]})"),
            "s.json: field 'rules[0].index': found \"padded\", expected no "
            "such field but with density 1/8");
  EXPECT_EQ(strategyError(R"({"description": "d", "rules": [
              {"match": ["*"], "prune": "obd"}]})"),
            "s.json: field 'rules[0].prune': found \"obd\", expected one of "
            "magnitude, wanda, sparsegpt");
}

TEST(Strategy, UnknownPresetsAreListed) {
  EXPECT_EQ(
      edgellm::testing::errorOf([] { findStrategy("strategy-9", kPresets); }),
      "unknown strategy 'strategy-9'; known are dense, strategy-1, "
      "strategy-2, strategy-3, or the path of a .json file");
}

/// The schema says the words that the parser takes.
TEST(Strategy, SchemaKnowsTheWords) {
  fs::path file = kPresets / "strategy.schema.json";
  nlohmann::json root = parseJson(readTextFile(file), file.string());
  const nlohmann::json &fields =
      root["properties"]["rules"]["items"]["properties"];
  for (const auto &word : fields["density"]["enum"])
    EXPECT_EQ(formatDensity(parseDensity(word.get<std::string>(), "")),
              word.get<std::string>());
  for (const auto &word : fields["prune"]["enum"])
    EXPECT_EQ(nameOf(parsePruneMethod(word.get<std::string>(), "")),
              word.get<std::string>());
  for (const auto &word : fields["quantize"]["enum"])
    EXPECT_EQ(nameOf(parseQuantizeMethod(word.get<std::string>(), "")),
              word.get<std::string>());
  EXPECT_EQ(fields["density"]["enum"].size(), 4u);
  EXPECT_EQ(fields["prune"]["enum"].size(), 3u);
  EXPECT_EQ(fields["quantize"]["enum"].size(), 3u);
}
