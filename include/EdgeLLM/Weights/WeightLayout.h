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
// int4  a row is roundup(inputs, 128) weights in packages of 2048, the last one
//       possibly shorter. A package of n weights is
//         32 bytes   16 FP16 scales, one a block of 128, unused ones zero
//         n/2 bytes  codes of its n weights, the lower channel in the low
//                    nibble; the code of v is v >= 0 ? v : 8 + |v|
//       so that scales and codes of a package stream as whole 32-byte words.
// int4_4of8, int4_2of8, int4_1of8_padded, int4_1of8
//       the same with N of every 8 neighbouring weights, the others being zero.
//       Exactly N are stored: where fewer are nonzero, the lowest of the zeros
//       too. Between scales and codes stands an index that says which:
//         4of8          n/8 bytes, one a group of 8; bit i for channel i
//         2of8          3 bits a stored weight, its channel in the group
//         1of8          the same
//         1of8_padded   4 bits a stored weight, the highest of them zero
//       Addresses are a little-endian stream of bits: bit k of it is bit k % 8
//       of byte k / 8. Index and codes follow the order of the channels. A
//       package is padded with zeros to whole 32-byte words, which full ones
//       and dense ones already are. Sizes, and the bits a channel that they
//       come to, are in ISA/WeightStream.h.
//
// A row whose scales are all zero, as those of padding are, is zero throughout.
//
// Example: a group of 8 weights v = 0 0 3 0 0 -1 0 0. 4of8 stores channels 0,
// 1, 2 and 5: index 0x27, codes 0x00 0x93. 2of8 stores channels 2 and 5: index
// bits 2 + 5 * 8 = 0b101'010, codes 0x93.
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

  /// Whether weights are INT4 codes with scales, dense or sparse.
  bool isInt4() const { return isa::isInt4(format); }

  /// INT4: byte offsets inside a row of the scale of the block of 128 inputs
  /// that an input in [0, paddedInputs()) belongs to, of the block's index
  /// (where the format has one), and of its codes.
  size_t scaleOffset(int64_t input) const;
  size_t indexOffset(int64_t input) const;
  size_t codeOffset(int64_t input) const;

  /// fp16 and int4: byte offset inside a row of the weight of an input. int4:
  /// it is the low nibble for an even channel.
  size_t weightOffset(int64_t input) const;

  /// What makes this layout impossible, or nullptr. No exceptions, so that IR
  /// verifiers can use it.
  const char *problem() const;

  /// Throws Error with the layout's numbers and problem(), if there is one.
  void validate() const;

  friend bool operator==(const WeightLayout &, const WeightLayout &) = default;
};

} // namespace edgellm

#endif // EDGELLM_WEIGHTS_WEIGHTLAYOUT_H
