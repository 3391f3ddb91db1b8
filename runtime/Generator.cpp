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

} // namespace

Generator::Generator(Session &session, GenerationRequest wanted,
                     GenerationObserver observer)
    : session(session), request(std::move(wanted)),
      observer(std::move(observer)), sampler(request.sampling) {
  requireContext(request, session.past(), session.manifest().context);
}

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
  ++generation.slides;
  return slideText(text, *request.window, context);
}

uint32_t Generator::feedText(std::span<const uint32_t> ids) {
  if (!observer.onLogits)
    return pick(session.forward(ids));
  session.score(ids, observer.onLogits);
  return sampler.pick(session.logits());
}

uint32_t Generator::feedPrompt() {
  Stopwatch watch(generation.prefillSeconds);
  std::vector<uint32_t> ids = makeRoomFor(request.prompt);
  generation.prefillTokens = ids.size();
  return feedText(ids);
}

uint32_t Generator::feed(uint32_t id) {
  if (std::vector<uint32_t> ids = makeRoomFor(std::array{id}); ids.size() > 1) {
    Stopwatch watch(generation.decodeSeconds);
    ++generation.decodePasses;
    return feedText(ids);
  }
  uint32_t next;
  {
    Stopwatch watch(generation.decodeSeconds);
    next = pick(session.forward(std::array{id}));
    ++generation.decodePasses;
  }
  if (observer.onLogits)
    observer.onLogits(session.logits());
  return next;
}

bool Generator::endsText(uint32_t id) const {
  return !request.ignoreEos &&
         (std::ranges::count(session.manifest().eos, int(id)) != 0 ||
          std::ranges::count(request.stop, id) != 0);
}

bool Generator::isFinished() const {
  return generation.endedByEos ||
         (promptFed && generation.ids.size() >= request.newTokens);
}

std::nullopt_t Generator::finish() {
  if (request.feedLast && !lastFed && !generation.ids.empty())
    feed(generation.ids.back());
  lastFed = true;
  return std::nullopt;
}

std::optional<uint32_t> Generator::next() {
  if (isFinished())
    return finish();
  uint32_t id = promptFed ? feed(generation.ids.back()) : feedPrompt();
  promptFed = true;
  if (isFinished()) // none were wanted
    return std::nullopt;
  generation.ids.push_back(id);
  generation.endedByEos = endsText(id);
  if (observer.onToken)
    observer.onToken(id);
  return id;
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
  Generator generator(session, request, observer);
  while (generator.next())
    ;
  return generator.result();
}

//===----------------------------------------------------------------------===//
// Arguments
//===----------------------------------------------------------------------===//

std::vector<Option> edgellm::generationOptions(GenerationArguments &a) {
  constexpr uint64_t tokens = uint64_t(1) << 20;
  return {{"-n", "N",
           "new tokens at most; 128, or what the context has room for, when it "
           "is not given",
           Integer{&a.newTokens, 0, tokens}},
          {"--temperature", "T", "0, the default: always the likeliest token",
           Real{&a.temperature, 0, 1000}},
          {"--top-k", "K",
           "draw from the K likeliest tokens only; 0, the default: from all",
           Integer{&a.topK, 0, tokens}},
          {"--top-p", "P",
           "draw from the fewest tokens that together have probability P; 1, "
           "the default: from all",
           Real{&a.topP, 1e-6, 1}},
          {"--seed", "S", "of the random draws, 0 when it is not given",
           Integer{&a.seed, 0, UINT64_MAX}},
          {"--window", "KEEP",
           "when the context is full, go on with its first KEEP tokens and the "
           "latest half of the others, which are computed anew: the model sees "
           "this shorter text. By default more than fits is an error",
           Integer{&a.window, 0, tokens}},
          {"--ignore-eos", "", "go on after the model has ended the text",
           Flag{&a.ignoreEos}}};
}

/// New tokens when -n is not given: what requireContext() has room for.
static uint64_t defaultNewTokens(const GenerationRequest &request,
                                 uint64_t cached, uint64_t context) {
  if (request.window)
    return kDefaultNewTokens;
  uint64_t text = cached + request.prompt.size();
  uint64_t room = text > context ? 0 : context - text;
  return std::min(kDefaultNewTokens, room + !request.feedLast);
}

GenerationRequest edgellm::makeRequest(const GenerationArguments &a,
                                       std::vector<uint32_t> prompt,
                                       uint64_t cached, uint64_t context) {
  GenerationRequest request;
  request.prompt = std::move(prompt);
  request.window = a.window;
  request.feedLast = a.feedLast;
  request.newTokens =
      a.newTokens.value_or(defaultNewTokens(request, cached, context));
  request.ignoreEos = a.ignoreEos;
  request.sampling.temperature = a.temperature.value_or(0);
  request.sampling.topK = uint32_t(a.topK.value_or(0));
  request.sampling.topP = a.topP.value_or(1);
  request.sampling.seed = a.seed.value_or(0);
  requireContext(request, cached, context);
  return request;
}
