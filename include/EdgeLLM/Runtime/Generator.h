//===- Generator.h - Continues a prompt -------------------------*- C++ -*-===//
#ifndef EDGELLM_RUNTIME_GENERATOR_H
#define EDGELLM_RUNTIME_GENERATOR_H

#include "EdgeLLM/Runtime/Sampler.h"
#include "EdgeLLM/Runtime/Session.h"

#include <optional>

namespace edgellm {

struct GenerationRequest {
  std::vector<uint32_t> prompt; // at least one id
  uint64_t newTokens = 0;       // at most; see requireContext()
  bool ignoreEos = false;       // go on after an id that ends the text
  Sampling sampling = {};
  /// When the context is full, go on with what slideText() leaves of the text;
  /// without it, not to have room is an error.
  std::optional<uint64_t> window = {};
  /// Feed the last new token, too, so that the cache holds the whole text: for
  /// those who save it or go on.
  bool feedLast = false;
};

/// What is left of a text that comes token by token to a context of `context`
/// positions: each time one is too many, the first `kept` tokens and the latest
/// half of the others stay. Throws Error unless kept < context.
std::vector<uint32_t> slideText(std::span<const uint32_t> ids, uint64_t kept,
                                uint64_t context);

/// Throws Error unless there is room for the request's tokens after `cached`
/// ones, or it has a window. The last new token takes a position only when it
/// is fed.
void requireContext(const GenerationRequest &request, uint64_t cached,
                    uint64_t context);

struct Generation {
  std::vector<uint32_t> ids; // the new ones, the ending id included
  bool endedByEos = false;
  /// Wall-clock time on this host with sampling and without onToken. Prefill
  /// ends with the first new token; every decode pass gives one more. With
  /// onLogits, prefill computes and hands over the logits of the whole prompt.
  double prefillSeconds = 0;
  double decodeSeconds = 0;
  uint64_t prefillTokens = 0;
  uint64_t decodePasses = 0;
  /// Times that the text was shortened to what the request's window leaves, and
  /// fed again.
  uint64_t slides = 0;
};

/// What happens on the way; either function may be empty.
struct GenerationObserver {
  std::function<void(uint32_t id)> onToken;
  /// The logits (FP16 bits) of every position that is fed, prompt included, and
  /// again when it is fed again.
  Session::RowConsumer onLogits;
};

/// Feeds the prompt after what is cached and generates. With no new tokens
/// wanted the prompt is fed all the same. Throws Error.
Generation generate(Session &session, const GenerationRequest &request,
                    const GenerationObserver &observer);

} // namespace edgellm

#endif // EDGELLM_RUNTIME_GENERATOR_H
