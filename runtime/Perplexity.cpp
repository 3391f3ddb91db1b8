//===- Perplexity.cpp - How well a model predicts a text ------------------===//
#include "EdgeLLM/Runtime/Perplexity.h"

#include "EdgeLLM/Runtime/Sampler.h"
#include "EdgeLLM/Runtime/Utf8.h"
#include "EdgeLLM/Support/Error.h"
#include "EdgeLLM/Support/Half.h"

#include <algorithm>
#include <cmath>

using namespace edgellm;

double edgellm::negativeLogLikelihood(std::span<const uint16_t> logits,
                                      uint32_t token) {
  double greatest = halfToFloat(logits[argmax(logits)]);
  double sum = 0;
  for (uint16_t logit : logits)
    sum += std::exp(halfToFloat(logit) - greatest);
  return greatest + std::log(sum) - halfToFloat(logits[token]);
}

double Perplexity::perplexity() const { return std::exp(natsPerToken()); }

EncodedText edgellm::encodeParagraphs(const Tokenizer &tokenizer,
                                      std::string_view text,
                                      const std::string &what) {
  EncodedText result;
  for (size_t number = 1; !text.empty(); ++number) {
    size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty())
      continue;
    std::vector<uint32_t> ids =
        tokenizer.encode(line, what + ": line " + std::to_string(number));
    result.ids.insert(result.ids.end(), ids.begin(), ids.end());
    result.characters += countCharacters(line);
  }
  return result;
}

static void requireWindow(uint64_t ids, uint64_t window, uint64_t context) {
  if (window > context)
    fail("windows of ", window, " tokens exceed the package's context of ",
         context);
  if (ids < window + 1)
    fail("the text has ", ids, " tokens, one window of ", window, " needs ",
         window + 1);
}

Perplexity edgellm::measurePerplexity(
    Session &session, std::span<const uint32_t> ids, uint64_t window,
    const std::function<void(const Perplexity &, uint64_t)> &progress) {
  requireWindow(ids.size(), window, session.manifest().context);
  uint64_t windows = (ids.size() - 1) / window;
  Perplexity result;
  for (uint64_t w = 0; w < windows; ++w) {
    size_t next = w * window;
    session.reset();
    session.score(ids.subspan(next, window),
                  [&](std::span<const uint16_t> logits) {
                    result.nats += negativeLogLikelihood(logits, ids[++next]);
                  });
    result.windows += 1;
    result.tokens += window;
    progress(result, windows);
  }
  return result;
}
