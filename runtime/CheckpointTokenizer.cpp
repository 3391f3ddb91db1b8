//===- CheckpointTokenizer.cpp - The tokenizer of a checkpoint folder -----===//
#include "EdgeLLM/Runtime/Tokenizer.h"
#include "EdgeLLM/Support/Error.h"
#include "EdgeLLM/Support/JsonObject.h"
#include "EdgeLLM/Support/Options.h"
#include "TokenizerModel.h"

#include <algorithm>
#include <map>
#include <sentencepiece_processor.h>

using namespace edgellm;
using nlohmann::json;
namespace fs = std::filesystem;

static constexpr size_t kMaxConfigBytes = size_t(1) << 24;

//===----------------------------------------------------------------------===//
// tokenizer_config.json
//===----------------------------------------------------------------------===//

namespace {

/// What the code of a tokenizer class does that no file says.
struct ClassTokens {
  std::string_view tokenizerClass;
  std::vector<std::string_view> added; // ids follow those of the pieces
  std::vector<std::string_view> prefix;
};

} // namespace

/// ChatGLM3's class has all of them, ChatGLM2's ends at eop. That makes no
/// difference: control pieces are never found in text.
static const ClassTokens kChatGLM = {"ChatGLMTokenizer",
                                     {"[MASK]", "[gMASK]", "[sMASK]", "sop",
                                      "eop", "<|system|>", "<|user|>",
                                      "<|assistant|>", "<|observation|>"},
                                     {"[gMASK]", "sop"}};

/// An empty object where there is no such file.
static std::string readTokenizerConfig(const fs::path &checkpoint) {
  fs::path file = checkpoint / "tokenizer_config.json";
  return fs::exists(file) ? readTextFile(file, kMaxConfigBytes) : "{}";
}

static std::string configName(const fs::path &checkpoint) {
  return (checkpoint / "tokenizer_config.json").string();
}

bool edgellm::parseAddsBos(std::string_view text, const std::string &origin) {
  json root = parseJson(text, origin);
  JsonObject config(root, origin);
  if (!config.has("add_bos_token") || config.take("add_bos_token").is_null())
    return true;
  return config.boolean("add_bos_token");
}

/// Whether the SentencePiece tokenizer of a folder begins texts with `bos`.
static bool addsBos(const fs::path &checkpoint, int bos) {
  return bos >= 0 &&
         parseAddsBos(readTokenizerConfig(checkpoint), configName(checkpoint));
}

static const ClassTokens *classTokens(JsonObject &config) {
  bool isKnown = config.has("tokenizer_class") &&
                 config.take("tokenizer_class") == kChatGLM.tokenizerClass;
  return isKnown ? &kChatGLM : nullptr;
}

//===----------------------------------------------------------------------===//
// Added tokens of a SentencePiece model
//===----------------------------------------------------------------------===//

/// Content of added tokens by id.
using AddedPieces = std::map<uint32_t, std::string>;

static AddedPieces readAddedPieces(JsonObject &config) {
  AddedPieces pieces;
  constexpr const char *key = "added_tokens_decoder";
  if (!config.has(key) || config.take(key).is_null())
    return pieces;
  JsonObject list = config.object(key);
  const json &entries = config.take(key);
  for (const auto &[id, value] : entries.items()) {
    std::string what = list.path(id) + ": id";
    uint64_t number = parseInteger(id, 0, UINT32_MAX >> 1, what);
    pieces[uint32_t(number)] = list.object(id).string("content");
  }
  return pieces;
}

static void appendVarint(std::string &bytes, size_t value) {
  for (; value >= 0x80; value >>= 7)
    bytes += char(value | 0x80);
  bytes += char(value);
}

/// A control piece as a serialized ModelProto has it: field 1, a message of the
/// piece (field 1), its score (field 2, a float) and its type (field 3, 3).
static std::string serializedPiece(std::string_view content) {
  std::string piece = "\x0A";
  appendVarint(piece, content.size());
  piece.append(content);
  piece.append("\x15\0\0\0\0\x18\x03", 7);
  std::string field = "\x0A";
  appendVarint(field, piece.size());
  return field + piece;
}

/// The model with the pieces that it does not have; they must follow its own.
static std::string withPieces(std::string model, const AddedPieces &pieces,
                              const std::string &origin) {
  sentencepiece::SentencePieceProcessor processor;
  if (auto status = processor.LoadFromSerializedProto(model); !status.ok())
    fail(origin, ": not a SentencePiece model: ", status.message());
  uint32_t count = uint32_t(processor.GetPieceSize());
  for (const auto &[id, content] : pieces) {
    if (id > count)
      fail(origin, ": has ", count, " tokens with those added, so that '",
           content, "' cannot be token ", id);
    if (id == count) {
      model += serializedPiece(content);
      ++count;
    } else if (int(id) < processor.GetPieceSize() &&
               processor.IdToPiece(int(id)) != content) {
      fail(origin, ": token ", id, " is '", processor.IdToPiece(int(id)),
           "', but '", content, "' by tokenizer_config.json");
    }
  }
  return model;
}

/// Tokens that the class adds, among those of the file.
static void addClassPieces(const ClassTokens &tokens, uint32_t first,
                           AddedPieces &pieces, const std::string &origin) {
  for (std::string_view content : tokens.added) {
    std::string &piece = pieces[first++];
    if (!piece.empty() && piece != content)
      fail(origin, ": token ", first - 1, " is '", piece, "', but '", content,
           "' for a ", tokens.tokenizerClass);
    piece = content;
  }
}

static uint32_t countPieces(const std::string &model,
                            const std::string &origin) {
  return readSentencePieceModel(model, origin)->size();
}

static std::vector<uint32_t> classPrefix(const ClassTokens &tokens,
                                         const TokenizerFile &file,
                                         const std::string &origin) {
  auto model = readSentencePieceModel(file.content, origin);
  std::vector<uint32_t> prefix;
  for (std::string_view token : tokens.prefix) {
    std::optional<uint32_t> id = model->specialToken(token);
    if (!id)
      fail(origin, ": '", token, "' is no control piece");
    prefix.push_back(*id);
  }
  return prefix;
}

static TokenizerFile readSentencePiece(const fs::path &checkpoint, int bos) {
  fs::path path = checkpoint / "tokenizer.model";
  std::string origin = path.string();
  json root =
      parseJson(readTokenizerConfig(checkpoint), configName(checkpoint));
  JsonObject config(root, configName(checkpoint));
  TokenizerFile file = {"tokenizer.model", readTextFile(path), {}};
  AddedPieces pieces = readAddedPieces(config);
  const ClassTokens *known = classTokens(config);
  if (known)
    addClassPieces(*known, countPieces(file.content, origin), pieces, origin);
  if (!pieces.empty())
    file.content = withPieces(std::move(file.content), pieces, origin);
  if (known)
    file.prefix = classPrefix(*known, file, origin);
  else if (addsBos(checkpoint, bos))
    file.prefix.push_back(uint32_t(bos));
  return file;
}

//===----------------------------------------------------------------------===//
// Either kind
//===----------------------------------------------------------------------===//

std::optional<TokenizerFile>
edgellm::readTokenizerFile(const fs::path &checkpoint, int bos) {
  if (fs::exists(checkpoint / "tokenizer.model"))
    return readSentencePiece(checkpoint, bos);
  fs::path path = checkpoint / "tokenizer.json";
  if (!fs::exists(path))
    return std::nullopt;
  TokenizerFile file = {"tokenizer.json", readTextFile(path), {}};
  readByteLevelModel(file.content, path.string(), &file.prefix);
  return file;
}

std::optional<TokenizerFile>
edgellm::readTokenizerFile(const ModelSource &model) {
  if (model.tokenizer())
    return model.tokenizer()->file();
  return readTokenizerFile(model.directory(), model.config().bosToken);
}

std::optional<Tokenizer> edgellm::loadTokenizer(const ModelSource &model) {
  std::optional<TokenizerFile> file = readTokenizerFile(model);
  if (!file)
    return std::nullopt;
  std::string origin = model.tokenizer()
                           ? model.path().string()
                           : (model.directory() / file->name).string();
  return Tokenizer(std::as_bytes(std::span(file->content)), origin,
                   file->prefix);
}
