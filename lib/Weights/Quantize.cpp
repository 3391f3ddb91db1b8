//===- Quantize.cpp - INT4 blocks of weights ------------------------------===//
#include "EdgeLLM/Weights/Quantize.h"

#include "EdgeLLM/Support/Half.h"

#include <algorithm>
#include <cmath>

using namespace edgellm;

using Block = std::span<const float, kQuantBlock>;

static constexpr uint16_t kSmallestScale = 0x0001; // 2^-24

/// Independent partial sums, so that the compiler may use vectors of any width
/// up to this without changing the order of additions.
static constexpr size_t kLanes = 16;

/// roundHalfEven(w / scale), clamped to the levels. Adding 1.5 * 2^23 leaves no
/// fraction bits, so the addition itself rounds, in the default rounding mode.
static inline float nearestLevel(float weight, float scale) {
  constexpr float integerAligner = 0x1.8p23f;
  float level = weight / scale;
  level = std::max(level, float(-kInt4Max));
  level = std::min(level, float(kInt4Max));
  return (level + integerAligner) - integerAligner;
}

/// The sum of (w - v*s)^2 over a block.
static float squaredError(Block weights, float scale) {
  float sums[kLanes] = {};
  for (size_t i = 0; i < kQuantBlock; i += kLanes)
    for (size_t lane = 0; lane < kLanes; ++lane) {
      float weight = weights[i + lane];
      float error = weight - nearestLevel(weight, scale) * scale;
      sums[lane] += error * error;
    }
  for (size_t width = kLanes / 2; width > 0; width /= 2)
    for (size_t lane = 0; lane < width; ++lane)
      sums[lane] += sums[lane + width];
  return sums[0];
}

static float largestMagnitude(Block weights) {
  float lanes[kLanes] = {};
  for (size_t i = 0; i < kQuantBlock; i += kLanes)
    for (size_t lane = 0; lane < kLanes; ++lane)
      lanes[lane] = std::max(lanes[lane], std::fabs(weights[i + lane]));
  return *std::max_element(lanes, lanes + kLanes);
}

/// half(largest / level), but never 0.
static uint16_t scaleFor(float largest, float level) {
  return std::max(floatToHalf(largest / level), kSmallestScale);
}

static uint16_t searchScale(Block weights, float largest) {
  constexpr float firstLevel = 6.5f, lastLevel = 10.5f, step = 0.125f;
  uint16_t bestScale = scaleFor(largest, firstLevel);
  float bestError = squaredError(weights, halfToFloat(bestScale));
  for (float level = firstLevel + step; level <= lastLevel; level += step) {
    uint16_t scale = scaleFor(largest, level);
    float error = squaredError(weights, halfToFloat(scale));
    if (error < bestError) {
      bestScale = scale;
      bestError = error;
    }
  }
  return bestScale;
}

uint16_t edgellm::quantizeBlock(Block weights, QuantizeMethod method,
                                std::span<int8_t, kQuantBlock> values) {
  float largest = largestMagnitude(weights);
  if (largest == 0) {
    std::ranges::fill(values, int8_t(0));
    return 0;
  }
  uint16_t scale = method == QuantizeMethod::scaleSearch
                       ? searchScale(weights, largest)
                       : scaleFor(largest, kInt4Max);
  float factor = halfToFloat(scale);
  for (size_t i = 0; i < kQuantBlock; ++i)
    values[i] = int8_t(int(nearestLevel(weights[i], factor)));
  return scale;
}

void edgellm::dequantizeBlock(uint16_t scale,
                              std::span<const int8_t, kQuantBlock> values,
                              std::span<float, kQuantBlock> weights) {
  float factor = halfToFloat(scale);
  for (size_t i = 0; i < kQuantBlock; ++i)
    weights[i] = float(values[i]) * factor;
}
