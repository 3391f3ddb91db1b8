//===- Llama.cpp - LLaMA and the families with its fields -----------------===//
#include "Families.h"

#include "RopeFields.h"

using namespace edgellm;
using nlohmann::json;

static constexpr TensorNames kNames = {
    .embedding = "model.embed_tokens",
    .blocks = "model.layers",
    .attentionNorm = "input_layernorm",
    .attention = "self_attn",
    .query = "q_proj",
    .key = "k_proj",
    .value = "v_proj",
    .queryNorm = "q_norm",
    .keyNorm = "k_norm",
    .attentionOutput = "o_proj",
    .feedForwardNorm = "post_attention_layernorm",
    .feedForward = "mlp",
    .gate = "gate_proj",
    .up = "up_proj",
    .down = "down_proj",
    .finalNorm = "model.norm",
    .output = "lm_head",
};

namespace {

/// Which products of attention have biases.
enum class Biases {
  none,
  queryKeyValue,
  asConfigured, ///< all four or none: attention_bias
};

/// Whether attention sees the last sliding_window tokens alone.
enum class Window {
  none,         ///< the family has no such field
  unlessNull,   ///< by default the last kDefaultWindow
  asConfigured, ///< if use_sliding_window
};

/// Where one family differs from the others.
struct Differences {
  Biases biases = Biases::none;
  bool queryKeyNorm = false;
  Window window = Window::none;
  int64_t headSize = 0; ///< where head_dim is absent; 0: hidden / heads
  int64_t kvHeads = 0;  ///< where num_key_value_heads is; 0: heads
};

} // namespace

static constexpr int64_t kDefaultWindow = 4096;

//===----------------------------------------------------------------------===//
// Heads
//===----------------------------------------------------------------------===//

static int64_t headSize(ConfigFields &fields, const ModelConfig &config,
                        int64_t absent) {
  if (absent && !fields.has("head_dim"))
    return absent;
  if (fields.isSet("head_dim"))
    return fields.extent("head_dim");
  return fields.evenHeadSize(config, "hidden_size",
                             ", and field 'head_dim' is missing");
}

/// Null means one for each head, whatever the family takes for an absent field.
static int64_t keyValueHeads(ConfigFields &fields, const ModelConfig &config,
                             int64_t absent) {
  if (absent && !fields.has("num_key_value_heads"))
    return absent;
  return fields.extentOr("num_key_value_heads", config.heads);
}

static void readBiases(ConfigFields &fields, ModelConfig &config,
                       Biases biases) {
  bool all = biases == Biases::asConfigured && fields.flag("attention_bias");
  config.qkvBias = all || biases == Biases::queryKeyValue;
  config.attentionOutputBias = all;
}

//===----------------------------------------------------------------------===//
// Sliding windows
//===----------------------------------------------------------------------===//

static int64_t windowOf(ConfigFields &fields, Window window) {
  if (window == Window::asConfigured && !fields.flag("use_sliding_window"))
    return 0;
  if (!fields.has("sliding_window"))
    return kDefaultWindow;
  return fields.extentOr("sliding_window", 0);
}

/// Attention that sees a window of so many tokens is full attention as long as
/// there are no more: the context ends there.
static void limitToWindow(ConfigFields &fields, ModelConfig &config,
                          Window window) {
  int64_t tokens = window == Window::none ? 0 : windowOf(fields, window);
  if (tokens == 0 || tokens >= config.context)
    return;
  config.contextReason =
      "sliding_window of its " + std::to_string(config.context) +
      " positions: within it sliding attention is full attention, which "
      "is supported";
  config.context = tokens;
}

/// Layers of full and of sliding attention are alike within the window.
static void checkLayerTypes(ConfigFields &fields) {
  if (!fields.isSet("layer_types"))
    return;
  for (const json &type : fields.array("layer_types"))
    if (type != "full_attention" && type != "sliding_attention")
      fields.failField("layer_types", type,
                       "full_attention or sliding_attention: other layers "
                       "are not supported");
}

//===----------------------------------------------------------------------===//
// All of it
//===----------------------------------------------------------------------===//

/// What a config may ask for and this project does not do.
static void refuseUnsupported(ConfigFields &fields) {
  fields.requireFlag("mlp_bias", false, /*absent=*/false,
                     "biases of the MLP are not supported");
  if (fields.isSet("partial_rotary_factor"))
    fields.number("partial_rotary_factor", 1, 1);
  fields.requireName("hidden_act", {"silu"});
}

static void read(ConfigFields &fields, ModelConfig &config,
                 const Differences &family) {
  refuseUnsupported(fields);
  config.hidden = fields.extent("hidden_size");
  config.intermediate = fields.extent("intermediate_size");
  config.layers = fields.layers("num_hidden_layers");
  config.vocabulary = fields.extent("vocab_size");
  config.context = fields.extent("max_position_embeddings");
  config.heads = fields.extent("num_attention_heads");
  config.kvHeads = keyValueHeads(fields, config, family.kvHeads);
  config.headSize = headSize(fields, config, family.headSize);
  config.normEpsilon = fields.number("rms_norm_eps", 1e-30, 1);
  config.queryKeyNorm = family.queryKeyNorm;
  readRope(fields, config);
  config.rotary = config.headSize;
  config.pairing = RotaryPairing::half;
  config.tiedEmbeddings = fields.flag("tie_word_embeddings");
  readBiases(fields, config, family.biases);
  config.activation = ActivationKind::silu;
  config.names = kNames;
  limitToWindow(fields, config, family.window);
  if (family.window != Window::none)
    checkLayerTypes(fields);
}

void edgellm::readLlama(ConfigFields &fields, ModelConfig &config) {
  read(fields, config, {.biases = Biases::asConfigured});
}

void edgellm::readMistral(ConfigFields &fields, ModelConfig &config) {
  read(fields, config, {.window = Window::unlessNull, .kvHeads = 8});
}

void edgellm::readQwen2(ConfigFields &fields, ModelConfig &config) {
  read(fields, config,
       {.biases = Biases::queryKeyValue,
        .window = Window::asConfigured,
        .kvHeads = 32});
}

void edgellm::readQwen3(ConfigFields &fields, ModelConfig &config) {
  read(fields, config,
       {.biases = Biases::asConfigured,
        .queryKeyNorm = true,
        .window = Window::asConfigured,
        .headSize = 128,
        .kvHeads = 32});
}
