//===- DotPairs.h - Products of 16-bit lanes, summed in pairs ---*- C++ -*-===//
//
// The step that the vectorised loops of the device model and of the weights
// share, once for each instruction set: kernels name the namespace they are
// compiled for. Every set gives the same bits.
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_SUPPORT_DOTPAIRS_H
#define EDGELLM_SUPPORT_DOTPAIRS_H

#include <cstdint>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace edgellm::simd {

typedef int16_t I16x16 __attribute__((vector_size(32)));
typedef int32_t I32x8 __attribute__((vector_size(32)));

namespace baseline {

/// Sums of two neighbouring products.
static inline I32x8 dotPairs(I16x16 left, I16x16 right) {
#if defined(__x86_64__)
  // The compiler does not find the instruction behind the general form.
  __m128i l[2], r[2], result[2];
  __builtin_memcpy(l, &left, sizeof l);
  __builtin_memcpy(r, &right, sizeof r);
  for (int i = 0; i < 2; ++i)
    result[i] = _mm_madd_epi16(l[i], r[i]);
  I32x8 sums;
  __builtin_memcpy(&sums, result, sizeof sums);
  return sums;
#else
  I32x8 sums;
  for (int i = 0; i < 8; ++i)
    sums[i] = left[2 * i] * right[2 * i] + left[2 * i + 1] * right[2 * i + 1];
  return sums;
#endif
}

} // namespace baseline

#if defined(__x86_64__)
namespace avx2 {

__attribute__((target("avx2"))) static inline I32x8 dotPairs(I16x16 left,
                                                             I16x16 right) {
  return I32x8(_mm256_madd_epi16(__m256i(left), __m256i(right)));
}

} // namespace avx2
#endif

} // namespace edgellm::simd

#endif // EDGELLM_SUPPORT_DOTPAIRS_H
