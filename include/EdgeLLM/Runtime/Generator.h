//===- Generator.h - Continues a prompt -------------------------*- C++ -*-===//
#ifndef EDGELLM_RUNTIME_GENERATOR_H
#define EDGELLM_RUNTIME_GENERATOR_H

#include "EdgeLLM/Runtime/Sampler.h"
#include "EdgeLLM/Runtime/Session.h"

namespace edgellm {

struct GenerationRequest {
  std::vector<uint32_t> prompt; // at least one id
  uint64_t newTokens = 0;       // at most; see requireContext()
  bool ignoreEos = false;       // go on after an id that ends the text
  Sampling sampling = {};
};

struct Generation {
  std::vector<uint32_t> ids; // the new ones, the ending id included
  bool endedByEos = false;
  /// Wall-clock time on this host with sampling and without onToken. Prefill
  /// ends with the first new token; every decode pass gives one more. With
  /// onLogits, prefill computes and hands over the logits of the whole prompt.
  double prefillSeconds = 0;
  double decodeSeconds = 0;
  uint64_t decodePasses = 0;
};

/// What happens on the way; either function may be empty.
struct GenerationObserver {
  std::function<void(uint32_t id)> onToken;
  /// The logits (FP16 bits) of every position that is fed, prompt included.
  Session::RowConsumer onLogits;
};

/// Feeds the prompt to a session whose cache is empty and generates. With no
/// new tokens wanted the prompt is fed all the same. Throws Error.
Generation generate(Session &session, const GenerationRequest &request,
                    const GenerationObserver &observer);

} // namespace edgellm

#endif // EDGELLM_RUNTIME_GENERATOR_H
