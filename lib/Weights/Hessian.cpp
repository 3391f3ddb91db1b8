//===- Hessian.cpp - What error compensation needs of the Hessian ---------===//
#include "Hessian.h"

#include "Parallel.h"
#include "SweepKernels.h"
#include "Triangular.h"

#include "EdgeLLM/Support/Error.h"

#include <algorithm>

using namespace edgellm;

static double meanOfDiagonal(std::span<const float> hessian, int64_t size) {
  double sum = 0;
  for (int64_t j = 0; j < size; ++j)
    sum += hessian[size_t(j * size + j)];
  return sum / double(size);
}

/// The normalised, damped H with both orders of channels reversed, which turns
/// the lower factor that Cholesky gives into an upper one.
static LowerMatrix reversed(std::span<const float> hessian, int64_t size,
                            double mean, double damping) {
  LowerMatrix result(size);
  for (int64_t i = 0; i < size; ++i) {
    double *row = result.row(size - 1 - i);
    for (int64_t j = i; j < size; ++j)
      row[size - 1 - j] = hessian[size_t(j * size + i)] / mean;
    row[size - 1 - i] += damping;
  }
  return result;
}

/// With J the reversal, J H J = L L^T, so that H = (J L J)(J L J)^T and
/// U = (J L J)^-1 = J L^-1 J.
static void storeFactor(const LowerMatrix &inverse, Hessian &result,
                        unsigned threads) {
  int64_t size = result.size;
  parallelFor(size, threads, [&](int64_t j, unsigned) {
    float *row = result.factor.data() + j * result.stride;
    for (int64_t k = 0; k <= j; ++k)
      row[k] = float(inverse.row(size - 1 - k)[size - 1 - j]);
  });
  for (int64_t j = 0; j < size; ++j) {
    double diagonal = inverse.row(size - 1 - j)[size - 1 - j];
    result.importance[size_t(j)] = float(1 / (diagonal * diagonal));
  }
}

static void storeMatrix(std::span<const float> hessian, double mean,
                        double damping, Hessian &result) {
  for (int64_t i = 0; i < result.size; ++i)
    for (int64_t j = 0; j <= i; ++j) {
      double value = hessian[size_t(i * result.size + j)] / mean;
      if (i == j)
        value += damping;
      result.matrix[size_t(i * result.stride + j)] = float(value);
      result.matrix[size_t(j * result.stride + i)] = float(value);
    }
}

static void storeBlocks(Hessian &h) {
  for (int64_t first = 0; first < h.size; first += kSweepBlock)
    for (int64_t i = 0; i < kSweepBlock; ++i)
      for (int64_t j = 0; j < kSweepBlock; ++j) {
        size_t to = size_t((first + i) * kSweepBlock + j);
        h.matrixBlocks[to] =
            h.matrix[size_t((first + i) * h.stride + first + j)];
        h.factorBlocks[to] =
            h.factor[size_t((first + j) * h.stride + first + i)];
      }
}

Hessian edgellm::analyseHessian(std::span<const float> hessian, int64_t size,
                                double damping, unsigned threads) {
  Hessian result{size, size + kLanes, {}, {}, {}, {}, {}};
  result.factor.resize(size_t(size * result.stride));
  result.importance.resize(size_t(size));
  double mean = meanOfDiagonal(hessian, size);
  if (mean == 0) // no input was ever other than zero
    mean = damping = 1;
  {
    LowerMatrix work = reversed(hessian, size, mean, damping);
    if (int64_t bad = factorCholesky(work, threads); bad >= 0)
      fail("the Hessian is not positive semidefinite, seen at input ",
           size - 1 - bad);
    invertLower(work, threads);
    storeFactor(work, result, threads);
  }
  result.matrix.resize(size_t(size * result.stride));
  storeMatrix(hessian, mean, damping, result);
  result.matrixBlocks.resize(size_t(size * kSweepBlock));
  result.factorBlocks.resize(size_t(size * kSweepBlock));
  storeBlocks(result);
  return result;
}
