//===- LlamaLikeConfigTest.cpp - Mistral, Qwen2 and Qwen3 -----------------===//
#include "ConfigTesting.h"

using namespace edgellm;
using edgellm::testing::GoodConfig;
using nlohmann::json;

/// The fields of Mistral-7B-v0.1 that say something about its shape.
static const GoodConfig &mistral() {
  static const GoodConfig config(R"({
    "architectures": ["MistralForCausalLM"], "model_type": "mistral",
    "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32,
    "num_attention_heads": 32, "num_key_value_heads": 8, "vocab_size": 32000,
    "max_position_embeddings": 32768, "sliding_window": 4096,
    "rms_norm_eps": 1e-05, "rope_theta": 10000.0, "hidden_act": "silu",
    "tie_word_embeddings": false, "bos_token_id": 1, "eos_token_id": 2
  })");
  return config;
}

/// Likewise of Qwen2-7B.
static const GoodConfig &qwen2() {
  static const GoodConfig config(R"({
    "architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2",
    "hidden_size": 3584, "intermediate_size": 18944, "num_hidden_layers": 28,
    "num_attention_heads": 28, "num_key_value_heads": 4, "vocab_size": 152064,
    "max_position_embeddings": 131072, "sliding_window": 131072,
    "use_sliding_window": false, "max_window_layers": 28,
    "rms_norm_eps": 1e-06, "rope_theta": 1000000.0, "hidden_act": "silu",
    "tie_word_embeddings": false, "bos_token_id": 151643,
    "eos_token_id": 151643
  })");
  return config;
}

/// Likewise of Qwen3-8B.
static const GoodConfig &qwen3() {
  static const GoodConfig config(R"({
    "architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3",
    "attention_bias": false, "head_dim": 128, "hidden_size": 4096,
    "intermediate_size": 12288, "num_hidden_layers": 36,
    "num_attention_heads": 32, "num_key_value_heads": 8, "vocab_size": 151936,
    "max_position_embeddings": 40960, "sliding_window": null,
    "use_sliding_window": false, "rms_norm_eps": 1e-06, "rope_scaling": null,
    "rope_theta": 1000000, "hidden_act": "silu", "tie_word_embeddings": false,
    "bos_token_id": 151643, "eos_token_id": 151645
  })");
  return config;
}

/// All of these have RMSNorms, gated SiLU, halves that turn together.
static void expectLikeLlama(const ModelConfig &config) {
  EXPECT_EQ(config.norm, NormKind::rms);
  EXPECT_EQ(config.activation, ActivationKind::silu);
  EXPECT_TRUE(config.gated);
  EXPECT_FALSE(config.feedForwardBias);
  EXPECT_FALSE(config.transposed);
  EXPECT_EQ(config.pairing, RotaryPairing::half);
  EXPECT_EQ(config.rotary, config.headSize);
  EXPECT_EQ(config.names.query, "q_proj");
  EXPECT_EQ(config.names.positions, "");
}

TEST(MistralConfig, ReadsEveryField) {
  ModelConfig config = mistral().read();
  expectLikeLlama(config);
  EXPECT_EQ(config.architecture, "MistralForCausalLM");
  EXPECT_EQ(config.intermediate, 14336);
  EXPECT_EQ(config.kvHeads, 8);
  EXPECT_EQ(config.headSize, 128);
  EXPECT_FALSE(config.qkvBias);
  EXPECT_FALSE(config.queryKeyNorm);
  // Mistral-Nemo's heads are narrower than hidden / heads.
  EXPECT_EQ(mistral().with("head_dim", 96).headSize, 96);
}

TEST(MistralConfig, AbsentFieldsHaveTheDefaultsOfTheFamily) {
  EXPECT_EQ(mistral().without("num_key_value_heads").kvHeads, 8);
  EXPECT_EQ(mistral().with("num_key_value_heads", nullptr).kvHeads, 32);
  EXPECT_EQ(mistral().without("sliding_window").context, 4096);
}

TEST(MistralConfig, TheSlidingWindowLimitsTheContext) {
  ModelConfig config = mistral().read();
  EXPECT_EQ(config.context, 4096);
  EXPECT_EQ(config.contextReason,
            "sliding_window of its 32768 positions: within it sliding "
            "attention is full attention, which is supported");
  // v0.2 and later have none.
  EXPECT_EQ(mistral().with("sliding_window", nullptr).context, 32768);
  EXPECT_EQ(mistral().with("sliding_window", 32767).context, 32767);
  config = mistral().with("sliding_window", 32768);
  EXPECT_EQ(config.context, 32768);
  EXPECT_EQ(config.contextReason, "");
  EXPECT_EQ(mistral().errorWith("sliding_window", 0),
            "field 'sliding_window': found 0, expected an integer from 1 to "
            "16777216");
}

TEST(Qwen2Config, ReadsEveryField) {
  ModelConfig config = qwen2().read();
  expectLikeLlama(config);
  EXPECT_EQ(config.hidden, 3584);
  EXPECT_EQ(config.headSize, 128);
  EXPECT_EQ(config.kvHeads, 4);
  EXPECT_TRUE(config.qkvBias);
  EXPECT_FALSE(config.attentionOutputBias);
  EXPECT_FALSE(config.queryKeyNorm);
  EXPECT_EQ(config.ropeTheta, 1000000);
  EXPECT_EQ(config.context, 131072);
}

TEST(Qwen2Config, ASlidingWindowLimitsTheContextWhenItIsUsed) {
  GoodConfig narrow = qwen2().changedTo("sliding_window", 1024);
  EXPECT_EQ(narrow.read().context, 131072);
  EXPECT_EQ(narrow.with("use_sliding_window", true).context, 1024);
  GoodConfig used = qwen2().changedTo("use_sliding_window", true);
  EXPECT_EQ(used.with("sliding_window", nullptr).context, 131072);
  EXPECT_EQ(used.without("sliding_window").context, 4096);
  EXPECT_EQ(used.errorWith("use_sliding_window", 1),
            "field 'use_sliding_window': found 1, expected true or false");
}

TEST(Qwen2Config, RefusesLayersOfAnotherKind) {
  EXPECT_NO_THROW(
      qwen2().with("layer_types", {"full_attention", "sliding_attention"}));
  EXPECT_EQ(
      qwen2().errorWith("layer_types", {"full_attention", "linear_attention"}),
      "field 'layer_types': found \"linear_attention\", expected "
      "full_attention or sliding_attention: other layers are not "
      "supported");
}

TEST(Qwen3Config, ReadsEveryField) {
  ModelConfig config = qwen3().read();
  expectLikeLlama(config);
  EXPECT_TRUE(config.queryKeyNorm);
  EXPECT_EQ(config.names.queryNorm, "q_norm");
  EXPECT_EQ(config.names.keyNorm, "k_norm");
  EXPECT_FALSE(config.qkvBias);
  EXPECT_EQ(config.context, 40960);
  config = qwen3().with("attention_bias", true);
  EXPECT_TRUE(config.qkvBias);
  EXPECT_TRUE(config.attentionOutputBias);
}

TEST(Qwen3Config, AHeadHas128ChannelsUnlessSaidOtherwise) {
  // Qwen3-0.6B: 16 heads of 128 channels, hidden 1024.
  GoodConfig wide = qwen3().changedTo("hidden_size", 1000);
  EXPECT_EQ(wide.without("head_dim").headSize, 128);
  EXPECT_EQ(qwen3().with("head_dim", 64).headSize, 64);
}

TEST(Qwen3Config, RefusesWhatTheOthersRefuse) {
  EXPECT_EQ(qwen3().errorWith("model_type", "qwen2"),
            "field 'model_type': found \"qwen2\", expected \"qwen3\"");
  EXPECT_EQ(qwen3().errorWith("hidden_act", "gelu"),
            "field 'hidden_act': found \"gelu\", expected \"silu\"");
  EXPECT_EQ(qwen3().errorWith("num_key_value_heads", 5),
            "32 attention heads cannot share 5 key-value heads evenly");
}
