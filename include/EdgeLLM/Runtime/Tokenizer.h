//===- Tokenizer.h - Text to token ids and back -----------------*- C++ -*-===//
#ifndef EDGELLM_RUNTIME_TOKENIZER_H
#define EDGELLM_RUNTIME_TOKENIZER_H

#include "EdgeLLM/Package/Package.h"
#include "EdgeLLM/Weights/ModelSource.h"

#include <memory>
#include <optional>

namespace edgellm {

class TokenizerModel;
class TokenDecoder;

/// The tokenizer of a model: a SentencePiece model, or the byte-level BPE of a
/// Hugging Face tokenizer.json.
class Tokenizer {
public:
  /// `file` is the content of a tokenizer.model or tokenizer.json, which of
  /// them it shows itself; `origin` names it in errors. The ids of `prefix` are
  /// prepended to every text. Throws Error for what is neither, and for a
  /// tokenizer.json that asks for anything that is not supported.
  Tokenizer(std::span<const std::byte> file, const std::string &origin,
            std::vector<uint32_t> prefix);
  ~Tokenizer();
  Tokenizer(Tokenizer &&) noexcept;

  /// Ids of a whole text, as the model's own tokenizer gives them: the prefix
  /// goes before, and added tokens of a tokenizer.json that the text spells are
  /// these tokens. Control pieces of a SentencePiece model are text. Throws
  /// Error, which begins with `what`, when the text is not valid UTF-8.
  std::vector<uint32_t> encode(std::string_view text,
                               const std::string &what) const;

  /// Where a part of a text stands: first or after a special token, or after
  /// other text, where SentencePiece puts no space before it.
  enum class Place { begins, continues };

  /// Ids of a part of a text. Nothing goes before, and special tokens that it
  /// spells are text, so that nobody who writes it can forge one.
  std::vector<uint32_t> encodePart(std::string_view text, Place place,
                                   const std::string &what) const;

  /// The special token that is written `content`.
  std::optional<uint32_t> specialToken(std::string_view content) const;

  /// Text of all ids at once, special tokens left out. Bytes that make no
  /// character become U+FFFD. Throws Error for an id that is no token.
  std::string decode(std::span<const uint32_t> ids) const;

  /// One more than the greatest id.
  uint32_t size() const;
  const std::vector<uint32_t> &prefix() const { return prefixIds; }

private:
  friend class TextStream;

  std::unique_ptr<TokenizerModel> model; // hides the libraries' headers
  std::vector<uint32_t> prefixIds;
};

/// The tokenizer of a package, or nothing when it has none.
std::optional<Tokenizer> loadTokenizer(const Package &package);

/// Decodes ids one at a time. What add() and finish() return, joined, is
/// decode() of all ids: a space that belongs between two pieces is neither lost
/// nor doubled, and a character whose bytes come as several tokens appears when
/// its last one does.
class TextStream {
public:
  explicit TextStream(const Tokenizer &tokenizer);
  ~TextStream();
  TextStream(TextStream &&) noexcept;

  /// Text that `id` completes; often empty, never part of a character.
  std::string add(uint32_t id);
  /// What is left: an unfinished character as U+FFFD.
  std::string finish();

private:
  std::unique_ptr<TokenDecoder> decoder;
};

//===----------------------------------------------------------------------===//
// Checkpoints
//===----------------------------------------------------------------------===//

/// The tokenizer of a checkpoint folder: its tokenizer.model, else its
/// tokenizer.json, or nothing when it has neither. Beside a tokenizer.model,
/// tokenizer_config.json may add tokens (added_tokens_decoder, or those that
/// the code of a tokenizer_class adds), which become control pieces of the
/// model. `bos` is the id of the model's config.json, -1 when there is none.
/// Throws Error.
std::optional<TokenizerFile>
readTokenizerFile(const std::filesystem::path &checkpoint, int bos);

/// The tokenizer of a model that is not compiled: the one inside of its file,
/// or that of its folder.
std::optional<TokenizerFile> readTokenizerFile(const ModelSource &model);

/// The same, ready for use.
std::optional<Tokenizer> loadTokenizer(const ModelSource &model);

/// Whether texts begin with the model's bos token by the text of a
/// tokenizer_config.json, by default yes.
/// `origin` names it in errors.
bool parseAddsBos(std::string_view text, const std::string &origin);

} // namespace edgellm

#endif // EDGELLM_RUNTIME_TOKENIZER_H
