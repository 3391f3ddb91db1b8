//===- half.h - FP16 and binary32 as bits (N1, N2) ------------------------===//
#ifndef EDGELLM_HW_KERNELS_HALF_H
#define EDGELLM_HW_KERNELS_HALF_H

#include "types.h"

namespace edgellm::kernels {

inline ap_uint<32> bitsOf(float value) {
  union {
    float number;
    uint32_t bits;
  } both;
  both.number = value;
  return both.bits;
}

inline float floatOf(ap_uint<32> bits) {
  union {
    float number;
    uint32_t bits;
  } both;
  both.bits = bits.to_uint();
  return both.number;
}

/// 2^exponent for -126 <= exponent <= 127.
inline float powerOfTwo(ap_int<8> exponent) {
  ap_uint<32> bits = 0;
  bits.range(30, 23) = exponent + 127;
  return floatOf(bits);
}

// N1: a pattern is (-1)^isNegative * mantissa * 2^(exponent - 25).
inline ap_uint<1> isNegative(Half half) { return half.range(15, 15); }
inline ap_uint<5> exponent(Half half) {
  ap_uint<5> field = half.range(14, 10);
  return field == 0 ? ap_uint<5>(1) : field;
}
inline ap_uint<11> mantissa(Half half) {
  ap_uint<11> result = half.range(9, 0);
  result.range(10, 10) = half.range(14, 10) != 0;
  return result;
}

/// Exact: a mantissa has 11 bits, and the least value, 2^-24, is a normal
/// number of binary32.
inline float toFloat(Half half) {
  float magnitude = float(mantissa(half).to_uint()) *
                    powerOfTwo(ap_int<8>(exponent(half)) - 25);
  ap_uint<32> bits = bitsOf(magnitude);
  bits.range(31, 31) = isNegative(half);
  return floatOf(bits);
}

/// N2. The pattern of binary32, shifted to the place of the FP16 one, rounds by
/// an addition: a carry out of the fraction steps to the next exponent, and
/// from the last subnormal to the first normal number.
inline Half toHalf(float value) {
  ap_uint<32> bits = bitsOf(value);
  ap_uint<31> magnitude = bits.range(30, 0);
  Half result;
  if (magnitude >= 0x477FF000) // 65520 and more
    result = 0x7BFF;
  else if (magnitude < 0x33000000) // less than 2^-25, half of the least
    result = 0;
  else {
    ap_uint<8> field = magnitude.range(30, 23);
    // Bits below those that are kept: 13, and one more for each binade below
    // 2^-14, whose field is 113. At most 24.
    ap_uint<5> drop =
        field < 113 ? ap_uint<5>(13 + 113 - field) : ap_uint<5>(13);
    ap_uint<24> significand = magnitude.range(22, 0);
    significand.range(23, 23) = 1;
    ap_uint<24> kept = significand >> drop;
    ap_uint<24> below = significand - (kept << drop);
    ap_uint<24> half = ap_uint<24>(1) << (drop - 1);
    bool up = below > half || (below == half && kept.range(0, 0) == 1);
    // `kept` holds the leading one, which is 1 of the exponent field.
    ap_uint<5> lower = field < 113 ? ap_uint<5>(0) : ap_uint<5>(field - 113);
    result = (Half(lower) << 10) + kept + up;
  }
  result.range(15, 15) = bits.range(31, 31);
  return result;
}

} // namespace edgellm::kernels

#endif // EDGELLM_HW_KERNELS_HALF_H
