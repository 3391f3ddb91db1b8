//===- SentencePieceModel.h - Writes tokenizer.model files ------*- C++ -*-===//
#ifndef EDGELLM_LIB_WEIGHTS_SENTENCEPIECEMODEL_H
#define EDGELLM_LIB_WEIGHTS_SENTENCEPIECEMODEL_H

#include <span>
#include <string>

namespace edgellm {

/// Kinds of pieces, by their numbers in tokenizer.model and in GGUF files.
enum class PieceKind {
  normal = 1,
  unknown = 2,
  control = 3,
  userDefined = 4,
  unused = 5,
  byte = 6,
};

struct Piece {
  std::string text; ///< spaces as U+2581
  float score;
  PieceKind kind;
};

/// What happens to the spaces of a text before it is cut.
struct Spacing {
  bool prefix = true; ///< one is put before it
  bool strip = false; ///< those at its ends go, and of neighbours all but one
};

/// A SentencePiece model of kind BPE, whose pieces merge by score, as the
/// library reads it. Throws Error, which begins with `origin`, when two pieces
/// are the same, one is empty, not exactly one stands for the unknown, or some
/// but not all bytes have one.
std::string sentencePieceModel(std::span<const Piece> pieces, Spacing spacing,
                               const std::string &origin);

} // namespace edgellm

#endif // EDGELLM_LIB_WEIGHTS_SENTENCEPIECEMODEL_H
