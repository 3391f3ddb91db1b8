//===- Numerics.h - The arithmetic of the machine, scalar -------*- C++ -*-===//
//
// One function a definition of hw/numerics.md, written to be compared with it
// line by line. Tests and the vector unit use it as it stands; the device
// model's fast kernels must give the same bits.
//
// Conventions: a uint16_t is an FP16 bit pattern (N1). Every float operation is
// rounded on its own (N3), which needs a build without contraction.
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_MODEL_NUMERICS_H
#define EDGELLM_MODEL_NUMERICS_H

#include "EdgeLLM/ISA/Instructions.h"
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

namespace edgellm::numerics {

/// FP16 values of a packet, and inputs of one fp16 dot-product group (N7).
inline constexpr unsigned kGroup = 32;
/// Inputs that share one int4 scale (N6).
inline constexpr unsigned kBlock = 128;
/// Bits kept below the largest activation of an int4 block (N6).
inline constexpr int kGuardBits = 4;
/// Bits dropped from a 22-bit product of the fp16 mode (N7).
inline constexpr int kProductDrop = 4;

// N1: an FP16 value is (-1)^negative * mantissa * 2^(exponent - 25).
inline int mantissa(uint16_t half) {
  int fraction = half & 0x3FF;
  return (half & 0x7C00) ? fraction | 0x400 : fraction;
}
inline int exponent(uint16_t half) {
  int field = (half >> 10) & 31;
  return field ? field : 1;
}
inline bool isNegative(uint16_t half) { return half >> 15; }

/// 2^exponent for -126 <= exponent <= 127.
float powerOfTwo(int exponent);

/// N4: eight interleaved running sums, then a tree.
float sum8(std::span<const float> terms);
/// N5: one packet by halves.
float tree32(std::span<const float, kGroup> lanes);
/// N5: whole packets; the size is a multiple of 32.
float vsum(std::span<const float> lanes);

/// N6: the value of a four-bit weight code; code 8 reads as 0.
int int4Value(unsigned code);
/// N6: an activation as an integer multiple of 2^(largest - 29).
int alignedActivation(uint16_t activation, int largestExponent);
/// N6: one block; weights in [-7, 7].
float int4Term(std::span<const uint16_t, kBlock> activations,
               std::span<const int8_t, kBlock> weights, uint16_t scale);
/// N6: a whole row; sizes are multiples of 128, one scale a block.
float dotInt4(std::span<const uint16_t> activations,
              std::span<const int8_t> weights,
              std::span<const uint16_t> scales);

/// N18: the weights of a group of 8 of a sparse format from its index and its
/// codes, each as a number whose lowest bits come first.
std::array<int8_t, 8> sparseGroup(isa::WeightFormat format, unsigned index,
                                  unsigned codes);

/// N7: one group.
float fp16Term(std::span<const uint16_t, kGroup> left,
               std::span<const uint16_t, kGroup> right);
/// N7: a whole row; the size is a multiple of 32.
float dotFp16(std::span<const uint16_t> left, std::span<const uint16_t> right);

/// N8: what follows a VMM dot product.
uint16_t vmmOutput(float dot, std::optional<uint16_t> bias,
                   isa::Epilogue epilogue, uint16_t aux);
/// N9: index of the first greatest value; the row is not empty.
uint32_t argmax(std::span<const uint16_t> row);

/// N10: a scaled attention score.
uint16_t attentionScore(float dot, float scale);
/// N11: exp(-distance) for distance >= 0.
float expneg(float distance);
/// N12: softmax of the first `visible` scores (at least one); the rest of
/// `probabilities` becomes +0. Both have the same size, a multiple of 32, and
/// may be the same memory.
void softmax(std::span<const uint16_t> scores, size_t visible,
             std::span<uint16_t> probabilities);

/// N14: all three of one size, a multiple of 32; `output` may be `input`.
/// Needs epsilon > 0 and inverseChannels > 0.
void rmsNorm(std::span<const uint16_t> input, std::span<const uint16_t> weight,
             float inverseChannels, float epsilon, std::span<uint16_t> output);
/// N15: rotates the pair (a, b) by (cosine, sine).
std::pair<uint16_t, uint16_t> rotate(uint16_t a, uint16_t b, uint16_t cosine,
                                     uint16_t sine);
/// N16: x * sigmoid(x).
uint16_t silu(uint16_t x);
/// N19: a row of `channels`; all spans hold its whole packets, and `output` may
/// be `input`. Needs epsilon > 0.
void layerNorm(std::span<const uint16_t> input,
               std::span<const uint16_t> weight, std::span<const uint16_t> bias,
               size_t channels, float epsilon, std::span<uint16_t> output);
/// N20: x * Phi(x) in its tanh form.
uint16_t gelu(uint16_t x);

/// N11: round(2^20 * 2^(-i/64)) for i = 0..64.
inline constexpr std::array<int32_t, 65> kExpTable = {
    1048576, 1037281, 1026107, 1015054, 1004120, 993303, 982604, 972019, 961548,
    951191,  940944,  930809,  920782,  910863,  901051, 891345, 881744, 872246,
    862850,  853555,  844361,  835265,  826268,  817367, 808563, 799853, 791237,
    782714,  774282,  765942,  757691,  749529,  741455, 733468, 725567, 717752,
    710020,  702372,  694806,  687321,  679917,  672593, 665348, 658181, 651091,
    644078,  637140,  630276,  623487,  616771,  610127, 603555, 597053, 590622,
    584260,  577966,  571740,  565581,  559489,  553462, 547500, 541603, 535768,
    529997,  524288};
/// N11: log2(e) rounded to binary32.
inline constexpr float kLog2E = 0x1.715476p+0f;
/// N20: 2 * sqrt(2 / pi), and 0.044715 times that, rounded to binary32.
inline constexpr float kGeluLinear = 0x1.988454p+0f;
inline constexpr float kGeluCubic = 0x1.2444f2p-4f;

} // namespace edgellm::numerics

#endif // EDGELLM_MODEL_NUMERICS_H
