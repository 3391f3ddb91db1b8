//===- ModelConfig.h - The config.json of a checkpoint ----------*- C++ -*-===//
#ifndef EDGELLM_WEIGHTS_MODELCONFIG_H
#define EDGELLM_WEIGHTS_MODELCONFIG_H

#include "EdgeLLM/Weights/RotaryTable.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace edgellm {

/// Channels that a rotary embedding turns together: i and i + rotary / 2, or
/// 2i and 2i + 1.
enum class RotaryPairing { half, adjacent };

/// Of a norm: by the root of the mean square, or after subtracting the mean and
/// with a bias.
enum class NormKind { rms, layer };

/// silu: x * sigmoid(x). gelu: the tanh form of x * Phi(x), "gelu_new".
enum class ActivationKind { silu, gelu };

/// How a family names its tensors, without ".weight" and ".bias". Block i's
/// names are blocks.i.attention.query and so on; an empty name of a part adds
/// nothing. Parts that bear one name are fused: rows of one tensor, in the
/// order in which they stand here.
struct TensorNames {
  /// Before all names but output's in some checkpoints of a family that has
  /// others without it. Checkpoint::open() empties it where it is not used.
  std::string_view prefix = {};
  std::string_view embedding;       ///< [vocabulary, hidden]
  std::string_view positions = {};  ///< [context, hidden]; empty: none
  std::string_view blocks;          ///< before a block's index
  std::string_view attentionNorm;   ///< [hidden]
  std::string_view attention;       ///< before the next four
  std::string_view query;           ///< [heads * headSize, hidden]
  std::string_view key;             ///< [kvHeads * headSize, hidden]
  std::string_view value;           ///< [kvHeads * headSize, hidden]
  std::string_view queryNorm = {};  ///< [headSize]; with queryKeyNorm
  std::string_view keyNorm = {};    ///< likewise
  std::string_view attentionOutput; ///< [hidden, heads * headSize]
  std::string_view feedForwardNorm; ///< [hidden]
  std::string_view feedForward;     ///< before the next three
  std::string_view gate = {};       ///< [intermediate, hidden]; with `gated`
  std::string_view up;              ///< [intermediate, hidden]
  std::string_view down;            ///< [hidden, intermediate]
  std::string_view finalNorm;       ///< [hidden]
  std::string_view output;          ///< [vocabulary, hidden], unless tied
};

/// The shape of a model, read from a Hugging Face config.json and checked:
/// every count is from 1 to 2^24, layers are at most 1024, heads is a multiple
/// of kvHeads, headSize and rotary are even, rotary is at most headSize, heads
/// * headSize at most 2^24. Blocks normalise before attention and before the
/// feed-forward network; models that need anything this does not express are
/// refused when read. Field names are LLaMA's; lib/Weights/Families says which
/// fields other families have in their place.
struct ModelConfig {
  std::string architecture;  ///< architectures[0], "LlamaForCausalLM"
  std::string modelType;     ///< model_type, "llama"
  int64_t hidden;            ///< hidden_size
  int64_t intermediate;      ///< intermediate_size
  int64_t layers;            ///< num_hidden_layers
  int64_t heads;             ///< num_attention_heads
  int64_t kvHeads;           ///< num_key_value_heads, by default heads
  int64_t headSize;          ///< head_dim, by default hidden / heads
  int64_t vocabulary;        ///< vocab_size
  int64_t context;           ///< max_position_embeddings, tokens
  std::string contextReason; ///< why it allows no more, if there is more to say
  NormKind norm = NormKind::rms;
  double normEpsilon;        ///< rms_norm_eps, in (0, 1]
  bool queryKeyNorm = false; ///< an RMSNorm on each head of queries and keys
  double ropeTheta;          ///< rope_theta, in [1, 1e12], by default 10000
  RopeScaling ropeScaling;   ///< rope_scaling; its problem() is null
  int64_t rotary; ///< channels of a head that turn, from its first; 0: none
  RotaryPairing pairing;        ///< which of them turn together
  bool tiedEmbeddings;          ///< tie_word_embeddings, by default false
  bool qkvBias;                 ///< queries, keys and values have biases
  bool attentionOutputBias;     ///< the product after attention has one
  bool feedForwardBias = false; ///< the products after that have biases
  bool gated = true; ///< down(act(gate(x)) * up(x)), else down(act(up(x)))
  ActivationKind activation = ActivationKind::silu; ///< hidden_act
  /// Matrices of the blocks are stored [inputs, outputs], other than
  /// TensorNames says; fused parts are then columns. Not the embedding, the
  /// positions and the output.
  bool transposed = false;
  int bosToken;               ///< bos_token_id, -1 when there is none
  std::vector<int> eosTokens; ///< eos_token_id, one number or a list
  TensorNames names;          ///< where its weights are
};

/// Parses the text of a config.json. `origin` names it in errors. Throws Error
/// naming the field, what was found and what is allowed. A field that is absent
/// has the default that the family's own code gives it.
ModelConfig parseModelConfig(std::string_view text, const std::string &origin);

/// The same for a file of at most 16 MB.
ModelConfig readModelConfig(const std::filesystem::path &file);

} // namespace edgellm

#endif // EDGELLM_WEIGHTS_MODELCONFIG_H
