//===- TokenizerJson.h - A tokenizer.json, read in one pass -----*- C++ -*-===//
#ifndef EDGELLM_LIB_RUNTIME_TOKENIZERJSON_H
#define EDGELLM_LIB_RUNTIME_TOKENIZERJSON_H

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace edgellm {

inline constexpr uint32_t kMaxTokenId = (uint32_t(1) << 21) - 1;

/// A tokenizer.json. Its two long fields are not kept as JSON, which would take
/// longer than everything else that is done with them.
struct TokenizerJson {
  nlohmann::json rest; // without what follows
  std::vector<std::pair<std::string, uint32_t>> vocabulary; // model.vocab
  /// model.merges: "a b" or ["a", "b"].
  std::vector<std::pair<std::string, std::string>> merges;
};

/// Checks as parseJson() does and that the two fields hold what they should.
/// Throws Error, which names `origin`.
TokenizerJson parseTokenizerJson(std::string_view text,
                                 const std::string &origin);

} // namespace edgellm

#endif // EDGELLM_LIB_RUNTIME_TOKENIZERJSON_H
