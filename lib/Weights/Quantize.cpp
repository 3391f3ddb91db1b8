//===- Quantize.cpp - INT4 blocks of weights ------------------------------===//
#include "EdgeLLM/Weights/Quantize.h"

#include "BlockKernels.h"

#include "EdgeLLM/Support/Error.h"
#include "EdgeLLM/Support/Half.h"

#include <algorithm>
#include <bit>

using namespace edgellm;

using Block = std::span<const float, kQuantBlock>;
static_assert(kQuantBlock == kBlockWeights);

static constexpr uint16_t kSmallestScale = 0x0001; // 2^-24

/// half(largest / level), but never 0.
static uint16_t scaleFor(float largest, float level) {
  return std::max(floatToHalf(largest / level), kSmallestScale);
}

static uint16_t searchScale(Block weights, float largest) {
  if (largest < halfToFloat(kSmallestScale)) // the only scale there is
    return kSmallestScale;
  return blockKernels().searchScale(weights.data(), largest);
}

uint16_t edgellm::chooseScale(Block weights, QuantizeMethod method) {
  if (method == QuantizeMethod::gptq)
    fail("a block alone cannot be quantized by gptq: allowed are "
         "roundToNearest and scaleSearch");
  float largest = std::bit_cast<float>(
      blockKernels().largestBits(weights.data(), weights.size()));
  if (largest == 0)
    return 0;
  return method == QuantizeMethod::scaleSearch ? searchScale(weights, largest)
                                               : scaleFor(largest, kInt4Max);
}

uint16_t edgellm::quantizeBlock(Block weights, QuantizeMethod method,
                                std::span<int8_t, kQuantBlock> values) {
  uint16_t scale = chooseScale(weights, method);
  if (scale == 0)
    std::ranges::fill(values, int8_t(0));
  else
    blockKernels().roundToLevels(weights.data(), halfToFloat(scale),
                                 values.data());
  return scale;
}

void edgellm::dequantizeBlock(uint16_t scale,
                              std::span<const int8_t, kQuantBlock> values,
                              std::span<float, kQuantBlock> weights) {
  float factor = halfToFloat(scale);
  for (size_t i = 0; i < kQuantBlock; ++i)
    weights[i] = float(values[i]) * factor;
}
