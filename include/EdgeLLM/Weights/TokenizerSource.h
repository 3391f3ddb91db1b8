//===- TokenizerSource.h - A model's tokenizer ------------------*- C++ -*-===//
#ifndef EDGELLM_WEIGHTS_TOKENIZERSOURCE_H
#define EDGELLM_WEIGHTS_TOKENIZERSOURCE_H

#include <optional>
#include <string>

namespace edgellm {

/// A tokenizer as packages store it.
struct TokenizerFile {
  /// "tokenizer.model", a SentencePiece model, or "tokenizer.json", Hugging
  /// Face's format.
  std::string name;
  std::string bytes;
  std::string origin; ///< names it in errors
};

/// Where a model's tokenizer is: files beside the weights, or inside of them.
/// Every function throws Error for what it cannot read; nothing is read before
/// it is asked for.
class TokenizerSource {
public:
  virtual ~TokenizerSource() = default;

  /// The tokenizer, or nothing when the model has none.
  virtual std::optional<TokenizerFile> file() const = 0;

  /// Whether texts begin with the model's bos token, if it has one.
  virtual bool addsBos() const = 0;

  /// The Jinja template of the model's conversations, empty when there is none.
  virtual std::string chatTemplate() const = 0;
};

} // namespace edgellm

#endif // EDGELLM_WEIGHTS_TOKENIZERSOURCE_H
