//===- GGUFTokenizer.cpp - The tokenizer inside a GGUF file ---------------===//
#include "GGUFTokenizer.h"

#include "Families/ConfigFields.h"
#include "SentencePieceModel.h"

#include "EdgeLLM/Support/Error.h"

#include <algorithm>
#include <cmath>
#include <vector>

using namespace edgellm;
using nlohmann::json;

static constexpr std::string_view kModel = "tokenizer.ggml.model";
static constexpr std::string_view kPreTokenizer = "tokenizer.ggml.pre";
static constexpr std::string_view kTokens = "tokenizer.ggml.tokens";
static constexpr std::string_view kTokenTypes = "tokenizer.ggml.token_type";
static constexpr std::string_view kScores = "tokenizer.ggml.scores";
static constexpr std::string_view kMerges = "tokenizer.ggml.merges";
static constexpr std::string_view kBos = "tokenizer.ggml.bos_token_id";
static constexpr std::string_view kAddBos = "tokenizer.ggml.add_bos_token";
static constexpr std::string_view kSpacePrefix =
    "tokenizer.ggml.add_space_prefix";
static constexpr std::string_view kStripSpaces =
    "tokenizer.ggml.remove_extra_whitespaces";
static constexpr std::string_view kNormalizer =
    "tokenizer.ggml.precompiled_charsmap";
static constexpr std::string_view kChatTemplate = "tokenizer.chat_template";

//===----------------------------------------------------------------------===//
// Tokens that begin and end texts
//===----------------------------------------------------------------------===//

static int readToken(ConfigFields &fields, std::string_view key,
                     const ModelConfig &config) {
  return int(fields.integer(key, 0, uint64_t(config.vocabulary) - 1));
}

void edgellm::readGGUFTokens(const json &metadata, const std::string &origin,
                             ModelConfig &config) {
  ConfigFields fields(metadata, origin);
  config.bosToken = fields.has(kBos) ? readToken(fields, kBos, config) : -1;
  // The end of a text, of a turn, of a message.
  for (const char *key :
       {"tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id",
        "tokenizer.ggml.eom_token_id"}) {
    if (!fields.has(key))
      continue;
    int token = readToken(fields, key, config);
    if (std::ranges::find(config.eosTokens, token) == config.eosTokens.end())
      config.eosTokens.push_back(token);
  }
}

//===----------------------------------------------------------------------===//
// Pre-tokenizers
//===----------------------------------------------------------------------===//

namespace {

/// How the byte-level BPE of a name cuts a text before it merges bytes.
struct PreTokenizer {
  std::string_view name; ///< in files
  std::string_view regex;
  bool nfc = false;          ///< texts are normalised first
  bool ignoreMerges = false; ///< pieces that are tokens are not merged anew
  bool addsBos = false;      ///< unless the file says something else
};

} // namespace

static constexpr std::string_view kGPT2 =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+)"
    R"(|\s+(?!\S)|\s+)";
static constexpr std::string_view kLlama3 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3})"
    R"(| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
static constexpr std::string_view kQwen2 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N})"
    R"(| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
static constexpr std::string_view kTekken =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*)"
    R"([\p{Ll}\p{Lm}\p{Lo}\p{M}]+)"
    R"(|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+)"
    R"([\p{Ll}\p{Lm}\p{Lo}\p{M}]*)"
    R"(|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

static constexpr PreTokenizer kPreTokenizers[] = {
    {"gpt-2", kGPT2},
    {.name = "llama-bpe",
     .regex = kLlama3,
     .ignoreMerges = true,
     .addsBos = true},
    {.name = "llama3", .regex = kLlama3, .ignoreMerges = true, .addsBos = true},
    {.name = "llama-v3",
     .regex = kLlama3,
     .ignoreMerges = true,
     .addsBos = true},
    {.name = "qwen2", .regex = kQwen2, .nfc = true},
    {"chatglm-bpe", kLlama3},
    {"glm4", kLlama3},
    {.name = "tekken", .regex = kTekken, .ignoreMerges = true, .addsBos = true},
};

static const PreTokenizer &preTokenizerOf(ConfigFields &fields) {
  std::string name = fields.string(kPreTokenizer);
  auto found = std::ranges::find(kPreTokenizers, name, &PreTokenizer::name);
  if (found != std::end(kPreTokenizers))
    return *found;
  std::string names;
  for (const PreTokenizer &known : kPreTokenizers)
    names.append(names.empty() ? "" : ", ").append(known.name);
  fields.failField(kPreTokenizer, name, "one of " + names);
}

//===----------------------------------------------------------------------===//
// Tokens
//===----------------------------------------------------------------------===//

/// Requires an array of `count` elements.
static const json &arrayOf(ConfigFields &fields, std::string_view key,
                           size_t count) {
  const json &array = fields.array(key);
  if (array.size() != count)
    fail(fields.origin, ": field '", key, "' has ", array.size(),
         " elements, '", kTokens, "' has ", count);
  return array;
}

static std::string textOf(ConfigFields &fields, std::string_view key,
                          const json &value) {
  if (!value.is_string())
    fields.failField(key, value, "strings");
  return value.get<std::string>();
}

static PieceKind kindOf(ConfigFields &fields, const json &value) {
  if (!isIntegerBetween(value, 1, 6))
    fields.failField(kTokenTypes, value, "numbers from 1 to 6");
  return PieceKind(value.get<int>());
}

static float scoreOf(ConfigFields &fields, const json &value) {
  if (!value.is_number() || !std::isfinite(value.get<float>()))
    fields.failField(kScores, value, "finite numbers");
  return value.get<float>();
}

/// Scores of byte-level tokens are of no use and not read.
static std::vector<Piece> readPieces(ConfigFields &fields, bool withScores) {
  const json &texts = fields.array(kTokens, 1);
  const json &kinds = arrayOf(fields, kTokenTypes, texts.size());
  const json *scores =
      withScores ? &arrayOf(fields, kScores, texts.size()) : nullptr;
  std::vector<Piece> pieces;
  for (size_t id = 0; id < texts.size(); ++id)
    pieces.push_back({textOf(fields, kTokens, texts[id]),
                      scores ? scoreOf(fields, (*scores)[id]) : 0,
                      kindOf(fields, kinds[id])});
  return pieces;
}

//===----------------------------------------------------------------------===//
// tokenizer.model
//===----------------------------------------------------------------------===//

static std::string tokenizerModel(ConfigFields &fields) {
  if (fields.has(kNormalizer) && !fields.array(kNormalizer).empty())
    fail(fields.origin, ": field '", kNormalizer,
         "': texts that are normalised first are not supported");
  Spacing spacing{.prefix =
                      !fields.has(kSpacePrefix) || fields.boolean(kSpacePrefix),
                  .strip = fields.flag(kStripSpaces)};
  return sentencePieceModel(readPieces(fields, /*withScores=*/true), spacing,
                            fields.origin);
}

//===----------------------------------------------------------------------===//
// tokenizer.json
//===----------------------------------------------------------------------===//

static json addedToken(size_t id, const Piece &piece) {
  return {{"id", id},
          {"content", piece.text},
          {"single_word", false},
          {"lstrip", false},
          {"rstrip", false},
          {"normalized", false},
          {"special", piece.kind != PieceKind::userDefined}};
}

/// Byte-level tokens that merge, and those that stand for themselves.
static void addTokens(ConfigFields &fields, json &vocabulary, json &added) {
  std::vector<Piece> pieces = readPieces(fields, /*withScores=*/false);
  for (size_t id = 0; id < pieces.size(); ++id) {
    const Piece &piece = pieces[id];
    if (piece.kind == PieceKind::unused) // fills the vocabulary up
      continue;
    if (piece.kind != PieceKind::normal)
      added.push_back(addedToken(id, piece));
    else if (!vocabulary.emplace(piece.text, id).second)
      fail(fields.origin, ": token ", id, " is the same as one before it");
  }
}

static json preTokenizer(const PreTokenizer &kind, bool spacePrefix) {
  json split = {{"type", "Split"},
                {"pattern", {{"Regex", kind.regex}}},
                {"behavior", "Isolated"},
                {"invert", false}};
  json bytes = {{"type", "ByteLevel"},
                {"add_prefix_space", spacePrefix},
                {"trim_offsets", true},
                {"use_regex", false}};
  return {{"type", "Sequence"}, {"pretokenizers", {split, bytes}}};
}

static std::string tokenizerJson(ConfigFields &fields) {
  const PreTokenizer &kind = preTokenizerOf(fields);
  json vocabulary = json::object(), added = json::array();
  addTokens(fields, vocabulary, added);
  const json &merges = fields.array(kMerges);
  for (const json &merge : merges)
    textOf(fields, kMerges, merge);
  bool spacePrefix = fields.flag(kSpacePrefix);
  json root = {{"version", "1.0"},
               {"truncation", nullptr},
               {"padding", nullptr},
               {"added_tokens", std::move(added)},
               {"normalizer", nullptr},
               {"pre_tokenizer", preTokenizer(kind, spacePrefix)},
               {"post_processor", nullptr},
               {"decoder", {{"type", "ByteLevel"}}}};
  if (kind.nfc)
    root["normalizer"] = {{"type", "NFC"}};
  root["model"] = {{"type", "BPE"},
                   {"ignore_merges", kind.ignoreMerges},
                   {"vocab", std::move(vocabulary)},
                   {"merges", merges}};
  return root.dump();
}

//===----------------------------------------------------------------------===//
// GGUFTokenizer
//===----------------------------------------------------------------------===//

/// The bos token, when texts begin with it: by default `absent`.
static std::vector<uint32_t> prefixOf(ConfigFields &fields, bool absent) {
  bool adds = fields.has(kAddBos) ? fields.boolean(kAddBos) : absent;
  if (!adds || !fields.has(kBos))
    return {};
  return {uint32_t(fields.integer(kBos, 0, UINT32_MAX))};
}

namespace {

class GGUFTokenizer : public TokenizerSource {
public:
  GGUFTokenizer(json metadata, std::string origin)
      : metadata(std::move(metadata)), origin(std::move(origin)) {}

  std::optional<TokenizerFile> file() const override;
  std::string chatScript() const override;

private:
  json metadata;
  std::string origin;
};

} // namespace

std::optional<TokenizerFile> GGUFTokenizer::file() const {
  ConfigFields fields(metadata, origin);
  std::string model = fields.has(kModel) ? fields.string(kModel) : "none";
  if (model == "llama")
    return TokenizerFile{"tokenizer.model", tokenizerModel(fields),
                         prefixOf(fields, /*absent=*/true)};
  if (model == "gpt2")
    return TokenizerFile{"tokenizer.json", tokenizerJson(fields),
                         prefixOf(fields, preTokenizerOf(fields).addsBos)};
  if (model != "none" && model != "no_vocab")
    fields.failField(kModel, model, "llama, gpt2 or none");
  return std::nullopt;
}

std::string GGUFTokenizer::chatScript() const {
  auto found = metadata.find(kChatTemplate);
  bool isText = found != metadata.end() && found->is_string();
  return isText ? found->get<std::string>() : "";
}

std::shared_ptr<const TokenizerSource>
edgellm::makeGGUFTokenizer(json metadata, std::string origin) {
  return std::make_shared<GGUFTokenizer>(std::move(metadata),
                                         std::move(origin));
}
