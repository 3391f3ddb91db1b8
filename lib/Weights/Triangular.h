//===- Triangular.h - Cholesky factor and its inverse -----------*- C++ -*-===//
#ifndef EDGELLM_LIB_WEIGHTS_TRIANGULAR_H
#define EDGELLM_LIB_WEIGHTS_TRIANGULAR_H

#include "Aligned.h"

#include <cstdint>

namespace edgellm {

/// The lower triangle of a symmetric matrix, or a lower triangular one, in
/// binary64. What is above the diagonal has no meaning.
struct LowerMatrix {
  /// Order of the square blocks that the functions below work in.
  static constexpr int64_t kBlock = 64;

  explicit LowerMatrix(int64_t size);

  int64_t size;   ///< a multiple of kBlock
  int64_t stride; ///< no power of two, so that columns use all of a cache
  AlignedVector<double> data;

  double *row(int64_t i) { return data.data() + i * stride; }
  const double *row(int64_t i) const { return data.data() + i * stride; }
};

/// Replaces A by L with A = L L^T, size^3 / 3 operations. Returns the first
/// index whose pivot is not positive, then with `a` spoilt, or -1. Every sum
/// has one order, whatever the number of threads.
int64_t factorCholesky(LowerMatrix &a, unsigned threads);

/// Replaces L by its inverse, another size^3 / 3.
void invertLower(LowerMatrix &l, unsigned threads);

} // namespace edgellm

#endif // EDGELLM_LIB_WEIGHTS_TRIANGULAR_H
