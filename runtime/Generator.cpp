//===- Generator.cpp - Continues a prompt ---------------------------------===//
#include "EdgeLLM/Runtime/Generator.h"

#include "EdgeLLM/Support/Error.h"

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
  std::vector<uint32_t> makeRoomFor(std::span<const uint32_t> ids);
  uint32_t feedText(std::span<const uint32_t> ids);
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

/// What to feed for the text to end with `ids`: these, or when the context has
/// no room for them, all that the window leaves. The rotary position of a token
/// is part of its keys, so all of it is computed anew.
std::vector<uint32_t> Generator::makeRoomFor(std::span<const uint32_t> ids) {
  uint64_t context = session.manifest().context;
  if (!request.window || ids.size() <= context - session.past())
    return {ids.begin(), ids.end()};
  std::vector<uint32_t> text(session.ids().begin(), session.ids().end());
  text.insert(text.end(), ids.begin(), ids.end());
  session.reset();
  ++result.slides;
  return slideText(text, *request.window, context);
}

uint32_t Generator::feedText(std::span<const uint32_t> ids) {
  if (!observer.onLogits)
    return pick(session.forward(ids));
  session.score(ids, observer.onLogits);
  return sampler.pick(session.logits());
}

uint32_t Generator::feedPrompt() {
  Stopwatch watch(result.prefillSeconds);
  std::vector<uint32_t> ids = makeRoomFor(request.prompt);
  result.prefillTokens = ids.size();
  return feedText(ids);
}

uint32_t Generator::feed(uint32_t id) {
  if (std::vector<uint32_t> ids = makeRoomFor(std::array{id}); ids.size() > 1) {
    Stopwatch watch(result.decodeSeconds);
    ++result.decodePasses;
    return feedText(ids);
  }
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
  requireContext(request, session.past(), session.manifest().context);
  uint32_t next = feedPrompt();
  bool more = request.newTokens > 0;
  while (more) {
    result.ids.push_back(next);
    if (observer.onToken)
      observer.onToken(next);
    result.endedByEos = endsText(next);
    more = !result.endedByEos && result.ids.size() < request.newTokens;
    if (more || request.feedLast)
      next = feed(next);
  }
  return std::move(result);
}

//===----------------------------------------------------------------------===//
// Context
//===----------------------------------------------------------------------===//

static void requireWindow(uint64_t kept, uint64_t context) {
  if (kept >= context)
    fail("a window that keeps ", kept,
         " tokens, allowed are 0 to the package's context less one, ",
         context - 1);
}

std::vector<uint32_t> edgellm::slideText(std::span<const uint32_t> ids,
                                         uint64_t kept, uint64_t context) {
  requireWindow(kept, context);
  std::vector<uint32_t> text;
  for (uint32_t id : ids) {
    text.push_back(id);
    if (text.size() <= context)
      continue;
    uint64_t staying = (text.size() - kept) / 2;
    text.erase(text.begin() + kept, text.end() - staying);
  }
  return text;
}

void edgellm::requireContext(const GenerationRequest &request, uint64_t cached,
                             uint64_t context) {
  if (request.window)
    return requireWindow(*request.window, context);
  uint64_t prompt = request.prompt.size(), fresh = request.newTokens;
  uint64_t needed = cached + prompt + fresh - (fresh > 0 && !request.feedLast);
  if (needed <= context)
    return;
  std::string before =
      cached ? " after " + std::to_string(cached) + " cached ones" : "";
  fail("prompt of ", prompt, " tokens", before, " and ", fresh,
       " new ones need ", needed, " positions, the package's context is ",
       context);
}

Generation edgellm::generate(Session &session, const GenerationRequest &request,
                             const GenerationObserver &observer) {
  return Generator(session, request, observer).run();
}
