//===- Sampler.h - The next token from logits -------------------*- C++ -*-===//
#ifndef EDGELLM_RUNTIME_SAMPLER_H
#define EDGELLM_RUNTIME_SAMPLER_H

#include <cstdint>
#include <random>
#include <span>
#include <vector>

namespace edgellm {

/// How the next token is chosen. The steps come in this order: logits are
/// divided by `temperature`, the `topK` likeliest stay, of these the fewest
/// whose probabilities reach `topP` stay, one of them is drawn.
struct Sampling {
  double temperature = 0; // 0: always the likeliest token
  uint32_t topK = 0;      // 0: all
  double topP = 1;        // (0, 1]
  uint64_t seed = 0;

  bool isGreedy() const { return temperature == 0; }
};

/// The likeliest token as the device defines it: the greatest logit, the lowest
/// id among equals. `logits` are FP16 bits, at least one.
uint32_t argmax(std::span<const uint16_t> logits);

/// Draws tokens. The same settings, seed and logits give the same tokens.
class Sampler {
public:
  explicit Sampler(const Sampling &settings);

  /// A token id; `logits` are FP16 bits, one a token of the vocabulary.
  uint32_t pick(std::span<const uint16_t> logits);

private:
  struct Candidate {
    uint32_t id;
    double weight; // probability times a common factor
  };
  std::vector<Candidate> weigh(std::span<const uint16_t> logits) const;
  void keepLikeliest(std::vector<Candidate> &candidates) const;
  double uniform();

  Sampling settings;
  std::mt19937_64 engine;
};

} // namespace edgellm

#endif // EDGELLM_RUNTIME_SAMPLER_H
