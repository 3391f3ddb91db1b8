//===- Kernels.cpp - The vectorised inner loops ---------------------------===//
#include "Kernels.h"

#include "EdgeLLM/ISA/WeightStream.h"
#include "EdgeLLM/Support/DotPairs.h"
#include "EdgeLLM/Support/Error.h"

#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace edgellm::model {
namespace {

typedef int8_t I8x8 __attribute__((vector_size(8)));
typedef int8_t I8x16 __attribute__((vector_size(16)));
typedef int8_t I8x32 __attribute__((vector_size(32)));
typedef uint8_t U8x8 __attribute__((vector_size(8)));
typedef uint8_t U8x32 __attribute__((vector_size(32)));
typedef int16_t I16x8 __attribute__((vector_size(16)));
using simd::I16x16;
typedef uint16_t U16x8 __attribute__((vector_size(16)));
typedef uint16_t U16x16 __attribute__((vector_size(32)));
using simd::I32x8;
typedef uint32_t U32x8 __attribute__((vector_size(32)));
typedef float F32x8 __attribute__((vector_size(32)));

#define EDGELLM_KERNELS(name, ...)                                             \
  {                                                                            \
    name, prepareFp16, prepareInt4, unpackFp16, unpackFp16Transposed,          \
        unpackInt4, addToWeight, expand4of8, expand2of8, expand1of8Padded,     \
        expand1of8, addFp16, addInt4, finish, finishVmm, finishScores, {       \
      __VA_ARGS__                                                              \
    }                                                                          \
  }

/// What every processor of the architecture runs.
namespace baseline {

using simd::baseline::dotPairs;

/// Sign and magnitude (N6) in bytes below 16.
static I8x32 int4Values(U8x32 code) {
  I8x32 isNegative = I8x32(code) > 7; // all ones if so
  return ((I8x32(code) & 7) ^ isNegative) - isNegative;
}

/// The first codes go to the nibbles of the set bits, of 16, in turn.
static uint64_t spreadCodes(uint32_t codes, uint32_t mask) {
  uint64_t spread = 0;
  for (; mask; mask &= mask - 1, codes >>= 4)
    spread |= uint64_t(codes & 15) << (4 * __builtin_ctz(mask));
  return spread;
}

#include "KernelBody.h"
#include "PairKernels.h"
constexpr Kernels kernels = EDGELLM_KERNELS("baseline");

} // namespace baseline

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,bmi2"))),             \
                             apply_to = function)
namespace avx2 {

using simd::avx2::dotPairs;

static I8x32 int4Values(U8x32 code) {
  const __m256i values =
      _mm256_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 0, -1, -2, -3, -4, -5, -6, -7, //
                       0, 1, 2, 3, 4, 5, 6, 7, 0, -1, -2, -3, -4, -5, -6, -7);
  return I8x32(_mm256_shuffle_epi8(values, __m256i(code)));
}

static uint64_t spreadCodes(uint32_t codes, uint32_t mask) {
  return _pdep_u64(codes, _pdep_u64(mask, 0x1111111111111111) * 15);
}

#include "KernelBody.h"
#include "PairKernels.h"
constexpr Kernels kernels = EDGELLM_KERNELS("avx2");

} // namespace avx2
#pragma clang attribute pop

#pragma clang attribute push(                                                  \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,"     \
                          "avx512vbmi2,avx512vnni,bmi2"))),                    \
    apply_to = function)
namespace avx512 {

using avx2::spreadCodes;

#include "KernelBody.h"
#include "WideKernels.h"
constexpr Kernels kernels =
    EDGELLM_KERNELS("avx512", rowKernel<isa::WeightFormat::int4>, {},
                    rowKernel<isa::WeightFormat::int4_4of8>,
                    rowKernel<isa::WeightFormat::int4_2of8>,
                    rowKernel<isa::WeightFormat::int4_1of8_padded>,
                    rowKernel<isa::WeightFormat::int4_1of8>);

} // namespace avx512
#pragma clang attribute pop
#endif

} // namespace

std::span<const Kernels> supportedKernels() {
  static const std::vector<Kernels> sets = [] {
    std::vector<Kernels> found;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512vbmi2") &&
        __builtin_cpu_supports("avx512vnni") &&
        __builtin_cpu_supports("avx512vbmi") &&
        __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("bmi2"))
      found.push_back(avx512::kernels);
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2"))
      found.push_back(avx2::kernels);
#endif
    found.push_back(baseline::kernels);
    return found;
  }();
  return sets;
}

static const Kernels &findKernels(std::string_view name) {
  std::string names;
  for (const Kernels &kernels : supportedKernels()) {
    if (kernels.name == name)
      return kernels;
    names.append(names.empty() ? "" : ", ").append(kernels.name);
  }
  fail("EDGELLM_MODEL_KERNELS: found '", name, "', expected one of ", names);
}

const Kernels &chosenKernels() {
  const char *name = std::getenv("EDGELLM_MODEL_KERNELS");
  return name ? findKernels(name) : supportedKernels().front();
}

} // namespace edgellm::model
