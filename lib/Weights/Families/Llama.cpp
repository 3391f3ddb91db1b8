//===- Llama.cpp - The LLaMA family ---------------------------------------===//
#include "Families.h"

#include "EdgeLLM/Support/Error.h"

using namespace edgellm;

static constexpr TensorNames kNames = {
    .embedding = "model.embed_tokens",
    .blocks = "model.layers",
    .attentionNorm = "input_layernorm",
    .attention = "self_attn",
    .query = "q_proj",
    .key = "k_proj",
    .value = "v_proj",
    .attentionOutput = "o_proj",
    .feedForwardNorm = "post_attention_layernorm",
    .feedForward = "mlp",
    .gate = "gate_proj",
    .up = "up_proj",
    .down = "down_proj",
    .finalNorm = "model.norm",
    .output = "lm_head",
};

static int64_t headSize(ConfigFields &fields, const ModelConfig &config) {
  if (fields.isSet("head_dim"))
    return fields.extent("head_dim");
  if (config.hidden % config.heads != 0)
    fail(fields.origin, ": hidden_size ", config.hidden, " is no multiple of ",
         config.heads, " attention heads, and field 'head_dim' is missing");
  return config.hidden / config.heads;
}

/// Refuses every way of stretching rotary embeddings to longer contexts.
static void requireUnscaled(ConfigFields &fields, std::string_view key) {
  if (!fields.isSet(key))
    return;
  JsonObject scaling = fields.object(key);
  // "type" is the name of older files.
  std::string_view typeKey = scaling.has("rope_type") ? "rope_type" : "type";
  std::string type = scaling.string(typeKey);
  if (type != "default")
    scaling.failField(
        typeKey, type,
        "\"default\": scaled rotary embeddings are not supported");
}

/// Older files have the base beside "rope_scaling", newer ones have both inside
/// "rope_parameters".
static double ropeTheta(ConfigFields &fields) {
  constexpr double least = 1, most = 1e12, absent = 10000;
  requireUnscaled(fields, "rope_scaling");
  requireUnscaled(fields, "rope_parameters");
  double outer =
      fields.isSet("rope_theta") ? fields.number("rope_theta", least, most) : 0;
  if (!fields.isSet("rope_parameters"))
    return outer ? outer : absent;
  double inner =
      fields.object("rope_parameters").number("rope_theta", least, most);
  if (outer && outer != inner)
    fail(fields.origin, ": rope_theta is ", outer,
         " but rope_parameters.rope_theta is ", inner);
  return inner;
}

/// What a config may ask for and this project does not do.
static void refuseUnsupported(ConfigFields &fields) {
  fields.requireFlag("mlp_bias", false, /*absent=*/false,
                     "biases of the MLP are not supported");
  if (fields.isSet("partial_rotary_factor"))
    fields.number("partial_rotary_factor", 1, 1);
  std::string activation = fields.string("hidden_act");
  if (activation != "silu")
    fields.failField("hidden_act", activation, "\"silu\"");
}

void edgellm::readLlama(ConfigFields &fields, ModelConfig &config) {
  refuseUnsupported(fields);
  config.hidden = fields.extent("hidden_size");
  config.intermediate = fields.extent("intermediate_size");
  config.layers = fields.layers("num_hidden_layers");
  config.vocabulary = fields.extent("vocab_size");
  config.context = fields.extent("max_position_embeddings");
  config.heads = fields.extent("num_attention_heads");
  config.kvHeads = fields.extentOr("num_key_value_heads", config.heads);
  config.headSize = headSize(fields, config);
  config.normEpsilon = fields.number("rms_norm_eps", 1e-30, 1);
  config.ropeTheta = ropeTheta(fields);
  config.rotary = config.headSize;
  config.pairing = RotaryPairing::half;
  config.tiedEmbeddings = fields.flag("tie_word_embeddings");
  config.qkvBias = fields.flag("attention_bias");
  config.attentionOutputBias = config.qkvBias;
  config.activation = ActivationKind::silu;
  config.names = kNames;
}
