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

/// Inputs that share an int4 scale, and those of one package: its scales, the
/// index of the inputs that are kept, their codes.
inline constexpr int64_t kScaleBlock = 128;
inline constexpr int64_t kPackageInputs = 2048;
/// Bytes of a package's scales, used or not.
inline constexpr int64_t kPackageScaleBytes = 32;
/// A package is padded to whole words of an HBM port, which only short ones
/// need.
inline constexpr int64_t kPortWordBytes = 32;
/// Neighbouring inputs of which a format keeps the same number.
inline constexpr int64_t kKeepGroup = 8;

constexpr int64_t ceilDivide(int64_t dividend, int64_t divisor) {
  return (dividend + divisor - 1) / divisor;
}

/// What a format stores of 8 neighbouring inputs of one output.
struct WeightCoding {
  int64_t keep;       ///< weights
  int64_t weightBits; ///< of each of them
  int64_t indexBits;  ///< that tell all of them from the others
};

/// The index of 4 of 8 has a bit for each input; where fewer are kept it has
/// their addresses, of 3 bits each, in the padded form of 4.
constexpr WeightCoding codingOf(WeightFormat format) {
  switch (format) {
  case WeightFormat::fp16:
    return {8, 16, 0};
  case WeightFormat::int4:
    return {8, 4, 0};
  case WeightFormat::int4_4of8:
    return {4, 4, 8};
  case WeightFormat::int4_2of8:
    return {2, 4, 2 * 3};
  case WeightFormat::int4_1of8_padded:
    return {1, 4, 4};
  case WeightFormat::int4_1of8:
    return {1, 4, 3};
  }
  return {};
}

/// Whether weights are INT4 codes in packages with their scales.
constexpr bool isInt4(WeightFormat format) {
  return format != WeightFormat::fp16;
}

/// Bytes of the index and of the codes of `inputs` inputs, a multiple of 128.
constexpr int64_t indexBytes(WeightFormat format, int64_t inputs) {
  return inputs / kKeepGroup * codingOf(format).indexBits / 8;
}
constexpr int64_t codeBytes(WeightFormat format, int64_t inputs) {
  WeightCoding coding = codingOf(format);
  return inputs / kKeepGroup * coding.keep * coding.weightBits / 8;
}

/// Bytes of a package of an int4 format: of `inputs` <= 2048 inputs, a multiple
/// of 128.
constexpr int64_t packageBytes(WeightFormat format, int64_t inputs) {
  int64_t bytes = kPackageScaleBytes + indexBytes(format, inputs) +
                  codeBytes(format, inputs);
  return ceilDivide(bytes, kPortWordBytes) * kPortWordBytes;
}

/// Bits of a full package for each of its inputs, scales and index included.
constexpr double bitsPerChannel(WeightFormat format) {
  if (!isInt4(format))
    return double(codingOf(format).weightBits);
  return 8.0 * double(packageBytes(format, kPackageInputs)) / kPackageInputs;
}

/// Inputs with their padding.
constexpr int64_t paddedInputs(WeightFormat format, int64_t inputs) {
  int64_t block = isInt4(format) ? kScaleBlock : kLanes;
  return ceilDivide(inputs, block) * block;
}

/// Bytes of one output channel.
constexpr int64_t outputBytes(WeightFormat format, int64_t inputs) {
  int64_t padded = paddedInputs(format, inputs);
  if (!isInt4(format))
    return codeBytes(format, padded);
  int64_t last = padded % kPackageInputs;
  return padded / kPackageInputs * packageBytes(format, kPackageInputs) +
         (last ? packageBytes(format, last) : 0);
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
