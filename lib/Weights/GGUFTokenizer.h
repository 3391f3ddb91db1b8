//===- GGUFTokenizer.h - The tokenizer inside a GGUF file -------*- C++ -*-===//
#ifndef EDGELLM_LIB_WEIGHTS_GGUFTOKENIZER_H
#define EDGELLM_LIB_WEIGHTS_GGUFTOKENIZER_H

#include "EdgeLLM/Weights/ModelConfig.h"
#include "EdgeLLM/Weights/TokenizerSource.h"

#include <memory>
#include <nlohmann/json.hpp>

namespace edgellm {

/// Reads bosToken and eosTokens, ids below config.vocabulary, from the metadata
/// of a file called `origin`.
void readGGUFTokens(const nlohmann::json &metadata, const std::string &origin,
                    ModelConfig &config);

/// The tokenizer that the metadata describe: a SentencePiece model is built of
/// "llama" ones, a tokenizer.json of "gpt2" ones, which are byte-level BPE.
std::shared_ptr<const TokenizerSource>
makeGGUFTokenizer(nlohmann::json metadata, std::string origin);

} // namespace edgellm

#endif // EDGELLM_LIB_WEIGHTS_GGUFTOKENIZER_H
