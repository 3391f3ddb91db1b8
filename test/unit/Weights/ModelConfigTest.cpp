//===- ModelConfigTest.cpp - Good and bad config.json files ---------------===//
#include "EdgeLLM/Weights/ModelConfig.h"

#include "TestFiles.h"

#include <nlohmann/json.hpp>

using namespace edgellm;
using edgellm::testing::errorOf;
using nlohmann::json;

static json goodConfig() {
  return json::parse(R"({
    "architectures": ["LlamaForCausalLM"], "model_type": "llama",
    "hidden_size": 256, "intermediate_size": 768, "num_hidden_layers": 4,
    "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 2048,
    "max_position_embeddings": 512, "rms_norm_eps": 1e-05,
    "rope_theta": 500000.0, "hidden_act": "silu", "tie_word_embeddings": true,
    "attention_bias": false, "mlp_bias": false, "bos_token_id": 1,
    "eos_token_id": 2, "torch_dtype": "float16", "rope_scaling": null
  })");
}

static ModelConfig parse(const json &config) {
  return parseModelConfig(config.dump(), "dir/config.json");
}

static json configWith(const char *key, const json &value) {
  json config = goodConfig();
  config[key] = value;
  return config;
}

/// The error of the good config with one field changed, after the file name.
static std::string errorWith(const char *key, const json &value) {
  std::string message = errorOf([&] { parse(configWith(key, value)); });
  std::string prefix = "dir/config.json: ";
  EXPECT_TRUE(message.starts_with(prefix)) << message;
  return message.substr(prefix.size());
}

static std::string errorWithout(const char *key) {
  json config = goodConfig();
  config.erase(key);
  return errorOf([&] { parse(config); });
}

TEST(ModelConfig, ReadsEveryField) {
  ModelConfig config = parse(goodConfig());
  EXPECT_EQ(config.architecture, "LlamaForCausalLM");
  EXPECT_EQ(config.modelType, "llama");
  EXPECT_EQ(config.hidden, 256);
  EXPECT_EQ(config.intermediate, 768);
  EXPECT_EQ(config.layers, 4);
  EXPECT_EQ(config.heads, 4);
  EXPECT_EQ(config.kvHeads, 2);
  EXPECT_EQ(config.headSize, 64);
  EXPECT_EQ(config.vocabulary, 2048);
  EXPECT_EQ(config.context, 512);
  EXPECT_EQ(config.normEpsilon, 1e-5);
  EXPECT_EQ(config.ropeTheta, 500000);
  EXPECT_TRUE(config.tiedEmbeddings);
  EXPECT_EQ(config.rotary, 64);
  EXPECT_EQ(config.pairing, RotaryPairing::half);
  EXPECT_FALSE(config.qkvBias);
  EXPECT_FALSE(config.attentionOutputBias);
  EXPECT_EQ(config.activation, ActivationKind::silu);
  EXPECT_EQ(config.bosToken, 1);
  EXPECT_EQ(config.eosTokens, std::vector{2});
  EXPECT_EQ(config.names.blocks, "model.layers");
  EXPECT_EQ(config.names.query, "q_proj");
}

TEST(ModelConfig, AbsentFieldsHaveTheDefaultsOfTheFormat) {
  json json = goodConfig();
  for (const char *key :
       {"num_key_value_heads", "rope_theta", "tie_word_embeddings",
        "attention_bias", "mlp_bias", "bos_token_id", "eos_token_id"})
    json.erase(key);
  ModelConfig config = parse(json);
  EXPECT_EQ(config.kvHeads, 4);
  EXPECT_EQ(config.ropeTheta, 10000);
  EXPECT_FALSE(config.tiedEmbeddings);
  EXPECT_EQ(config.bosToken, -1);
  EXPECT_TRUE(config.eosTokens.empty());
}

TEST(ModelConfig, ReadsVariants) {
  json json = goodConfig();
  json["eos_token_id"] = {2, 7, 9};
  json["head_dim"] = 96;
  json["num_key_value_heads"] = nullptr;
  json["attention_bias"] = true;
  json["rms_norm_eps"] = 1;
  ModelConfig config = parse(json);
  EXPECT_EQ(config.eosTokens, (std::vector{2, 7, 9}));
  EXPECT_EQ(config.headSize, 96);
  EXPECT_EQ(config.kvHeads, 4);
  EXPECT_EQ(config.rotary, 96);
  EXPECT_TRUE(config.qkvBias);
  EXPECT_TRUE(config.attentionOutputBias);
  EXPECT_EQ(config.normEpsilon, 1);
}

TEST(ModelConfig, RefusesOtherModels) {
  EXPECT_EQ(errorWith("architectures", {"OPTForCausalLM"}),
            "field 'architectures': found [\"OPTForCausalLM\"], expected one "
            "of LlamaForCausalLM, MistralForCausalLM, Qwen2ForCausalLM, "
            "Qwen3ForCausalLM, GPT2LMHeadModel, ChatGLMModel, "
            "ChatGLMForConditionalGeneration");
  EXPECT_EQ(errorWith("architectures", json::array()),
            "field 'architectures': found [], expected one name");
  EXPECT_EQ(errorWith("architectures", "LlamaForCausalLM"),
            "field 'architectures': found \"LlamaForCausalLM\", expected an "
            "array");
  EXPECT_EQ(errorWith("model_type", "qwen2"),
            "field 'model_type': found \"qwen2\", expected \"llama\"");
  EXPECT_EQ(errorWith("hidden_act", "gelu"),
            "field 'hidden_act': found \"gelu\", expected \"silu\"");
  EXPECT_EQ(errorWith("mlp_bias", true),
            "field 'mlp_bias': found true, expected false: biases of the MLP "
            "are not supported");
  EXPECT_EQ(errorWith("quantization_config", {{"bits", 4}}),
            "field 'quantization_config': the weights are quantized already, "
            "expected F32, F16 or BF16 weights");
  EXPECT_EQ(errorWith("partial_rotary_factor", 0.5),
            "field 'partial_rotary_factor': found 0.5, expected a number from "
            "1 to 1");
}

TEST(ModelConfig, RefusesMissingFields) {
  for (const char *key :
       {"architectures", "model_type", "hidden_size", "intermediate_size",
        "num_hidden_layers", "num_attention_heads", "vocab_size",
        "max_position_embeddings", "rms_norm_eps", "hidden_act"})
    EXPECT_EQ(errorWithout(key),
              std::string("dir/config.json: field '") + key + "' is missing");
}

TEST(ModelConfig, RefusesWrongTypesAndRanges) {
  for (const char *key : {"hidden_size", "intermediate_size",
                          "num_attention_heads", "num_key_value_heads",
                          "vocab_size", "max_position_embeddings", "head_dim"})
    for (const json &value : {json("8"), json(8.5), json(0), json(-8),
                              json(16777217), json(1e300), json(true)})
      EXPECT_EQ(errorWith(key, value),
                std::string("field '") + key + "': found " + value.dump() +
                    ", expected an integer from 1 to 16777216");
  EXPECT_EQ(errorWith("num_hidden_layers", 1025),
            "field 'num_hidden_layers': found 1025, expected an integer from 1 "
            "to 1024");
  for (const char *key : {"tie_word_embeddings", "attention_bias", "mlp_bias"})
    EXPECT_EQ(errorWith(key, 1), std::string("field '") + key +
                                     "': found 1, expected true or false");
  for (const json &value : {json(0), json(-1e-5), json(2), json("1e-5")})
    EXPECT_EQ(errorWith("rms_norm_eps", value),
              "field 'rms_norm_eps': found " + value.dump() +
                  ", expected a number from 1e-30 to 1");
  for (const json &value : {json(0.5), json(1e13), json("10000")})
    EXPECT_EQ(errorWith("rope_theta", value),
              "field 'rope_theta': found " + value.dump() +
                  ", expected a number from 1 to 1e+12");
}

TEST(ModelConfig, RefusesHeadsThatDoNotFit) {
  EXPECT_EQ(errorWith("num_key_value_heads", 3),
            "4 attention heads cannot share 3 key-value heads evenly");
  EXPECT_EQ(errorWith("num_key_value_heads", 8),
            "4 attention heads cannot share 8 key-value heads evenly");
  EXPECT_EQ(errorWith("hidden_size", 258),
            "hidden_size 258 is no multiple of 4 attention heads, and field "
            "'head_dim' is missing");
  EXPECT_EQ(errorWith("head_dim", 63),
            "head size 63 is odd, rotary embeddings turn pairs of channels");
  EXPECT_EQ(errorWith("head_dim", 16777216),
            "4 heads of 16777216 channels, at most 16777216 channels are "
            "supported");
}

TEST(ModelConfig, RefusesTokensOutsideOfTheVocabulary) {
  EXPECT_EQ(parse(configWith("bos_token_id", 2047)).bosToken, 2047);
  EXPECT_EQ(errorWith("bos_token_id", 2048),
            "field 'bos_token_id': found 2048, expected a token id from 0 to "
            "2047");
  EXPECT_EQ(errorWith("eos_token_id", -1),
            "field 'eos_token_id': found -1, expected a token id from 0 to "
            "2047");
  EXPECT_EQ(errorWith("eos_token_id", {2, 2048}),
            "field 'eos_token_id': found 2048, expected a token id from 0 to "
            "2047");
  EXPECT_EQ(errorWith("eos_token_id", {{"id", 2}}),
            "field 'eos_token_id': found {\"id\":2}, expected a token id from "
            "0 to 2047");
}

TEST(ModelConfig, RefusesJsonThatIsNone) {
  auto errorOfText = [](std::string text) {
    return errorOf([&] { parseModelConfig(text, "dir/config.json"); });
  };
  EXPECT_EQ(errorOfText("[1]"),
            "dir/config.json: found [1], expected an object");
  EXPECT_TRUE(errorOfText("{").starts_with("dir/config.json: not JSON: "));
  EXPECT_TRUE(
      errorOfText("{\"a\": 1e999}").starts_with("dir/config.json: not JSON: "));
  EXPECT_EQ(errorOfText(R"({"a": 1, "a": 1})"),
            "dir/config.json: field \"a\" stands twice in one object");
  EXPECT_EQ(errorOfText("{\"hidden_size\": " + std::string(1'000'000, '[')),
            "dir/config.json: JSON nests deeper than 64 levels");
}

namespace {
class ModelConfigFileTest : public edgellm::testing::FilesTest {};
} // namespace

TEST_F(ModelConfigFileTest, ReadsFilesOfAtMost16MB) {
  std::string text = goodConfig().dump();
  EXPECT_EQ(readModelConfig(write("config.json", text)).hidden, 256);
  auto path = write("config.json", text + std::string(16 << 20, ' '));
  EXPECT_EQ(errorOf([&] { readModelConfig(path); }),
            path.string() + ": " + std::to_string(text.size() + (16 << 20)) +
                " bytes, at most 16777216 are read");
}
