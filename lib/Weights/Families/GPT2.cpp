//===- GPT2.cpp - The GPT-2 family ----------------------------------------===//
#include "Families.h"

using namespace edgellm;

static constexpr TensorNames kNames = {
    .prefix = "transformer",
    .embedding = "wte",
    .positions = "wpe",
    .blocks = "h",
    .attentionNorm = "ln_1",
    .attention = "attn",
    .query = "c_attn",
    .key = "c_attn",
    .value = "c_attn",
    .attentionOutput = "c_proj",
    .feedForwardNorm = "ln_2",
    .feedForward = "mlp",
    .up = "c_fc",
    .down = "c_proj",
    .finalNorm = "ln_f",
    .output = "lm_head",
};

/// What a config may ask for and this project does not do.
static void refuseUnsupported(ConfigFields &fields) {
  fields.requireName("activation_function", {"gelu_new", "gelu_pytorch_tanh"},
                     /*absent=*/"gelu_new");
  fields.requireFlag("scale_attn_weights", true, /*absent=*/true,
                     "scores that are not divided by the root of the head "
                     "size are not supported");
  fields.requireFlag("scale_attn_by_inverse_layer_idx", false, /*absent=*/false,
                     "scores divided by the index of the layer are not "
                     "supported");
  fields.requireFlag("reorder_and_upcast_attn", false, /*absent=*/false,
                     "scores computed in another order are not supported");
  fields.requireFlag("add_cross_attention", false, /*absent=*/false,
                     "attention to another model is not supported");
}

void edgellm::readGPT2(ConfigFields &fields, ModelConfig &config) {
  refuseUnsupported(fields);
  config.hidden = fields.extent("n_embd");
  config.intermediate = fields.extentOr("n_inner", 4 * config.hidden);
  config.layers = fields.layers("n_layer");
  config.vocabulary = fields.extent("vocab_size");
  config.context = fields.extent("n_positions");
  config.contextReason = "n_positions: each has learned values";
  config.heads = fields.extent("n_head");
  config.kvHeads = config.heads;
  config.headSize = fields.evenHeadSize(config, "n_embd");
  config.norm = NormKind::layer;
  config.normEpsilon = fields.number("layer_norm_epsilon", 1e-30, 1);
  config.ropeTheta = 1; // nothing turns
  config.rotary = 0;
  config.pairing = RotaryPairing::adjacent;
  config.tiedEmbeddings = fields.flag("tie_word_embeddings", true);
  config.qkvBias = true;
  config.attentionOutputBias = true;
  config.feedForwardBias = true;
  config.gated = false;
  config.activation = ActivationKind::gelu;
  config.transposed = true;
  config.names = kNames;
}
