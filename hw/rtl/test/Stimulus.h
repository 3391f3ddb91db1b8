//===- Stimulus.h - Operands for the dot products ---------------*- C++ -*-===//
#ifndef EDGELLM_HW_RTL_TEST_STIMULUS_H
#define EDGELLM_HW_RTL_TEST_STIMULUS_H

#include "EdgeLLM/Model/Numerics.h"
#include <array>
#include <cstdint>
#include <random>
#include <vector>

namespace edgellm::rtl {

/// Output channels of edgellm_bench.sv, as it was built.
inline constexpr unsigned kChannels = EDGELLM_RTL_CHANNELS;

/// What the array takes in one cycle: a block of 128 activations and codes, or
/// a group of 32 activations and FP16 weights.
struct Block {
  std::array<uint16_t, numerics::kBlock> activations = {};
  struct Channel {
    std::array<uint8_t, numerics::kBlock> codes = {};
    std::array<uint16_t, numerics::kGroup> halves = {};
    uint16_t scale = 0;
  };
  std::array<Channel, kChannels> channels = {};
};

/// Blocks of a dot product for each channel.
struct Row {
  bool fp16 = false;
  std::vector<Block> blocks;
};

/// The sum that N6 or N7 gives for a channel of a row.
float expectedSum(const Row &row, unsigned channel);

/// Endless operands: each block from a mixture of kinds, from all bit patterns
/// to the corners that one of the units could get wrong. The same seed, the
/// same rows.
class Stimulus {
public:
  explicit Stimulus(uint64_t seed) : random(seed) {}

  Row row(bool fp16);
  /// Less than `limit`.
  unsigned below(unsigned limit) { return unsigned(random() % limit); }
  uint16_t half() { return uint16_t(random()); }
  uint64_t bits() { return random(); }

private:
  std::mt19937_64 random;

  uint16_t halfOf(unsigned exponentField);
  template <size_t N> void fillHalves(std::array<uint16_t, N> &values);
  void fillCodes(std::array<uint8_t, numerics::kBlock> &codes);
};

} // namespace edgellm::rtl

#endif // EDGELLM_HW_RTL_TEST_STIMULUS_H
