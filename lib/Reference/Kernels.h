//===- Kernels.h - Products of float matrices -------------------*- C++ -*-===//
//
// A sum has one order, that of its terms, and every product is rounded before
// it is added: results are the same bits whatever the number of threads and
// the width of the processor's vectors, whose lanes are different sums.
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_LIB_REFERENCE_KERNELS_H
#define EDGELLM_LIB_REFERENCE_KERNELS_H

#include "EdgeLLM/Weights/MatrixView.h"

#include <cstdint>
#include <span>

namespace edgellm::reference {

/// Lanes of the kernel: panels are so many columns wide, or a multiple of it.
inline constexpr int64_t kLanes = 16;

inline int64_t roundUpToLanes(int64_t count) {
  return (count + kLanes - 1) / kLanes * kLanes;
}

/// The left factor where it lies: element (r, k) is data[r * row + k * depth].
struct Factor {
  const float *data;
  int64_t row, depth;
};

/// The right factor: element (k, c) is data[k * stride + c]. Its columns are
/// readable up to the next multiple of kLanes.
struct Panel {
  const float *data;
  int64_t stride;
};

/// The product's place: element (r, c) is data[r * stride + c].
struct Target {
  float *data;
  int64_t stride;
};

/// target (+)= left * right over `depth` terms, for rows x columns elements.
void multiply(Factor left, Panel right, Target target, int64_t rows,
              int64_t columns, int64_t depth, bool accumulate);

/// y [tokens, weight.rows] = x [tokens, weight.columns] * weight^T. Reads each
/// row of the weight once, a few at a time.
void multiplyByWeight(std::span<const float> x, int64_t tokens,
                      const MatrixView &weight, std::span<float> y,
                      unsigned threads);

/// result [columns, columns] = x^T x / samples for x [samples, columns].
/// Products of 256 samples are summed as they come, those sums in binary64.
void secondMoments(std::span<const float> x, int64_t samples, int64_t columns,
                   std::span<float> result, unsigned threads);

/// result [columns] = mean of x^2 of every column, summed in binary64.
void meanSquares(std::span<const float> x, int64_t samples, int64_t columns,
                 std::span<float> result, unsigned threads);

/// The least sum of squares that vectorises: 16 sums of every 16th element,
/// then those in order.
float sumOfSquares(std::span<const float> values);

} // namespace edgellm::reference

#endif // EDGELLM_LIB_REFERENCE_KERNELS_H
