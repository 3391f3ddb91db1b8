//===- TriangularTest.cpp - Cholesky factor, its inverse, the Hessian -----===//
#include "Triangular.h"

#include "../Testing.h"
#include "CalibrationSamples.h"
#include "Hessian.h"

#include <cmath>

using namespace edgellm;
using edgellm::testing::Calibration;
using edgellm::testing::correlatedCalibration;

/// The lower triangle of a symmetric positive definite matrix.
static LowerMatrix sample(int64_t size, std::mt19937 &random) {
  LowerMatrix matrix(size);
  std::uniform_real_distribution<double> uniform(-1, 1);
  for (int64_t i = 0; i < size; ++i) {
    for (int64_t j = 0; j < i; ++j)
      matrix.row(i)[j] = uniform(random);
    matrix.row(i)[i] = double(size);
  }
  return matrix;
}

/// Sum over k of left[i, k] right(k, j), for lower triangular factors.
template <typename Right>
static double product(const LowerMatrix &left, int64_t i, const Right &right) {
  double sum = 0;
  for (int64_t k = 0; k <= i; ++k)
    sum += left.row(i)[k] * right(k);
  return sum;
}

TEST(Triangular, FactorTimesItsTransposeIsTheMatrix) {
  std::mt19937 random(1);
  for (int64_t size : {64, 128, 320}) {
    LowerMatrix a = sample(size, random), l = a;
    ASSERT_EQ(factorCholesky(l, 2), -1);
    for (int64_t i = 0; i < size; ++i)
      for (int64_t j = 0; j <= i; ++j)
        ASSERT_NEAR(
            product(l, i, [&](int64_t k) { return k <= j ? l.row(j)[k] : 0; }),
            a.row(i)[j], 1e-12 * double(size));
  }
}

TEST(Triangular, InverseTimesTheFactorIsTheIdentity) {
  std::mt19937 random(2);
  for (int64_t size : {64, 320}) {
    LowerMatrix l = sample(size, random);
    ASSERT_EQ(factorCholesky(l, 2), -1);
    LowerMatrix x = l;
    invertLower(x, 2);
    for (int64_t i = 0; i < size; ++i)
      for (int64_t j = 0; j <= i; ++j)
        ASSERT_NEAR(
            product(x, i, [&](int64_t k) { return k >= j ? l.row(k)[j] : 0; }),
            i == j, 1e-12);
  }
}

TEST(Triangular, ThreadsDoNotMatter) {
  std::mt19937 random(3);
  LowerMatrix one = sample(512, random), many = one;
  factorCholesky(one, 1);
  factorCholesky(many, 5);
  EXPECT_EQ(one.data, many.data);
  invertLower(one, 1);
  invertLower(many, 5);
  EXPECT_EQ(one.data, many.data);
}

TEST(Triangular, NamesThePivotThatIsNotPositive) {
  std::mt19937 random(4);
  for (int64_t bad : {0, 63, 64, 200}) {
    LowerMatrix a = sample(256, random);
    a.row(bad)[bad] = -1;
    EXPECT_EQ(factorCholesky(a, 2), bad);
    a.row(bad)[bad] = NAN;
  }
  LowerMatrix a = sample(64, random);
  a.row(5)[3] = NAN;
  EXPECT_EQ(factorCholesky(a, 1), 5);
}

TEST(Hessian, FactorIsThatOfTheDampedInverse) {
  // U^T U = (H / mean + 0.01)^-1, so U (H / mean + 0.01) U^T is the identity.
  std::mt19937 random(5);
  Calibration calibration = correlatedCalibration(256, random);
  Hessian h = analyseHessian(calibration.stats.hessian, 256, 0.01, 2);
  double mean = 0;
  for (int64_t j = 0; j < 256; ++j)
    mean += calibration.at(j, j) / 256;
  for (int64_t i = 0; i < 256; ++i)
    for (int64_t j = 0; j < 256; ++j)
      EXPECT_NEAR(h.matrix[size_t(i * h.stride + j)],
                  calibration.at(i, j) / mean + (i == j ? 0.01 : 0), 1e-5);
  auto u = [&](int64_t i, int64_t j) { // U_ij; `factor` is its transpose
    return double(h.factor[size_t(j * h.stride + i)]);
  };
  std::vector<double> uh(256 * 256);
  for (int64_t i = 0; i < 256; ++i)
    for (int64_t k = i; k < 256; ++k)
      for (int64_t j = 0; j < 256; ++j)
        uh[size_t(i * 256 + j)] += u(i, k) * h.matrix[size_t(k * h.stride + j)];
  for (int64_t i = 0; i < 256; ++i) {
    EXPECT_NEAR(h.importance[size_t(i)] * u(i, i) * u(i, i), 1, 1e-5);
    for (int64_t j = 0; j < 256; ++j) {
      double sum = 0;
      for (int64_t k = j; k < 256; ++k)
        sum += uh[size_t(i * 256 + k)] * u(j, k);
      ASSERT_NEAR(sum, i == j, 1e-4);
    }
  }
}

TEST(Hessian, BlocksOnTheDiagonal) {
  std::mt19937 random(6);
  Calibration calibration = correlatedCalibration(256, random);
  Hessian h = analyseHessian(calibration.stats.hessian, 256, 0.01, 1);
  for (int64_t i = 0; i < 256; ++i)
    for (int64_t k = 0; k < 128; ++k) {
      int64_t j = i / 128 * 128 + k;
      ASSERT_EQ(h.matrixBlocks[size_t(i * 128 + k)],
                h.matrix[size_t(i * h.stride + j)]);
      ASSERT_EQ(h.factorBlocks[size_t(i * 128 + k)],
                h.factor[size_t(j * h.stride + i)]);
    }
}
