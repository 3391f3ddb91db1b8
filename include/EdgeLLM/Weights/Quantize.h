//===- Quantize.h - INT4 blocks of weights ----------------------*- C++ -*-===//
//
// A block of 128 weights w is stored as one FP16 scale s >= 0 and 128 integers
// v in [-7, 7]; the machine computes with v * s. For a given scale
//   v = clamp(roundHalfEven(fl(w / s)), -7, 7)
// where s is the FP16 value itself, never the number it was rounded from.
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_WEIGHTS_QUANTIZE_H
#define EDGELLM_WEIGHTS_QUANTIZE_H

#include <cstddef>
#include <cstdint>
#include <span>

namespace edgellm {

/// Weights that share a scale.
inline constexpr size_t kQuantBlock = 128;

/// The largest magnitude of a quantized weight; codes are sign and magnitude.
inline constexpr int kInt4Max = 7;

/// The largest weight that INT4 blocks represent: 7 times the largest scale.
inline constexpr float kInt4Limit = kInt4Max * 65504.0f;

/// How the scale of a block is chosen from m = max |w|.
enum class QuantizeMethod {
  /// s = half(m / 7): no weight is clipped.
  roundToNearest,
  /// The s with the least sum of (w - v*s)^2 among half(m / q) for the 32
  /// values q = 6.5, 6.625, ..., 10.375; the lowest q among equals. From q = 7
  /// on the scale shrinks and the largest weights are clipped to win resolution
  /// for the others; below 7 it grows, down to where m would no longer reach 7.
  /// For 99.8% of normal and of trained blocks the best of all FP16 scales is
  /// at q from 6.8 to 10. The error is on average 0.13% above that scale's,
  /// where roundToNearest, which is q = 7, is 23% above it. Of pruned blocks,
  /// with 64, 32 and 16 weights, it is 0.3%, 1.2% and 4% above it.
  ///
  /// The sum is taken in integers, so that its order does not matter:
  ///   a = trunc(fl(fl(|w| * fl(32767 / m)) + 0.5))       |w| in parts of m
  ///   r = trunc(fl(fl(fl(m / s) * 1024) + 0.5))          m / s in 1024ths
  ///   t = (a * r + 2^14) >> 15                           |w| / s in 1024ths
  ///   e = t - min((t + 512) & -1024, 7 * 1024)           its error
  ///   error = fl(fl(sum of e^2) * fl(s * s))
  /// A scale with r >= 11 * 1024, which only rounding to a subnormal number
  /// makes, is left out. Against sums in binary64 the choice costs less than
  /// 0.001%.
  scaleSearch,
  /// Column by column, later ones making up for the error of earlier ones; of
  /// a matrix and its calibration only, see compressMatrix in Compress.h.
  gptq,
};

/// Chooses the scale of a block of finite weights of at most kInt4Limit in
/// magnitude and returns its FP16 bits. A block of zeros has scale 0; otherwise
/// a scale that would round to 0 becomes 2^-24, the least above it. Throws
/// Error for gptq.
uint16_t chooseScale(std::span<const float, kQuantBlock> weights,
                     QuantizeMethod method);

/// chooseScale, and the nearest levels of all weights for it.
uint16_t quantizeBlock(std::span<const float, kQuantBlock> weights,
                       QuantizeMethod method,
                       std::span<int8_t, kQuantBlock> values);

/// weights[i] = values[i] * scale, exactly as the machine reads them.
void dequantizeBlock(uint16_t scale,
                     std::span<const int8_t, kQuantBlock> values,
                     std::span<float, kQuantBlock> weights);

} // namespace edgellm

#endif // EDGELLM_WEIGHTS_QUANTIZE_H
