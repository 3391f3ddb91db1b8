//===- EncodedText.h - A text as token ids ----------------------*- C++ -*-===//
#ifndef EDGELLM_RUNTIME_ENCODEDTEXT_H
#define EDGELLM_RUNTIME_ENCODEDTEXT_H

#include "EdgeLLM/Runtime/Tokenizer.h"

namespace edgellm {

/// A text as the model was trained on it: every line that is not empty is a
/// paragraph, encoded on its own (with its bos, if the model has one).
struct EncodedText {
  std::vector<uint32_t> ids;
  uint64_t characters = 0; // Unicode characters without newlines
};

/// Throws Error, which begins with `what` and the line, for a text that is not
/// UTF-8.
EncodedText encodeParagraphs(const Tokenizer &tokenizer, std::string_view text,
                             const std::string &what);

} // namespace edgellm

#endif // EDGELLM_RUNTIME_ENCODEDTEXT_H
