//===- Compress.h - Pruned and quantized matrices ---------------*- C++ -*-===//
//
// From weights to what the packer stores: integers v in [-7, 7] and one FP16
// scale for each block of 128 input channels. A matrix of density N of 8 has at
// most N nonzero v in each aligned group of 8 neighbouring input channels.
// Channels are those of the machine, after ChannelMap has padded and permuted
// them, and their count is a multiple of 128.
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_WEIGHTS_COMPRESS_H
#define EDGELLM_WEIGHTS_COMPRESS_H

#include "EdgeLLM/Weights/Quantize.h"

#include <vector>

namespace edgellm {

/// Neighbouring input channels of which N are kept.
inline constexpr size_t kPruneGroup = 8;

/// Which weights of a group of 8 are kept.
enum class PruneMethod {
  magnitude, ///< the greatest |w|
  wanda,     ///< the greatest |w| times the norm of the input
  sparsegpt, ///< the least loss by second-order information, with compensation
};

/// What is done to a matrix.
struct Compression {
  unsigned keep = kPruneGroup; ///< of each 8 inputs: 8, 4, 2 or 1
  PruneMethod prune = PruneMethod::magnitude; ///< no matter when keep is 8
  QuantizeMethod quantize = QuantizeMethod::scaleSearch;

  /// Whether a row needs nothing but itself, so that compressRow does it.
  constexpr bool isSinglePass() const {
    return (keep == kPruneGroup || prune == PruneMethod::magnitude) &&
           quantize != QuantizeMethod::gptq;
  }

  /// Whether it needs more of the inputs than their norms.
  constexpr bool needsHessian() const {
    return (keep != kPruneGroup && prune == PruneMethod::sparsegpt) ||
           quantize == QuantizeMethod::gptq;
  }

  friend bool operator==(const Compression &, const Compression &) = default;
};

/// What calibration text tells of the inputs X of a matrix.
struct CalibrationStats {
  int64_t inputs;
  int64_t samples; ///< rows of X
  /// inputs x inputs, X^T X / samples; empty when not asked for.
  std::vector<float> hessian;
  std::vector<float> squaredNorm; ///< mean x^2 of each input
};

/// A matrix ready to be packed, row-major.
struct QuantizedMatrix {
  int64_t rows, columns;
  std::vector<int8_t> values;   ///< rows x columns, in [-7, 7]
  std::vector<uint16_t> scales; ///< rows x columns / 128, FP16 bits
};

/// Prunes and quantizes a row by a single-pass method. Of each group of 8 the
/// `keep` weights of the greatest magnitude stay, of equal ones the lower
/// channel, and the scale of a block is chosen for these alone. row.size() ==
/// values.size() is a multiple of 128, scales.size() the number of blocks.
/// Weights must be finite and at most kInt4Limit in magnitude. A block of
/// zeros has scale 0. Throws Error when compression.isSinglePass() is false or
/// `keep` is not 8, 4, 2 or 1.
void compressRow(std::span<const float> row, const Compression &compression,
                 std::span<int8_t> values, std::span<uint16_t> scales);

/// Prunes and quantizes a matrix by any method, `weights` being rows x columns.
/// The methods that need statistics throw Error when `stats` has not what they
/// need. `threads` workers share the rows, 0 for one a processor; the result
/// does not depend on it.
QuantizedMatrix compressMatrix(std::span<const float> weights, int64_t rows,
                               int64_t columns, const Compression &compression,
                               const CalibrationStats *stats,
                               unsigned threads = 0);

} // namespace edgellm

#endif // EDGELLM_WEIGHTS_COMPRESS_H
