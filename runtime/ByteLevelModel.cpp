//===- ByteLevelModel.cpp - The tokenizer.json of a model -----------------===//
#include "AddedTokens.h"
#include "ByteVocabulary.h"
#include "EdgeLLM/Runtime/Utf8.h"
#include "EdgeLLM/Support/Error.h"
#include "Normalizer.h"
#include "PreTokenizer.h"
#include "TokenizerJson.h"
#include "TokenizerModel.h"

using namespace edgellm;
using nlohmann::json;

namespace {

/// Where added tokens are looked for: in the text as it is, and in the
/// normalized text between those found there.
struct AddedTokenFinders {
  AddedTokenFinder raw, normalized;
};

class ByteLevelModel final : public TokenizerModel {
public:
  ByteLevelModel(const TokenizerJson &file, const std::string &origin,
                 std::vector<uint32_t> *prefix);

  std::vector<uint32_t> encode(std::string_view text,
                               const std::string &what) const override {
    return encodeWith(all, text, what);
  }
  /// No place makes a difference to bytes.
  std::vector<uint32_t> encodePart(std::string_view text, Tokenizer::Place,
                                   const std::string &what) const override {
    return encodeWith(ordinary, text, what);
  }
  std::optional<uint32_t> specialToken(std::string_view content) const override;
  std::string decode(std::span<const uint32_t> ids) const override;
  uint32_t size() const override;
  std::unique_ptr<TokenDecoder> decoder() const override;

  /// The bytes of a token, none of a special one.
  std::string_view bytesOf(uint32_t id) const;

private:
  ByteLevelModel(const TokenizerJson &file, JsonObject top,
                 const std::string &origin, std::vector<uint32_t> *prefix);
  void readAddedTokens(JsonObject &top);
  AddedToken readAddedToken(JsonObject object) const;
  void addTo(AddedTokenFinders &finders, const AddedToken &token) const;
  std::vector<uint32_t> encodeWith(const AddedTokenFinders &finders,
                                   std::string_view text,
                                   const std::string &what) const;

  std::string origin;
  ByteVocabulary vocabulary;
  Normalizer normalizer;
  PreTokenizer preTokenizer;
  std::unordered_map<uint32_t, AddedToken> added; // by id
  AddedTokenFinders all, ordinary;                // ordinary: not special
};

/// Text of bytes that come piece by piece.
class ByteLevelDecoder final : public TokenDecoder {
public:
  explicit ByteLevelDecoder(const ByteLevelModel &model) : model(model) {}
  std::string add(uint32_t id) override;
  std::string finish() override;

private:
  const ByteLevelModel &model;
  std::string pending; // the beginning of a character
};

} // namespace

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

/// Fields of a file that have to be null.
static void refuseUnlessNull(JsonObject &top, const char *key) {
  if (!top.has(key))
    return;
  if (const json &found = top.take(key); !found.is_null())
    top.failField(key, found, "null");
}

static void readDecoder(JsonObject &top) {
  const json &found = top.take("decoder");
  if (!found.is_object() || found.value("type", json()) != "ByteLevel")
    top.failField("decoder", found, "type ByteLevel");
}

/// The ids of a SpecialToken of a template.
static void appendSpecial(JsonObject token, JsonObject table,
                          std::vector<uint32_t> &ids) {
  std::string name = token.string("id");
  token.integer("type_id", 0, 1);
  token.finish();
  JsonObject entry = table.object(name);
  for (const json &id : entry.array("ids")) {
    if (!isIntegerBetween(id, 0, kMaxTokenId))
      entry.failField("ids", id, "token ids");
    ids.push_back(id.get<uint32_t>());
  }
}

/// Special tokens before the text; none may follow it.
static void readTemplate(JsonObject &processor, std::vector<uint32_t> &prefix) {
  size_t parts = processor.array("single", 1).size();
  for (size_t i = 0; i < parts; ++i) {
    JsonObject part = processor.element("single", i);
    bool isText = part.has("Sequence");
    if (isText != (i + 1 == parts))
      processor.failField("single", processor.take("single"),
                          "special tokens and then the text");
    if (!isText)
      appendSpecial(part.object("SpecialToken"),
                    processor.object("special_tokens"), prefix);
  }
  for (const char *key : {"pair", "special_tokens"})
    if (processor.has(key))
      processor.take(key); // of pairs of texts, and what was not used
}

static void readProcessor(JsonObject processor, std::vector<uint32_t> &prefix) {
  std::string type = processor.string("type");
  if (type == "Sequence") {
    size_t count = processor.array("processors").size();
    for (size_t i = 0; i < count; ++i)
      readProcessor(processor.element("processors", i), prefix);
  } else if (type == "TemplateProcessing") {
    readTemplate(processor, prefix);
  } else if (type == "ByteLevel") {
    for (const char *key : {"add_prefix_space", "trim_offsets", "use_regex"})
      if (processor.has(key))
        processor.boolean(key); // of offsets, which nobody asks for
  } else {
    processor.failField("type", type,
                        "TemplateProcessing, ByteLevel or Sequence");
  }
  processor.finish();
}

static std::vector<uint32_t> readPrefix(JsonObject &top) {
  std::vector<uint32_t> prefix;
  if (top.has("post_processor") && !top.take("post_processor").is_null())
    readProcessor(top.object("post_processor"), prefix);
  return prefix;
}

ByteLevelModel::ByteLevelModel(const TokenizerJson &file,
                               const std::string &origin,
                               std::vector<uint32_t> *prefix)
    : ByteLevelModel(file, JsonObject(file.rest, origin), origin, prefix) {}

ByteLevelModel::ByteLevelModel(const TokenizerJson &file, JsonObject top,
                               const std::string &origin,
                               std::vector<uint32_t> *prefix)
    : origin(origin), vocabulary(file, top.object("model")), normalizer(top),
      preTokenizer(top, origin) {
  if (top.has("version") && top.take("version") != "1.0")
    top.failField("version", top.take("version"), "\"1.0\"");
  refuseUnlessNull(top, "truncation");
  refuseUnlessNull(top, "padding");
  readAddedTokens(top);
  readDecoder(top);
  std::vector<uint32_t> begin = readPrefix(top);
  if (prefix)
    *prefix = std::move(begin);
  top.finish();
}

AddedToken ByteLevelModel::readAddedToken(JsonObject object) const {
  AddedToken token;
  token.id = uint32_t(object.integer("id", 0, kMaxTokenId));
  const json &content = object.take("content");
  if (content.is_string())
    token.content = content.get<std::string>();
  if (token.content.empty() || token.content.size() > kMaxAddedTokenBytes)
    object.failField("content", content,
                     "a string of 1 to " + std::to_string(kMaxAddedTokenBytes) +
                         " bytes");
  if (object.boolean("single_word"))
    object.failField("single_word", true, "false");
  token.lstrip = object.boolean("lstrip");
  token.rstrip = object.boolean("rstrip");
  token.normalized = object.boolean("normalized");
  token.special = object.boolean("special");
  object.finish();
  const uint32_t *known = vocabulary.find(token.content);
  if (known ? *known != token.id : vocabulary.bytesOf(token.id) != nullptr)
    object.failField("id", token.id,
                     known ? std::to_string(*known) + ", its id in vocab"
                           : "an id that no token of vocab has");
  return token;
}

void ByteLevelModel::readAddedTokens(JsonObject &top) {
  if (!top.has("added_tokens"))
    return;
  size_t count = top.array("added_tokens").size();
  for (size_t i = 0; i < count; ++i) {
    JsonObject object = top.element("added_tokens", i);
    AddedToken token = readAddedToken(object);
    if (!added.emplace(token.id, token).second)
      object.failField("id", token.id, "each id once");
    addTo(all, token);
    if (!token.special)
      addTo(ordinary, token);
  }
}

void ByteLevelModel::addTo(AddedTokenFinders &finders,
                           const AddedToken &token) const {
  bool isNew =
      token.normalized
          ? finders.normalized.add(token, normalizer.run(token.content, origin))
          : finders.raw.add(token, token.content);
  if (!isNew)
    fail(origin, ": field 'added_tokens': token ", token.id,
         " is written like another");
}

std::unique_ptr<TokenizerModel>
edgellm::readByteLevelModel(std::string_view file, const std::string &origin,
                            std::vector<uint32_t> *prefix) {
  return std::make_unique<ByteLevelModel>(parseTokenizerJson(file, origin),
                                          origin, prefix);
}

//===----------------------------------------------------------------------===//
// Encoding
//===----------------------------------------------------------------------===//

std::vector<uint32_t>
ByteLevelModel::encodeWith(const AddedTokenFinders &finders,
                           std::string_view text,
                           const std::string &what) const {
  if (text.size() > UINT32_MAX)
    fail(what, ": found ", text.size(), " bytes, expected at most ",
         UINT32_MAX);
  std::vector<uint32_t> ids;
  MatchBudget budget(text.size());
  ByteVocabulary::WordEncoder encoder(vocabulary);
  auto encodeWord = [&](std::string_view word) { encoder.encode(word, ids); };
  auto splitNormalized = [&](std::optional<uint32_t> id,
                             std::string_view part) {
    if (id)
      ids.push_back(*id);
    else
      preTokenizer.split(part, budget, encodeWord);
  };
  finders.raw.split(
      text, [&](std::optional<uint32_t> id, std::string_view part) {
        if (id)
          ids.push_back(*id);
        else if (normalizer.changes(part))
          finders.normalized.split(normalizer.run(part, what), splitNormalized);
        else
          finders.normalized.split(part, splitNormalized);
      });
  return ids;
}

std::optional<uint32_t>
ByteLevelModel::specialToken(std::string_view content) const {
  for (const auto &[id, token] : added)
    if (token.special && token.content == content)
      return id;
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// Decoding
//===----------------------------------------------------------------------===//

uint32_t ByteLevelModel::size() const {
  uint32_t size = vocabulary.size();
  for (const auto &[id, token] : added)
    size = std::max(size, id + 1);
  return size;
}

std::string_view ByteLevelModel::bytesOf(uint32_t id) const {
  auto token = added.find(id);
  if (token != added.end())
    return token->second.special ? std::string_view()
                                 : std::string_view(token->second.content);
  const std::string *bytes = vocabulary.bytesOf(id);
  if (!bytes)
    fail("token id ", id, " is no token of ", origin, ", whose ids end at ",
         size() - 1);
  return *bytes;
}

std::string ByteLevelModel::decode(std::span<const uint32_t> ids) const {
  ByteLevelDecoder decoder(*this);
  std::string text;
  for (uint32_t id : ids)
    text += decoder.add(id);
  return text + decoder.finish();
}

std::unique_ptr<TokenDecoder> ByteLevelModel::decoder() const {
  return std::make_unique<ByteLevelDecoder>(*this);
}

std::string ByteLevelDecoder::add(uint32_t id) {
  pending += model.bytesOf(id);
  size_t whole = pending.size() - unfinishedBytes(pending);
  std::string text =
      replaceInvalidUtf8(std::string_view(pending).substr(0, whole));
  pending.erase(0, whole);
  return text;
}

std::string ByteLevelDecoder::finish() {
  return replaceInvalidUtf8(std::exchange(pending, {}));
}
