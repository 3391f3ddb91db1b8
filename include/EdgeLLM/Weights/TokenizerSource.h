//===- TokenizerSource.h - A tokenizer inside of a model file ---*- C++ -*-===//
#ifndef EDGELLM_WEIGHTS_TOKENIZERSOURCE_H
#define EDGELLM_WEIGHTS_TOKENIZERSOURCE_H

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace edgellm {

/// A model's tokenizer as one file, and what it puts before every text.
struct TokenizerFile {
  std::string name; ///< "tokenizer.model", a SentencePiece model, or
                    ///< "tokenizer.json", Hugging Face's format
  std::string content;
  std::vector<uint32_t> prefix; ///< token ids
};

/// The tokenizer of a model that is one file, in it or beside it. Nothing is
/// read before it is asked for; both functions throw Error for what they cannot
/// read.
class TokenizerSource {
public:
  virtual ~TokenizerSource() = default;

  /// The tokenizer, or nothing when the model has none.
  virtual std::optional<TokenizerFile> file() const = 0;

  /// The program, a Jinja template, by which the model's authors write
  /// conversations; empty when there is none.
  virtual std::string chatScript() const = 0;
};

} // namespace edgellm

#endif // EDGELLM_WEIGHTS_TOKENIZERSOURCE_H
