//===- BlockKernels.cpp - The vectorised loops of compression -------------===//
#include "BlockKernels.h"

#include "EdgeLLM/Support/DotPairs.h"

#include <vector>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace edgellm {
namespace {

typedef int8_t I8x8 __attribute__((vector_size(8)));
typedef int8_t I8x16 __attribute__((vector_size(16)));
typedef int8_t I8x32 __attribute__((vector_size(32)));
typedef int16_t I16x8 __attribute__((vector_size(16)));
using simd::I16x16;
using simd::I32x8;
typedef int32_t I32x16 __attribute__((vector_size(64)));
typedef float F32x8 __attribute__((vector_size(32)));

#define EDGELLM_BLOCK_KERNELS(name)                                            \
  {                                                                            \
    name, widenHalves, largestBits, prune, searchScale, roundToLevels, loss,   \
        packCodes                                                              \
  }

/// What every processor of the architecture runs.
namespace baseline {

/// (left * right + 2^14) >> 15, of which 16 bits suffice.
static I16x16 multiplyFractions(I16x16 left, I16x16 right) {
  I32x16 product = __builtin_convertvector(left, I32x16) *
                   __builtin_convertvector(right, I32x16);
  return __builtin_convertvector((product + (1 << 14)) >> 15, I16x16);
}

using simd::baseline::dotPairs;

#include "BlockKernelBody.h"
constexpr BlockKernels kernels = EDGELLM_BLOCK_KERNELS("baseline");

} // namespace baseline

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2"))),                  \
                             apply_to = function)
namespace avx2 {

static I16x16 multiplyFractions(I16x16 left, I16x16 right) {
  return I16x16(_mm256_mulhrs_epi16(__m256i(left), __m256i(right)));
}

using simd::avx2::dotPairs;

#include "BlockKernelBody.h"
constexpr BlockKernels kernels = EDGELLM_BLOCK_KERNELS("avx2");

} // namespace avx2
#pragma clang attribute pop
#endif

} // namespace

std::span<const BlockKernels> supportedBlockKernels() {
  static const std::vector<BlockKernels> sets = [] {
    std::vector<BlockKernels> found;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2"))
      found.push_back(avx2::kernels);
#endif
    found.push_back(baseline::kernels);
    return found;
  }();
  return sets;
}

const BlockKernels &blockKernels() {
  static const BlockKernels &fastest = supportedBlockKernels().front();
  return fastest;
}

} // namespace edgellm
