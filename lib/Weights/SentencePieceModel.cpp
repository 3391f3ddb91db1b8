//===- SentencePieceModel.cpp - Writes tokenizer.model files --------------===//
//
// A tokenizer.model is a protocol buffer. Each field is a varint of its number
// and its kind of encoding, then the value; messages are strings of fields. The
// numbers are those of sentencepiece_model.proto.
//
//===----------------------------------------------------------------------===//
#include "SentencePieceModel.h"

#include "EdgeLLM/Support/Error.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <set>
#include <string_view>

using namespace edgellm;

static constexpr size_t kBytes = 256;

namespace {

/// A message under construction.
class Message {
public:
  void integer(unsigned field, uint64_t value) {
    tag(field, 0);
    varint(value);
  }

  void text(unsigned field, std::string_view value) {
    tag(field, 2);
    varint(value.size());
    bytes.append(value);
  }

  void real(unsigned field, float value) {
    static_assert(std::endian::native == std::endian::little);
    tag(field, 5);
    bytes.append(reinterpret_cast<const char *>(&value), sizeof(value));
  }

  std::string bytes;

private:
  void tag(unsigned field, unsigned encoding) { varint(field << 3 | encoding); }

  void varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7)
      bytes.push_back(char(value | 0x80));
    bytes.push_back(char(value));
  }
};

} // namespace

static std::string pieceMessage(const Piece &piece) {
  Message message;
  message.text(1, piece.text);
  message.real(2, piece.score);
  message.integer(3, uint64_t(piece.kind));
  return message.bytes;
}

static std::string trainerMessage(size_t pieces, bool byteFallback) {
  constexpr uint64_t bpe = 2;
  Message message;
  message.integer(3, bpe);           // model_type
  message.integer(4, pieces);        // vocab_size
  message.integer(35, byteFallback); // byte_fallback
  return message.bytes;
}

static std::string normalizerMessage(Spacing spacing) {
  Message message;
  message.text(1, "identity");        // name
  message.integer(3, spacing.prefix); // add_dummy_prefix
  message.integer(4, spacing.strip);  // remove_extra_whitespaces
  message.integer(5, true);           // escape_whitespaces
  return message.bytes;
}

static size_t countOf(std::span<const Piece> pieces, PieceKind kind) {
  return size_t(std::ranges::count(pieces, kind, &Piece::kind));
}

static void checkPieces(std::span<const Piece> pieces,
                        const std::string &origin) {
  std::set<std::string_view> texts;
  for (size_t id = 0; id < pieces.size(); ++id) {
    if (pieces[id].text.empty())
      fail(origin, ": token ", id, " is empty");
    if (!texts.insert(pieces[id].text).second)
      fail(origin, ": token ", id, " is the same as one before it");
  }
  if (size_t unknown = countOf(pieces, PieceKind::unknown); unknown != 1)
    fail(origin, ": ", unknown, " tokens stand for the unknown, expected one");
  size_t bytes = countOf(pieces, PieceKind::byte);
  if (bytes != 0 && bytes != kBytes)
    fail(origin, ": ", bytes, " tokens of single bytes, expected none or ",
         kBytes);
}

std::string edgellm::sentencePieceModel(std::span<const Piece> pieces,
                                        Spacing spacing,
                                        const std::string &origin) {
  checkPieces(pieces, origin);
  Message model;
  for (const Piece &piece : pieces)
    model.text(1, pieceMessage(piece));
  bool byteFallback = countOf(pieces, PieceKind::byte) == kBytes;
  model.text(2, trainerMessage(pieces.size(), byteFallback));
  model.text(3, normalizerMessage(spacing));
  return model.bytes;
}
