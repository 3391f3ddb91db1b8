//===- WeightLayout.h - A matrix in the HBM ports ---------------*- C++ -*-===//
//
// A matrix W[outputs, inputs] is cut by output channel over the P HBM ports, so
// that all ports stream at once: output channel c is row c div P of port
// c mod P. Outputs are padded to a multiple of 32 with rows of zeros, inputs to
// a multiple of the format's block with zero weights. With P = 8:
//
//   port 0   row of channel 0 | row of channel 8  | row of channel 16 | ...
//   port 1   row of channel 1 | row of channel 9  | row of channel 17 | ...
//   port 7   row of channel 7 | row of channel 15 | row of channel 23 | ...
//
// Rows follow each other without a gap; a port's image is padded with zeros to
// 64 bytes. All ports have the same size, so a matrix has one address that
// holds for each of them.
//
// fp16  a row is roundup(inputs, 32) FP16 values, little-endian.
// int4  a row is roundup(inputs, 128) weights in groups of 2048, the last one
//       possibly shorter. A group is
//         32 bytes   16 FP16 scales, one a block of 128, unused ones zero
//         n/2 bytes  codes of its n weights, the lower channel in the low
//                    nibble; the code of v is v >= 0 ? v : 8 + |v|
//       so that scales and codes of a group stream as whole 32-byte words.
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_WEIGHTS_WEIGHTLAYOUT_H
#define EDGELLM_WEIGHTS_WEIGHTLAYOUT_H

#include "EdgeLLM/ISA/WeightStream.h"

#include <cstddef>
#include <cstdint>

namespace edgellm {

using isa::WeightFormat;

/// Where each weight of a matrix lies; see the head of this file. An aggregate;
/// every function but problem() needs problem() == nullptr.
struct WeightLayout {
  WeightFormat format;
  int64_t outputs; ///< channels as the machine sees them: ChannelMap-padded,
  int64_t inputs;  ///< not yet padded to the format's blocks
  unsigned ports;

  /// Output channels of one block; every port holds 32 / ports rows of it.
  static constexpr int64_t kOutputBlock = 32;
  /// Inputs of one int4 group, and the bytes of its scales.
  static constexpr int64_t kGroupInputs = isa::kPackageInputs;
  static constexpr size_t kGroupScaleBytes = isa::kPackageScaleBytes;
  /// A port's image is a multiple of this many bytes.
  static constexpr size_t kPortAlignment = isa::kPacketBytes;

  int64_t paddedOutputs() const;
  int64_t paddedInputs() const;

  /// paddedOutputs() / ports.
  int64_t rowsPerPort() const;

  /// Bytes of one output channel.
  size_t rowBytes() const;

  /// Bytes of the matrix in one port, a multiple of 64.
  size_t portBytes() const;

  /// Stored bits, padding included, divided by outputs * inputs.
  double bitsPerWeight() const;

  /// The port that holds an output channel in [0, paddedOutputs()).
  unsigned portOf(int64_t output) const { return unsigned(output % ports); }

  /// Byte offset of an output channel's row in its port.
  size_t rowOffset(int64_t output) const;

  /// Byte offset inside a row of the weight of an input channel in
  /// [0, paddedInputs()). int4: it is the low nibble for an even channel.
  size_t weightOffset(int64_t input) const;

  /// int4: byte offset inside a row of the scale of an input channel.
  size_t scaleOffset(int64_t input) const;

  /// What makes this layout impossible, or nullptr. No exceptions, so that IR
  /// verifiers can use it.
  const char *problem() const;

  /// Throws Error with the layout's numbers and problem(), if there is one.
  void validate() const;

  friend bool operator==(const WeightLayout &, const WeightLayout &) = default;
};

} // namespace edgellm

#endif // EDGELLM_WEIGHTS_WEIGHTLAYOUT_H
