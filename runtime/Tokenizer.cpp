//===- Tokenizer.cpp - Text to token ids and back -------------------------===//
#include "EdgeLLM/Runtime/Tokenizer.h"

#include "EdgeLLM/Runtime/Utf8.h"
#include "EdgeLLM/Support/Error.h"
#include "EdgeLLM/Support/JsonObject.h"

#include <charconv>
#include <sentencepiece_processor.h>

using namespace edgellm;

static void require(const sentencepiece::util::Status &status,
                    const std::string &what) {
  if (!status.ok())
    fail(what, ": ", status.message());
}

Tokenizer::Tokenizer(std::span<const std::byte> model,
                     const std::string &origin, std::optional<uint32_t> bos)
    : processor(std::make_unique<sentencepiece::SentencePieceProcessor>()),
      origin(origin), bos(bos) {
  std::string_view text(reinterpret_cast<const char *>(model.data()),
                        model.size());
  std::string what = origin + ": not a SentencePiece model";
  try {
    require(processor->LoadFromSerializedProto(text), what);
  } catch (const Error &) {
    throw;
  } catch (const std::exception &error) {
    // What the library builds of the pieces throws, for an empty one say.
    fail(what, ": ", error.what());
  }
  anchorPiece = findAnchor();
}

Tokenizer::~Tokenizer() = default;
Tokenizer::Tokenizer(Tokenizer &&) noexcept = default;

uint32_t Tokenizer::size() const { return uint32_t(processor->GetPieceSize()); }

void Tokenizer::requirePiece(uint32_t id) const {
  if (id >= size())
    fail("token id ", id, " is no piece of ", origin, ", which has ", size());
}

std::vector<uint32_t> Tokenizer::encode(std::string_view text,
                                        const std::string &what) const {
  requireUtf8(text, what);
  std::vector<int> pieces;
  require(processor->Encode(text, &pieces), what);
  std::vector<uint32_t> ids;
  if (bos)
    ids.push_back(*bos);
  ids.insert(ids.end(), pieces.begin(), pieces.end());
  return ids;
}

std::string Tokenizer::decode(std::span<const uint32_t> ids) const {
  for (uint32_t id : ids)
    requirePiece(id);
  std::string text;
  std::vector<int> pieces(ids.begin(), ids.end());
  require(processor->Decode(pieces, &text), origin);
  return text;
}

std::optional<char> Tokenizer::byteOf(uint32_t id) const {
  requirePiece(id);
  if (!processor->IsByte(int(id)))
    return std::nullopt;
  std::string_view piece = processor->IdToPiece(int(id)); // "<0xE6>"
  unsigned byte = 0;
  if (piece.size() == 6)
    std::from_chars(piece.data() + 3, piece.data() + 5, byte, 16);
  return char(byte);
}

uint32_t Tokenizer::findAnchor() const {
  for (int id = 0; id < int(size()); ++id) {
    if (processor->IsControl(id) || processor->IsUnknown(id) ||
        processor->IsUnused(id) || processor->IsByte(id))
      continue;
    std::string text = decode(std::array{uint32_t(id)});
    if (!text.empty() && text.find(' ') == text.npos)
      return uint32_t(id);
  }
  fail(origin, ": no piece stands for text");
}

std::optional<Tokenizer> edgellm::loadTokenizer(const Package &package) {
  const Manifest &manifest = package.manifest();
  if (manifest.tokenizer.empty())
    return std::nullopt;
  MappedFile model = package.map(manifest.tokenizer);
  std::optional<uint32_t> bos;
  if (manifest.addBos)
    bos = uint32_t(manifest.bos);
  return Tokenizer(model.bytes(), model.path().string(), bos);
}

std::optional<Tokenizer>
edgellm::loadTokenizer(const std::filesystem::path &checkpoint, int bos) {
  std::filesystem::path file = checkpoint / "tokenizer.model";
  if (!std::filesystem::exists(file))
    return std::nullopt;
  MappedFile model(file);
  std::optional<uint32_t> begin;
  if (addsBos(checkpoint, bos))
    begin = uint32_t(bos);
  return Tokenizer(model.bytes(), file.string(), begin);
}

bool edgellm::parseAddsBos(std::string_view text, const std::string &origin) {
  nlohmann::json root = parseJson(text, origin);
  JsonObject config(root, origin);
  if (!config.has("add_bos_token") || config.take("add_bos_token").is_null())
    return true;
  return config.boolean("add_bos_token");
}

bool edgellm::addsBos(const std::filesystem::path &checkpoint, int bos) {
  std::filesystem::path file = checkpoint / "tokenizer_config.json";
  if (bos < 0 || !std::filesystem::exists(file))
    return bos >= 0;
  constexpr size_t limit = size_t(1) << 24;
  return parseAddsBos(readTextFile(file, limit), file.string());
}

//===----------------------------------------------------------------------===//
// TextStream
//===----------------------------------------------------------------------===//

/// The library strips spaces from the front of what it decodes. At the front of
/// the text that is right; later on a piece of visible text goes before, and
/// comes off again. Decoding `held` alone keeps the cost a token constant.
std::string TextStream::decodeHeld() const {
  if (!started)
    return tokenizer.decode(held);
  std::vector<uint32_t> ids = {tokenizer.anchor()};
  size_t anchorBytes = tokenizer.decode(ids).size();
  ids.insert(ids.end(), held.begin(), held.end());
  return tokenizer.decode(ids).substr(anchorBytes);
}

std::string TextStream::add(uint32_t id) {
  std::optional<char> byte = tokenizer.byteOf(id);
  held.push_back(id);
  if (byte)
    heldBytes += *byte;
  else
    heldBytes.clear();
  if (endsInsideCharacter(heldBytes))
    return {};
  std::string text = decodeHeld();
  started |= !text.empty();
  // Until text has appeared, what is stripped depends on every id so far.
  if (started)
    held.clear();
  heldBytes.clear();
  return text;
}

std::string TextStream::finish() {
  std::string text = decodeHeld();
  started |= !text.empty();
  held.clear();
  heldBytes.clear();
  return text;
}
