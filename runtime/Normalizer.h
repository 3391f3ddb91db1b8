//===- Normalizer.h - One form of each character ----------------*- C++ -*-===//
#ifndef EDGELLM_LIB_RUNTIME_NORMALIZER_H
#define EDGELLM_LIB_RUNTIME_NORMALIZER_H

#include "EdgeLLM/Support/JsonObject.h"

namespace edgellm {

/// The normalizer of a tokenizer.json: none, or NFC.
class Normalizer {
public:
  /// Reads the field `normalizer` of `top`. Throws Error for other kinds.
  explicit Normalizer(JsonObject &top);

  /// False for a text that is surely left as it is.
  bool changes(std::string_view text) const;
  /// Throws Error, which begins with `what`, for a text that holds more
  /// combining marks in a row than any language has: sorting them takes the
  /// square of their number.
  std::string run(std::string_view text, const std::string &what) const;

private:
  void read(JsonObject object);

  bool composes = false; // NFC
};

} // namespace edgellm

#endif // EDGELLM_LIB_RUNTIME_NORMALIZER_H
