//===- CompressTest.cpp - Pruned and quantized matrices -------------------===//
#include "EdgeLLM/Weights/Compress.h"

#include "../Testing.h"
#include "CalibrationSamples.h"
#include "EdgeLLM/Support/Half.h"

#include <algorithm>
#include <limits>

using namespace edgellm;
using edgellm::testing::Calibration;
using edgellm::testing::correlatedCalibration;
using edgellm::testing::errorOf;
using edgellm::testing::lossOf;
using edgellm::testing::normalMatrix;

static constexpr auto kMagnitude = PruneMethod::magnitude;
static constexpr auto kWanda = PruneMethod::wanda;
static constexpr auto kSparsegpt = PruneMethod::sparsegpt;
static constexpr auto kNearest = QuantizeMethod::roundToNearest;
static constexpr auto kSearch = QuantizeMethod::scaleSearch;
static constexpr auto kGptq = QuantizeMethod::gptq;

/// A row of 128 weights: the first of them, then whole numbers from -7 to 7
/// for which no scale but 1 is good.
static std::vector<float> rowStartingWith(std::vector<float> weights) {
  for (size_t i = weights.size(); i < kQuantBlock; ++i)
    weights.push_back(float(i % 15) - 7);
  return weights;
}

static std::vector<int> firstValues(const QuantizedMatrix &matrix, size_t n) {
  return {matrix.values.begin(), matrix.values.begin() + ptrdiff_t(n)};
}

using Values = std::vector<int>;

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

TEST(Compress, GptqRoundsToMakeUpForEarlierChannels) {
  // Two pairs of channels with H = [1 0.8; 0.8 1]. Of the first pair both
  // weights are 1.4. Rounded alone they become 1 and 1:
  //   loss 0.4^2 + 0.4^2 + 2 * 0.8 * 0.4 * 0.4 = 0.576
  // When channel 0 has lost 0.4, channel 1 moves to 1.4 + 0.8 * 0.4 = 1.72 and
  // becomes 2:
  //   loss 0.4^2 + 0.6^2 - 2 * 0.8 * 0.4 * 0.6 = 0.136
  // In the second pair 1.6 becomes 2 and its partner, 1.6 - 0.32, becomes 1.
  std::vector<float> weights = rowStartingWith({1.4f, 1.4f, 1.6f, 1.6f});
  Calibration identity(128);
  Calibration calibration(128);
  calibration.couple(0, 1, 0.8f);
  calibration.couple(2, 3, 0.8f);

  auto compress = [&](const Calibration &inputs) {
    QuantizedMatrix result =
        compressMatrix(weights, 1, 128, {.quantize = kGptq}, &inputs.stats);
    EXPECT_NEAR(halfToFloat(result.scales[0]), 1, 0.001);
    return firstValues(result, 4);
  };
  EXPECT_EQ(compress(identity), (Values{1, 1, 2, 2}));
  EXPECT_EQ(compress(calibration), (Values{1, 2, 2, 1}));
}

TEST(Compress, SparsegptGivesWhatIsPrunedToWhatIsKept) {
  // One of 8 is kept of weights 3 and 2 whose inputs go together, H_01 = 0.9.
  // With the damping of 0.01 channel 0 takes over 0.9 / 1.01 of channel 1:
  //   3 + 2 * 0.891 = 4.78, which rounds to 5
  std::vector<float> weights =
      rowStartingWith({3, 2, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0});
  Calibration calibration(128);
  calibration.couple(0, 1, 0.9f);
  auto compress = [&](PruneMethod prune) {
    return firstValues(compressMatrix(weights, 1, 128, {1, prune, kNearest},
                                      &calibration.stats),
                       9);
  };
  EXPECT_EQ(compress(kMagnitude), (Values{3, 0, 0, 0, 0, 0, 0, 0, 7}));
  EXPECT_EQ(compress(kSparsegpt), (Values{5, 0, 0, 0, 0, 0, 0, 0, 7}));
}

TEST(Compress, SparsegptKeepsWhatOthersCannotReplace) {
  // 3 and 2.9 nearly say the same, 2 is alone. Without 2 the loss is 2^2; 3 can
  // take over 0.9 / 1.01 of 2.9 with a loss of 2.9^2 * (1 - 0.9^2 / 1.01),
  // about 1.7. So of two, 3 + 2.9 * 0.891 = 5.58 and 2 stay.
  std::vector<float> weights =
      rowStartingWith({3, 2.9f, 2, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0});
  Calibration calibration(128);
  calibration.couple(0, 1, 0.9f);
  auto compress = [&](PruneMethod prune) {
    return firstValues(compressMatrix(weights, 1, 128, {2, prune, kNearest},
                                      &calibration.stats),
                       3);
  };
  EXPECT_EQ(compress(kMagnitude), (Values{3, 3, 0}));
  EXPECT_EQ(compress(kSparsegpt), (Values{6, 0, 2}));
}

TEST(Compress, WandaWeighsWithTheNormOfTheInputs) {
  // |w| sqrt(mean x^2): 7 * 1 = 7, 6 * 2 = 12, 5 * 3 = 15, 4 * 1, ... of equal
  // ones (3 * 2 and 1 * 6) the lower channel.
  std::vector<float> weights(128);
  std::ranges::copy(std::vector<float>{7, -6, 5, 4, 0, 0, 0, 0, //
                                       3, 1, 0, 0, 0, 0, 0, 0},
                    weights.begin());
  Calibration calibration(128);
  auto &norms = calibration.stats.squaredNorm;
  norms[1] = 4, norms[2] = 9, norms[8] = 4, norms[9] = 36;
  auto compress = [&](unsigned keep) {
    return firstValues(compressMatrix(weights, 1, 128, {keep, kWanda, kNearest},
                                      &calibration.stats),
                       10);
  };
  EXPECT_EQ(compress(4), (Values{7, -6, 5, 4, 0, 0, 0, 0, 3, 1}));
  // The largest weight left is 6, the scale half(6 / 7): 5 is 5.83 of them.
  EXPECT_EQ(compress(2), (Values{0, -7, 6, 0, 0, 0, 0, 0, 4, 1}));
  EXPECT_EQ(compress(1), (Values{0, 0, 7, 0, 0, 0, 0, 0, 4, 0}));
}

TEST(Compress, ChannelsWithoutInputsAreRoundedAlone) {
  std::vector<float> weights = rowStartingWith({1.4f, 1.4f, 1.4f, 1.6f});
  Calibration calibration(128);
  calibration.couple(0, 1, 0.8f);
  calibration.setVariance(2, 0);
  QuantizedMatrix result =
      compressMatrix(weights, 1, 128, {.quantize = kGptq}, &calibration.stats);
  EXPECT_EQ(firstValues(result, 4), (Values{1, 2, 1, 2}));
}

//===----------------------------------------------------------------------===//
// Properties
//===----------------------------------------------------------------------===//

static std::vector<Compression> allCompressions() {
  std::vector<Compression> all;
  for (unsigned keep : {8u, 4u, 2u, 1u})
    for (PruneMethod prune : {kMagnitude, kWanda, kSparsegpt})
      for (QuantizeMethod quantize : {kNearest, kSearch, kGptq})
        all.push_back({keep, prune, quantize});
  return all;
}

static std::string nameOf(const Compression &compression) {
  const char *prune[] = {"magnitude", "wanda", "sparsegpt"};
  const char *quantize[] = {"rtn", "search", "gptq"};
  return std::to_string(compression.keep) + "of8 " +
         prune[int(compression.prune)] + " " +
         quantize[int(compression.quantize)];
}

static bool hasPattern(const QuantizedMatrix &matrix, unsigned keep) {
  for (size_t group = 0; group < matrix.values.size(); group += kPruneGroup)
    if (std::ranges::count_if(
            std::span(matrix.values).subspan(group, kPruneGroup),
            [](int8_t value) { return value != 0; }) > ptrdiff_t(keep))
      return false;
  return std::ranges::all_of(
      matrix.values, [](int8_t value) { return value >= -7 && value <= 7; });
}

TEST(Compress, EveryGroupHasAtMostItsDensity) {
  std::mt19937 random(1);
  for (const Compression &compression : allCompressions()) {
    SCOPED_TRACE(nameOf(compression));
    int64_t rows = int64_t(random() % 70), columns = 128 * (1 + random() % 3);
    Calibration calibration = correlatedCalibration(columns, random);
    std::vector<float> weights = normalMatrix(rows, columns, random);
    QuantizedMatrix result =
        compressMatrix(weights, rows, columns, compression, &calibration.stats);
    EXPECT_EQ(result.rows, rows);
    EXPECT_EQ(result.columns, columns);
    EXPECT_EQ(int64_t(result.values.size()), rows * columns);
    EXPECT_EQ(int64_t(result.scales.size()), rows * columns / 128);
    EXPECT_TRUE(hasPattern(result, compression.keep));
  }
}

TEST(Compress, ThreadsDoNotMatter) {
  std::mt19937 random(2);
  Calibration calibration = correlatedCalibration(384, random);
  std::vector<float> weights = normalMatrix(100, 384, random);
  for (const Compression &compression : allCompressions()) {
    SCOPED_TRACE(nameOf(compression));
    auto compress = [&](unsigned threads) {
      return compressMatrix(weights, 100, 384, compression, &calibration.stats,
                            threads);
    };
    QuantizedMatrix single = compress(1);
    for (unsigned threads : {0u, 2u, 7u}) {
      QuantizedMatrix several = compress(threads);
      EXPECT_EQ(single.values, several.values);
      EXPECT_EQ(single.scales, several.scales);
    }
  }
}

TEST(Compress, TheUnitOfTheInputsDoesNotMatter) {
  std::mt19937 random(3);
  Calibration calibration = correlatedCalibration(256, random);
  std::vector<float> weights = normalMatrix(10, 256, random);
  for (float factor : {0x1p-80f, 0x1p80f}) {
    CalibrationStats scaled = calibration.stats;
    for (float &value : scaled.hessian)
      value *= factor;
    Compression joint{2, kSparsegpt, kGptq};
    EXPECT_EQ(
        compressMatrix(weights, 10, 256, joint, &scaled).values,
        compressMatrix(weights, 10, 256, joint, &calibration.stats).values);
  }
}

TEST(Compress, PaddingStaysZero) {
  // 200 channels of a model, padded to 256 with weights and inputs of zero.
  std::mt19937 random(4);
  Calibration calibration = correlatedCalibration(256, random);
  std::vector<float> weights = normalMatrix(20, 256, random);
  for (int64_t j = 200; j < 256; ++j) {
    calibration.setVariance(j, 0);
    for (int64_t row = 0; row < 20; ++row)
      weights[size_t(row * 256 + j)] = 0;
  }
  for (const Compression &compression : allCompressions()) {
    SCOPED_TRACE(nameOf(compression));
    QuantizedMatrix result =
        compressMatrix(weights, 20, 256, compression, &calibration.stats);
    for (int64_t row = 0; row < 20; ++row)
      for (int64_t j = 200; j < 256; ++j)
        ASSERT_EQ(result.values[size_t(row * 256 + j)], 0);
  }
}

TEST(Compress, BlocksOfZerosHaveScaleZero) {
  std::mt19937 random(5);
  std::vector<float> weights = normalMatrix(3, 256, random);
  std::fill_n(weights.begin(), 128, 0.0f);
  std::fill_n(weights.begin() + 256, 256, 0.0f);
  Calibration calibration(256); // no channel makes up for another
  for (const Compression &compression : allCompressions()) {
    SCOPED_TRACE(nameOf(compression));
    QuantizedMatrix result =
        compressMatrix(weights, 3, 256, compression, &calibration.stats);
    for (size_t block : {0, 2, 3})
      EXPECT_EQ(result.scales[block], 0);
    for (size_t block : {1, 4, 5})
      EXPECT_NE(result.scales[block], 0);
  }
}

TEST(Compress, AnythingWithinTheRangeHasAResult) {
  // The largest weights, subnormal ones, inputs that were never other than
  // zero, inputs that are all the same.
  Calibration silent(128), same(128);
  for (int64_t j = 0; j < 128; ++j)
    silent.setVariance(j, 0);
  std::ranges::fill(same.stats.hessian, 1e-30f);
  std::ranges::fill(same.stats.squaredNorm, 1e-30f);
  for (float size : {kInt4Limit, 1.0f, 0x1p-26f, 0x1p-149f}) {
    std::vector<float> weights(128, size);
    weights[5] = -size;
    for (const Calibration *calibration : {&silent, &same})
      for (const Compression &compression : allCompressions()) {
        SCOPED_TRACE(nameOf(compression));
        EXPECT_TRUE(hasPattern(
            compressMatrix(weights, 1, 128, compression, &calibration->stats),
            compression.keep));
      }
  }
}

TEST(Compress, WhatGrowsBeyondTheRangeIsTheLargest) {
  // Of eight that say nearly the same one is kept, makes up for all others, and
  // becomes almost eight times the largest that INT4 blocks hold.
  std::vector<float> weights(128);
  std::fill_n(weights.begin(), 8, -kInt4Limit);
  Calibration calibration(128);
  for (int64_t i = 0; i < 8; ++i)
    for (int64_t j = 0; j < i; ++j)
      calibration.couple(i, j, 0.99f);
  for (QuantizeMethod quantize : {kNearest, kSearch, kGptq}) {
    QuantizedMatrix result = compressMatrix(
        weights, 1, 128, {1, kSparsegpt, quantize}, &calibration.stats);
    Values values = firstValues(result, 8);
    std::ranges::sort(values);
    EXPECT_EQ(values, (Values{-7, 0, 0, 0, 0, 0, 0, 0}));
    EXPECT_EQ(result.scales[0], kHalfMax);
  }
}

//===----------------------------------------------------------------------===//
// Quality
//===----------------------------------------------------------------------===//

namespace {

/// A matrix with correlated inputs, where methods differ.
class CompressQuality : public ::testing::Test {
protected:
  double loss(unsigned keep, PruneMethod prune, QuantizeMethod quantize) const {
    return lossOf(weights,
                  compressMatrix(weights, 64, 512, {keep, prune, quantize},
                                 &calibration.stats),
                  calibration);
  }

  std::mt19937 random{6};
  Calibration calibration = correlatedCalibration(512, random);
  std::vector<float> weights = normalMatrix(64, 512, random);
};

} // namespace

TEST_F(CompressQuality, QuantizersInOrder) {
  double nearest = loss(8, kMagnitude, kNearest);
  double search = loss(8, kMagnitude, kSearch);
  double gptq = loss(8, kMagnitude, kGptq);
  EXPECT_LT(search, 0.9 * nearest);
  EXPECT_LT(gptq, 0.6 * search);
}

TEST_F(CompressQuality, PrunersInOrderAtEveryDensity) {
  for (unsigned keep : {4u, 2u, 1u}) {
    SCOPED_TRACE(keep);
    double magnitude = loss(keep, kMagnitude, kSearch);
    double wanda = loss(keep, kWanda, kSearch);
    double sparsegpt = loss(keep, kSparsegpt, kSearch);
    EXPECT_LT(wanda, 0.95 * magnitude);
    EXPECT_LT(sparsegpt, 0.7 * wanda);
  }
}

TEST_F(CompressQuality, JointIsBetterThanPruningThenRounding) {
  for (unsigned keep : {4u, 2u, 1u}) {
    SCOPED_TRACE(keep);
    EXPECT_LT(loss(keep, kSparsegpt, kGptq),
              0.98 * loss(keep, kSparsegpt, kSearch));
  }
}

TEST_F(CompressQuality, GptqMakesUpForOtherMasksToo) {
  for (PruneMethod prune : {kMagnitude, kWanda})
    EXPECT_LT(loss(2, prune, kGptq), 0.7 * loss(2, prune, kSearch));
}

TEST_F(CompressQuality, WithoutCorrelationThereIsNothingToMakeUpFor) {
  // Kept are the greatest, each at its nearest level, and the error is that of
  // the scale search, whose scale the least squares only better.
  Calibration identity(512);
  for (unsigned keep : {8u, 2u}) {
    QuantizedMatrix search =
        compressMatrix(weights, 64, 512, {keep, kMagnitude, kSearch}, nullptr);
    QuantizedMatrix joint = compressMatrix(
        weights, 64, 512, {keep, kSparsegpt, kGptq}, &identity.stats);
    for (size_t i = 0; i < weights.size(); ++i) {
      if (search.values[i] == 0 && keep < 8)
        continue;
      float level = weights[i] / halfToFloat(joint.scales[i / 128]);
      ASSERT_NEAR(std::clamp(level, -7.0f, 7.0f), joint.values[i], 0.5001f);
    }
    double before = lossOf(weights, search, identity);
    double after = lossOf(weights, joint, identity);
    EXPECT_LE(after, before * 1.0001);
    EXPECT_GE(after, before * 0.99);
  }
}

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

namespace {

class CompressErrors : public ::testing::Test {
protected:
  std::string error(Compression compression) const {
    return errorOf([&] {
      compressMatrix(weights, rows, columns, compression,
                     hasStats ? &calibration.stats : nullptr);
    });
  }

  int64_t rows = 2, columns = 128;
  std::vector<float> weights = std::vector<float>(256, 1.0f);
  Calibration calibration = Calibration(128);
  bool hasStats = true;
};

constexpr Compression kJoint{2, PruneMethod::sparsegpt, QuantizeMethod::gptq};
constexpr Compression kActivation{2, PruneMethod::wanda,
                                  QuantizeMethod::scaleSearch};

} // namespace

TEST_F(CompressErrors, Shape) {
  rows = 3;
  EXPECT_EQ(error({}), "256 weights for a matrix of 3 x 128");
  rows = -2, columns = -128;
  EXPECT_EQ(error({}), "256 weights for a matrix of -2 x -128");
  rows = 0, columns = int64_t(1) << 40;
  EXPECT_EQ(error(kJoint), "256 weights for a matrix of 0 x 1099511627776");
  rows = 4, columns = 64;
  EXPECT_EQ(error({}), "a matrix of 64 columns cannot be compressed: expected "
                       "a multiple of 128");
}

TEST_F(CompressErrors, Density) {
  EXPECT_EQ(error({.keep = 3}), "density 3 of 8: allowed are 8, 4, 2 and 1");
  EXPECT_EQ(error({.keep = 0}), "density 0 of 8: allowed are 8, 4, 2 and 1");
}

TEST_F(CompressErrors, Weights) {
  weights[130] = NAN;
  for (const Compression &compression : {Compression{}, kActivation, kJoint})
    EXPECT_EQ(error(compression), "matrix element [1, 2] is nan, INT4 blocks "
                                  "hold at most 458528");
  weights[130] = 500000;
  EXPECT_EQ(error(kJoint), "matrix element [1, 2] is 500000, INT4 blocks hold "
                           "at most 458528");
}

TEST_F(CompressErrors, MissingStatistics) {
  hasStats = false;
  const char *compensation = "error compensation (sparsegpt, gptq) needs "
                             "calibration statistics, but there are none";
  EXPECT_EQ(error(kJoint), compensation);
  EXPECT_EQ(error({.quantize = kGptq}), compensation);
  EXPECT_EQ(error(kActivation), "activation-aware pruning (wanda) needs "
                                "calibration statistics, but there are none");
  EXPECT_NO_THROW(compressMatrix(weights, 2, 128, {8, kSparsegpt, kSearch},
                                 nullptr)); // nothing is pruned
}

TEST_F(CompressErrors, StatisticsOfAnotherMatrix) {
  calibration = Calibration(256);
  EXPECT_EQ(error(kJoint),
            "calibration statistics of 256 inputs for a matrix of 128 columns");
  calibration = Calibration(128);
  calibration.stats.squaredNorm.resize(127);
  EXPECT_EQ(error(kActivation), "calibration statistics with 127 numbers for "
                                "the mean squares of the inputs, expected 128");
  calibration.stats.hessian.clear();
  EXPECT_EQ(error(kJoint), "calibration statistics with 0 numbers for the "
                           "Hessian, expected 16384");
}

TEST_F(CompressErrors, StatisticsThatAreNone) {
  auto &[inputs, samples, hessian, norms] = calibration.stats;
  hessian[5 * 128 + 7] = std::numeric_limits<float>::infinity();
  EXPECT_EQ(error(kJoint),
            "Hessian element [5, 7] is inf, expected a finite number");
  hessian[5 * 128 + 7] = 0;
  hessian[5 * 128 + 5] = -1;
  EXPECT_EQ(error(kJoint), "calibration statistics: the Hessian's diagonal of "
                           "input 5 is -1, a mean of squares cannot be below "
                           "0");
  hessian[5 * 128 + 5] = 1;
  hessian[7 * 128 + 5] = hessian[5 * 128 + 7] = 2; // |H_57| > sqrt(H_55 H_77)
  EXPECT_EQ(error(kJoint),
            "the Hessian is not positive semidefinite, seen at input 5");
  norms[3] = NAN;
  EXPECT_EQ(error(kActivation), "mean square of inputs element [0, 3] is nan, "
                                "expected a finite number");
  norms[3] = -2;
  EXPECT_EQ(error(kActivation), "calibration statistics: the mean square of "
                                "input 3 is -2, a mean of squares cannot be "
                                "below 0");
}
