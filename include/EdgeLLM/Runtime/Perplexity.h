//===- Perplexity.h - How well a model predicts a text ----------*- C++ -*-===//
#ifndef EDGELLM_RUNTIME_PERPLEXITY_H
#define EDGELLM_RUNTIME_PERPLEXITY_H

#include "EdgeLLM/Runtime/Session.h"
#include "EdgeLLM/Runtime/Tokenizer.h"

namespace edgellm {

/// -ln of the probability that `logits` (FP16 bits) give to `token`, as a
/// log-sum-exp in binary64.
double negativeLogLikelihood(std::span<const uint16_t> logits, uint32_t token);

/// A text as the model was trained on it: every line that is not empty is a
/// paragraph, encoded on its own (with its bos, if the model has one).
struct EncodedText {
  std::vector<uint32_t> ids;
  uint64_t characters = 0; // Unicode characters without newlines
};
EncodedText encodeParagraphs(const Tokenizer &tokenizer, std::string_view text,
                             const std::string &what);

struct Perplexity {
  uint64_t windows = 0;
  uint64_t tokens = 0; // predicted
  double nats = 0;     // sum over the predicted tokens

  double natsPerToken() const { return nats / double(tokens); }
  double perplexity() const;
};

/// Cuts `ids` into (ids - 1) / window windows. Each is fed from an empty cache
/// and predicts the ids one position further on; what is left of the text is
/// not used. `progress` hears of every finished window. Throws Error when the
/// text does not fill one window or the window exceeds the context.
Perplexity measurePerplexity(
    Session &session, std::span<const uint32_t> ids, uint64_t window,
    const std::function<void(const Perplexity &soFar, uint64_t windows)>
        &progress);

} // namespace edgellm

#endif // EDGELLM_RUNTIME_PERPLEXITY_H
