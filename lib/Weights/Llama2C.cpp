//===- Llama2C.cpp - A file in llama2.c's format --------------------------===//
#include "EdgeLLM/Weights/Llama2C.h"

#include "ByteCursor.h"
#include "Formats.h"
#include "SentencePieceModel.h"
#include "TensorTable.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

using namespace edgellm;
namespace fs = std::filesystem;

static constexpr uint32_t kMagic = 0x616B3432;
static constexpr uint64_t kHeadBytes = 256; ///< of version 1
static constexpr int kUnknown = 0, kBos = 1, kEos = 2;

//===----------------------------------------------------------------------===//
// The head
//===----------------------------------------------------------------------===//

namespace {

/// The head of either format.
struct Head {
  bool isFirst;
  int32_t hidden, intermediate, layers, heads, kvHeads, vocabulary, context;
  bool tied;
};

} // namespace

/// Skips the magic number and the version, if there are any. Returns whether
/// the file is of the first format.
static bool skipVersion(ByteCursor &cursor, std::span<const std::byte> bytes,
                        const std::string &origin) {
  constexpr std::string_view what = "the head of a llama2.c file";
  ByteCursor ahead(bytes, origin);
  if (ahead.number<uint32_t>(what) != kMagic)
    return true;
  cursor.number<uint32_t>(what);
  auto version = cursor.number<int32_t>(what);
  if (version != 1)
    fail(origin, ": version ", version,
         " of llama2.c's format, expected 1, or the first format, which has no "
         "version");
  return false;
}

static int32_t readExtent(ByteCursor &cursor, const char *what, int32_t most,
                          const std::string &origin) {
  auto found = cursor.number<int32_t>("the head of a llama2.c file");
  if (found < 1 || found > most)
    fail(origin, ": found ", what, " ", found, ", a llama2.c file has 1 to ",
         most);
  return found;
}

static int32_t readVocabulary(ByteCursor &cursor, bool isFirst, bool &tied,
                              const std::string &origin) {
  constexpr int32_t least = kEos + 1, most = 1 << 24;
  auto found = cursor.number<int32_t>("the head of a llama2.c file");
  tied = found > 0;
  int32_t size = isFirst && !tied && found >= -most ? -found : found;
  if (size < least || size > most)
    fail(origin, ": found vocabulary ", found, ", a llama2.c file has ", least,
         " to ", most);
  return size;
}

static Head readHead(ByteCursor &cursor, std::span<const std::byte> bytes,
                     const std::string &origin) {
  constexpr int32_t most = 1 << 24, mostLayers = 1024;
  Head head;
  head.isFirst = skipVersion(cursor, bytes, origin);
  head.hidden = readExtent(cursor, "hidden size", most, origin);
  head.intermediate = readExtent(cursor, "intermediate size", most, origin);
  head.layers = readExtent(cursor, "layers", mostLayers, origin);
  head.heads = readExtent(cursor, "heads", most, origin);
  head.kvHeads = readExtent(cursor, "key-value heads", most, origin);
  head.vocabulary = readVocabulary(cursor, head.isFirst, head.tied, origin);
  head.context = readExtent(cursor, "context", most, origin);
  if (head.hidden % head.heads != 0)
    fail(origin, ": hidden size ", head.hidden, " is no multiple of ",
         head.heads, " heads");
  if (head.isFirst)
    return head;
  auto flag = cursor.number<uint8_t>("the head of a llama2.c file");
  if (flag > 1)
    fail(origin, ": found flag ", unsigned(flag),
         " for a shared output layer, expected 0 or 1");
  head.tied = flag == 1;
  cursor.take(kHeadBytes - cursor.offset(), "the head of a llama2.c file");
  return head;
}

/// What the head says, as a config.json would: the family's reader has the
/// rest, and the names of tensors.
static ModelConfig configOf(const Head &head, const std::string &origin) {
  nlohmann::json fields = {
      {"architectures", {"LlamaForCausalLM"}},
      {"model_type", "llama"},
      {"hidden_size", head.hidden},
      {"intermediate_size", head.intermediate},
      {"num_hidden_layers", head.layers},
      {"num_attention_heads", head.heads},
      {"num_key_value_heads", head.kvHeads},
      {"vocab_size", head.vocabulary},
      {"max_position_embeddings", head.context},
      {"rms_norm_eps", 1e-5},
      {"rope_theta", 10000.0},
      {"hidden_act", "silu"},
      {"tie_word_embeddings", head.tied},
      {"bos_token_id", kBos},
      // Texts follow each other with a bos token between them, which ends one.
      {"eos_token_id", {kBos, kEos}},
  };
  ModelConfig config = parseModelConfig(fields.dump(), origin);
  config.pairing = RotaryPairing::adjacent;
  return config;
}

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

namespace {

/// Lists tensors in the order in which they follow each other.
class TensorWalk {
public:
  TensorWalk(const ModelConfig &config, ByteCursor &cursor,
             const fs::path &path)
      : config(config), cursor(cursor), path(path) {}

  void add(std::string name, std::vector<int64_t> shape) {
    Tensor tensor{std::move(name), DType::F32, std::move(shape), {}, path};
    std::string what = "tensor '" + tensor.name + "'";
    tensor.data = cursor.take(byteCount(tensor), what);
    tensors.emplace(tensor.name, tensor);
  }

  /// One for every layer.
  void addLayers(std::string_view part, std::string_view name,
                 const std::vector<int64_t> &shape) {
    for (int64_t layer = 0; layer < config.layers; ++layer) {
      std::string full(config.names.blocks);
      full += "." + std::to_string(layer) + ".";
      if (!part.empty())
        full.append(part).append(".");
      add(full.append(name).append(".weight"), shape);
    }
  }

  void addAttention();
  void addFeedForward();

  TensorTable tensors;

private:
  const ModelConfig &config;
  ByteCursor &cursor;
  const fs::path &path;
};

} // namespace

void TensorWalk::addAttention() {
  const TensorNames &names = config.names;
  int64_t kvWidth = config.kvHeads * config.headSize, hidden = config.hidden;
  addLayers(names.attention, names.query, {hidden, hidden});
  addLayers(names.attention, names.key, {kvWidth, hidden});
  addLayers(names.attention, names.value, {kvWidth, hidden});
  addLayers(names.attention, names.attentionOutput, {hidden, hidden});
}

void TensorWalk::addFeedForward() {
  const TensorNames &names = config.names;
  int64_t hidden = config.hidden, wide = config.intermediate;
  addLayers(names.feedForward, names.gate, {wide, hidden});
  addLayers(names.feedForward, names.down, {hidden, wide});
  addLayers(names.feedForward, names.up, {wide, hidden});
}

static TensorTable listTensors(const ModelConfig &config, bool isFirst,
                               ByteCursor &cursor, const fs::path &path) {
  const TensorNames &names = config.names;
  TensorWalk walk(config, cursor, path);
  auto weight = [](std::string_view name) {
    return std::string(name) + ".weight";
  };
  std::vector<int64_t> table = {config.vocabulary, config.hidden};
  std::vector<int64_t> turns = {config.context, config.headSize / 2};
  if (isFirst)
    walk.add(weight(names.embedding), table);
  walk.addLayers("", names.attentionNorm, {config.hidden});
  if (isFirst)
    walk.addAttention();
  walk.addLayers("", names.feedForwardNorm, {config.hidden});
  if (isFirst)
    walk.addFeedForward();
  walk.add(weight(names.finalNorm), {config.hidden});
  if (isFirst) {
    walk.add("freqs_cos", turns);
    walk.add("freqs_sin", turns);
  } else {
    walk.add(weight(names.embedding), table);
    walk.addAttention();
    walk.addFeedForward();
  }
  if (!config.tiedEmbeddings)
    walk.add(weight(names.output), table);
  return std::move(walk.tensors);
}

Llama2CContent edgellm::parseLlama2C(std::span<const std::byte> bytes,
                                     const fs::path &path) {
  std::string origin = path.string();
  ByteCursor cursor(bytes, origin);
  Head head = readHead(cursor, bytes, origin);
  Llama2CContent content;
  content.config = configOf(head, origin);
  content.tensors = listTensors(content.config, head.isFirst, cursor, path);
  if (cursor.left() != 0)
    fail(origin, ": ", cursor.left(), " bytes follow the last tensor");
  return content;
}

//===----------------------------------------------------------------------===//
// tokenizer.bin
//===----------------------------------------------------------------------===//

/// The format writes a space where SentencePiece has U+2581.
static std::string withoutSpaces(std::string_view token) {
  std::string text;
  for (char c : token)
    if (c == ' ')
      text += "\u2581";
    else
      text += c;
  return text;
}

static bool isByte(std::string_view token) {
  return token.size() == 6 && token.starts_with("<0x") && token.ends_with(">");
}

static Piece pieceOf(int64_t id, std::string_view token, float score) {
  if (id == kUnknown)
    return {"<unk>", score, PieceKind::unknown};
  if (id == kBos)
    return {"<s>", score, PieceKind::control};
  if (id == kEos)
    return {"</s>", score, PieceKind::control};
  return {withoutSpaces(token), score,
          isByte(token) ? PieceKind::byte : PieceKind::normal};
}

std::string edgellm::parseLlama2CTokenizer(std::span<const std::byte> bytes,
                                           int64_t vocabulary,
                                           const std::string &origin) {
  ByteCursor cursor(bytes, origin);
  auto longest = cursor.number<uint32_t>("the head");
  std::vector<Piece> pieces;
  for (int64_t id = 0; id < vocabulary; ++id) {
    std::string what = "token " + std::to_string(id);
    auto score = cursor.number<float>(what);
    auto length = cursor.number<uint32_t>(what);
    if (!std::isfinite(score) || length > longest)
      fail(origin, ": ", what, " has score ", score, " and ", length,
           " bytes, expected a finite score and at most ", longest, " bytes");
    pieces.push_back(pieceOf(id, cursor.text(length, what), score));
  }
  if (cursor.left() != 0)
    fail(origin, ": ", cursor.left(), " bytes follow token ", vocabulary - 1,
         ", the model's last");
  return sentencePieceModel(pieces, {}, origin);
}

namespace {

class Llama2CTokenizer : public TokenizerSource {
public:
  Llama2CTokenizer(fs::path path, int64_t vocabulary)
      : path(std::move(path)), vocabulary(vocabulary) {}

  std::optional<TokenizerFile> file() const override {
    if (!fs::exists(path))
      return std::nullopt;
    MappedFile content(path);
    return TokenizerFile{
        "tokenizer.model",
        parseLlama2CTokenizer(content.bytes(), vocabulary, path.string()),
        {kBos}};
  }
  std::string chatScript() const override { return {}; }

private:
  fs::path path;
  int64_t vocabulary;
};

} // namespace

OpenedModel edgellm::openLlama2C(const fs::path &path) {
  MappedFile file(path);
  Llama2CContent content = parseLlama2C(file.bytes(), path);
  OpenedModel opened;
  opened.model = {path, folderOf(path), path.stem().string(),
                  std::move(content.config), nullptr};
  opened.model.tokenizer = std::make_shared<Llama2CTokenizer>(
      folderOf(path) / "tokenizer.bin", opened.model.config.vocabulary);
  opened.files.emplace_back(std::move(file), std::move(content.tensors));
  return opened;
}
