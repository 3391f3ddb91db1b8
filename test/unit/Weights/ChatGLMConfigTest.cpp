//===- ChatGLMConfigTest.cpp - The config.json of ChatGLM2 ----------------===//
#include "EdgeLLM/Weights/ModelConfig.h"

#include "../Testing.h"

#include <nlohmann/json.hpp>

using namespace edgellm;
using edgellm::testing::errorOf;
using nlohmann::json;

/// The fields of ChatGLM2-6B that say something about its shape.
static json goodConfig() {
  return json::parse(R"({
    "architectures": ["ChatGLMModel"], "model_type": "chatglm",
    "num_layers": 28, "padded_vocab_size": 65024, "hidden_size": 4096,
    "ffn_hidden_size": 13696, "kv_channels": 128, "num_attention_heads": 32,
    "seq_length": 32768, "layernorm_epsilon": 1e-05, "rmsnorm": true,
    "add_qkv_bias": true, "add_bias_linear": false, "original_rope": true,
    "multi_query_attention": true, "multi_query_group_num": 2,
    "apply_residual_connection_post_layernorm": false, "post_layer_norm": true,
    "tie_word_embeddings": false, "eos_token_id": 2, "bos_token_id": null,
    "attention_dropout": 0.0, "quantization_bit": 0, "pre_seq_len": null
  })");
}

static ModelConfig parse(const json &config) {
  return parseModelConfig(config.dump(), "dir/config.json");
}

/// The error of the good config with one field changed, after the file name.
static std::string errorWith(const char *key, const json &value) {
  json config = goodConfig();
  config[key] = value;
  std::string message = errorOf([&] { parse(config); });
  std::string prefix = "dir/config.json: ";
  EXPECT_TRUE(message.starts_with(prefix)) << message;
  return message.substr(prefix.size());
}

TEST(ChatGLMConfig, ReadsEveryField) {
  ModelConfig config = parse(goodConfig());
  EXPECT_EQ(config.architecture, "ChatGLMModel");
  EXPECT_EQ(config.modelType, "chatglm");
  EXPECT_EQ(config.hidden, 4096);
  EXPECT_EQ(config.intermediate, 13696);
  EXPECT_EQ(config.layers, 28);
  EXPECT_EQ(config.heads, 32);
  EXPECT_EQ(config.kvHeads, 2);
  EXPECT_EQ(config.headSize, 128);
  EXPECT_EQ(config.vocabulary, 65024);
  EXPECT_EQ(config.context, 32768);
  EXPECT_EQ(config.normEpsilon, 1e-5);
  EXPECT_EQ(config.bosToken, -1);
  EXPECT_EQ(config.eosTokens, std::vector{2});
}

TEST(ChatGLMConfig, HasWhatTheFamilysCodeHas) {
  ModelConfig config = parse(goodConfig());
  EXPECT_EQ(config.ropeTheta, 10000);
  EXPECT_EQ(config.rotary, 64); // of 128 channels
  EXPECT_EQ(config.pairing, RotaryPairing::adjacent);
  EXPECT_TRUE(config.qkvBias);
  EXPECT_FALSE(config.attentionOutputBias);
  EXPECT_FALSE(config.tiedEmbeddings);
  EXPECT_EQ(config.activation, ActivationKind::silu);
  EXPECT_EQ(config.names.query, config.names.value); // fused
  EXPECT_EQ(config.names.gate, config.names.up);
}

TEST(ChatGLMConfig, ReadsVariants) {
  json json = goodConfig();
  json["architectures"] = {"ChatGLMForConditionalGeneration"};
  json["add_qkv_bias"] = false;
  json["rope_ratio"] = 1.0;
  json["bos_token_id"] = 1;
  ModelConfig config = parse(json);
  EXPECT_EQ(config.architecture, "ChatGLMForConditionalGeneration");
  EXPECT_FALSE(config.qkvBias);
  EXPECT_EQ(config.bosToken, 1);
}

/// ChatGLM3-6B-32K has 50, ChatGLM3-6B-128K 500.
TEST(ChatGLMConfig, RopeRatioMultipliesTheBase) {
  json json = goodConfig();
  json["rope_ratio"] = 50;
  EXPECT_EQ(parse(json).ropeTheta, 500000);
  EXPECT_EQ(parse(json).ropeScaling, RopeScaling());
  for (double bad : {0.0, 0.5, 2e8})
    EXPECT_TRUE(errorWith("rope_ratio", bad)
                    .ends_with("expected a number from 1 to 1e+08"))
        << bad;
  EXPECT_EQ(errorWith("rope_ratio", "50"),
            "field 'rope_ratio': found \"50\", expected a number from 1 to "
            "1e+08");
}

TEST(ChatGLMConfig, AbsentFieldsHaveTheDefaultsOfTheFamily) {
  json json = goodConfig();
  for (const char *key :
       {"add_qkv_bias", "add_bias_linear", "original_rope", "rmsnorm",
        "apply_residual_connection_post_layernorm", "post_layer_norm",
        "tie_word_embeddings", "eos_token_id", "bos_token_id"})
    json.erase(key);
  ModelConfig config = parse(json);
  EXPECT_FALSE(config.qkvBias);
  EXPECT_TRUE(config.eosTokens.empty());
}

TEST(ChatGLMConfig, RefusesMissingFields) {
  for (const char *key :
       {"model_type", "num_layers", "padded_vocab_size", "hidden_size",
        "ffn_hidden_size", "kv_channels", "num_attention_heads", "seq_length",
        "layernorm_epsilon", "multi_query_attention",
        "multi_query_group_num"}) {
    json config = goodConfig();
    config.erase(key);
    EXPECT_EQ(errorOf([&] { parse(config); }),
              std::string("dir/config.json: field '") + key + "' is missing");
  }
}

TEST(ChatGLMConfig, RefusesOtherModels) {
  EXPECT_EQ(errorWith("model_type", "llama"),
            "field 'model_type': found \"llama\", expected \"chatglm\"");
  EXPECT_EQ(errorWith("rmsnorm", false),
            "field 'rmsnorm': found false, expected true: norms that subtract "
            "the mean are not supported");
  EXPECT_EQ(errorWith("post_layer_norm", false),
            "field 'post_layer_norm': found false, expected true: models "
            "without a last norm are not supported");
  EXPECT_EQ(errorWith("apply_residual_connection_post_layernorm", true),
            "field 'apply_residual_connection_post_layernorm': found true, "
            "expected false: residuals taken after the norm are not supported");
  EXPECT_EQ(errorWith("add_bias_linear", true),
            "field 'add_bias_linear': found true, expected false: biases of "
            "other products than queries, keys and values are not supported");
  EXPECT_EQ(errorWith("multi_query_attention", false),
            "field 'multi_query_attention': found false, expected true: "
            "queries, keys and values that alternate head by head are not "
            "supported");
  EXPECT_EQ(errorWith("original_rope", false),
            "field 'original_rope': found false, expected true: rotary "
            "embeddings of another kind are not supported");
  EXPECT_EQ(errorWith("tie_word_embeddings", true),
            "field 'tie_word_embeddings': found true, expected false: the "
            "family has an output layer of its own");
  EXPECT_EQ(errorWith("rmsnorm", 1),
            "field 'rmsnorm': found 1, expected true or false");
}

TEST(ChatGLMConfig, RefusesQuantizationAndPrefixes) {
  EXPECT_EQ(errorWith("quantization_bit", 4),
            "field 'quantization_bit': found 4, expected 0: the weights are "
            "quantized already");
  EXPECT_EQ(errorWith("pre_seq_len", 128),
            "field 'pre_seq_len': found 128, expected null: prefix encoders "
            "are not supported");
  EXPECT_EQ(errorWith("quantization_config", json::object()),
            "field 'quantization_config': the weights are quantized already, "
            "expected F32, F16 or BF16 weights");
}

TEST(ChatGLMConfig, RefusesHeadsThatDoNotFit) {
  EXPECT_EQ(errorWith("multi_query_group_num", 3),
            "32 attention heads cannot share 3 key-value heads evenly");
  EXPECT_EQ(errorWith("kv_channels", 126),
            "63 of a head's 126 channels turn, rotary embeddings turn pairs "
            "of channels");
}
