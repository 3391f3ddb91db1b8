//===- Half.h - FP16 as the machine reads and writes it ---------*- C++ -*-===//
//
// The conversions of hw/numerics.md, section "Number formats". They differ from
// IEEE 754 in one point: the machine has no infinities and no NaNs. Exponent
// field 31 is an ordinary binade when read, and rounding saturates at 65504.
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_SUPPORT_HALF_H
#define EDGELLM_SUPPORT_HALF_H

#include <bit>
#include <cstdint>

namespace edgellm {

/// The largest magnitude that is ever written, 65504.
inline constexpr uint16_t kHalfMax = 0x7BFF;

/// Exact value of an FP16 bit pattern. Scaling by 2^112 moves the FP16 exponent
/// bias to that of binary32 and normalises subnormals.
inline float halfToFloat(uint16_t half) {
  float magnitude =
      std::bit_cast<float>(uint32_t(half & 0x7FFF) << 13) * 0x1p112f;
  uint32_t sign = uint32_t(half & 0x8000) << 16;
  return std::bit_cast<float>(std::bit_cast<uint32_t>(magnitude) | sign);
}

/// Rounds to nearest even; magnitudes that would round past 65504 become 65504.
/// NaN, which no operation of the machine produces, becomes 65504 of its sign.
inline uint16_t floatToHalf(float value) {
  uint32_t bits = std::bit_cast<uint32_t>(value);
  uint16_t sign = (bits >> 16) & 0x8000;
  uint32_t magnitude = bits & 0x7FFFFFFF;
  if (magnitude >= 0x477FF000) // 65520, half way past the largest value
    return sign | kHalfMax;
  if (magnitude < 0x38800000) { // below 2^-14: adding 0.5 aligns to 2^-24
    float aligned = std::bit_cast<float>(magnitude) + 0.5f;
    return sign | uint16_t(std::bit_cast<uint32_t>(aligned) - 0x3F000000);
  }
  uint32_t odd = (magnitude >> 13) & 1;
  return sign | uint16_t((magnitude - 0x38000000 + 0xFFF + odd) >> 13);
}

} // namespace edgellm

#endif // EDGELLM_SUPPORT_HALF_H
