//===- ModelConfig.h - The config.json of a checkpoint ----------*- C++ -*-===//
#ifndef EDGELLM_WEIGHTS_MODELCONFIG_H
#define EDGELLM_WEIGHTS_MODELCONFIG_H

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace edgellm {

/// The shape of a model of the LLaMA family, read from a Hugging Face
/// config.json and checked: every count is from 1 to 2^24, heads is a multiple
/// of kvHeads, headSize is even, heads * headSize is at most 2^24. Models that
/// need anything this does not express are refused when read.
struct ModelConfig {
  std::string architecture;     ///< architectures[0], "LlamaForCausalLM"
  std::string modelType;        ///< model_type, "llama"
  int64_t hidden;               ///< hidden_size
  int64_t intermediate;         ///< intermediate_size
  int64_t layers;               ///< num_hidden_layers
  int64_t heads;                ///< num_attention_heads
  int64_t kvHeads;              ///< num_key_value_heads, by default heads
  int64_t headSize;             ///< head_dim, by default hidden / heads
  int64_t vocabulary;           ///< vocab_size
  int64_t context;              ///< max_position_embeddings, tokens
  double rmsNormEpsilon;        ///< rms_norm_eps, in (0, 1]
  double ropeTheta;             ///< rope_theta, in [1, 1e12], by default 10000
  bool tiedEmbeddings;          ///< tie_word_embeddings, by default false
  bool attentionBias;           ///< attention_bias: q, k, v and o have biases
  std::string hiddenActivation; ///< hidden_act, "silu"
  int bosToken;                 ///< bos_token_id, -1 when there is none
  std::vector<int> eosTokens;   ///< eos_token_id, one number or a list
};

/// Parses the text of a config.json. `origin` names it in errors. Throws Error
/// naming the field, what was found and what is allowed. The defaults above are
/// those the Hugging Face format itself defines for a field that is absent.
ModelConfig parseModelConfig(std::string_view text, const std::string &origin);

/// The same for a file of at most 16 MB.
ModelConfig readModelConfig(const std::filesystem::path &file);

} // namespace edgellm

#endif // EDGELLM_WEIGHTS_MODELCONFIG_H
