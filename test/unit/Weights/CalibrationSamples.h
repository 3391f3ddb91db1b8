//===- CalibrationSamples.h - Statistics for tests of compression -*- C++
//-*-===//
#ifndef EDGELLM_TEST_UNIT_WEIGHTS_CALIBRATIONSAMPLES_H
#define EDGELLM_TEST_UNIT_WEIGHTS_CALIBRATIONSAMPLES_H

#include "EdgeLLM/Support/Half.h"
#include "EdgeLLM/Weights/Compress.h"

#include <algorithm>
#include <cmath>
#include <random>

namespace edgellm::testing {

/// Statistics of inputs; at first independent of each other and of variance 1.
struct Calibration {
  explicit Calibration(int64_t inputs)
      : stats{inputs, 1, std::vector<float>(size_t(inputs * inputs)),
              std::vector<float>(size_t(inputs))} {
    for (int64_t j = 0; j < inputs; ++j)
      setVariance(j, 1);
  }

  float &at(int64_t i, int64_t j) {
    return stats.hessian[size_t(i * stats.inputs + j)];
  }

  void couple(int64_t i, int64_t j, float covariance) {
    at(i, j) = at(j, i) = covariance;
  }

  /// Of an input that goes with no other.
  void setVariance(int64_t j, float variance) {
    for (int64_t i = 0; i < stats.inputs; ++i)
      couple(i, j, 0);
    at(j, j) = stats.squaredNorm[size_t(j)] = variance;
  }

  CalibrationStats stats;
};

inline std::vector<float> normalMatrix(int64_t rows, int64_t columns,
                                       std::mt19937 &random) {
  std::normal_distribution<float> normal(0, 0.02f);
  std::vector<float> values(size_t(rows * columns));
  for (float &value : values)
    value = normal(random);
  return values;
}

/// Of samples whose inputs share a few causes and differ in size, as those of
/// a language model do.
inline Calibration correlatedCalibration(int64_t inputs, std::mt19937 &random) {
  size_t samples = 2 * size_t(inputs), causes = size_t(inputs) / 4;
  std::normal_distribution<float> normal;
  size_t n = size_t(inputs);
  std::vector<float> mixture(causes * n), size(n), cause(causes),
      x(samples * n);
  for (float &value : mixture)
    value = normal(random) / std::sqrt(float(causes));
  for (float &value : size)
    value = std::exp(0.7f * normal(random));
  for (size_t t = 0; t < samples; ++t) {
    for (float &value : cause)
      value = normal(random);
    for (size_t j = 0; j < n; ++j) {
      float sum = 0.3f * normal(random);
      for (size_t c = 0; c < causes; ++c)
        sum += cause[c] * mixture[c * n + j];
      x[t * n + j] = sum * size[j];
    }
  }
  Calibration result(inputs);
  result.stats.samples = int64_t(samples);
  auto &hessian = result.stats.hessian;
  std::ranges::fill(hessian, 0.0f);
  for (size_t t = 0; t < samples; ++t)
    for (size_t i = 0; i < n; ++i)
      for (size_t j = 0; j < n; ++j)
        hessian[i * n + j] += x[t * n + i] * x[t * n + j] / float(samples);
  for (int64_t j = 0; j < inputs; ++j)
    result.stats.squaredNorm[size_t(j)] = result.at(j, j);
  return result;
}

/// tr((W - W') H (W - W')^T), what compression changes at the outputs.
inline double lossOf(std::span<const float> weights,
                     const QuantizedMatrix &matrix,
                     const Calibration &calibration) {
  size_t n = size_t(matrix.columns);
  double loss = 0;
  std::vector<double> error(n);
  for (size_t row = 0; row < size_t(matrix.rows); ++row) {
    for (size_t j = 0; j < n; ++j) {
      size_t at = row * n + j;
      error[j] = weights[at] - double(matrix.values[at]) *
                                   halfToFloat(matrix.scales[at / kQuantBlock]);
    }
    for (size_t i = 0; i < n; ++i)
      for (size_t j = 0; j < n; ++j)
        loss += error[i] * calibration.stats.hessian[i * n + j] * error[j];
  }
  return loss;
}

} // namespace edgellm::testing

#endif // EDGELLM_TEST_UNIT_WEIGHTS_CALIBRATIONSAMPLES_H
