//===- ByteVocabulary.h - The model of a tokenizer.json ---------*- C++ -*-===//
#ifndef EDGELLM_LIB_RUNTIME_BYTEVOCABULARY_H
#define EDGELLM_LIB_RUNTIME_BYTEVOCABULARY_H

#include "BytePairs.h"
#include "EdgeLLM/Support/JsonObject.h"
#include "TokenizerJson.h"

#include <unordered_map>

namespace edgellm {

/// The tokens of a byte-level BPE and how they merge.
class ByteVocabulary {
public:
  /// Reads the field `model` of a tokenizer.json. Throws Error for another kind
  /// of model, for settings that would matter and are not supported, and unless
  /// every byte has a token, so that no text is unknown.
  ByteVocabulary(const TokenizerJson &file, JsonObject model);
  ByteVocabulary(ByteVocabulary &&) = default;

  /// One more than the greatest id.
  uint32_t size() const { return uint32_t(tokens.size()); }
  /// The bytes of a token. Null where no token has the id.
  const std::string *bytesOf(uint32_t id) const;
  /// The id of a token as the file writes it.
  const uint32_t *find(const std::string &token) const;

  /// Encodes words one after the other; not for two threads.
  class WordEncoder {
  public:
    explicit WordEncoder(const ByteVocabulary &vocabulary)
        : vocabulary(vocabulary),
          pairs(vocabulary.merges, vocabulary.byteTokens) {}
    /// Appends the ids of a word, at least one.
    void encode(std::string_view word, std::vector<uint32_t> &ids);

  private:
    const ByteVocabulary &vocabulary;
    BytePairEncoder pairs;
  };

private:
  void readVocabulary(const TokenizerJson &file, JsonObject &model);
  void readMerges(const TokenizerJson &file, JsonObject &model);
  void findByteTokens(const JsonObject &model);

  std::vector<std::string> tokens;                      // bytes, by id
  std::unordered_map<std::string, uint32_t> written;    // ids, as in the file
  std::unordered_map<std::string_view, uint32_t> words; // with ignore_merges
  MergeTable merges{0};
  std::array<uint32_t, 256> byteTokens = {};
};

} // namespace edgellm

#endif // EDGELLM_LIB_RUNTIME_BYTEVOCABULARY_H
