//===- Tokenizer.h - Text to token ids and back -----------------*- C++ -*-===//
#ifndef EDGELLM_RUNTIME_TOKENIZER_H
#define EDGELLM_RUNTIME_TOKENIZER_H

#include "EdgeLLM/Package/Package.h"

#include <memory>
#include <optional>

namespace sentencepiece {
class SentencePieceProcessor;
}

namespace edgellm {

/// The SentencePiece model of a package.
class Tokenizer {
public:
  /// `model` is the content of a tokenizer.model file, `origin` names it in
  /// errors. `bos` is prepended to every encoded text when it is given.
  Tokenizer(std::span<const std::byte> model, const std::string &origin,
            std::optional<uint32_t> bos);
  ~Tokenizer();
  Tokenizer(Tokenizer &&) noexcept;

  /// Ids of a text. Throws Error, which begins with `what`, when the text is
  /// not valid UTF-8, which the library would silently change.
  std::vector<uint32_t> encode(std::string_view text,
                               const std::string &what) const;
  /// Text of all ids at once. Throws Error for an id that is no piece.
  std::string decode(std::span<const uint32_t> ids) const;

  /// Number of pieces; ids are 0 .. size() - 1.
  uint32_t size() const;
  /// The byte that a byte-fallback piece ("<0xE6>") stands for.
  std::optional<char> byteOf(uint32_t id) const;
  /// A piece that decodes to visible text without a space wherever it stands.
  uint32_t anchor() const { return anchorPiece; }

private:
  void requirePiece(uint32_t id) const;
  uint32_t findAnchor() const;

  std::unique_ptr<sentencepiece::SentencePieceProcessor> processor;
  std::string origin;
  std::optional<uint32_t> bos;
  uint32_t anchorPiece = 0;
};

/// The tokenizer of a package, or nothing when it has none.
std::optional<Tokenizer> loadTokenizer(const Package &package);

/// The tokenizer.model of a checkpoint folder, or nothing when it has none.
/// `bos` is the id of the model's config.json, -1 when there is none.
std::optional<Tokenizer> loadTokenizer(const std::filesystem::path &checkpoint,
                                       int bos);

/// Whether the tokenizer of a checkpoint folder begins texts with the model's
/// `bos`: what tokenizer_config.json says, by default yes. Throws Error.
bool addsBos(const std::filesystem::path &checkpoint, int bos);

/// What the text of a tokenizer_config.json says of that, by default yes.
/// `origin` names it in errors.
bool parseAddsBos(std::string_view text, const std::string &origin);

/// Decodes ids one at a time. What add() and finish() return, joined, is
/// decode() of all ids: a space that belongs between two pieces is neither lost
/// nor doubled, and a character whose bytes come as several tokens appears when
/// its last one does.
class TextStream {
public:
  explicit TextStream(const Tokenizer &tokenizer) : tokenizer(tokenizer) {}

  /// Text that `id` completes; often empty, never part of a character.
  std::string add(uint32_t id);
  /// What is left: U+FFFD for each byte of an unfinished character.
  std::string finish();

private:
  std::string decodeHeld() const;

  const Tokenizer &tokenizer;
  std::vector<uint32_t> held; // ids whose text has not been returned
  std::string heldBytes;      // of the byte pieces at the end of `held`
  bool started = false;       // some text has been returned
};

} // namespace edgellm

#endif // EDGELLM_RUNTIME_TOKENIZER_H
