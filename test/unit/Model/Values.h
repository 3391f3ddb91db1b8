//===- Values.h - Test data for the model's arithmetic ----------*- C++ -*-===//
#ifndef EDGELLM_TEST_UNIT_MODEL_VALUES_H
#define EDGELLM_TEST_UNIT_MODEL_VALUES_H

#include "EdgeLLM/Support/Half.h"
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

namespace edgellm::test {

/// Correctly rounded binary32 result of one operation done in binary64: its 53
/// bits are enough for + - * / and sqrt of binary32 operands.
inline float fl(double exact) { return float(exact); }

/// An FP16 pattern as an exact number, from the definition.
inline double valueOf(uint16_t half) {
  int field = (half >> 10) & 31, fraction = half & 0x3FF;
  double magnitude = field == 0 ? std::ldexp(fraction, -24)
                                : std::ldexp(1024 + fraction, field - 25);
  return half >> 15 ? -magnitude : magnitude;
}

class Values {
public:
  explicit Values(unsigned seed) : engine(seed) {}

  uint32_t bits() { return uint32_t(engine()); }
  int64_t integer(int64_t least, int64_t most) {
    return std::uniform_int_distribution<int64_t>(least, most)(engine);
  }
  /// As trained weights and activations are.
  uint16_t normal(double deviation = 1) {
    return floatToHalf(
        float(std::normal_distribution<double>(0, deviation)(engine)));
  }
  /// Any pattern, zeros and neighbours of the special exponents more often.
  uint16_t wild() {
    uint16_t half = uint16_t(engine());
    switch (integer(0, 9)) {
    case 0:
      return half & 0x8000; // +0, -0
    case 1:
      return half & 0x83FF; // subnormal
    case 2:
      return half | 0x7C00; // the binade that IEEE reserves
    default:
      return half;
    }
  }
  uint16_t either() { return wildly ? wild() : normal(); }

  std::vector<uint16_t> halves(size_t count) {
    std::vector<uint16_t> result(count);
    for (uint16_t &half : result)
      half = either();
    return result;
  }
  std::vector<int8_t> int4s(size_t count) {
    std::vector<int8_t> result(count);
    for (int8_t &value : result)
      value = int8_t(integer(-7, 7));
    return result;
  }

  bool wildly = false;

private:
  std::mt19937 engine;
};

} // namespace edgellm::test

#endif // EDGELLM_TEST_UNIT_MODEL_VALUES_H
