//===- Perplexity.cpp - How well a model predicts a text ------------------===//
#include "EdgeLLM/Runtime/Perplexity.h"

#include "EdgeLLM/Support/Error.h"
#include "EdgeLLM/Support/Half.h"

#include <algorithm>
#include <cmath>

using namespace edgellm;

void SessionScorer::score(std::span<const uint32_t> ids, uint64_t window,
                          const RowConsumer &consume) {
  std::vector<float> row;
  for (; !ids.empty(); ids = ids.subspan(window)) {
    session.reset();
    session.score(ids.first(window), [&](std::span<const uint16_t> halves) {
      row.resize(halves.size());
      std::ranges::transform(halves, row.begin(), halfToFloat);
      consume(row);
    });
  }
}

double Perplexity::perplexity() const { return std::exp(natsPerToken()); }

uint64_t edgellm::countWindows(const TokenScorer &scorer, uint64_t ids,
                               uint64_t window) {
  if (window == 0)
    fail("windows of 0 tokens predict nothing");
  if (window > scorer.context())
    fail("windows of ", window, " tokens exceed the context of ",
         scorer.context());
  if (ids < window + 1)
    fail("the text has ", ids, " tokens, one window of ", window, " needs ",
         window + 1);
  return (ids - 1) / window;
}

namespace {

/// Adds up the windows of a text.
class Measurement {
public:
  Measurement(TokenScorer &scorer, std::span<const uint32_t> ids,
              const PerplexityObserver &observer)
      : scorer(scorer), ids(ids), observer(observer) {}

  /// The next `count` windows.
  void add(uint64_t window, uint64_t count) {
    scorer.score(ids.subspan(result.tokens, window * count), window,
                 [&](std::span<const float> logits) { addRow(logits); });
    result.windows += count;
  }

  Perplexity result;

private:
  TokenScorer &scorer;
  std::span<const uint32_t> ids;
  const PerplexityObserver &observer;

  void addRow(std::span<const float> logits) {
    uint32_t next = ids[++result.tokens];
    if (next >= logits.size())
      fail("token id ", next, " is outside the vocabulary of ", logits.size());
    double nats = negativeLogLikelihood(logits, next);
    if (!std::isfinite(nats))
      fail("the logits after ", result.tokens, " tokens are not finite");
    result.nats += nats;
    if (observer.logits)
      observer.logits(logits);
  }
};

} // namespace

Perplexity edgellm::measurePerplexity(TokenScorer &scorer,
                                      std::span<const uint32_t> ids,
                                      uint64_t window,
                                      const PerplexityObserver &observer) {
  uint64_t windows = countWindows(scorer, ids.size(), window);
  uint64_t most = scorer.windowsAtOnce(window);
  Measurement measurement(scorer, ids, observer);
  while (measurement.result.windows < windows) {
    measurement.add(window,
                    std::min(most, windows - measurement.result.windows));
    observer.progress(measurement.result, windows);
  }
  return measurement.result;
}
