//===- BlockKernels.h - The vectorised loops of compression -----*- C++ -*-===//
//
// What is done to every weight of a model: reading FP16, finding the largest,
// pruning, choosing a scale, rounding to levels. Each set of kernels is the
// same source compiled for another instruction set, and all give the same bits:
// integers where sums are concerned, and binary32 in a fixed order elsewhere.
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_LIB_WEIGHTS_BLOCKKERNELS_H
#define EDGELLM_LIB_WEIGHTS_BLOCKKERNELS_H

#include <cstddef>
#include <cstdint>
#include <span>

namespace edgellm {

/// Weights that share a scale, Quantize.h.
inline constexpr size_t kBlockWeights = 128;

/// The scales that a search tries: half(largest / q) for q = kFirstLevel,
/// kFirstLevel + kLevelStep, ...
inline constexpr float kFirstLevel = 6.5f, kLevelStep = 0.125f;
inline constexpr unsigned kCandidates = 32;

/// Units of |w| and of a step between two levels in the sums of a search.
inline constexpr int kWholeMagnitude = 32767;
inline constexpr int kStepUnits = 1024;
/// Above this ratio of weight to scale a scale is not tried: the squares of 128
/// distances from level 7 must fit 31 bits.
inline constexpr int kMaxRatio = 11 * kStepUnits - 1;

/// Sums over a block.
struct BlockLoss {
  float squaredError; ///< of (w - v*s)^2
  float squaredNorm;  ///< of w^2
};

struct BlockKernels {
  const char *name;
  /// IEEE 754 FP16 (with infinity and NaN) to binary32. `halves` may be
  /// unaligned.
  void (*widenHalves)(const std::byte *halves, size_t count, float *out);
  /// The largest of the bits of |w|; 0 for none.
  uint32_t (*largestBits)(const float *weights, size_t count);
  /// Zeroes all but `keep` weights of each 8, those of the greatest magnitude,
  /// of equal ones those of the lower index.
  void (*prune)(float *block, unsigned keep);
  /// QuantizeMethod::scaleSearch; `largest` is max |w| and at least 2^-24.
  uint16_t (*searchScale)(const float *block, float largest);
  void (*roundToLevels)(const float *block, float scale, int8_t *values);
  BlockLoss (*loss)(const float *block, const int8_t *values, float scale);
  /// Sign and magnitude of values in [-7, 7], a word of 32 bits for 8 of them.
  void (*packCodes)(const int8_t *values, uint32_t *words);
};

/// The sets that this processor can run, the fastest first.
std::span<const BlockKernels> supportedBlockKernels();

/// The fastest.
const BlockKernels &blockKernels();

} // namespace edgellm

#endif // EDGELLM_LIB_WEIGHTS_BLOCKKERNELS_H
