//===- WeightStream.h - Sizes of coded weights ------------------*- C++ -*-===//
//
// How many bytes of a port a matrix takes, which the weight packer, the device
// model, the schedule check and the timing model agree on by calling this. The
// layout itself is described in Weights/WeightLayout.h.
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_ISA_WEIGHTSTREAM_H
#define EDGELLM_ISA_WEIGHTSTREAM_H

#include "EdgeLLM/ISA/Instructions.h"

namespace edgellm::isa {

/// Inputs that share an int4 scale, and those of one package: its scales, then
/// its codes.
inline constexpr int64_t kScaleBlock = 128;
inline constexpr int64_t kPackageInputs = 2048;
/// Bytes of a package's scales, used or not.
inline constexpr int64_t kPackageScaleBytes = 32;

constexpr int64_t ceilDivide(int64_t dividend, int64_t divisor) {
  return (dividend + divisor - 1) / divisor;
}

/// Inputs with their padding.
constexpr int64_t paddedInputs(WeightFormat format, int64_t inputs) {
  int64_t block = format == WeightFormat::int4 ? kScaleBlock : kLanes;
  return ceilDivide(inputs, block) * block;
}

/// Bytes of one output channel.
constexpr int64_t outputBytes(WeightFormat format, int64_t inputs) {
  int64_t padded = paddedInputs(format, inputs);
  if (format == WeightFormat::fp16)
    return 2 * padded;
  return ceilDivide(padded, kPackageInputs) * kPackageScaleBytes + padded / 2;
}

/// Packets that a matrix takes in each of `ports` ports; its outputs are padded
/// to 32 and dealt over the ports, which divide 32.
constexpr int64_t matrixPackets(WeightFormat format, int64_t outputs,
                                int64_t inputs, int64_t ports) {
  int64_t rows = ceilDivide(outputs, kLanes) * int64_t(kLanes) / ports;
  return ceilDivide(rows * outputBytes(format, inputs), kPacketBytes);
}

} // namespace edgellm::isa

#endif // EDGELLM_ISA_WEIGHTSTREAM_H
