//===- Perplexity.h - How well a model predicts a text ----------*- C++ -*-===//
#ifndef EDGELLM_RUNTIME_PERPLEXITY_H
#define EDGELLM_RUNTIME_PERPLEXITY_H

#include "EdgeLLM/Runtime/LogLikelihood.h"
#include "EdgeLLM/Runtime/Session.h"
#include "EdgeLLM/Runtime/TokenScorer.h"

namespace edgellm {

/// A package in a device as a scorer. The session must outlive it.
class SessionScorer : public TokenScorer {
public:
  explicit SessionScorer(Session &session) : session(session) {}

  uint64_t context() const override { return session.manifest().context; }
  uint64_t windowsAtOnce(uint64_t) const override { return 1; }
  void score(std::span<const uint32_t> ids, uint64_t window,
             const RowConsumer &consume) override;

private:
  Session &session;
};

/// Tokens of a window when nobody says how many.
inline constexpr uint64_t kDefaultWindow = 256;

struct Perplexity {
  uint64_t windows = 0;
  uint64_t tokens = 0; // predicted
  double nats = 0;     // sum over the predicted tokens

  double natsPerToken() const { return nats / double(tokens); }
  double perplexity() const;
};

/// Who else hears of a measurement.
struct PerplexityObserver {
  /// Of windows that are finished, of how many.
  std::function<void(const Perplexity &soFar, uint64_t windows)> progress;
  /// The logits of every position, in order; may be empty.
  TokenScorer::RowConsumer logits;
};

/// The whole windows of a text: (ids - 1) / window. Throws Error when the text
/// does not fill one, and for a window of 0 or above the scorer's context.
uint64_t countWindows(const TokenScorer &scorer, uint64_t ids, uint64_t window);

/// Feeds each of the windows from an empty cache; it predicts the ids one
/// position further on. What is left of the text is not used. Throws Error
/// where countWindows() does, and for an id outside the vocabulary or logits
/// that are no numbers.
Perplexity measurePerplexity(TokenScorer &scorer, std::span<const uint32_t> ids,
                             uint64_t window,
                             const PerplexityObserver &observer);

} // namespace edgellm

#endif // EDGELLM_RUNTIME_PERPLEXITY_H
