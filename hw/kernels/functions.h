//===- functions.h - Sums and functions of the vector unit ----------------===//
//
// Sections of hw/numerics.md as hardware: each float operation is one operator
// of the fabric and rounds once (N3).
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_HW_KERNELS_FUNCTIONS_H
#define EDGELLM_HW_KERNELS_FUNCTIONS_H

#include "half.h"

namespace edgellm::kernels {

/// The lanes of a packet as binary32.
struct Lanes {
  float at[kLanes];
};

inline Lanes toLanes(const Packet &packet) {
  Lanes lanes;
ToLanes:
  for (unsigned i = 0; i < kLanes; ++i) {
#pragma HLS UNROLL
    lanes.at[i] = toFloat(lane(packet, i));
  }
  return lanes;
}

inline Packet toPacket(const Lanes &lanes) {
  Packet packet = 0;
ToPacket:
  for (unsigned i = 0; i < kLanes; ++i) {
#pragma HLS UNROLL
    setLane(packet, i, toHalf(lanes.at[i]));
  }
  return packet;
}

/// N5.
inline float tree32(Lanes lanes) {
  static_assert(kLanes == 32, "the tree has five levels");
Levels:
  for (unsigned half = kLanes / 2; half > 0; half /= 2) {
#pragma HLS UNROLL
  Adders:
    for (unsigned i = 0; i < half; ++i) {
#pragma HLS UNROLL
      lanes.at[i] = lanes.at[i] + lanes.at[i + half];
    }
  }
  return lanes.at[0];
}

/// N4. A sum is needed again eight terms later, which is at least the latency
/// of the adder, so a loop that adds a term takes one a cycle.
constexpr unsigned kSums = 8;

struct Sum8 {
  float sums[kSums];

  void clear() {
  Clear:
    for (unsigned i = 0; i < kSums; ++i) {
#pragma HLS UNROLL
      sums[i] = 0;
    }
  }
  /// `index` counts the terms.
  void add(Count index, float term) {
    ap_uint<3> at = index.range(2, 0);
    sums[at] = sums[at] + term;
  }
  float total() const {
    return ((sums[0] + sums[4]) + (sums[2] + sums[6])) +
           ((sums[1] + sums[5]) + (sums[3] + sums[7]));
  }
};
static_assert(kSums == 8, "add() takes the lowest three bits");

/// N11.
inline float expneg(float distance) {
  float u = distance * floatOf(machine::kLog2E);
  if (u >= 32)
    return 0;
  ap_uint<21> k = uint32_t(u * 65536);
  ap_uint<5> octaves = k.range(20, 16);
  ap_uint<6> interval = k.range(15, 10);
  ap_uint<10> rest = k.range(9, 0);
  ap_uint<21> from = machine::kExpTable[interval];
  ap_uint<21> to = machine::kExpTable[interval + 1];
  // An interval is at most 11295 long: 14 bits, 24 with the factor.
  ap_uint<14> slope = from - to;
  ap_uint<24> fall = slope * rest;
  ap_uint<21> value = from - (fall >> 10);
  return float(value.to_uint()) * powerOfTwo(ap_int<8>(-20 - octaves));
}

/// The gate of N16 and N20: one divider for both cases.
inline float sigmoid(float x) {
  ap_uint<32> magnitude = bitsOf(x);
  magnitude.range(31, 31) = 0;
  float e = expneg(floatOf(magnitude));
  float numerator = x >= 0 ? 1.0f : e;
  return numerator / (1.0f + e);
}

/// N16.
inline float silu(float x) { return x * sigmoid(x); }

/// N20.
inline float gelu(float x) {
  float slope =
      (x * x) * floatOf(machine::kGeluCubic) + floatOf(machine::kGeluLinear);
  return x * sigmoid(x * slope);
}

/// An integer in the order of the values: comparing it takes a cycle, unlike
/// binary32, so that a maximum can be kept at a packet a cycle. Both zeros are
/// one value.
using Ordered = ap_int<16>;

inline Ordered orderOf(Half half) {
  ap_uint<15> magnitude = half.range(14, 0);
  return isNegative(half) ? Ordered(-Ordered(magnitude)) : Ordered(magnitude);
}
inline Half halfOf(Ordered order) {
  Half result = order < 0 ? Half(-order) : Half(order);
  result.range(15, 15) = order < 0;
  return result;
}
inline Ordered greater(Ordered a, Ordered b) { return a > b ? a : b; }

} // namespace edgellm::kernels

#endif // EDGELLM_HW_KERNELS_FUNCTIONS_H
