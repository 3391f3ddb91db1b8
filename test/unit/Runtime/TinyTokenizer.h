//===- TinyTokenizer.h - A byte-level tokenizer.json --------------*- C++
//-*-===//
#ifndef EDGELLM_TEST_UNIT_RUNTIME_TINYTOKENIZER_H
#define EDGELLM_TEST_UNIT_RUNTIME_TINYTOKENIZER_H

#include "ByteAlphabet.h"
#include "EdgeLLM/Runtime/Tokenizer.h"

#include <nlohmann/json.hpp>

namespace edgellm::testing {

// The patterns of well-known models as their tokenizer.json has them.
inline constexpr const char *kLlama3Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3})"
    R"(| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
inline constexpr const char *kQwen2Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N})"
    R"(| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

/// ByteLevel alone, with GPT-2's pattern.
inline nlohmann::json gpt2PreTokenizer(bool addPrefixSpace = false) {
  return {{"type", "ByteLevel"},
          {"add_prefix_space", addPrefixSpace},
          {"trim_offsets", true},
          {"use_regex", true}};
}

/// A Split by `pattern`, then ByteLevel.
inline nlohmann::json splitPreTokenizer(const std::string &pattern) {
  nlohmann::json split = {{"type", "Split"},
                          {"pattern", {{"Regex", pattern}}},
                          {"behavior", "Isolated"},
                          {"invert", false}};
  nlohmann::json bytes = gpt2PreTokenizer();
  bytes["use_regex"] = false;
  return {{"type", "Sequence"}, {"pretokenizers", {split, bytes}}};
}

inline nlohmann::json addedToken(uint32_t id, const std::string &content,
                                 bool special = true) {
  return {{"id", id},          {"content", content}, {"single_word", false},
          {"lstrip", false},   {"rstrip", false},    {"normalized", !special},
          {"special", special}};
}

/// Text in the byte alphabet.
inline std::string written(std::string_view bytes) {
  std::string text;
  for (char byte : bytes)
    text += characterOfByte(static_cast<unsigned char>(byte));
  return text;
}

/// A tokenizer.json in which byte b is token b and the i-th merge makes token
/// 256 + i. Merges are given as bytes.
inline nlohmann::json
tinyTokenizer(std::vector<std::pair<std::string, std::string>> merges = {},
              nlohmann::json added = nlohmann::json::array()) {
  nlohmann::json vocabulary, list = nlohmann::json::array();
  for (unsigned byte = 0; byte < 256; ++byte)
    vocabulary[written(std::string(1, char(byte)))] = byte;
  for (const auto &[left, right] : merges) {
    vocabulary[written(left + right)] = 256 + list.size();
    list.push_back(written(left) + " " + written(right));
  }
  return {{"version", "1.0"},
          {"truncation", nullptr},
          {"padding", nullptr},
          {"added_tokens", added},
          {"normalizer", nullptr},
          {"pre_tokenizer", gpt2PreTokenizer()},
          {"post_processor", nullptr},
          {"decoder", gpt2PreTokenizer()},
          {"model",
           {{"type", "BPE"},
            {"dropout", nullptr},
            {"unk_token", nullptr},
            {"continuing_subword_prefix", ""},
            {"end_of_word_suffix", ""},
            {"fuse_unk", false},
            {"byte_fallback", false},
            {"ignore_merges", false},
            {"vocab", vocabulary},
            {"merges", list}}}};
}

inline Tokenizer readTokenizer(const nlohmann::json &file,
                               std::vector<uint32_t> prefix = {}) {
  std::string text = file.dump();
  return Tokenizer(std::as_bytes(std::span(text)), "t.json", std::move(prefix));
}

} // namespace edgellm::testing

#endif // EDGELLM_TEST_UNIT_RUNTIME_TINYTOKENIZER_H
