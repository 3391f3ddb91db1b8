//===- Generator.h - Continues a prompt -------------------------*- C++ -*-===//
#ifndef EDGELLM_RUNTIME_GENERATOR_H
#define EDGELLM_RUNTIME_GENERATOR_H

#include "EdgeLLM/Runtime/Sampler.h"
#include "EdgeLLM/Runtime/Session.h"
#include "EdgeLLM/Support/Options.h"

#include <optional>

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

/// Continues a prompt token by token. What it is given must outlive it; the
/// session's cache must be empty, and nobody else may use it meanwhile.
class Generator {
public:
  /// Throws Error unless the context has room.
  Generator(Session &session, GenerationRequest request,
            GenerationObserver observer);

  /// The next token, or nothing after the last. The first call feeds the
  /// prompt, with no new tokens wanted, too. Throws Error.
  std::optional<uint32_t> next();
  /// Whether next() has nothing more.
  bool isFinished() const;
  /// Everything so far.
  const Generation &result() const { return generation; }

private:
  uint32_t feedPrompt();
  uint32_t feed(uint32_t id);
  uint32_t pick(const Pass &pass);
  bool endsText(uint32_t id) const;

  Session &session;
  const GenerationRequest request;
  const GenerationObserver observer;
  Sampler sampler;
  Generation generation;
  bool promptFed = false;
};

/// Generates to the end with a session whose cache is empty. Throws Error.
Generation generate(Session &session, const GenerationRequest &request,
                    const GenerationObserver &observer);

/// New tokens when nobody says how many and the context has room for them.
inline constexpr uint64_t kDefaultNewTokens = 128;

/// What a user may say about a generation; what is not given has a default.
struct GenerationArguments {
  std::optional<uint64_t> newTokens, topK, seed;
  std::optional<double> temperature, topP;
  bool ignoreEos = false;
};

/// The options that set them: names, ranges and help.
std::vector<Option> generationOptions(GenerationArguments &arguments);

/// Throws Error unless the context has room.
GenerationRequest makeRequest(const GenerationArguments &arguments,
                              std::vector<uint32_t> prompt, uint64_t context);

} // namespace edgellm

#endif // EDGELLM_RUNTIME_GENERATOR_H
