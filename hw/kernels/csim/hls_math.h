//===- hls_math.h - Mathematical functions, for C simulation ----*- C++ -*-===//
//
// Stands in for the header of this name of Vitis HLS: the part that hw/kernels
// uses.
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_HW_KERNELS_CSIM_HLS_MATH_H
#define EDGELLM_HW_KERNELS_CSIM_HLS_MATH_H

#include <cmath>

namespace hls {

/// Correctly rounded, here as there.
inline float sqrt(float value) { return std::sqrt(value); }

} // namespace hls

#endif // EDGELLM_HW_KERNELS_CSIM_HLS_MATH_H
