//===- RopeConfigTest.cpp - Rotary embeddings in a config.json ------------===//
#include "ConfigTesting.h"

using namespace edgellm;
using edgellm::testing::GoodConfig;
using nlohmann::json;

static const GoodConfig &llama() {
  static const GoodConfig config(R"({
    "architectures": ["LlamaForCausalLM"], "model_type": "llama",
    "hidden_size": 256, "intermediate_size": 768, "num_hidden_layers": 4,
    "num_attention_heads": 4, "vocab_size": 2048, "rms_norm_eps": 1e-05,
    "max_position_embeddings": 512, "hidden_act": "silu"
  })");
  return config;
}

static RopeScaling scalingOf(const json &fields) {
  return llama().with("rope_scaling", fields).ropeScaling;
}

static std::string errorOf(const json &fields) {
  return llama().errorWith("rope_scaling", fields);
}

/// Fields of an object and one more, or one instead.
static json with(json fields, const char *key, const json &value) {
  fields[key] = value;
  return fields;
}

static json without(json fields, const char *key) {
  fields.erase(key);
  return fields;
}

// As in Llama 3.1.
static const json kLlama3 = {{"rope_type", "llama3"},
                             {"factor", 8.0},
                             {"low_freq_factor", 1.0},
                             {"high_freq_factor", 4.0},
                             {"original_max_position_embeddings", 8192}};

// As the authors of Qwen2.5 and Qwen3 recommend it.
static const json kYarn = {{"type", "yarn"},
                           {"factor", 4.0},
                           {"original_max_position_embeddings", 32768}};

TEST(RopeConfig, IsNotScaledByDefault) {
  EXPECT_EQ(llama().read().ropeScaling, RopeScaling());
  EXPECT_EQ(scalingOf(nullptr), RopeScaling());
  EXPECT_EQ(scalingOf({{"rope_type", "default"}}), RopeScaling());
}

TEST(RopeConfig, ReadsEveryKind) {
  EXPECT_EQ(scalingOf({{"type", "linear"}, {"factor", 2}}),
            (RopeScaling{RopeScalingKind::linear, 2}));
  EXPECT_EQ(scalingOf(kLlama3),
            (RopeScaling{RopeScalingKind::llama3, 8, 8192, 1, 4}));
  EXPECT_EQ(scalingOf(kYarn), (RopeScaling{RopeScalingKind::yarn, 4, 32768, 1,
                                           32, yarnAttention(4)}));
}

TEST(RopeConfig, AbsentFieldsOfYarnHaveTheValuesOfThePaper) {
  json few = without(kYarn, "original_max_position_embeddings");
  EXPECT_EQ(scalingOf(few).original, 512); // max_position_embeddings
  json all = kYarn;
  all.update({{"beta_fast", 16},
              {"beta_slow", 2},
              {"attention_factor", 1.5},
              {"truncate", false}});
  EXPECT_EQ(scalingOf(all),
            (RopeScaling{RopeScalingKind::yarn, 4, 32768, 2, 16, 1.5, false}));
  EXPECT_EQ(yarnAttention(1), 1);
}

TEST(RopeConfig, RefusesTablesThatDependOnTheRequest) {
  for (const char *kind : {"dynamic", "longrope"})
    EXPECT_EQ(errorOf({{"rope_type", kind}, {"factor", 2}}),
              std::string("field 'rope_scaling.rope_type': found \"") + kind +
                  "\", expected default, linear, llama3 or yarn: the table of "
                  "this one depends on the length of the request, a program "
                  "has one for all");
  EXPECT_EQ(errorOf({{"type", "su"}}),
            "field 'rope_scaling.type': found \"su\", expected default, "
            "linear, llama3 or yarn");
}

TEST(RopeConfig, RefusesMissingAndUnknownFields) {
  for (const char *key : {"factor", "low_freq_factor", "high_freq_factor",
                          "original_max_position_embeddings"})
    EXPECT_EQ(errorOf(without(kLlama3, key)),
              std::string("field 'rope_scaling.") + key + "' is missing");
  EXPECT_EQ(errorOf({{"factor", 2}}), "field 'rope_scaling.type' is missing");
  EXPECT_EQ(errorOf(2), "field 'rope_scaling': found 2, expected an object");
  // DeepSeek's yarn computes its attention factor from two of these.
  EXPECT_EQ(errorOf(with(kYarn, "mscale", 1)),
            "field \"rope_scaling.mscale\" is unknown");
  EXPECT_EQ(errorOf(with(kYarn, "rope_type", "linear")),
            "field 'rope_scaling.type': found \"yarn\", expected \"linear\", "
            "as field 'rope_type' says");
}

TEST(RopeConfig, RefusesNumbersOutOfRange) {
  for (const json &bad : {json(0.5), json("8"), json(1e7)})
    EXPECT_EQ(errorOf(with(kLlama3, "factor", bad)),
              "field 'rope_scaling.factor': found " + bad.dump() +
                  ", expected a number from 1 to 1e+06");
  EXPECT_EQ(errorOf(with(kLlama3, "low_freq_factor", 0)),
            "field 'rope_scaling.low_freq_factor': found 0, expected a number "
            "from 1e-06 to 1e+09");
  EXPECT_EQ(errorOf(with(kLlama3, "low_freq_factor", 4.0)),
            "field 'rope_scaling': turns must be 0 < low < high, at most 1e9");
  EXPECT_EQ(errorOf(with(kYarn, "attention_factor", -1)),
            "field 'rope_scaling.attention_factor': found -1, expected a "
            "number from 0.001 to 1000");
  EXPECT_EQ(llama().changedTo("rope_theta", 1).errorWith("rope_scaling", kYarn),
            "field 'rope_scaling': yarn needs a theta above 1");
}

TEST(RopeConfig, ReadsNewerRotaryParameters) {
  json yarn = with(kYarn, "rope_theta", 20000);
  ModelConfig config = llama().with("rope_parameters", yarn);
  EXPECT_EQ(config.ropeTheta, 20000);
  EXPECT_EQ(config.ropeScaling, scalingOf(kYarn));
  GoodConfig newer = llama().changedTo("rope_parameters", yarn);
  EXPECT_EQ(newer.with("rope_theta", 20000.0).ropeTheta, 20000);
  EXPECT_EQ(newer.errorWith("rope_theta", 10000),
            "rope_theta is 10000 but rope_parameters.rope_theta is 20000");
  EXPECT_NO_THROW(newer.with("rope_scaling", kYarn));
  EXPECT_EQ(newer.errorWith("rope_scaling", kLlama3),
            "rope_scaling and rope_parameters say different things");
  EXPECT_EQ(llama().errorWith("rope_parameters", kYarn),
            "field 'rope_parameters.rope_theta' is missing");
  EXPECT_EQ(llama().errorWith("rope_parameters",
                              with(yarn, "partial_rotary_factor", 0.5)),
            "field 'rope_parameters.partial_rotary_factor': found 0.5, "
            "expected a number from 1 to 1");
}
