//===- Hessian.h - What error compensation needs of the Hessian -*- C++ -*-===//
//
// A row w of weights that becomes q changes the outputs by (w - q) x, on
// average over the calibration inputs by the loss (w - q) H (w - q)^T with
// H = X^T X / samples. When the channels are decided one after the other and
// the later ones are free to make up for the error e of channel j, the least
// loss is e^2 / [H_j^-1]_jj with H_j the part of H for the channels from j on,
// and the later ones move by -e [H_j^-1]_j,later / [H_j^-1]_jj. All of these
// inverses are in one matrix, the upper triangular U with H^-1 = U^T U:
//   [H_j^-1]_jj = U_jj^2,   [H_j^-1]_j,later / [H_j^-1]_jj = U_j,later / U_jj.
// Sources: Frantar et al., GPTQ (arXiv 2210.17323) and SparseGPT (2301.00774).
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_LIB_WEIGHTS_HESSIAN_H
#define EDGELLM_LIB_WEIGHTS_HESSIAN_H

#include "Aligned.h"

#include <cstdint>
#include <span>

namespace edgellm {

/// H divided by the mean of its diagonal, with a constant added to the diagonal
/// against directions that calibration has not seen, and its U.
struct Hessian {
  /// The constant, a share of the mean of the diagonal.
  static constexpr double kDamping = 0.01;

  int64_t size;                ///< input channels, a multiple of 128
  int64_t stride;              ///< floats from row to row
  AlignedVector<float> matrix; ///< size rows, symmetric
  AlignedVector<float> factor; ///< size rows: U transposed, lower triangular
  AlignedVector<float> importance; ///< 1 / U_jj^2
  /// For each block of 128 channels its 128 x 128 of `matrix` and of U, both
  /// row-major.
  AlignedVector<float> matrixBlocks, factorBlocks;
};

/// Of `hessian`, size x size, symmetric and finite, it reads the lower
/// triangle. A channel whose inputs were all zero is left uncoupled from the
/// others; when all were, H is the identity. Throws Error when H is not
/// positive semidefinite. The result does not depend on `threads`, >= 1.
Hessian analyseHessian(std::span<const float> hessian, int64_t size,
                       double damping, unsigned threads);

} // namespace edgellm

#endif // EDGELLM_LIB_WEIGHTS_HESSIAN_H
