//===- Triangular.cpp - Cholesky factor and its inverse -------------------===//
#include "Triangular.h"

#include "Parallel.h"
#include "SweepKernels.h"

#include <algorithm>
#include <cmath>

using namespace edgellm;

static constexpr int64_t kBlock = LowerMatrix::kBlock;
static constexpr int64_t kPanels = kBlock / kLanesF64;

LowerMatrix::LowerMatrix(int64_t size)
    : size(size), stride(size + kLanesF64), data(size_t(size * stride)) {}

/// A square block, row-major.
using Square = AlignedVector<double>;
static constexpr size_t kSquareSize = size_t(kBlock * kBlock);

//===----------------------------------------------------------------------===//
// Cholesky
//===----------------------------------------------------------------------===//

/// Rows [first, first + 64) up to column `depth`, transposed and cut into
/// panels of `depth` x 8.
static void packTransposed(const LowerMatrix &l, int64_t first, int64_t depth,
                           AlignedVector<double> &panels) {
  panels.resize(size_t(depth * kBlock));
  for (int64_t i = 0; i < kBlock; ++i) {
    double *panel = panels.data() + i / kLanesF64 * depth * kLanesF64;
    const double *row = l.row(first + i);
    for (int64_t k = 0; k < depth; ++k)
      panel[k * kLanesF64 + i % kLanesF64] = row[k];
  }
}

/// The block on the diagonal at `first`; `transposed` becomes its L^T.
static int64_t factorDiagonal(LowerMatrix &a, int64_t first,
                              Square &transposed) {
  transposed.assign(kSquareSize, 0);
  for (int64_t j = 0; j < kBlock; ++j) {
    double *lj = a.row(first + j) + first;
    double pivot = lj[j];
    for (int64_t k = 0; k < j; ++k)
      pivot -= lj[k] * lj[k];
    if (!(pivot > 0) || !std::isfinite(pivot))
      return first + j;
    lj[j] = std::sqrt(pivot);
    for (int64_t i = j + 1; i < kBlock; ++i) {
      double *li = a.row(first + i) + first;
      for (int64_t k = 0; k < j; ++k)
        li[j] -= li[k] * lj[k];
      li[j] /= lj[j];
    }
  }
  for (int64_t i = 0; i < kBlock; ++i)
    for (int64_t j = 0; j <= i; ++j)
      transposed[size_t(j * kBlock + i)] = a.row(first + i)[first + j];
  return -1;
}

/// x L^T = a for a row of 64, in place.
static void solveRow(double *x, const Square &transposed) {
  for (int64_t j = 0; j < kBlock; ++j) {
    const double *lj = transposed.data() + j * kBlock;
    x[j] /= lj[j];
    for (int64_t k = j + 1; k < kBlock; ++k)
      x[k] -= x[j] * lj[k];
  }
}

int64_t edgellm::factorCholesky(LowerMatrix &a, unsigned threads) {
  const SweepKernels &kernels = sweepKernels();
  AlignedVector<double> panels;
  Square transposed;
  for (int64_t first = 0; first < a.size; first += kBlock) {
    packTransposed(a, first, first, panels);
    int64_t blocks = (a.size - first) / kBlock;
    parallelFor(blocks, threads, [&](int64_t block, unsigned) {
      double *rows = a.row(first + block * kBlock);
      for (int64_t panel = 0; panel < kPanels; ++panel)
        kernels.subtractProductF64(
            rows + first + panel * kLanesF64, a.stride, rows, a.stride,
            panels.data() + panel * first * kLanesF64, kBlock, first);
    });
    if (int64_t bad = factorDiagonal(a, first, transposed); bad >= 0)
      return bad;
    parallelFor(blocks - 1, threads, [&](int64_t block, unsigned) {
      for (int64_t i = 0; i < kBlock; ++i)
        solveRow(a.row(first + (block + 1) * kBlock + i) + first, transposed);
    });
  }
  return -1;
}

//===----------------------------------------------------------------------===//
// Inverse
//===----------------------------------------------------------------------===//

/// Minus the inverse of the block on the diagonal at `first`.
static Square negativeInverse(const LowerMatrix &l, int64_t first) {
  Square x(kSquareSize, 0);
  for (int64_t j = 0; j < kBlock; ++j)
    for (int64_t i = j; i < kBlock; ++i) {
      const double *row = l.row(first + i) + first;
      double sum = i == j ? -1 : 0;
      for (int64_t k = j; k < i; ++k)
        sum -= row[k] * x[size_t(k * kBlock + j)];
      x[size_t(i * kBlock + j)] = sum / row[i];
    }
  return x;
}

namespace {

/// The block row of the inverse X that starts at row `first`, from the block
/// rows above, which are finished: X_ij = -L_ii^-1 sum over k of L_ik X_kj.
class InverseRow {
public:
  InverseRow(LowerMatrix &l, int64_t first)
      : l(l), first(first), negative(negativeInverse(l, first)),
        old(size_t(kBlock * first)) {
    for (int64_t i = 0; i < kBlock; ++i)
      std::copy_n(l.row(first + i), first, old.data() + i * first);
  }

  /// The columns of a block.
  void computeBlock(int64_t column);
  void storeDiagonal();

private:
  LowerMatrix &l;
  int64_t first;
  Square negative;
  AlignedVector<double> old; // 64 x first, L_ik
};

} // namespace

void InverseRow::computeBlock(int64_t column) {
  const SweepKernels &kernels = sweepKernels();
  int64_t depth = first - column; // X_kj is zero for k < j
  AlignedVector<double> panel(size_t(depth * kLanesF64));
  for (int64_t j = column; j < column + kBlock; j += kLanesF64) {
    for (int64_t k = 0; k < depth; ++k)
      for (int64_t lane = 0; lane < kLanesF64;
           ++lane) // zero above the diagonal
        panel[size_t(k * kLanesF64 + lane)] =
            j + lane <= column + k ? l.row(column + k)[j + lane] : 0;
    alignas(64) double sum[kBlock * kLanesF64] = {};
    kernels.subtractProductF64(sum, kLanesF64, old.data() + column, first,
                               panel.data(), kBlock, depth);
    double *out = l.row(first) + j;
    for (int64_t i = 0; i < kBlock; ++i)
      std::fill_n(out + i * l.stride, kLanesF64, 0.0);
    // Twice negative: X = -(-L^-1) (-sum).
    kernels.subtractProductF64(out, l.stride, negative.data(), kBlock, sum,
                               kBlock, kBlock);
  }
}

void InverseRow::storeDiagonal() {
  for (int64_t i = 0; i < kBlock; ++i)
    for (int64_t j = 0; j <= i; ++j)
      l.row(first + i)[first + j] = -negative[size_t(i * kBlock + j)];
}

void edgellm::invertLower(LowerMatrix &l, unsigned threads) {
  for (int64_t first = 0; first < l.size; first += kBlock) {
    InverseRow row(l, first);
    parallelFor(first / kBlock, threads, [&](int64_t block, unsigned) {
      row.computeBlock(block * kBlock);
    });
    row.storeDiagonal();
  }
}
