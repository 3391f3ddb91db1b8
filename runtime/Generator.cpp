//===- Generator.cpp - Continues a prompt ---------------------------------===//
#include "EdgeLLM/Runtime/Generator.h"

#include <algorithm>
#include <array>
#include <chrono>

using namespace edgellm;

namespace {

/// Adds the time of its life to a counter.
class Stopwatch {
public:
  explicit Stopwatch(double &seconds) : seconds(seconds) {}
  ~Stopwatch() {
    seconds += std::chrono::duration<double>(Clock::now() - start).count();
  }

private:
  using Clock = std::chrono::steady_clock;
  double &seconds;
  Clock::time_point start = Clock::now();
};

class Generator {
public:
  Generator(Session &session, const GenerationRequest &request,
            const GenerationObserver &observer)
      : session(session), request(request), observer(observer),
        sampler(request.sampling) {}

  Generation run();

private:
  uint32_t feedPrompt();
  uint32_t feed(uint32_t id);
  uint32_t pick(const Pass &pass);
  bool endsText(uint32_t id) const;

  Session &session;
  const GenerationRequest &request;
  const GenerationObserver &observer;
  Sampler sampler;
  Generation result;
};

} // namespace

/// The device has already found the likeliest token; logits are fetched only
/// when it takes more than that.
uint32_t Generator::pick(const Pass &pass) {
  if (request.sampling.isGreedy())
    return pass.argmax;
  return sampler.pick(session.logits());
}

uint32_t Generator::feedPrompt() {
  Stopwatch watch(result.prefillSeconds);
  if (!observer.onLogits)
    return pick(session.forward(request.prompt));
  session.score(request.prompt, observer.onLogits);
  return sampler.pick(session.logits());
}

uint32_t Generator::feed(uint32_t id) {
  uint32_t next;
  {
    Stopwatch watch(result.decodeSeconds);
    next = pick(session.forward(std::array{id}));
    ++result.decodePasses;
  }
  if (observer.onLogits)
    observer.onLogits(session.logits());
  return next;
}

bool Generator::endsText(uint32_t id) const {
  return !request.ignoreEos &&
         std::ranges::find(session.manifest().eos, int(id)) !=
             session.manifest().eos.end();
}

Generation Generator::run() {
  requireContext(request.prompt.size(), request.newTokens,
                 session.manifest().context);
  uint32_t next = feedPrompt();
  while (result.ids.size() < request.newTokens) {
    result.ids.push_back(next);
    if (observer.onToken)
      observer.onToken(next);
    result.endedByEos = endsText(next);
    if (result.endedByEos || result.ids.size() == request.newTokens)
      break;
    next = feed(next);
  }
  return std::move(result);
}

Generation edgellm::generate(Session &session, const GenerationRequest &request,
                             const GenerationObserver &observer) {
  return Generator(session, request, observer).run();
}
