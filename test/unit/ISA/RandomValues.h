//===- RandomValues.h - Random legal fields of instructions -----*- C++ -*-===//
#ifndef EDGELLM_TEST_UNIT_ISA_RANDOMVALUES_H
#define EDGELLM_TEST_UNIT_ISA_RANDOMVALUES_H

#include "EdgeLLM/ISA/Instructions.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <type_traits>

namespace edgellm::testing {

using isa::Affine;
using isa::FieldInfo;
using isa::Request;
using isa::Set;

/// Of an affine field: -kOffsetLimit <= offset < kOffsetLimit.
inline constexpr int64_t kOffsetLimit = int64_t(1) << 39;

/// Gives every field a random legal value, limits more often than others.
class RandomValues {
public:
  explicit RandomValues(unsigned seed) : random(seed) {}

  void operator()(const FieldInfo &field, int64_t &value) {
    value = between(field.min, field.max);
  }
  void operator()(const FieldInfo &, bool &value) { value = random() & 1; }
  void operator()(const FieldInfo &, float &value) {
    do {
      uint32_t bits = uint32_t(random());
      std::memcpy(&value, &bits, sizeof bits);
    } while (!std::isfinite(value));
  }
  void operator()(const FieldInfo &, Affine &value) {
    value.offset = between(-kOffsetLimit, kOffsetLimit - 1);
    value.request = Request(between(0, isa::kRequests - 1));
    value.factor = value.request == Request::zero ? 0 : between(1, 0xFFFF);
  }
  template <typename Enumeration>
  void operator()(const FieldInfo &field, Set<Enumeration> &set) {
    set.bits = uint8_t(between(0, field.max));
  }
  template <typename Enumeration>
    requires std::is_enum_v<Enumeration>
  void operator()(const FieldInfo &field, Enumeration &value) {
    value = Enumeration(between(0, field.max));
  }

  int64_t between(int64_t least, int64_t most) {
    switch (random() % 8) {
    case 0:
      return least;
    case 1:
      return most;
    case 2: // small numbers are what programs have
      return std::clamp<int64_t>(int64_t(random() % 100), least, most);
    default:
      return std::uniform_int_distribution<int64_t>(least, most)(random);
    }
  }

  std::mt19937_64 random;
};

} // namespace edgellm::testing

#endif // EDGELLM_TEST_UNIT_ISA_RANDOMVALUES_H
