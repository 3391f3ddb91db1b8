//===- Numerics.cpp - The arithmetic of the machine, scalar ---------------===//
#include "EdgeLLM/Model/Numerics.h"
#include "EdgeLLM/ISA/WeightStream.h"
#include "EdgeLLM/Support/Half.h"
#include <algorithm>
#include <bit>
#include <cmath>
#include <vector>

namespace edgellm::numerics {

static_assert(std::bit_cast<uint32_t>(kLog2E) == 0x3FB8AA3B);
static_assert(std::bit_cast<uint32_t>(kGeluLinear) == 0x3FCC422A);
static_assert(std::bit_cast<uint32_t>(kGeluCubic) == 0x3D922279);

float powerOfTwo(int exponent) {
  return std::bit_cast<float>(uint32_t(127 + exponent) << 23);
}

//===----------------------------------------------------------------------===//
// Sums
//===----------------------------------------------------------------------===//

float sum8(std::span<const float> terms) {
  float s[8] = {};
  for (size_t i = 0; i < terms.size(); ++i)
    s[i % 8] += terms[i];
  return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

float tree32(std::span<const float, kGroup> lanes) {
  float v[kGroup];
  std::ranges::copy(lanes, v);
  for (unsigned half = kGroup / 2; half > 0; half /= 2)
    for (unsigned i = 0; i < half; ++i)
      v[i] += v[i + half];
  return v[0];
}

float vsum(std::span<const float> lanes) {
  std::vector<float> packets;
  for (size_t i = 0; i < lanes.size(); i += kGroup)
    packets.push_back(tree32(lanes.subspan(i).first<kGroup>()));
  return sum8(packets);
}

//===----------------------------------------------------------------------===//
// Dot products
//===----------------------------------------------------------------------===//

int int4Value(unsigned code) {
  int magnitude = code & 7;
  return code & 8 ? -magnitude : magnitude;
}

std::array<int8_t, 8> sparseGroup(isa::WeightFormat format, unsigned index,
                                  unsigned codes) {
  isa::WeightCoding coding = isa::codingOf(format);
  std::array<int8_t, 8> weights = {};
  for (int64_t k = 0; k < coding.keep; ++k, codes >>= 4) {
    unsigned channel;
    if (format == isa::WeightFormat::int4_4of8) {
      if (index == 0)
        break;
      channel = unsigned(std::countr_zero(index));
      index &= index - 1;
    } else {
      channel = index & 7;
      index >>= coding.indexBits / coding.keep;
    }
    weights[channel] = int8_t(weights[channel] + int4Value(codes & 15));
  }
  return weights;
}

int alignedActivation(uint16_t activation, int largestExponent) {
  int magnitude = (mantissa(activation) << kGuardBits) >>
                  (largestExponent - exponent(activation));
  return isNegative(activation) ? -magnitude : magnitude;
}

float int4Term(std::span<const uint16_t, kBlock> activations,
               std::span<const int8_t, kBlock> weights, uint16_t scale) {
  int largest = 1;
  for (uint16_t activation : activations)
    largest = std::max(largest, exponent(activation));
  int32_t sum = 0;
  for (unsigned i = 0; i < kBlock; ++i)
    sum += alignedActivation(activations[i], largest) * weights[i];
  return float(sum) * halfToFloat(scale) * powerOfTwo(largest - 29);
}

float dotInt4(std::span<const uint16_t> activations,
              std::span<const int8_t> weights,
              std::span<const uint16_t> scales) {
  std::vector<float> terms;
  for (size_t i = 0; i < activations.size(); i += kBlock)
    terms.push_back(int4Term(activations.subspan(i).first<kBlock>(),
                             weights.subspan(i).first<kBlock>(),
                             scales[i / kBlock]));
  return sum8(terms);
}

float fp16Term(std::span<const uint16_t, kGroup> left,
               std::span<const uint16_t, kGroup> right) {
  int32_t product[kGroup];
  int exponents[kGroup];
  int largest = 2; // the least that two factors can have
  for (unsigned i = 0; i < kGroup; ++i) {
    product[i] = mantissa(left[i]) * mantissa(right[i]);
    exponents[i] = exponent(left[i]) + exponent(right[i]);
    if (product[i] != 0)
      largest = std::max(largest, exponents[i]);
  }
  int32_t sum = 0;
  for (unsigned i = 0; i < kGroup; ++i) {
    if (product[i] == 0)
      continue; // its exponent may exceed the largest
    int shift = std::min(kProductDrop + largest - exponents[i], 31);
    int32_t aligned = product[i] >> shift;
    sum += isNegative(left[i]) != isNegative(right[i]) ? -aligned : aligned;
  }
  return float(sum) * powerOfTwo(largest - 50 + kProductDrop);
}

float dotFp16(std::span<const uint16_t> left, std::span<const uint16_t> right) {
  std::vector<float> terms;
  for (size_t i = 0; i < left.size(); i += kGroup)
    terms.push_back(fp16Term(left.subspan(i).first<kGroup>(),
                             right.subspan(i).first<kGroup>()));
  return sum8(terms);
}

//===----------------------------------------------------------------------===//
// What follows a dot product
//===----------------------------------------------------------------------===//

uint16_t vmmOutput(float dot, std::optional<uint16_t> bias,
                   isa::Epilogue epilogue, uint16_t aux) {
  float y = dot;
  if (bias)
    y = y + halfToFloat(*bias);
  if (epilogue == isa::Epilogue::add)
    y = y + halfToFloat(aux);
  if (epilogue == isa::Epilogue::multiply)
    y = y * halfToFloat(aux);
  return floatToHalf(y);
}

uint32_t argmax(std::span<const uint16_t> row) {
  uint32_t best = 0;
  for (uint32_t i = 1; i < row.size(); ++i)
    if (halfToFloat(row[i]) > halfToFloat(row[best]))
      best = i;
  return best;
}

uint16_t attentionScore(float dot, float scale) {
  return floatToHalf(dot * scale);
}

//===----------------------------------------------------------------------===//
// Exponential, softmax, normalisation, rotation, activation
//===----------------------------------------------------------------------===//

float expneg(float distance) {
  float u = distance * kLog2E;
  if (u >= 32)
    return 0;
  uint32_t k = uint32_t(u * 65536);
  uint32_t i = (k & 0xFFFF) >> 10, r = k & 1023;
  int32_t slope = kExpTable[i] - kExpTable[i + 1];
  int32_t value = kExpTable[i] - ((slope * int32_t(r)) >> 10);
  return float(value) * powerOfTwo(-20 - int(k >> 16));
}

void softmax(std::span<const uint16_t> scores, size_t visible,
             std::span<uint16_t> probabilities) {
  float greatest = halfToFloat(scores[0]);
  for (size_t i = 1; i < visible; ++i)
    greatest = std::max(greatest, halfToFloat(scores[i]));
  std::vector<float> e(scores.size());
  for (size_t i = 0; i < visible; ++i)
    e[i] = expneg(greatest - halfToFloat(scores[i]));
  float inverse = 1.0f / vsum(e);
  for (size_t i = 0; i < e.size(); ++i)
    probabilities[i] = floatToHalf(e[i] * inverse);
}

void rmsNorm(std::span<const uint16_t> input, std::span<const uint16_t> weight,
             float inverseChannels, float epsilon, std::span<uint16_t> output) {
  std::vector<float> squares;
  for (uint16_t x : input)
    squares.push_back(halfToFloat(x) * halfToFloat(x));
  float mean = vsum(squares) * inverseChannels;
  float reciprocal = 1.0f / std::sqrt(mean + epsilon);
  for (size_t i = 0; i < input.size(); ++i)
    output[i] = floatToHalf((halfToFloat(input[i]) * reciprocal) *
                            halfToFloat(weight[i]));
}

std::pair<uint16_t, uint16_t> rotate(uint16_t a, uint16_t b, uint16_t cosine,
                                     uint16_t sine) {
  float x = halfToFloat(a), y = halfToFloat(b);
  float c = halfToFloat(cosine), s = halfToFloat(sine);
  return {floatToHalf(x * c - y * s), floatToHalf(y * c + x * s)};
}

void layerNorm(std::span<const uint16_t> input,
               std::span<const uint16_t> weight, std::span<const uint16_t> bias,
               size_t channels, float epsilon, std::span<uint16_t> output) {
  std::vector<float> x(input.size()), d(input.size()), squares(input.size());
  float inverse = 1.0f / float(channels);
  for (size_t i = 0; i < channels; ++i)
    x[i] = halfToFloat(input[i]);
  float mean = vsum(x) * inverse;
  for (size_t i = 0; i < channels; ++i) {
    d[i] = x[i] - mean;
    squares[i] = d[i] * d[i];
  }
  float variance = vsum(squares) * inverse;
  float reciprocal = 1.0f / std::sqrt(variance + epsilon);
  for (size_t i = 0; i < output.size(); ++i)
    output[i] = i < channels
                    ? floatToHalf((d[i] * reciprocal) * halfToFloat(weight[i]) +
                                  halfToFloat(bias[i]))
                    : 0;
}

/// The gate of N16 and N20.
static float sigmoid(float x) {
  float e = expneg(std::abs(x));
  return x >= 0 ? 1.0f / (1.0f + e) : e / (1.0f + e);
}

uint16_t silu(uint16_t x) {
  float value = halfToFloat(x);
  return floatToHalf(value * sigmoid(value));
}

uint16_t gelu(uint16_t x) {
  float value = halfToFloat(x);
  float slope = (value * value) * kGeluCubic + kGeluLinear;
  return floatToHalf(value * sigmoid(value * slope));
}

} // namespace edgellm::numerics
