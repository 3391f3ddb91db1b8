//===- ErrorMeasurement.h - Error of the machine's arithmetic ---*- C++ -*-===//
//
// Sum of |error| over sum of |exact result|. For random dot products before the
// result is rounded to FP16: the figure that the EdgeLLM paper reports for its
// processing element. Operands are normally distributed FP16 numbers; the int4
// mode's weights are such numbers quantized by blocks, and the exact result is
// that of the quantized weights. For what ends in FP16 after it is rounded.
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_MODEL_BENCH_ERRORMEASUREMENT_H
#define EDGELLM_MODEL_BENCH_ERRORMEASUREMENT_H

#include "EdgeLLM/Model/Numerics.h"
#include "EdgeLLM/Support/Half.h"
#include <algorithm>
#include <cmath>
#include <numbers>
#include <random>
#include <vector>

namespace edgellm::numerics {

/// The paper's figures, as fractions.
inline constexpr double kInt4ErrorLimit = 0.000472;
inline constexpr double kFp16ErrorLimit = 0.000044;
/// What ends in FP16 may add a tenth to the 0.018 % of rounding to it.
inline constexpr double kRoundedErrorLimit = 0.0002;

class ErrorMeasurement {
public:
  explicit ErrorMeasurement(unsigned seed) : engine(seed) {}

  /// `length` is a multiple of 128.
  double int4(size_t length, size_t products) {
    Totals totals;
    for (size_t i = 0; i < products; ++i)
      addInt4(length, totals);
    return totals.error / totals.exact;
  }

  /// `length` is a multiple of 32.
  double fp16(size_t length, size_t products) {
    Totals totals;
    for (size_t i = 0; i < products; ++i) {
      auto left = halves(length), right = halves(length);
      double exact = 0;
      for (size_t j = 0; j < length; ++j)
        exact += double(halfToFloat(left[j])) * halfToFloat(right[j]);
      totals.add(dotFp16(left, right), exact);
    }
    return totals.error / totals.exact;
  }

  /// N19: rows of normal numbers around `mean`, weights around 1, biases
  /// around 0; `channels` is a multiple of 32.
  double layerNorm(size_t channels, double mean, size_t rows) {
    Totals totals;
    for (size_t i = 0; i < rows; ++i)
      addLayerNorm(channels, mean, totals);
    return totals.error / totals.exact;
  }

  /// N20: normal numbers of deviation 2.
  double gelu(size_t count) {
    Totals totals;
    for (size_t i = 0; i < count; ++i) {
      uint16_t half = floatToHalf(float(2 * normal(engine)));
      double x = halfToFloat(half), c = std::sqrt(2 / std::numbers::pi);
      double exact = x / 2 * (1 + std::tanh(c * (x + 0.044715 * x * x * x)));
      totals.add(halfToFloat(numerics::gelu(half)), exact);
    }
    return totals.error / totals.exact;
  }

private:
  struct Totals {
    double error = 0, exact = 0;
    void add(double found, double expected) {
      error += std::abs(found - expected);
      exact += std::abs(expected);
    }
  };

  std::vector<uint16_t> halves(size_t count, double mean = 0) {
    std::vector<uint16_t> result(count);
    for (uint16_t &half : result)
      half = floatToHalf(float(mean + normal(engine)));
    return result;
  }

  void addLayerNorm(size_t channels, double around, Totals &totals) {
    constexpr float epsilon = 1e-5f;
    auto x = halves(channels, around), w = halves(channels, 1);
    auto b = halves(channels);
    std::vector<uint16_t> found(channels);
    numerics::layerNorm(x, w, b, channels, epsilon, found);
    double mean = 0, variance = 0;
    for (uint16_t half : x)
      mean += halfToFloat(half) / double(channels);
    for (uint16_t half : x)
      variance += std::pow(halfToFloat(half) - mean, 2) / double(channels);
    double scale = 1 / std::sqrt(variance + epsilon);
    for (size_t i = 0; i < channels; ++i)
      totals.add(halfToFloat(found[i]),
                 (halfToFloat(x[i]) - mean) * scale * halfToFloat(w[i]) +
                     halfToFloat(b[i]));
  }

  /// Quantizes a block so that its greatest magnitude becomes 7.
  uint16_t quantize(int8_t *values) {
    double weights[kBlock], greatest = 0;
    for (double &weight : weights) {
      weight = normal(engine);
      greatest = std::max(greatest, std::abs(weight));
    }
    uint16_t scale = floatToHalf(float(greatest / 7));
    for (unsigned i = 0; i < kBlock; ++i)
      values[i] = int8_t(
          std::clamp(std::lround(weights[i] / halfToFloat(scale)), -7l, 7l));
    return scale;
  }

  void addInt4(size_t length, Totals &totals) {
    auto activations = halves(length);
    std::vector<int8_t> weights(length);
    std::vector<uint16_t> scales(length / kBlock);
    for (size_t block = 0; block < scales.size(); ++block)
      scales[block] = quantize(&weights[block * kBlock]);
    double exact = 0;
    for (size_t i = 0; i < length; ++i)
      exact += double(halfToFloat(activations[i])) * weights[i] *
               halfToFloat(scales[i / kBlock]);
    totals.add(dotInt4(activations, weights, scales), exact);
  }

  std::mt19937 engine;
  std::normal_distribution<double> normal;
};

} // namespace edgellm::numerics

#endif // EDGELLM_MODEL_BENCH_ERRORMEASUREMENT_H
