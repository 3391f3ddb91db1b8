//===- SweepKernels.cpp - The vectorised loops of error compensation ------===//
#include "SweepKernels.h"

#include "EdgeLLM/Support/Half.h"

#include <algorithm>
#include <vector>

namespace edgellm {
namespace {

typedef float F32x16 __attribute__((vector_size(64)));
typedef int32_t I32x16 __attribute__((vector_size(64)));
typedef double F64x8 __attribute__((vector_size(64)));
static_assert(sizeof(F32x16) == kLanes * sizeof(float));
static_assert(sizeof(F64x8) == kLanesF64 * sizeof(double));

#define EDGELLM_SWEEP_KERNELS(name)                                            \
  {name,         subtractProduct, subtractProductF64, chooseMask,              \
   searchScales, sweepBlock,      descendLevels,      reselect}

/// What every processor of the architecture runs.
namespace baseline {
#include "SweepKernelBody.h"
constexpr SweepKernels kernels = EDGELLM_SWEEP_KERNELS("baseline");
} // namespace baseline

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2"))),                  \
                             apply_to = function)
namespace avx2 {
#include "SweepKernelBody.h"
constexpr SweepKernels kernels = EDGELLM_SWEEP_KERNELS("avx2");
} // namespace avx2
#pragma clang attribute pop

// A fifth faster than avx2 on a matrix of 4096 x 4096.
#pragma clang attribute push(__attribute__((target("avx512f"))),               \
                             apply_to = function)
namespace avx512 {
#include "SweepKernelBody.h"
constexpr SweepKernels kernels = EDGELLM_SWEEP_KERNELS("avx512");
} // namespace avx512
#pragma clang attribute pop
#endif

} // namespace

std::span<const SweepKernels> supportedSweepKernels() {
  static const std::vector<SweepKernels> sets = [] {
    std::vector<SweepKernels> found;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f"))
      found.push_back(avx512::kernels);
    if (__builtin_cpu_supports("avx2"))
      found.push_back(avx2::kernels);
#endif
    found.push_back(baseline::kernels);
    return found;
  }();
  return sets;
}

const SweepKernels &sweepKernels() {
  static const SweepKernels &fastest = supportedSweepKernels().front();
  return fastest;
}

} // namespace edgellm
