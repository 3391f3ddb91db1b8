//===- ChatGLM.cpp - ChatGLM2 and ChatGLM3 --------------------------------===//
#include "Families.h"

using namespace edgellm;

static constexpr TensorNames kNames = {
    .embedding = "transformer.embedding.word_embeddings",
    .blocks = "transformer.encoder.layers",
    .attentionNorm = "input_layernorm",
    .attention = "self_attention",
    .query = "query_key_value",
    .key = "query_key_value",
    .value = "query_key_value",
    .attentionOutput = "dense",
    .feedForwardNorm = "post_attention_layernorm",
    .feedForward = "mlp",
    .gate = "dense_h_to_4h",
    .up = "dense_h_to_4h",
    .down = "dense_4h_to_h",
    .finalNorm = "transformer.encoder.final_layernorm",
    .output = "transformer.output_layer",
};

namespace {

/// A switch of the family's code of which one position is supported. When it is
/// not set that code takes `absent`.
struct Switch {
  std::string_view key;
  bool supported, absent;
  std::string_view why;
};

} // namespace

static constexpr Switch kSwitches[] = {
    {"rmsnorm", true, true, "norms that subtract the mean are not supported"},
    {"post_layer_norm", true, true,
     "models without a last norm are not supported"},
    {"apply_residual_connection_post_layernorm", false, false,
     "residuals taken after the norm are not supported"},
    {"add_bias_linear", false, false,
     "biases of other products than queries, keys and values are not "
     "supported"},
    {"multi_query_attention", true, false,
     "queries, keys and values that alternate head by head are not supported"},
    {"original_rope", true, true,
     "rotary embeddings of another kind are not supported"},
    {"tie_word_embeddings", false, false,
     "the family has an output layer of its own"},
};

/// What a config may ask for and this project does not do.
static void refuseUnsupported(ConfigFields &fields) {
  for (const Switch &choice : kSwitches)
    fields.requireFlag(choice.key, choice.supported, choice.absent, choice.why);
  fields.refuse("quantization_bit", 0, "the weights are quantized already");
  fields.refuse("pre_seq_len", nullptr, "prefix encoders are not supported");
}

/// Models of longer contexts turn slower.
static double ropeRatio(ConfigFields &fields) {
  return fields.isSet("rope_ratio") ? fields.number("rope_ratio", 1, 1e8) : 1;
}

void edgellm::readChatGLM(ConfigFields &fields, ModelConfig &config) {
  refuseUnsupported(fields);
  config.hidden = fields.extent("hidden_size");
  config.intermediate = fields.extent("ffn_hidden_size");
  config.layers = fields.layers("num_layers");
  config.vocabulary = fields.extent("padded_vocab_size");
  config.context = fields.extent("seq_length");
  config.heads = fields.extent("num_attention_heads");
  config.kvHeads = fields.extent("multi_query_group_num");
  config.headSize = fields.extent("kv_channels");
  config.normEpsilon = fields.number("layernorm_epsilon", 1e-30, 1);
  config.ropeTheta = 10000 * ropeRatio(fields); // a constant of its code
  config.rotary = config.headSize / 2;
  config.pairing = RotaryPairing::adjacent;
  config.tiedEmbeddings = false;
  config.qkvBias = fields.flag("add_qkv_bias");
  config.attentionOutputBias = false;
  config.activation = ActivationKind::silu; // likewise
  config.names = kNames;
}
