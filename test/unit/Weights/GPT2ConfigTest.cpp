//===- GPT2ConfigTest.cpp - The config.json of GPT-2 ----------------------===//
#include "ConfigTesting.h"

using namespace edgellm;
using edgellm::testing::errorOf;
using edgellm::testing::GoodConfig;
using nlohmann::json;

/// The fields of gpt2 (124M) that say something about its shape.
static const GoodConfig &gpt2() {
  static const GoodConfig config(R"({
    "architectures": ["GPT2LMHeadModel"], "model_type": "gpt2",
    "activation_function": "gelu_new", "n_ctx": 1024, "n_embd": 768,
    "n_head": 12, "n_layer": 12, "n_positions": 1024, "n_inner": null,
    "layer_norm_epsilon": 1e-05, "vocab_size": 50257, "attn_pdrop": 0.1,
    "bos_token_id": 50256, "eos_token_id": 50256
  })");
  return config;
}

TEST(GPT2Config, ReadsEveryField) {
  ModelConfig config = gpt2().read();
  EXPECT_EQ(config.hidden, 768);
  EXPECT_EQ(config.intermediate, 3072); // 4 * hidden
  EXPECT_EQ(config.layers, 12);
  EXPECT_EQ(config.heads, 12);
  EXPECT_EQ(config.kvHeads, 12);
  EXPECT_EQ(config.headSize, 64);
  EXPECT_EQ(config.vocabulary, 50257);
  EXPECT_EQ(config.context, 1024);
  EXPECT_EQ(config.contextReason, "n_positions: each has learned values");
  EXPECT_EQ(config.normEpsilon, 1e-5);
  EXPECT_EQ(config.bosToken, 50256);
}

TEST(GPT2Config, HasWhatTheFamilysCodeHas) {
  ModelConfig config = gpt2().read();
  EXPECT_EQ(config.norm, NormKind::layer);
  EXPECT_EQ(config.activation, ActivationKind::gelu);
  EXPECT_FALSE(config.gated);
  EXPECT_TRUE(config.qkvBias);
  EXPECT_TRUE(config.attentionOutputBias);
  EXPECT_TRUE(config.feedForwardBias);
  EXPECT_TRUE(config.transposed);
  EXPECT_TRUE(config.tiedEmbeddings);
  EXPECT_EQ(config.rotary, 0);
  EXPECT_EQ(config.names.positions, "wpe");
  EXPECT_EQ(config.names.query, config.names.value); // fused
}

TEST(GPT2Config, ReadsVariants) {
  EXPECT_EQ(gpt2().with("n_inner", 100).intermediate, 100);
  EXPECT_EQ(gpt2().without("n_inner").intermediate, 3072);
  EXPECT_FALSE(gpt2().with("tie_word_embeddings", false).tiedEmbeddings);
  EXPECT_NO_THROW(gpt2().with("activation_function", "gelu_pytorch_tanh"));
  EXPECT_NO_THROW(gpt2().without("activation_function"));
  EXPECT_NO_THROW(gpt2().with("scale_attn_weights", true));
  // Nothing turns, so heads may have an odd number of channels.
  EXPECT_EQ(gpt2().with("n_head", 256).headSize, 3);
}

TEST(GPT2Config, RefusesMissingFields) {
  for (const char *key : {"n_embd", "n_layer", "vocab_size", "n_positions",
                          "n_head", "layer_norm_epsilon"})
    EXPECT_EQ(errorOf([&] { gpt2().without(key); }),
              std::string("dir/config.json: field '") + key + "' is missing");
}

TEST(GPT2Config, RefusesOtherModels) {
  EXPECT_EQ(gpt2().errorWith("activation_function", "gelu"),
            "field 'activation_function': found \"gelu\", expected "
            "\"gelu_new\" or \"gelu_pytorch_tanh\"");
  EXPECT_EQ(gpt2().errorWith("scale_attn_weights", false),
            "field 'scale_attn_weights': found false, expected true: scores "
            "that are not divided by the root of the head size are not "
            "supported");
  EXPECT_EQ(gpt2().errorWith("scale_attn_by_inverse_layer_idx", true),
            "field 'scale_attn_by_inverse_layer_idx': found true, expected "
            "false: scores divided by the index of the layer are not "
            "supported");
  EXPECT_EQ(gpt2().errorWith("reorder_and_upcast_attn", true),
            "field 'reorder_and_upcast_attn': found true, expected false: "
            "scores computed in another order are not supported");
  EXPECT_EQ(gpt2().errorWith("add_cross_attention", true),
            "field 'add_cross_attention': found true, expected false: "
            "attention to another model is not supported");
  EXPECT_EQ(gpt2().errorWith("n_head", 7),
            "n_embd 768 is no multiple of 7 attention heads");
}
