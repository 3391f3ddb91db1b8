//===- NumericsTest.cpp - The scalar definitions against exact reasoning --===//
#include "EdgeLLM/Model/Numerics.h"
#include "Values.h"
#include <algorithm>
#include <gtest/gtest.h>
#include <numeric>

using namespace edgellm;
using namespace edgellm::numerics;
using edgellm::test::fl;
using edgellm::test::valueOf;
using edgellm::test::Values;

namespace {

//===----------------------------------------------------------------------===//
// N1, N2: FP16
//===----------------------------------------------------------------------===//

TEST(NumericsTest, readsEveryPattern) {
  for (unsigned half = 0; half < 0x10000; ++half) {
    double value = valueOf(uint16_t(half));
    EXPECT_EQ(halfToFloat(uint16_t(half)), value) << half;
    EXPECT_EQ(std::signbit(halfToFloat(uint16_t(half))), half >> 15) << half;
    EXPECT_EQ(std::ldexp(mantissa(half), exponent(half) - 25), std::abs(value))
        << half;
    EXPECT_EQ(isNegative(half), half >> 15 == 1) << half;
  }
  EXPECT_EQ(halfToFloat(0x7FFF), 131008);
}

/// Compares floatToHalf around the boundary between two neighbours.
void expectRounding(uint16_t below) {
  double low = valueOf(below), high = valueOf(below + 1);
  float tie = float((low + high) / 2); // exact: one bit more than FP16
  uint16_t even = below & 1 ? below + 1 : below;
  EXPECT_EQ(floatToHalf(tie), even) << below;
  EXPECT_EQ(floatToHalf(std::nextafter(tie, 0.0f)), below) << below;
  EXPECT_EQ(floatToHalf(std::nextafter(tie, 1e9f)), below + 1) << below;
  EXPECT_EQ(floatToHalf(-tie), even | 0x8000) << below;
  EXPECT_EQ(floatToHalf(float(low)), below) << below;
}

TEST(NumericsTest, roundsToNearestEven) {
  for (unsigned below = 0; below < kHalfMax; ++below)
    expectRounding(uint16_t(below));
}

TEST(NumericsTest, saturates) {
  for (float value : {65504.0f, 65519.99f, 65520.0f, 131008.0f, 1e30f}) {
    EXPECT_EQ(floatToHalf(value), 0x7BFF) << value;
    EXPECT_EQ(floatToHalf(-value), 0xFBFF) << value;
  }
  EXPECT_EQ(floatToHalf(std::numeric_limits<float>::infinity()), 0x7BFF);
}

TEST(NumericsTest, keepsTheSignOfZero) {
  EXPECT_EQ(floatToHalf(0.0f), 0x0000);
  EXPECT_EQ(floatToHalf(-0.0f), 0x8000);
  EXPECT_EQ(floatToHalf(-1e-30f), 0x8000);
}

//===----------------------------------------------------------------------===//
// N4, N5: sums
//===----------------------------------------------------------------------===//

// 2^24 + 1 rounds to 2^24, but 2^24 + 2 is exact: the order shows.
constexpr float kBig = 0x1p24f;

TEST(NumericsTest, sum8InterleavesEightSums) {
  std::vector<float> terms(24, 0.0f);
  terms[0] = kBig;
  terms[8] = terms[16] = 1; // the same running sum, one after the other
  EXPECT_EQ(sum8(terms), kBig);
  std::swap(terms[16], terms[12]); // s0 and s4
  EXPECT_EQ(sum8(terms), kBig);
  terms = std::vector<float>(24, 0.0f);
  terms[0] = kBig;
  terms[2] = terms[6] = 1; // s2 + s6 come together before s0
  EXPECT_EQ(sum8(terms), kBig + 2);
  terms[6] = 0, terms[4] = 1; // s0 + s4 and s2 + s6 lose one each
  EXPECT_EQ(sum8(terms), kBig);
}

TEST(NumericsTest, sum8AddsEvenAndOddSumsLast) {
  std::vector<float> terms(8, 0.0f);
  terms[0] = kBig;
  terms[1] = terms[5] = 1; // s1 + s5 = 2
  EXPECT_EQ(sum8(terms), kBig + 2);
  terms[5] = 0, terms[3] = 1; // (s1+s5) + (s3+s7) = 2
  EXPECT_EQ(sum8(terms), kBig + 2);
  terms[3] = 0, terms[2] = 1; // 1 joins s0+s4, then 1 from the odd ones
  EXPECT_EQ(sum8(terms), kBig);
}

TEST(NumericsTest, sum8OfNothingOrMinusZeroIsPlusZero) {
  EXPECT_FALSE(std::signbit(sum8({})));
  std::vector<float> terms(5, -0.0f);
  EXPECT_FALSE(std::signbit(sum8(terms)));
}

TEST(NumericsTest, tree32FoldsHalves) {
  std::vector<float> lanes(32, 0.0f);
  lanes[0] = kBig;
  lanes[1] = lanes[17] = 1; // 1 + 1 in the first fold
  EXPECT_EQ(tree32(std::span(lanes).first<32>()), kBig + 2);
  lanes[17] = 0, lanes[16] = 1; // lost against 2^24 at once
  EXPECT_EQ(tree32(std::span(lanes).first<32>()), kBig);
  lanes[16] = 0, lanes[9] = 1; // 1 + 1 in the second fold
  EXPECT_EQ(tree32(std::span(lanes).first<32>()), kBig + 2);
  lanes[9] = 0, lanes[8] = 1; // 2^24 + 1 in the second, then + 1
  EXPECT_EQ(tree32(std::span(lanes).first<32>()), kBig);
}

TEST(NumericsTest, vsumIsSum8OfPackets) {
  std::vector<float> lanes(32 * 9, 0.0f);
  lanes[0] = kBig;
  lanes[32 * 8 + 3] = lanes[32 * 8 + 5] = 1; // packet 8 sums to 2 by itself
  EXPECT_EQ(vsum(lanes), kBig + 2);
  lanes[32 * 8 + 5] = 0;
  lanes[32 * 4] = 1; // s0 = 2^24 + 1, s4 = 1
  EXPECT_EQ(vsum(lanes), kBig);
}

TEST(NumericsTest, vsumOfIntegersIsExact) {
  std::vector<float> lanes(32 * 21);
  std::iota(lanes.begin(), lanes.end(), 1.0f);
  EXPECT_EQ(vsum(lanes), 672 * 673 / 2);
}

//===----------------------------------------------------------------------===//
// N6: int4 blocks
//===----------------------------------------------------------------------===//

TEST(NumericsTest, int4CodesAreSignAndMagnitude) {
  for (int value = 0; value < 8; ++value) {
    EXPECT_EQ(int4Value(value), value);
    EXPECT_EQ(int4Value(8 + value), -value);
  }
}

TEST(NumericsTest, sparseGroupsFollowTheirIndex) {
  using enum isa::WeightFormat;
  using Group = std::array<int8_t, 8>;
  EXPECT_EQ(sparseGroup(int4_4of8, 0b1001'0110, 0x9F21),
            (Group{0, 1, 2, 0, -7, 0, 0, -1}));
  EXPECT_EQ(sparseGroup(int4_2of8, 1 + 8 * 6, 0xA3),
            (Group{0, 3, 0, 0, 0, 0, -2, 0}));
  EXPECT_EQ(sparseGroup(int4_1of8, 7, 0xD), (Group{0, 0, 0, 0, 0, 0, 0, -5}));
  EXPECT_EQ(sparseGroup(int4_1of8_padded, 5, 4),
            (Group{0, 0, 0, 0, 0, 4, 0, 0}));
}

TEST(NumericsTest, sparseGroupsThatNoPackerWrites) {
  using enum isa::WeightFormat;
  using Group = std::array<int8_t, 8>;
  // Three bits: the last code belongs to nothing. Eight: the lowest four count.
  EXPECT_EQ(sparseGroup(int4_4of8, 0b0001'0011, 0x7321),
            (Group{1, 2, 0, 0, 3, 0, 0, 0}));
  EXPECT_EQ(sparseGroup(int4_4of8, 0xFF, 0x4321),
            (Group{1, 2, 3, 4, 0, 0, 0, 0}));
  EXPECT_EQ(sparseGroup(int4_4of8, 0, 0x4321), Group{});
  // One address twice, and descending ones.
  EXPECT_EQ(sparseGroup(int4_2of8, 3 + 8 * 3, 0x77),
            (Group{0, 0, 0, 14, 0, 0, 0, 0}));
  EXPECT_EQ(sparseGroup(int4_2of8, 6 + 8 * 2, 0x12),
            (Group{0, 0, 1, 0, 0, 0, 2, 0}));
  // The fourth bit of a padded address.
  EXPECT_EQ(sparseGroup(int4_1of8_padded, 8 + 5, 4),
            (Group{0, 0, 0, 0, 0, 4, 0, 0}));
}

/// The term from exact numbers: activations in units of 2^(E-29), truncated.
float exactInt4Term(std::span<const uint16_t> x, std::span<const int8_t> v,
                    uint16_t scale) {
  int largest = 1;
  for (uint16_t half : x)
    largest = std::max(largest, (half >> 10) & 31);
  double sum = 0;
  for (size_t i = 0; i < x.size(); ++i)
    sum += std::trunc(std::ldexp(valueOf(x[i]), 29 - largest)) * v[i];
  double scaled = fl(double(fl(sum)) * valueOf(scale));
  return fl(std::ldexp(scaled, largest - 29));
}

void expectInt4Term(const std::vector<uint16_t> &x,
                    const std::vector<int8_t> &v, uint16_t scale) {
  float term = int4Term(std::span(x).first<kBlock>(),
                        std::span(v).first<kBlock>(), scale);
  EXPECT_EQ(term, exactInt4Term(x, v, scale));
}

TEST(NumericsTest, int4TermIsTheExactSum) {
  Values values(1);
  for (int trial = 0; trial < 2000; ++trial) {
    values.wildly = trial % 2;
    expectInt4Term(values.halves(kBlock), values.int4s(kBlock),
                   values.either());
  }
}

TEST(NumericsTest, int4TermOfLargestOperands) {
  std::vector<uint16_t> x(kBlock, 0xFFFF); // -131008
  std::vector<int8_t> v(kBlock, 7);
  // 128 * 32752 * 7 needs 25 bits: the conversion to binary32 rounds.
  expectInt4Term(x, v, 0x7FFF);
  x[5] = 0x0001;
  v[7] = -7;
  expectInt4Term(x, v, 0xFFFF);
}

TEST(NumericsTest, alignmentKeepsFourGuardBits) {
  uint16_t one = 0x3C00, ulp = 0x3C01; // 1 and 1 + 2^-10
  EXPECT_EQ(alignedActivation(one, 15), 1024 << 4);
  EXPECT_EQ(alignedActivation(ulp, 19), 1025);      // all bits remain
  EXPECT_EQ(alignedActivation(ulp, 20), 1025 >> 1); // the last is dropped
  EXPECT_EQ(alignedActivation(ulp | 0x8000, 20), -(1025 >> 1));
  EXPECT_EQ(alignedActivation(0x0001, 1), 16);
  EXPECT_EQ(alignedActivation(0x0001, 5), 1);
  EXPECT_EQ(alignedActivation(0x8001, 6), 0);
  EXPECT_EQ(alignedActivation(0xFFFF, 31), -32752); // fits 16 bits
}

TEST(NumericsTest, dotInt4AddsTermsInOrderOfBlocks) {
  std::vector<uint16_t> x(17 * kBlock, 0);
  std::vector<int8_t> v(17 * kBlock, 1);
  std::vector<uint16_t> scales(17, 0x3C00);
  auto put = [&](int block, uint16_t half) { x[block * kBlock] = half; };
  put(0, 0x7800), scales[0] = 0x6C00; // 2^15 * 2^12
  put(8, 0x4800), put(16, 0x4800);    // 8, half a unit in the last place
  EXPECT_EQ(dotInt4(x, v, scales), 0x1p27f);
  put(16, 0), put(10, 0x4800); // 8 in s2, which waits for s0 + s4
  EXPECT_EQ(dotInt4(x, v, scales), 0x1p27f);
  put(8, 0), put(2, 0x4800); // both in s2
  EXPECT_EQ(dotInt4(x, v, scales), 0x1p27f + 16);
}

//===----------------------------------------------------------------------===//
// N7: fp16 groups
//===----------------------------------------------------------------------===//

/// Products in units of 2^(E-46), truncated, where E is the greatest sum of
/// exponents of a product that is not zero.
float exactFp16Term(std::span<const uint16_t> a, std::span<const uint16_t> w) {
  auto exponentOf = [](uint16_t half) {
    return std::max((half >> 10) & 31, 1);
  };
  int largest = -1000;
  for (size_t i = 0; i < a.size(); ++i)
    if (valueOf(a[i]) * valueOf(w[i]) != 0)
      largest = std::max(largest, exponentOf(a[i]) + exponentOf(w[i]));
  if (largest == -1000)
    return 0;
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i)
    sum += std::trunc(std::ldexp(valueOf(a[i]) * valueOf(w[i]), 46 - largest));
  return fl(std::ldexp(sum, largest - 46));
}

float term(const std::vector<uint16_t> &a, const std::vector<uint16_t> &w) {
  return fp16Term(std::span(a).first<kGroup>(), std::span(w).first<kGroup>());
}

TEST(NumericsTest, fp16TermIsTheExactSum) {
  Values values(2);
  for (int trial = 0; trial < 4000; ++trial) {
    values.wildly = trial % 2;
    auto a = values.halves(kGroup), w = values.halves(kGroup);
    EXPECT_EQ(term(a, w), exactFp16Term(a, w));
    EXPECT_EQ(term(a, w), term(w, a));
  }
}

TEST(NumericsTest, fp16TermIgnoresExponentsOfZeroProducts) {
  std::vector<uint16_t> a(kGroup, 0), w(kGroup, 0);
  a[0] = w[0] = 0x0001; // 2^-48, the least product
  w[1] = 0x7FFF;        // 131008 * 0
  a[2] = 0xFC00, w[2] = 0x8000;
  // The product is 1 of 22 bits; four of them are dropped.
  EXPECT_EQ(term(a, w), 0);
  a[0] = w[0] = 0x0004; // 16
  EXPECT_EQ(term(a, w), 0x1p-44f);
  a[0] = 0x8004;
  EXPECT_EQ(term(a, w), -0x1p-44f);
}

TEST(NumericsTest, fp16TermOfZerosIsPlusZero) {
  std::vector<uint16_t> a(kGroup, 0x8000), w(kGroup, 0x7FFF);
  EXPECT_EQ(term(a, w), 0);
  EXPECT_FALSE(std::signbit(term(a, w)));
}

TEST(NumericsTest, fp16TermTruncatesTowardsZero) {
  std::vector<uint16_t> a(kGroup, 0), w(kGroup, 0x3C00);
  a[0] = 0x7800;                // 2^15, E = 30 + 15; the unit is 2^-1
  a[1] = 0x3BFF, a[2] = 0xBBFF; // just below 1: 0.5 each
  EXPECT_EQ(term(a, w), 32768);
  a[2] = 0xB7FF; // -0.4998: nothing is left
  EXPECT_EQ(term(a, w), 32768.5f);
  a[1] = 0, a[2] = 0xBBFF;
  EXPECT_EQ(term(a, w), 32767.5f);
}

TEST(NumericsTest, fp16TermOfLargestOperandsIsExact) {
  std::vector<uint16_t> a(kGroup, 0x7FFF), w(kGroup, 0xFFFF);
  EXPECT_EQ(term(a, w), exactFp16Term(a, w));
  EXPECT_LT(term(a, w), -5e11f);
}

TEST(NumericsTest, dotFp16AddsTermsInOrderOfGroups) {
  std::vector<uint16_t> a(17 * kGroup, 0), w(17 * kGroup, 0x3C00);
  a[0] = 0x7800, w[0] = 0x6C00; // 2^27
  a[8 * kGroup] = a[16 * kGroup] = 0x4800;
  EXPECT_EQ(dotFp16(a, w), 0x1p27f);
  std::swap(a[8 * kGroup], a[1 * kGroup]);
  std::swap(a[16 * kGroup], a[9 * kGroup]);
  EXPECT_EQ(dotFp16(a, w), 0x1p27f + 16);
}

//===----------------------------------------------------------------------===//
// N8 - N10
//===----------------------------------------------------------------------===//

// 1 + 2^-11 lies half way between two FP16 values; the least FP16 number is
// half a unit of binary32 there and vanishes when it is added.
constexpr float kTie = 1 + 0x1p-11f;
constexpr uint16_t kLeast = 0x0001;

TEST(NumericsTest, vmmOutputRoundsEachStep) {
  using isa::Epilogue;
  EXPECT_EQ(vmmOutput(kTie, {}, Epilogue::none, 0), 0x3C00);
  EXPECT_EQ(vmmOutput(kTie, kLeast, Epilogue::none, 0), 0x3C00);
  EXPECT_EQ(vmmOutput(kTie, kLeast, Epilogue::add, kLeast), 0x3C00);
  EXPECT_EQ(vmmOutput(kTie, 0x0002, Epilogue::none, 0), 0x3C01);
  EXPECT_EQ(vmmOutput(kTie, {}, Epilogue::add, 0x0002), 0x3C01);
}

TEST(NumericsTest, vmmOutputAddsTheBiasBeforeTheEpilogue) {
  using isa::Epilogue;
  uint16_t two = 0x4000, three = 0x4200;
  EXPECT_EQ(vmmOutput(1, two, Epilogue::multiply, three), floatToHalf(9));
  EXPECT_EQ(vmmOutput(1, two, Epilogue::add, three), floatToHalf(6));
  EXPECT_EQ(vmmOutput(1, {}, Epilogue::multiply, 0x8000), 0x8000);
  EXPECT_EQ(vmmOutput(1e9f, two, Epilogue::none, three), 0x7BFF);
}

TEST(NumericsTest, argmaxTakesTheFirstOfEquals) {
  auto at = [](std::vector<uint16_t> row) { return argmax(row); };
  EXPECT_EQ(at({0x3C00}), 0u);
  EXPECT_EQ(at({0x3C00, 0x4000, 0x4000}), 1u);
  EXPECT_EQ(at({0x8000, 0x0000, 0x8000}), 0u);
  EXPECT_EQ(at({0x8001, 0x8000, 0x0000}), 1u);
  EXPECT_EQ(at({0xFBFF, 0xFC00, 0x8400}), 2u);
  EXPECT_EQ(at({0x7BFF, 0x7C01, 0x7C00}), 1u);
}

TEST(NumericsTest, attentionScoreRoundsTwice) {
  EXPECT_EQ(attentionScore(3, 0.125f), floatToHalf(0.375f));
  // fl(kTie * (1 + 2^-23)) is above the tie, fl(kTie * 1) on it.
  EXPECT_EQ(attentionScore(kTie, 1 + 0x1p-23f), 0x3C01);
  EXPECT_EQ(attentionScore(kTie, 1), 0x3C00);
}

//===----------------------------------------------------------------------===//
// N11, N12: exponential and softmax
//===----------------------------------------------------------------------===//

TEST(NumericsTest, expTableIsRounded) {
  for (int i = 0; i <= 64; ++i) {
    long double exact = std::exp2l(20 - i / 64.0L);
    EXPECT_EQ(kExpTable[i], std::lroundl(exact)) << i;
    EXPECT_LT(std::abs(exact - kExpTable[i]), 0.499L) << i;
  }
  EXPECT_EQ(kLog2E, float(std::log2(std::exp(1.0))));
}

/// N11 in numbers instead of bit fields.
float exactExpneg(float distance) {
  double u = fl(double(distance) * kLog2E);
  if (u >= 32)
    return 0;
  double k = std::floor(u * 65536), n = std::floor(k / 65536);
  double f = k - n * 65536, i = std::floor(f / 1024), r = f - i * 1024;
  double step =
      std::floor((kExpTable[int(i)] - kExpTable[int(i) + 1]) * r / 1024);
  return fl(std::ldexp(kExpTable[int(i)] - step, -20 - int(n)));
}

TEST(NumericsTest, expnegFollowsItsDefinition) {
  Values values(3);
  for (int trial = 0; trial < 100000; ++trial) {
    float d = float(values.integer(0, 1 << 24)) * 0x1p-19f; // 0 .. 32
    ASSERT_EQ(expneg(d), exactExpneg(d)) << d;
  }
}

TEST(NumericsTest, expnegIsCloseAndFalls) {
  EXPECT_EQ(expneg(0), 1);
  float last = 1;
  for (float d = 0; d < 22; d += 0.001f) {
    float e = expneg(d);
    EXPECT_LE(e, last);
    EXPECT_NEAR(e * std::exp(double(d)), 1, 2.8e-5) << d;
    last = e;
  }
}

TEST(NumericsTest, expnegEndsAt32Octaves) {
  float edge = 32 / kLog2E;
  while (fl(double(edge) * kLog2E) >= 32)
    edge = std::nextafter(edge, 0.0f);
  EXPECT_GT(expneg(edge), 0);
  EXPECT_EQ(expneg(std::nextafter(edge, 99.0f)), 0);
  EXPECT_EQ(expneg(262016), 0); // the farthest two FP16 values
}

/// N12 with exact operations rounded one by one.
std::vector<uint16_t> exactSoftmax(const std::vector<uint16_t> &scores,
                                   size_t visible) {
  double greatest = -1e9;
  for (size_t i = 0; i < visible; ++i)
    greatest = std::max(greatest, valueOf(scores[i]));
  std::vector<float> e(scores.size(), 0.0f);
  for (size_t i = 0; i < visible; ++i)
    e[i] = exactExpneg(fl(greatest - valueOf(scores[i])));
  float inverse = fl(1.0 / vsum(e));
  std::vector<uint16_t> result;
  for (float value : e)
    result.push_back(floatToHalf(fl(double(value) * inverse)));
  return result;
}

TEST(NumericsTest, softmaxFollowsItsDefinition) {
  Values values(4);
  for (int trial = 0; trial < 300; ++trial) {
    values.wildly = trial % 3 == 0;
    size_t visible = values.integer(1, 700);
    auto scores = values.halves((visible + 31) / 32 * 32);
    std::vector<uint16_t> result(scores.size());
    softmax(scores, visible, result);
    EXPECT_EQ(result, exactSoftmax(scores, visible));
    softmax(scores, visible, scores);
    EXPECT_EQ(result, scores) << "in place";
  }
}

TEST(NumericsTest, softmaxOfSimpleRows) {
  std::vector<uint16_t> row(32, 0x7FFF), result(32);
  row[0] = 0xC000;
  softmax(row, 1, result);
  EXPECT_EQ(result[0], 0x3C00); // whatever it is, it is all there is
  EXPECT_TRUE(std::all_of(result.begin() + 1, result.end(),
                          [](uint16_t half) { return half == 0; }));
  row[1] = 0xC000;
  softmax(row, 2, result);
  EXPECT_EQ(result[0], 0x3800);
  EXPECT_EQ(result[1], 0x3800);
}

TEST(NumericsTest, softmaxDoesNotDependOnPaddingOrInvisibleScores) {
  Values values(5);
  auto scores = values.halves(64);
  std::vector<uint16_t> result(64), wider(256);
  softmax(scores, 40, result);
  auto more = values.halves(256);
  std::copy_n(scores.begin(), 40, more.begin());
  softmax(more, 40, wider);
  EXPECT_TRUE(std::equal(result.begin(), result.end(), wider.begin()));
}

//===----------------------------------------------------------------------===//
// N14 - N16
//===----------------------------------------------------------------------===//

TEST(NumericsTest, rmsNormFollowsItsDefinition) {
  Values values(6);
  for (int trial = 0; trial < 200; ++trial) {
    values.wildly = trial % 2;
    size_t channels = 32 * values.integer(1, 40);
    auto x = values.halves(channels), w = values.halves(channels);
    float inverse = 1.0f / float(channels), epsilon = 1e-5f;
    std::vector<float> squares;
    for (uint16_t half : x)
      squares.push_back(fl(valueOf(half) * valueOf(half)));
    float mean = fl(double(vsum(squares)) * inverse);
    float root = fl(std::sqrt(double(fl(double(mean) + epsilon))));
    float r = fl(1.0 / root);
    std::vector<uint16_t> result(channels);
    rmsNorm(x, w, inverse, epsilon, result);
    for (size_t i = 0; i < channels; ++i)
      ASSERT_EQ(result[i],
                floatToHalf(fl(double(fl(valueOf(x[i]) * r)) * valueOf(w[i]))));
    rmsNorm(x, w, inverse, epsilon, x);
    EXPECT_EQ(result, x) << "in place";
  }
}

TEST(NumericsTest, rmsNormOfZerosIsZero) {
  std::vector<uint16_t> x(64, 0), w(64, 0x3C00), result(64, 1);
  rmsNorm(x, w, 1.0f / 64, std::numeric_limits<float>::min(), result);
  EXPECT_EQ(result, x);
}

TEST(NumericsTest, rotateFollowsItsDefinition) {
  Values values(7);
  for (int trial = 0; trial < 5000; ++trial) {
    values.wildly = trial % 2;
    uint16_t a = values.either(), b = values.either();
    uint16_t c = values.either(), s = values.either();
    auto times = [](uint16_t x, uint16_t y) {
      return double(fl(valueOf(x) * valueOf(y)));
    };
    auto [first, second] = rotate(a, b, c, s);
    EXPECT_EQ(first, floatToHalf(fl(times(a, c) - times(b, s))));
    EXPECT_EQ(second, floatToHalf(fl(times(b, c) + times(a, s))));
  }
  EXPECT_EQ(rotate(0x3C00, 0xC000, 0x3C00, 0), // by nothing
            std::pair(uint16_t(0x3C00), uint16_t(0xC000)));
  EXPECT_EQ(rotate(0x3C00, 0x4000, 0, 0x3C00), // by a quarter turn
            std::pair(uint16_t(0xC000), uint16_t(0x3C00)));
}

TEST(NumericsTest, siluFollowsItsDefinition) {
  for (unsigned half = 0; half < 0x10000; ++half) {
    double x = valueOf(uint16_t(half));
    float e = exactExpneg(float(std::abs(x))), below = fl(1.0 + e);
    float gate = x >= 0 ? fl(1.0 / below) : fl(double(e) / below);
    uint16_t result = silu(uint16_t(half));
    ASSERT_EQ(result, floatToHalf(fl(x * gate))) << half;
    if (std::abs(x) <= 60000)
      ASSERT_NEAR(valueOf(result), x / (1 + std::exp(-x)),
                  1e-3 * std::abs(x) + 1e-7)
          << half;
  }
  EXPECT_EQ(silu(0), 0);
  EXPECT_EQ(silu(0x8000), 0x8000);
}

//===----------------------------------------------------------------------===//
// N19, N20
//===----------------------------------------------------------------------===//

/// A row of `channels`, in packets whose last lanes hold anything.
struct LayerNormRow {
  LayerNormRow(Values &values, size_t channels)
      : channels(channels), x(values.halves((channels + 31) / 32 * 32)),
        w(values.halves(x.size())), b(values.halves(x.size())) {}

  std::vector<uint16_t> normalised() const {
    std::vector<uint16_t> result(x.size(), 1);
    layerNorm(x, w, b, channels, epsilon, result);
    return result;
  }

  size_t channels;
  std::vector<uint16_t> x, w, b;
  float epsilon = 1e-5f;
};

/// N19 with exact operations rounded one by one.
std::vector<uint16_t> exactLayerNorm(const LayerNormRow &row) {
  float inverse = fl(1.0 / double(row.channels));
  std::vector<float> x(row.x.size()), d(x.size()), squares(x.size());
  for (size_t i = 0; i < row.channels; ++i)
    x[i] = float(valueOf(row.x[i]));
  float mean = fl(double(vsum(x)) * inverse);
  for (size_t i = 0; i < row.channels; ++i) {
    d[i] = fl(double(x[i]) - mean);
    squares[i] = fl(double(d[i]) * d[i]);
  }
  float variance = fl(double(vsum(squares)) * inverse);
  float root = fl(std::sqrt(double(fl(double(variance) + row.epsilon))));
  float n = fl(1.0 / root);
  std::vector<uint16_t> result(x.size(), 0);
  for (size_t i = 0; i < row.channels; ++i) {
    double scaled = fl(double(fl(double(d[i]) * n)) * valueOf(row.w[i]));
    result[i] = floatToHalf(fl(scaled + valueOf(row.b[i])));
  }
  return result;
}

TEST(NumericsTest, layerNormFollowsItsDefinition) {
  Values values(8);
  for (int trial = 0; trial < 300; ++trial) {
    values.wildly = trial % 2;
    LayerNormRow row(values, size_t(values.integer(1, 1300)));
    row.epsilon = trial % 3 ? 1e-5f : std::numeric_limits<float>::denorm_min();
    auto result = row.normalised();
    ASSERT_EQ(result, exactLayerNorm(row));
    layerNorm(row.x, row.w, row.b, row.channels, row.epsilon, row.x);
    EXPECT_EQ(row.x, result) << "in place";
  }
}

/// Against the formula: half a unit of FP16, and 2^-20 of what is summed up.
TEST(NumericsTest, layerNormIsClose) {
  Values values(9);
  for (int trial = 0; trial < 100; ++trial) {
    LayerNormRow row(values, size_t(values.integer(2, 1300)));
    for (uint16_t &half : row.x) // far from zero, as residual streams may be
      half = floatToHalf(float(valueOf(half) + trial));
    double mean = 0, variance = 0;
    for (size_t i = 0; i < row.channels; ++i)
      mean += valueOf(row.x[i]) / double(row.channels);
    for (size_t i = 0; i < row.channels; ++i)
      variance += std::pow(valueOf(row.x[i]) - mean, 2) / double(row.channels);
    double n = 1 / std::sqrt(variance + row.epsilon);
    auto result = row.normalised();
    for (size_t i = 0; i < row.channels; ++i) {
      double scaled = (valueOf(row.x[i]) - mean) * n * valueOf(row.w[i]);
      double exact = scaled + valueOf(row.b[i]);
      double lost = n * std::abs(mean) * std::abs(valueOf(row.w[i]));
      ASSERT_NEAR(valueOf(result[i]), exact,
                  0x1p-11 * std::abs(exact) + 0x1p-25 +
                      0x1p-20 * (std::abs(scaled) + lost))
          << "trial " << trial << ", channel " << i;
    }
  }
}

TEST(NumericsTest, layerNormLeavesPaddingOut) {
  Values values(10);
  for (size_t channels : {1, 31, 32, 33, 300}) {
    LayerNormRow row(values, channels);
    auto expected = row.normalised();
    for (size_t i = channels; i < row.x.size(); ++i) {
      EXPECT_EQ(expected[i], 0) << i;
      row.x[i] = 0xFFFF;
      row.w[i] = row.b[i] = 0x7FFF;
    }
    EXPECT_EQ(row.normalised(), expected) << channels;
  }
}

TEST(NumericsTest, layerNormOfSimpleRows) {
  Values values(11);
  LayerNormRow row(values, 64);
  std::ranges::fill(row.x, 0x8000); // zeros: the bias is left
  EXPECT_EQ(row.normalised(), row.b);
  std::ranges::fill(row.x, 0x7FFF); // the mean of equals is exact here
  EXPECT_EQ(row.normalised(), row.b);
  // The greatest values and the least epsilon there are: 1 and -1.
  row.epsilon = std::numeric_limits<float>::denorm_min();
  std::ranges::fill(row.w, 0x3C00);
  std::ranges::fill(row.b, 0);
  for (size_t i = 0; i < 64; i += 2)
    row.x[i] = 0xFFFF;
  auto result = row.normalised();
  for (size_t i = 0; i < 64; ++i)
    EXPECT_EQ(result[i], i % 2 ? 0x3C00 : 0xBC00) << i;
}

/// A mean that is not a number of binary32 leaves 131008 * 2^-24 at most, and
/// the least epsilon makes more of it than FP16 holds.
TEST(NumericsTest, layerNormSaturates) {
  Values values(12);
  LayerNormRow row(values, 3);
  row.epsilon = std::numeric_limits<float>::denorm_min();
  std::ranges::fill(row.x, 0x7FFF);
  std::ranges::fill(row.w, 0x7FFF);
  EXPECT_EQ(row.normalised(), exactLayerNorm(row));
  row.x[0] = 0xFFFF;
  auto result = row.normalised();
  EXPECT_EQ(result[0], 0xFBFF);
  EXPECT_EQ(result[1], 0x7BFF);
}

TEST(NumericsTest, geluConstantsAreRounded) {
  double linear = 2 * std::sqrt(2 / std::acos(-1.0));
  EXPECT_EQ(kGeluLinear, float(linear));
  EXPECT_EQ(kGeluCubic, float(0.044715 * linear));
}

TEST(NumericsTest, geluFollowsItsDefinition) {
  for (unsigned half = 0; half < 0x10000; ++half) {
    double x = valueOf(uint16_t(half));
    double square = fl(x * x);
    double slope = fl(double(fl(square * kGeluCubic)) + kGeluLinear);
    float t = fl(x * slope);
    float e = exactExpneg(std::abs(t)), below = fl(1.0 + e);
    float gate = t >= 0 ? fl(1.0 / below) : fl(double(e) / below);
    ASSERT_EQ(gelu(uint16_t(half)), floatToHalf(fl(x * gate))) << half;
  }
}

/// Every FP16 number against the tanh form: half a unit of FP16, and a
/// fourteenth of one for N11.
TEST(NumericsTest, geluIsClose) {
  double factor = std::sqrt(2 / std::acos(-1.0));
  for (unsigned half = 0; half < 0x10000; ++half) {
    double x = valueOf(uint16_t(half));
    if (std::abs(x) > 65504)
      continue;
    double inner = factor * (x + 0.044715 * x * x * x);
    double exact = x / (1 + std::exp(-2 * inner));
    ASSERT_NEAR(valueOf(gelu(uint16_t(half))), exact,
                (0x1p-11 + 3.5e-5) * std::abs(exact) + 0x1p-25)
        << half;
  }
}

TEST(NumericsTest, geluOfEnds) {
  EXPECT_EQ(gelu(0), 0);
  EXPECT_EQ(gelu(0x8000), 0x8000);
  EXPECT_EQ(gelu(0x7FFF), 0x7BFF); // 131008 saturates
  EXPECT_EQ(gelu(0xFFFF), 0x8000);
  EXPECT_EQ(gelu(0x0001), 0x0000); // half of the least, to even
  EXPECT_EQ(gelu(0x0003), 0x0002); // one and a half of it
}

} // namespace
