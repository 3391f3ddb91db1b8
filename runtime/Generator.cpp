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

} // namespace

Generator::Generator(Session &session, GenerationRequest wanted,
                     GenerationObserver observer)
    : session(session), request(std::move(wanted)),
      observer(std::move(observer)), sampler(request.sampling) {
  requireContext(request.prompt.size(), request.newTokens,
                 session.manifest().context);
}

/// The device has already found the likeliest token; logits are fetched only
/// when it takes more than that.
uint32_t Generator::pick(const Pass &pass) {
  if (request.sampling.isGreedy())
    return pass.argmax;
  return sampler.pick(session.logits());
}

uint32_t Generator::feedPrompt() {
  Stopwatch watch(generation.prefillSeconds);
  if (!observer.onLogits)
    return pick(session.forward(request.prompt));
  session.score(request.prompt, observer.onLogits);
  return sampler.pick(session.logits());
}

uint32_t Generator::feed(uint32_t id) {
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
         std::ranges::find(session.manifest().eos, int(id)) !=
             session.manifest().eos.end();
}

bool Generator::isFinished() const {
  return generation.endedByEos ||
         (promptFed && generation.ids.size() >= request.newTokens);
}

std::optional<uint32_t> Generator::next() {
  if (isFinished())
    return std::nullopt;
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
          {"--ignore-eos", "", "go on after the model has ended the text",
           Flag{&a.ignoreEos}}};
}

/// Positions left for new tokens by the rule of requireContext().
static uint64_t roomAfter(uint64_t prompt, uint64_t context) {
  return prompt > context ? 1 : context - prompt + 1;
}

GenerationRequest edgellm::makeRequest(const GenerationArguments &a,
                                       std::vector<uint32_t> prompt,
                                       uint64_t context) {
  GenerationRequest request;
  uint64_t room = roomAfter(prompt.size(), context);
  request.newTokens = a.newTokens.value_or(std::min(kDefaultNewTokens, room));
  request.prompt = std::move(prompt);
  request.ignoreEos = a.ignoreEos;
  request.sampling.temperature = a.temperature.value_or(0);
  request.sampling.topK = uint32_t(a.topK.value_or(0));
  request.sampling.topP = a.topP.value_or(1);
  request.sampling.seed = a.seed.value_or(0);
  requireContext(request.prompt.size(), request.newTokens, context);
  return request;
}
