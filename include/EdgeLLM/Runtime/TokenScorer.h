//===- TokenScorer.h - What ranks the next token ----------------*- C++ -*-===//
#ifndef EDGELLM_RUNTIME_TOKENSCORER_H
#define EDGELLM_RUNTIME_TOKENSCORER_H

#include <cstdint>
#include <functional>
#include <span>

namespace edgellm {

/// A model that says at every position of a text how likely each token is to
/// follow: a package in a device, or the float32 reference.
class TokenScorer {
public:
  virtual ~TokenScorer() = default;

  /// Tokens of the longest window.
  virtual uint64_t context() const = 0;
  /// Windows of so many tokens that are best scored in one call.
  virtual uint64_t windowsAtOnce(uint64_t window) const = 0;

  /// Takes `ids` as windows, each from an empty cache, and hands over the
  /// logits of every position in order, one a token of the vocabulary.
  /// ids.size() is a multiple of the window. Throws Error.
  using RowConsumer = std::function<void(std::span<const float> logits)>;
  virtual void score(std::span<const uint32_t> ids, uint64_t window,
                     const RowConsumer &consume) = 0;
};

} // namespace edgellm

#endif // EDGELLM_RUNTIME_TOKENSCORER_H
