//===- PreTokenizer.h - Splits a text into words ----------------*- C++ -*-===//
#ifndef EDGELLM_LIB_RUNTIME_PRETOKENIZER_H
#define EDGELLM_LIB_RUNTIME_PRETOKENIZER_H

#include "EdgeLLM/Support/JsonObject.h"
#include "SplitRegex.h"

#include <functional>
#include <optional>
#include <vector>

namespace edgellm {

/// The pre_tokenizer of a tokenizer.json: Split and Digits in any number, last
/// ByteLevel, alone or in a Sequence. Words are bytes of the text; the
/// characters that files write for bytes appear nowhere.
class PreTokenizer {
public:
  /// Reads the field `pre_tokenizer` of `top`. Throws Error for what is not
  /// supported.
  PreTokenizer(JsonObject &top, const std::string &origin);

  /// Hands over the words of a text in their order; they are valid during the
  /// call only. Takes time proportional to the text. Throws Error when a
  /// pattern takes too long on it.
  using Consumer = std::function<void(std::string_view word)>;
  void split(std::string_view text, MatchBudget &budget,
             const Consumer &consume) const;

private:
  struct Stage {
    std::optional<SplitRegex> regex; // nothing: the text stays whole
    bool dropsMatches = false;       // what matches is no word
    bool dropsOthers = false;        // what does not match is no word
    bool spaceBefore = false;        // before a text that begins with no space
  };

  void readStage(JsonObject stage, const std::string &origin);
  void readSplit(JsonObject &stage, const std::string &origin);
  void readByteLevel(JsonObject &stage);
  void splitFrom(size_t stage, std::string_view text, MatchBudget &budget,
                 const Consumer &consume) const;
  void splitByRegex(size_t stage, std::string_view text, MatchBudget &budget,
                    const Consumer &consume) const;

  std::vector<Stage> stages;
  bool endsInBytes = false; // the last stage read is ByteLevel
};

} // namespace edgellm

#endif // EDGELLM_LIB_RUNTIME_PRETOKENIZER_H
