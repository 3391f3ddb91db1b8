//===- SweepKernels.h - The vectorised loops of error compensation -*- C++
//-*-===//
//
// Rows of a matrix are compressed independently of each other, so 16 of them
// ride in the lanes of one vector: a panel holds, for each input channel, the
// weights of 16 rows. No sum runs across lanes, every sum has one order, and
// nothing is contracted to a fused operation; so each set of kernels, the same
// source compiled for another instruction set, gives the same bits.
//
// Pointers to a block are to 128 channels x 16 lanes, to a group 8 x 16, to a
// square 128 x 128 row-major; `importance` points to one number a channel. All
// that have lanes are aligned to 64 bytes.
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_LIB_WEIGHTS_SWEEPKERNELS_H
#define EDGELLM_LIB_WEIGHTS_SWEEPKERNELS_H

#include "EdgeLLM/Weights/Quantize.h"

#include <cstdint>
#include <span>

namespace edgellm {

/// Rows of a panel.
inline constexpr int64_t kLanes = 16;
/// Lanes of a vector of the same size in binary64.
inline constexpr int64_t kLanesF64 = 8;
/// Channels that a sweep goes through before it moves all later ones: the
/// block that shares a scale.
inline constexpr int64_t kSweepBlock = int64_t(kQuantBlock);
inline constexpr int64_t kBlockSize = kSweepBlock * kLanes;

/// One block of channels in a sweep; U and importance are of Hessian.h.
struct BlockSweep {
  float *weights;          ///< block; moved as the channels are decided
  float *results;          ///< block; out: levels, or weights unless quantized
  float *errors;           ///< block; out: (weight - result) / U_jj
  float *mask;             ///< block; 1 for kept, 0 for pruned
  const float *factor;     ///< square; U
  const float *importance; ///< 1 / U_jj^2
  const float *scales;     ///< 16, or nullptr: do not quantize
  unsigned keep; ///< choose this many of each 8 for the mask; 0: it is given
};

/// One block of channels in a descent on the loss (w - q) H (w - q)^T. The
/// gradient is (w - q) H, kept up to date inside the block only.
struct BlockDescent {
  float *results;       ///< block; q, or the levels v with q = v s
  float *gradient;      ///< block
  float *changes;       ///< block; out: new minus old q
  float *mask;          ///< block; 1 for kept, 0 for pruned
  const float *hessian; ///< square; H
};

struct SweepKernels {
  const char *name;

  /// c[rows x 16] -= a[rows x depth] b[depth x 16]; rows a multiple of 4.
  void (*subtractProduct)(float *c, const float *a, int64_t aStride,
                          const float *b, int64_t rows, int64_t depth);
  /// The same in binary64 for 8 columns of a row-major c.
  void (*subtractProductF64)(double *c, int64_t cStride, const double *a,
                             int64_t aStride, const double *b, int64_t rows,
                             int64_t depth);

  /// The mask of a group: the `keep` channels with the greatest
  /// w^2 * importance, of equal ones the lower.
  void (*chooseMask)(const float *group, const float *importance, unsigned keep,
                     float *mask);
  /// The scale of each row of a block: among the candidates of
  /// QuantizeMethod::scaleSearch the one with the least sum of
  /// importance[j] * (w_j - v_j s)^2; 0 for a block of zeros.
  void (*searchScales)(const float *block, const float *importance,
                       float *scales);
  /// Decides the channels in order, each error made up for by later ones.
  void (*sweepBlock)(const BlockSweep &block);

  /// Refits the scale of each row by least squares, then moves each level to
  /// the best one given all others.
  void (*descendLevels)(const BlockDescent &block, float *scales);
  /// Selects anew which `keep` of each group are kept and their best values
  /// given all other groups, one group after the other; q is not quantized.
  void (*reselect)(const BlockDescent &block, unsigned keep);
};

/// The sets that this processor can run, the fastest first.
std::span<const SweepKernels> supportedSweepKernels();

/// The fastest.
const SweepKernels &sweepKernels();

} // namespace edgellm

#endif // EDGELLM_LIB_WEIGHTS_SWEEPKERNELS_H
