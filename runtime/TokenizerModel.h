//===- TokenizerModel.h - What the kinds of tokenizers share ----*- C++ -*-===//
#ifndef EDGELLM_LIB_RUNTIME_TOKENIZERMODEL_H
#define EDGELLM_LIB_RUNTIME_TOKENIZERMODEL_H

#include "EdgeLLM/Runtime/Tokenizer.h"

namespace edgellm {

/// Decodes ids one at a time; see TextStream.
class TokenDecoder {
public:
  virtual ~TokenDecoder() = default;
  virtual std::string add(uint32_t id) = 0;
  virtual std::string finish() = 0;
};

/// One kind of tokenizer behind Tokenizer, whose functions say what is meant.
/// Texts are valid UTF-8.
class TokenizerModel {
public:
  virtual ~TokenizerModel() = default;

  virtual std::vector<uint32_t> encode(std::string_view text,
                                       const std::string &what) const = 0;
  virtual std::vector<uint32_t> encodePart(std::string_view text,
                                           Tokenizer::Place place,
                                           const std::string &what) const = 0;
  virtual std::optional<uint32_t>
  specialToken(std::string_view content) const = 0;
  virtual std::string decode(std::span<const uint32_t> ids) const = 0;
  virtual uint32_t size() const = 0;
  /// The decoder refers to this object.
  virtual std::unique_ptr<TokenDecoder> decoder() const = 0;
};

std::unique_ptr<TokenizerModel>
readSentencePieceModel(std::string_view file, const std::string &origin);

/// A tokenizer.json; `prefix` receives what its post_processor puts before a
/// text.
std::unique_ptr<TokenizerModel>
readByteLevelModel(std::string_view file, const std::string &origin,
                   std::vector<uint32_t> *prefix = nullptr);

/// Whether a file is a tokenizer.json rather than a SentencePiece model, which
/// begins with the tag of its first field and never with a brace.
bool isTokenizerJson(std::string_view file);

} // namespace edgellm

#endif // EDGELLM_LIB_RUNTIME_TOKENIZERMODEL_H
