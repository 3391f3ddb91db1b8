//===- SweepTest.cpp - Error-compensating compression ---------------------===//
#include "Sweep.h"

#include "../Testing.h"
#include "CalibrationSamples.h"
#include "SweepKernels.h"

#include <algorithm>
#include <cmath>

using namespace edgellm;
using edgellm::testing::Calibration;
using edgellm::testing::correlatedCalibration;
using edgellm::testing::lossOf;
using edgellm::testing::normalMatrix;

static constexpr Compression kJoint{2, PruneMethod::sparsegpt,
                                    QuantizeMethod::gptq};
static constexpr Compression kDense{8, PruneMethod::magnitude,
                                    QuantizeMethod::gptq};

//===----------------------------------------------------------------------===//
// Against a straightforward implementation
//===----------------------------------------------------------------------===//

namespace {

using Row = std::vector<double>;

/// Sweeps of Sweep.h over one row, channel after channel in binary64, every
/// error given to all later channels at once.
class SlowSweep {
public:
  explicit SlowSweep(const Hessian &h) : h(h) {}

  Row prune(Row weights, unsigned keep, std::vector<bool> &mask) const;
  Row quantize(Row weights, const std::vector<bool> &mask) const;

private:
  double u(size_t i, size_t j) const {
    return h.factor[j * size_t(h.stride) + i];
  }
  double cost(double error, size_t j) const {
    return error * error / (u(j, j) * u(j, j));
  }
  void compensate(Row &weights, size_t j, double result) const {
    double error = (weights[j] - result) / u(j, j);
    for (size_t later = j + 1; later < weights.size(); ++later)
      weights[later] -= error * u(j, later);
  }
  double searchScale(Row weights, size_t first,
                     const std::vector<bool> &mask) const;

  const Hessian &h;
};

} // namespace

Row SlowSweep::prune(Row weights, unsigned keep,
                     std::vector<bool> &mask) const {
  Row result(weights.size());
  mask.assign(weights.size(), false);
  for (size_t j = 0; j < weights.size(); ++j) {
    if (j % 8 == 0) {
      std::vector<size_t> order;
      for (size_t i = j; i < j + 8; ++i)
        order.push_back(i);
      std::ranges::sort(order, std::greater(),
                        [&](size_t i) { return cost(weights[i], i); });
      for (unsigned i = 0; i < keep; ++i)
        mask[order[i]] = true;
    }
    result[j] = mask[j] ? weights[j] : 0;
    compensate(weights, j, result[j]);
  }
  return result;
}

static double levelOf(double weight, double scale) {
  return std::clamp(std::nearbyint(weight / scale), -7.0, 7.0);
}

double SlowSweep::searchScale(Row weights, size_t first,
                              const std::vector<bool> &mask) const {
  double largest = 0, bestScale = 0, least = INFINITY;
  for (size_t j = first; j < first + 128; ++j) {
    compensate(weights, j, mask[j] ? weights[j] : 0);
    if (mask[j])
      largest = std::max(largest, std::fabs(weights[j]));
  }
  for (double level = 6.5; level <= 10.5; level += 0.125) {
    double scale = halfToFloat(floatToHalf(float(largest / level))), error = 0;
    for (size_t j = first; j < first + 128; ++j)
      if (mask[j])
        error += cost(weights[j] - levelOf(weights[j], scale) * scale, j);
    if (error < least)
      least = error, bestScale = scale;
  }
  return bestScale;
}

Row SlowSweep::quantize(Row weights, const std::vector<bool> &mask) const {
  Row result(weights.size());
  double scale = 0;
  for (size_t j = 0; j < weights.size(); ++j) {
    if (j % 128 == 0)
      scale = searchScale(weights, j, mask);
    result[j] = mask[j] ? levelOf(weights[j], scale) * scale : 0;
    compensate(weights, j, result[j]);
  }
  return result;
}

static double valueAt(const QuantizedMatrix &matrix, size_t index) {
  return double(matrix.values[index]) *
         halfToFloat(matrix.scales[index / kQuantBlock]);
}

TEST(Sweep, AgreesWithTheSlowOne) {
  // A weight half way between two levels may go the other way in binary32, and
  // then all weights after it differ, so that some rows differ to the end.
  std::mt19937 random(1);
  constexpr size_t rows = 40, columns = 384;
  Calibration calibration = correlatedCalibration(columns, random);
  std::vector<float> weights = normalMatrix(rows, columns, random);
  Hessian h = analyseHessian(calibration.stats.hessian, columns, 0.01, 1);
  for (unsigned keep : {8u, 4u, 2u, 1u}) {
    SCOPED_TRACE(keep);
    QuantizedMatrix fast =
        sweepMatrix(weights, rows, {keep, kJoint.prune, kJoint.quantize}, h, {},
                    {.pruning = 0, .quantizing = 0}, 1);
    size_t equal = 0, startsEqual = 0;
    double slowLoss = 0, fastLoss = lossOf(weights, fast, calibration);
    QuantizedMatrix slow = fast;
    for (size_t row = 0; row < rows; ++row) {
      Row source(weights.begin() + ptrdiff_t(row * columns),
                 weights.begin() + ptrdiff_t((row + 1) * columns));
      SlowSweep sweep(h);
      std::vector<bool> mask;
      sweep.prune(source, keep, mask);
      Row result = sweep.quantize(source, mask);
      size_t same = 0;
      Row error(columns);
      for (size_t j = 0; j < columns; ++j) {
        same += std::fabs(result[j] - valueAt(fast, row * columns + j)) < 1e-6;
        error[j] = source[j] - result[j];
      }
      equal += same;
      startsEqual += result[0] == valueAt(fast, row * columns);
      for (size_t i = 0; i < columns; ++i)
        for (size_t j = 0; j < columns; ++j)
          slowLoss +=
              error[i] * calibration.at(int64_t(i), int64_t(j)) * error[j];
    }
    EXPECT_GE(equal, rows * columns * 95 / 100);
    EXPECT_EQ(startsEqual, rows);
    EXPECT_NEAR(fastLoss / slowLoss, 1, 0.01);
  }
}

//===----------------------------------------------------------------------===//
// Descent
//===----------------------------------------------------------------------===//

static double lossAfter(const Compression &compression, DescentPasses passes) {
  std::mt19937 random(2);
  Calibration calibration = correlatedCalibration(256, random);
  std::vector<float> weights = normalMatrix(48, 256, random);
  constexpr double damping = 1e-4; // little: the loss below is without it
  Hessian h = analyseHessian(calibration.stats.hessian, 256, damping, 1);
  return lossOf(weights,
                sweepMatrix(weights, 48, compression, h, {}, passes, 2),
                calibration);
}

TEST(Sweep, EveryPassOfQuantizingLessensTheLoss) {
  for (const Compression &compression : {kDense, kJoint}) {
    double none = lossAfter(compression, {.pruning = 0, .quantizing = 0});
    double one = lossAfter(compression, {.pruning = 0, .quantizing = 1});
    double two = lossAfter(compression, {.pruning = 0, .quantizing = 2});
    EXPECT_LT(one, 0.97 * none);
    EXPECT_LT(two, one);
  }
}

TEST(Sweep, EveryPassOfPruningLessensTheLoss) {
  for (unsigned keep : {4u, 2u, 1u}) {
    Compression pruning{keep, PruneMethod::sparsegpt,
                        QuantizeMethod::scaleSearch};
    double none = lossAfter(pruning, {.pruning = 0, .quantizing = 0});
    double one = lossAfter(pruning, {.pruning = 1, .quantizing = 0});
    double two = lossAfter(pruning, {.pruning = 2, .quantizing = 0});
    EXPECT_LT(one, 0.95 * none);
    EXPECT_LT(two, one);
  }
}

TEST(Sweep, TheBestOneOfEightIsFound) {
  // One group of correlated channels, all others zero: the one channel that
  // keeps the most of the output can be found by trying all eight.
  //   loss with channel j alone: w H w - (w H)_j^2 / H_jj
  std::mt19937 random(3);
  Calibration source = correlatedCalibration(128, random), calibration(128);
  for (int64_t i = 0; i < 8; ++i)
    for (int64_t j = 0; j < 8; ++j)
      calibration.at(i, j) = source.at(i, j);
  constexpr int64_t rows = 30;
  std::vector<float> weights = normalMatrix(rows, 128, random);
  for (int64_t row = 0; row < rows; ++row)
    std::fill_n(weights.begin() + row * 128 + 8, 120, 0.0f);
  Hessian h = analyseHessian(calibration.stats.hessian, 128, 1e-9, 1);
  QuantizedMatrix result = sweepMatrix(
      weights, rows, {1, PruneMethod::sparsegpt, QuantizeMethod::scaleSearch},
      h, {}, {.pruning = 1, .quantizing = 0}, 1);
  for (int64_t row = 0; row < rows; ++row) {
    auto gain = [&](int64_t j) {
      double product = 0;
      for (int64_t i = 0; i < 8; ++i)
        product += weights[size_t(row * 128 + i)] * calibration.at(i, j);
      return product * product / calibration.at(j, j);
    };
    int64_t best = 0;
    for (int64_t j = 1; j < 8; ++j)
      if (gain(j) > gain(best))
        best = j;
    EXPECT_NE(result.values[size_t(row * 128 + best)], 0) << row;
  }
}

TEST(Sweep, DescentEndsWhereNoLevelWouldMove) {
  // The best value of channel j given the others is q_j + g_j / H_jj with
  // g = (w - q) H; at the end each level is the nearest to it.
  std::mt19937 random(4);
  constexpr size_t rows = 20, columns = 384;
  Calibration calibration = correlatedCalibration(columns, random);
  std::vector<float> weights = normalMatrix(rows, columns, random);
  Hessian h = analyseHessian(calibration.stats.hessian, columns, 0.01, 1);
  for (const Compression &compression : {kDense, kJoint}) {
    QuantizedMatrix result = sweepMatrix(weights, rows, compression, h, {},
                                         {.pruning = 1, .quantizing = 200}, 1);
    for (size_t row = 0; row < rows; ++row)
      for (size_t j = 0; j < columns; ++j) {
        size_t at = row * columns + j;
        if (result.values[at] == 0 && compression.keep < 8)
          continue; // perhaps pruned
        double gradient = 0;
        for (size_t k = 0; k < columns; ++k)
          gradient += (weights[row * columns + k] -
                       valueAt(result, row * columns + k)) *
                      h.matrix[k * size_t(h.stride) + j];
        double scale = halfToFloat(result.scales[at / kQuantBlock]);
        double best = result.values[at] +
                      gradient / h.matrix[j * size_t(h.stride) + j] / scale;
        ASSERT_NEAR(std::clamp(best, -7.0, 7.0), result.values[at], 0.501);
      }
  }
}

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

namespace {

/// Every set of kernels gives the same bits as the fastest, so results do not
/// depend on the processor.
class SweepKernelsTest : public ::testing::TestWithParam<size_t> {
protected:
  void SetUp() override {
    if (GetParam() >= supportedSweepKernels().size())
      GTEST_SKIP();
    kernels = &supportedSweepKernels()[GetParam()];
  }

  AlignedVector<float> normal(size_t count) {
    std::normal_distribution<float> distribution;
    AlignedVector<float> values(count);
    for (float &value : values)
      value = distribution(random);
    return values;
  }

  const SweepKernels *kernels = nullptr;
  std::mt19937 random{7};
};

/// Everything that a kernel may read or write of a block.
struct BlockData {
  AlignedVector<float> weights, results, errors, mask, scales, factor,
      importance;

  BlockSweep sweep(bool hasScales, unsigned keep) {
    return {weights.data(),
            results.data(),
            errors.data(),
            mask.data(),
            factor.data(),
            importance.data(),
            hasScales ? scales.data() : nullptr,
            keep};
  }
  BlockDescent descent() {
    return {results.data(), weights.data(), errors.data(), mask.data(),
            factor.data()};
  }
  bool operator==(const BlockData &) const = default;
};

} // namespace

INSTANTIATE_TEST_SUITE_P(Sets, SweepKernelsTest,
                         ::testing::Range(size_t(0), size_t(3)));

TEST_P(SweepKernelsTest, Products) {
  constexpr int64_t rows = 12, depth = 37, stride = 48;
  AlignedVector<float> a = normal(rows * stride), b = normal(depth * kLanes),
                       c = normal(rows * kLanes), fast = c;
  kernels->subtractProduct(c.data(), a.data(), stride, b.data(), rows, depth);
  sweepKernels().subtractProduct(fast.data(), a.data(), stride, b.data(), rows,
                                 depth);
  EXPECT_EQ(c, fast);

  AlignedVector<float> source = normal(rows * stride + depth * kLanesF64);
  AlignedVector<double> left(source.begin(), source.begin() + rows * stride),
      right(source.begin() + rows * stride, source.end()),
      sums(rows * kLanesF64), expected = sums;
  kernels->subtractProductF64(sums.data(), kLanesF64, left.data(), stride,
                              right.data(), rows, depth);
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t k = 0; k < depth; ++k)
      for (int64_t lane = 0; lane < kLanesF64; ++lane)
        expected[size_t(i * kLanesF64 + lane)] -=
            right[size_t(k * kLanesF64 + lane)] * left[size_t(i * stride + k)];
  EXPECT_EQ(sums, expected);
}

TEST_P(SweepKernelsTest, Blocks) {
  for (unsigned keep : {4u, 2u, 1u, 0u}) {
    BlockData data{normal(kBlockSize),
                   AlignedVector<float>(kBlockSize),
                   AlignedVector<float>(kBlockSize),
                   AlignedVector<float>(kBlockSize, 1.0f),
                   AlignedVector<float>(kLanes),
                   normal(size_t(kSweepBlock * kSweepBlock)),
                   AlignedVector<float>(kSweepBlock)};
    for (int64_t i = 0; i < kSweepBlock; ++i) {
      for (int64_t j = 0; j < kSweepBlock; ++j)
        data.factor[size_t(i * kSweepBlock + j)] *= 0.01f;
      data.factor[size_t(i * kSweepBlock + i)] = 1 + 0.01f * float(i);
      data.importance[size_t(i)] = 1 / float(i + 1);
    }
    BlockData fast = data;
    auto run = [keep](const SweepKernels &set, BlockData &block) {
      set.sweepBlock(block.sweep(false, keep));
      set.searchScales(block.results.data(), block.importance.data(),
                       block.scales.data());
      set.sweepBlock(block.sweep(true, 0));
      set.descendLevels(block.descent(), block.scales.data());
      if (keep > 0)
        set.reselect(block.descent(), keep);
    };
    run(*kernels, data);
    run(sweepKernels(), fast);
    EXPECT_EQ(data, fast);
  }
}

TEST_P(SweepKernelsTest, MaskOfEqualScoresIsTheLowerChannels) {
  // Lane 0: all equal. Lane 1: 1 2 3 4 4 3 2 1. Others zero.
  AlignedVector<float> group(8 * kLanes), mask(8 * kLanes), importance(8, 1.0f);
  for (int64_t i = 0; i < 8; ++i) {
    group[size_t(i * kLanes)] = i % 2 ? -5 : 5;
    group[size_t(i * kLanes + 1)] = float(i < 4 ? i + 1 : 8 - i);
  }
  auto maskOf = [&](int64_t lane, unsigned keep) {
    kernels->chooseMask(group.data(), importance.data(), keep, mask.data());
    std::string text;
    for (int64_t i = 0; i < 8; ++i)
      text += mask[size_t(i * kLanes + lane)] == 1 ? 'k' : '.';
    return text;
  };
  EXPECT_EQ(maskOf(0, 4), "kkkk....");
  EXPECT_EQ(maskOf(1, 4), "..kkkk..");
  EXPECT_EQ(maskOf(1, 2), "...kk...");
  EXPECT_EQ(maskOf(1, 1), "...k....");
  EXPECT_EQ(maskOf(5, 1), "k.......");
  importance[7] = 100; // 1 * 100 > 4 * 4
  EXPECT_EQ(maskOf(1, 1), ".......k");
}

TEST_P(SweepKernelsTest, ScaleWeighsTheErrors) {
  // A weight of 7 and 127 of 1.5 in lane 0. When the 7 does not matter, the
  // scale nearest to 0.75 wins, of which 1.5 is twice: 7 / 9.375 = 0.747. When
  // nothing else matters, 7 / 7.
  AlignedVector<float> block(kBlockSize), importance(kSweepBlock, 1.0f),
      scales(kLanes);
  for (int64_t j = 0; j < kSweepBlock; ++j)
    block[size_t(j * kLanes)] = j == 0 ? 7 : 1.5f;
  importance[0] = 0;
  kernels->searchScales(block.data(), importance.data(), scales.data());
  EXPECT_EQ(scales[0], halfToFloat(floatToHalf(7 / 9.375f)));
  EXPECT_EQ(scales[1], 0); // zeros
  importance.assign(kSweepBlock, 0.0f);
  importance[0] = 1;
  kernels->searchScales(block.data(), importance.data(), scales.data());
  EXPECT_EQ(scales[0], 1);
}

TEST_P(SweepKernelsTest, ReselectingNeverRaisesTheLossOfARow) {
  // Inputs that nearly say the same: greedy choices are often not the best.
  AlignedVector<float> h(kSweepBlock * kSweepBlock, 0.9f);
  for (int64_t j = 0; j < kSweepBlock; ++j)
    h[size_t(j * kSweepBlock + j)] = 1;
  AlignedVector<float> weights = normal(kBlockSize), results(kBlockSize),
                       gradient(kBlockSize), changes(kBlockSize),
                       mask(kBlockSize);
  auto lossOf = [&](int64_t lane) { // and sets the gradient
    double loss = 0;
    for (int64_t j = 0; j < kSweepBlock; ++j) {
      double sum = 0;
      for (int64_t k = 0; k < kSweepBlock; ++k)
        sum += (weights[size_t(k * kLanes + lane)] -
                results[size_t(k * kLanes + lane)]) *
               h[size_t(k * kSweepBlock + j)];
      size_t at = size_t(j * kLanes + lane);
      EXPECT_NEAR(gradient[at], sum, 1e-3);
      loss += sum * (weights[at] - results[at]);
    }
    return loss;
  };
  for (int64_t j = 0; j < kSweepBlock; ++j)
    for (int64_t k = 0; k < kSweepBlock; ++k)
      for (int64_t lane = 0; lane < kLanes; ++lane)
        gradient[size_t(j * kLanes + lane)] +=
            weights[size_t(k * kLanes + lane)] * h[size_t(k * kSweepBlock + j)];
  std::vector<double> last(kLanes, INFINITY);
  for (int pass = 0; pass < 6; ++pass) {
    kernels->reselect({results.data(), gradient.data(), changes.data(),
                       mask.data(), h.data()},
                      4);
    for (int64_t lane = 0; lane < kLanes; ++lane) {
      double loss = lossOf(lane);
      EXPECT_LE(loss, last[size_t(lane)] * (1 + 1e-5));
      last[size_t(lane)] = loss;
    }
  }
}
