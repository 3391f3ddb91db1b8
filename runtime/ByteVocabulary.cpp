//===- ByteVocabulary.cpp - The model of a tokenizer.json -----------------===//
#include "ByteVocabulary.h"

#include "ByteAlphabet.h"

#include <algorithm>

using namespace edgellm;
using nlohmann::json;

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

/// Fields that change nothing as long as they have one of two values, or are
/// absent. What becomes of unknown text (unk_token, fuse_unk, byte_fallback)
/// does not matter where every byte has a token.
static void readSettings(JsonObject &model) {
  struct Setting {
    const char *key;
    json plain; // beside null
  };
  const Setting settings[] = {{"type", "BPE"},
                              {"dropout", 0.0},
                              {"continuing_subword_prefix", ""},
                              {"end_of_word_suffix", ""}};
  for (const Setting &setting : settings)
    if (model.has(setting.key))
      if (const json &found = model.take(setting.key);
          !found.is_null() && found != setting.plain)
        model.failField(setting.key, found, setting.plain.dump());
  for (const char *key : {"unk_token", "fuse_unk", "byte_fallback"})
    if (model.has(key))
      model.take(key);
}

ByteVocabulary::ByteVocabulary(const TokenizerJson &file, JsonObject model) {
  readSettings(model);
  readVocabulary(file, model);
  findByteTokens(model);
  readMerges(file, model);
  if (model.has("ignore_merges") && model.boolean("ignore_merges"))
    for (uint32_t id = 0; id < tokens.size(); ++id)
      if (!tokens[id].empty())
        words.emplace(tokens[id], id);
  model.finish();
}

/// Text that is not in the byte alphabet stands for itself.
void ByteVocabulary::readVocabulary(const TokenizerJson &file,
                                    JsonObject &model) {
  const json &vocabulary = model.take("vocab");
  if (!vocabulary.is_object())
    model.failField("vocab", vocabulary, "an object of tokens and their ids");
  written.reserve(file.vocabulary.size());
  for (const auto &[token, id] : file.vocabulary) {
    tokens.resize(std::max<size_t>(tokens.size(), id + 1));
    if (!tokens[id].empty() || !written.emplace(token, id).second)
      model.failField("vocab", {{token, id}}, "each token and each id once");
    tokens[id] = bytesOfCharacters(token).value_or(token);
  }
}

void ByteVocabulary::findByteTokens(const JsonObject &model) {
  for (unsigned byte = 0; byte < 256; ++byte) {
    std::string character = characterOfByte(static_cast<unsigned char>(byte));
    auto found = written.find(character);
    if (found == written.end())
      model.failField("vocab", written.size(),
                      "a token for every byte, also for " + character);
    byteTokens[byte] = found->second;
  }
}

void ByteVocabulary::readMerges(const TokenizerJson &file, JsonObject &model) {
  model.array("merges");
  merges = MergeTable(file.merges.size());
  uint32_t rank = 0;
  for (const auto &[left, right] : file.merges) {
    const uint32_t *first = find(left), *second = find(right);
    const uint32_t *whole = find(left + right);
    if (!first || !second || !whole)
      model.failField("merges", {left, right},
                      "two tokens of vocab that together are a third");
    if (!merges.add(*first, *second, {rank++, *whole}))
      model.failField("merges", {left, right}, "each pair once");
  }
}

//===----------------------------------------------------------------------===//
// Looking up
//===----------------------------------------------------------------------===//

const std::string *ByteVocabulary::bytesOf(uint32_t id) const {
  return id < tokens.size() && !tokens[id].empty() ? &tokens[id] : nullptr;
}

const uint32_t *ByteVocabulary::find(const std::string &token) const {
  auto found = written.find(token);
  return found == written.end() ? nullptr : &found->second;
}

void ByteVocabulary::WordEncoder::encode(std::string_view word,
                                         std::vector<uint32_t> &ids) {
  auto whole = vocabulary.words.find(word);
  if (whole != vocabulary.words.end())
    ids.push_back(whole->second);
  else
    pairs.encode(word, ids);
}
