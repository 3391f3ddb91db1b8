//===- SentencePieceModel.cpp - The tokenizer.model of a model ------------===//
#include "EdgeLLM/Runtime/Utf8.h"
#include "EdgeLLM/Support/Error.h"
#include "TokenizerModel.h"

#include <array>
#include <charconv>
#include <sentencepiece_processor.h>

using namespace edgellm;
using sentencepiece::SentencePieceProcessor;

/// Of a serialized ModelProto, a message normalizer_spec (field 3) with
/// add_dummy_prefix (field 3) false. Fields at the end of a message override
/// those before.
static constexpr std::string_view kNoSpaceBefore("\x1A\x02\x18\x00", 4);

static void require(const sentencepiece::util::Status &status,
                    const std::string &what) {
  if (!status.ok())
    fail(what, ": ", status.message());
}

namespace {

class SentencePieceModel final : public TokenizerModel {
public:
  SentencePieceModel(std::string_view file, const std::string &origin);

  std::vector<uint32_t> encode(std::string_view text,
                               const std::string &what) const override;
  std::vector<uint32_t> encodePart(std::string_view text,
                                   Tokenizer::Place place,
                                   const std::string &what) const override;
  std::optional<uint32_t> specialToken(std::string_view content) const override;
  std::string decode(std::span<const uint32_t> ids) const override;
  uint32_t size() const override { return uint32_t(whole.GetPieceSize()); }
  std::unique_ptr<TokenDecoder> decoder() const override;

  /// The byte that a byte-fallback piece ("<0xE6>") stands for.
  std::optional<char> byteOf(uint32_t id) const;
  /// A piece that decodes to visible text without a space wherever it stands.
  uint32_t anchor() const { return anchorPiece; }

private:
  void requirePiece(uint32_t id) const;
  uint32_t findAnchor() const;

  SentencePieceProcessor whole;     // puts a space before, if the model does
  SentencePieceProcessor continued; // never does
  std::string origin;
  uint32_t anchorPiece = 0;
};

class SentencePieceDecoder final : public TokenDecoder {
public:
  explicit SentencePieceDecoder(const SentencePieceModel &model)
      : model(model) {}
  std::string add(uint32_t id) override;
  std::string finish() override;

private:
  std::string decodeHeld() const;

  const SentencePieceModel &model;
  std::vector<uint32_t> held; // ids whose text has not been returned
  std::string heldBytes;      // of the byte pieces at the end of `held`
  bool started = false;       // some text has been returned
};

} // namespace

SentencePieceModel::SentencePieceModel(std::string_view file,
                                       const std::string &origin)
    : origin(origin) {
  std::string what = origin + ": not a SentencePiece model";
  require(whole.LoadFromSerializedProto(file), what);
  require(continued.LoadFromSerializedProto(
              std::string(file).append(kNoSpaceBefore)),
          what);
  anchorPiece = findAnchor();
}

void SentencePieceModel::requirePiece(uint32_t id) const {
  if (id >= size())
    fail("token id ", id, " is no piece of ", origin, ", which has ", size());
}

static std::vector<uint32_t> encodeWith(const SentencePieceProcessor &processor,
                                        std::string_view text,
                                        const std::string &what) {
  std::vector<int> pieces;
  require(processor.Encode(text, &pieces), what);
  return {pieces.begin(), pieces.end()};
}

std::vector<uint32_t>
SentencePieceModel::encode(std::string_view text,
                           const std::string &what) const {
  return encodeWith(whole, text, what);
}

std::vector<uint32_t>
SentencePieceModel::encodePart(std::string_view text, Tokenizer::Place place,
                               const std::string &what) const {
  bool begins = place == Tokenizer::Place::begins;
  return encodeWith(begins ? whole : continued, text, what);
}

/// Asking for a piece that there is not gives the unknown piece's id.
std::optional<uint32_t>
SentencePieceModel::specialToken(std::string_view content) const {
  int id = whole.PieceToId(content);
  if (id < 0 || whole.IdToPiece(id) != content || !whole.IsControl(id))
    return std::nullopt;
  return uint32_t(id);
}

std::string SentencePieceModel::decode(std::span<const uint32_t> ids) const {
  for (uint32_t id : ids)
    requirePiece(id);
  std::string text;
  std::vector<int> pieces(ids.begin(), ids.end());
  require(whole.Decode(pieces, &text), origin);
  return text;
}

std::optional<char> SentencePieceModel::byteOf(uint32_t id) const {
  requirePiece(id);
  if (!whole.IsByte(int(id)))
    return std::nullopt;
  std::string_view piece = whole.IdToPiece(int(id)); // "<0xE6>"
  unsigned byte = 0;
  if (piece.size() == 6)
    std::from_chars(piece.data() + 3, piece.data() + 5, byte, 16);
  return char(byte);
}

uint32_t SentencePieceModel::findAnchor() const {
  for (int id = 0; id < int(size()); ++id) {
    if (whole.IsControl(id) || whole.IsUnknown(id) || whole.IsUnused(id) ||
        whole.IsByte(id))
      continue;
    std::string text = decode(std::array{uint32_t(id)});
    if (!text.empty() && text.find(' ') == text.npos)
      return uint32_t(id);
  }
  fail(origin, ": no piece stands for text");
}

std::unique_ptr<TokenDecoder> SentencePieceModel::decoder() const {
  return std::make_unique<SentencePieceDecoder>(*this);
}

std::unique_ptr<TokenizerModel>
edgellm::readSentencePieceModel(std::string_view file,
                                const std::string &origin) {
  return std::make_unique<SentencePieceModel>(file, origin);
}

//===----------------------------------------------------------------------===//
// SentencePieceDecoder
//===----------------------------------------------------------------------===//

/// The library strips spaces from the front of what it decodes. At the front of
/// the text that is right; later on a piece of visible text goes before, and
/// comes off again. Decoding `held` alone keeps the cost a token constant.
std::string SentencePieceDecoder::decodeHeld() const {
  if (!started)
    return model.decode(held);
  std::vector<uint32_t> ids = {model.anchor()};
  size_t anchorBytes = model.decode(ids).size();
  ids.insert(ids.end(), held.begin(), held.end());
  return model.decode(ids).substr(anchorBytes);
}

std::string SentencePieceDecoder::add(uint32_t id) {
  std::optional<char> byte = model.byteOf(id);
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

std::string SentencePieceDecoder::finish() {
  std::string text = decodeHeld();
  started |= !text.empty();
  held.clear();
  heldBytes.clear();
  return text;
}
