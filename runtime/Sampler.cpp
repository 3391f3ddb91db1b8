//===- Sampler.cpp - The next token from logits ---------------------------===//
#include "EdgeLLM/Runtime/Sampler.h"

#include "EdgeLLM/Support/Half.h"

#include <algorithm>
#include <cmath>

using namespace edgellm;

uint32_t edgellm::argmax(std::span<const uint16_t> logits) {
  auto greatest = std::ranges::max_element(logits, {}, halfToFloat);
  return uint32_t(greatest - logits.begin());
}

Sampler::Sampler(const Sampling &settings)
    : settings(settings), engine(settings.seed) {}

/// Uniform in [0, 1). The engine is exactly defined by the standard, its
/// distributions are not.
double Sampler::uniform() { return double(engine() >> 11) * 0x1p-53; }

std::vector<Sampler::Candidate>
Sampler::weigh(std::span<const uint16_t> logits) const {
  double greatest = halfToFloat(logits[argmax(logits)]);
  std::vector<Candidate> candidates(logits.size());
  for (uint32_t id = 0; id < logits.size(); ++id) {
    double difference = halfToFloat(logits[id]) - greatest;
    candidates[id] = {id, std::exp(difference / settings.temperature)};
  }
  return candidates;
}

static double totalWeight(const auto &candidates) {
  double total = 0;
  for (const auto &candidate : candidates)
    total += candidate.weight;
  return total;
}

void Sampler::keepLikeliest(std::vector<Candidate> &candidates) const {
  auto likelier = [](const Candidate &a, const Candidate &b) {
    return a.weight != b.weight ? a.weight > b.weight : a.id < b.id;
  };
  if (settings.topK != 0 && settings.topK < candidates.size()) {
    auto end = candidates.begin() + settings.topK;
    std::ranges::partial_sort(candidates, end, likelier);
    candidates.erase(end, candidates.end());
  }
  if (settings.topP >= 1)
    return;
  double total = totalWeight(candidates);
  // All weights below this one together are less than the share that goes, so
  // they need no sorting: a vocabulary of 150000 becomes some hundred.
  double cut = (1 - settings.topP) * total / double(candidates.size());
  std::erase_if(candidates, [&](const Candidate &c) { return c.weight < cut; });
  std::ranges::sort(candidates, likelier);
  double kept = 0;
  size_t count = 0;
  while (count < candidates.size() && kept < settings.topP * total)
    kept += candidates[count++].weight;
  candidates.resize(count);
}

uint32_t Sampler::pick(std::span<const uint16_t> logits) {
  if (settings.isGreedy())
    return argmax(logits);
  std::vector<Candidate> candidates = weigh(logits);
  keepLikeliest(candidates);
  double rest = uniform() * totalWeight(candidates);
  for (const Candidate &candidate : candidates) {
    rest -= candidate.weight;
    if (rest < 0)
      return candidate.id;
  }
  // Rounding can leave a last bit of `rest`; the draw was at the very end.
  auto positive = std::ranges::find_if(
      candidates.rbegin(), candidates.rend(),
      [](const Candidate &candidate) { return candidate.weight > 0; });
  return positive->id;
}
