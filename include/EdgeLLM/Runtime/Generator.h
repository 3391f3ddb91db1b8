//===- Generator.h - Continues a prompt -------------------------*- C++ -*-===//
#ifndef EDGELLM_RUNTIME_GENERATOR_H
#define EDGELLM_RUNTIME_GENERATOR_H

#include "EdgeLLM/Runtime/Sampler.h"
#include "EdgeLLM/Runtime/Session.h"
#include "EdgeLLM/Support/Options.h"

#include <optional>

#include <optional>

namespace edgellm {

struct GenerationRequest {
  std::vector<uint32_t> prompt;    // at least one id
  uint64_t newTokens = 0;          // at most; see requireContext()
  bool ignoreEos = false;          // go on after an id that ends the text
  std::vector<uint32_t> stop = {}; // ids that end the answer, beside eos
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
  bool endedByEos = false;   // or by an id of `stop`
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

/// Continues what is cached and a prompt token by token. The session must
/// outlive it, and nobody else may use it meanwhile.
class Generator {
public:
  /// Throws Error unless the context has room.
  Generator(Session &session, GenerationRequest request,
            GenerationObserver observer);

  /// The next token, or nothing after the last. The first call feeds the
  /// prompt, with no new tokens wanted, too; one after the last feeds that, if
  /// the request says so. Throws Error.
  std::optional<uint32_t> next();
  /// Whether next() has no further token.
  bool isFinished() const;
  /// Everything so far.
  const Generation &result() const { return generation; }

private:
  std::nullopt_t finish();
  std::vector<uint32_t> makeRoomFor(std::span<const uint32_t> ids);
  uint32_t feedText(std::span<const uint32_t> ids);
  uint32_t feedPrompt();
  uint32_t feed(uint32_t id);
  uint32_t pick(const Pass &pass);
  bool endsText(uint32_t id) const;

  Session &session;
  const GenerationRequest request;
  const GenerationObserver observer;
  Sampler sampler;
  Generation generation;
  bool promptFed = false, lastFed = false;
};

/// Feeds the prompt after what is cached and generates to the end. Throws
/// Error.
Generation generate(Session &session, const GenerationRequest &request,
                    const GenerationObserver &observer);

/// New tokens when nobody says how many and the context has room for them.
inline constexpr uint64_t kDefaultNewTokens = 128;

/// What a user may say about a generation; what is not given has a default.
struct GenerationArguments {
  std::optional<uint64_t> newTokens, topK, seed, window;
  std::optional<double> temperature, topP;
  bool ignoreEos = false;
  bool feedLast = false; // what happens afterwards decides, so it has no option
};

/// The options that set them: names, ranges and help.
std::vector<Option> generationOptions(GenerationArguments &arguments);

/// For a prompt after so many cached tokens. Throws Error unless the context
/// has room.
GenerationRequest makeRequest(const GenerationArguments &arguments,
                              std::vector<uint32_t> prompt, uint64_t cached,
                              uint64_t context);

} // namespace edgellm

#endif // EDGELLM_RUNTIME_GENERATOR_H
