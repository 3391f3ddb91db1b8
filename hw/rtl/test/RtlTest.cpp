//===- RtlTest.cpp - The RTL against the scalar numerics ------------------===//
//
// Every sum of the array must have the bits and come in the cycle that
// hw/numerics.md and the pipeline's latency say. The number of dot-product
// blocks of each test is EDGELLM_RTL_BLOCKS.
//
//===----------------------------------------------------------------------===//
#include "Bench.h"
#include "Stimulus.h"
#include <bit>
#include <deque>
#include <gtest/gtest.h>

using namespace edgellm;
using namespace edgellm::rtl;

/// EDGELLM_RTL_BLOCKS, which must be a number.
static size_t blocksToRun() {
  const char *text = std::getenv("EDGELLM_RTL_BLOCKS");
  char *end = nullptr;
  unsigned long long blocks = text ? std::strtoull(text, &end, 10) : 0;
  if (!blocks || *end) {
    std::fprintf(stderr,
                 "error: EDGELLM_RTL_BLOCKS must be a positive number\n");
    std::exit(1);
  }
  return size_t(blocks);
}

//===----------------------------------------------------------------------===//
// The array
//===----------------------------------------------------------------------===//

namespace {

/// Feeds rows to the array and compares the sums that come out.
class ArrayTest : public ::testing::Test {
protected:
  Bench bench;
  size_t now = 0; ///< cycles
  size_t blocks = 0;

  struct Expected {
    size_t cycle;
    std::array<uint32_t, kChannels> sums;
  };
  std::deque<Expected> expected;
  /// Operands that belong to activations given earlier, one entry a cycle.
  std::deque<std::array<Block::Channel, kChannels>> delayed;
  bool fp16 = false;

  void SetUp() override { bench.reset(); }

  /// A cycle; without a block, a gap.
  void step(const Block *block, bool last) {
    bench->valid = block != nullptr;
    bench->last = last;
    bench->fp16 = fp16;
    if (block)
      setActivations(block->activations);
    delayed.push_back(block ? block->channels : decltype(block->channels){});
    weightModes.push_back(fp16);
    if (delayed.size() > size_t(bench->weight_delay))
      setWeights();
    bench.cycle();
    ++now;
    if (bench->sums_valid)
      compare();
    else
      ASSERT_TRUE(expected.empty() || expected.front().cycle > now)
          << "no sum in cycle " << now;
  }

  void feed(const Row &row, Stimulus &gaps, unsigned gapsOfEight) {
    fp16 = row.fp16;
    Expected sums{0, {}};
    for (unsigned c = 0; c < kChannels; ++c)
      sums.sums[c] = std::bit_cast<uint32_t>(expectedSum(row, c));
    for (size_t i = 0; i < row.blocks.size(); ++i) {
      while (gaps.below(8) < gapsOfEight)
        ASSERT_NO_FATAL_FAILURE(step(nullptr, gaps.below(2)));
      bool last = i + 1 == row.blocks.size();
      if (last) {
        sums.cycle = now + size_t(bench->latency);
        expected.push_back(sums);
      }
      ASSERT_NO_FATAL_FAILURE(step(&row.blocks[i], last));
    }
    blocks += row.blocks.size();
  }

  /// Until the last sum has come.
  void drain() {
    for (int i = 0; i <= bench->latency; ++i)
      ASSERT_NO_FATAL_FAILURE(step(nullptr, false));
    EXPECT_TRUE(expected.empty()) << expected.size() << " sums are missing";
  }

private:
  std::deque<bool> weightModes;

  void setActivations(const std::array<uint16_t, numerics::kBlock> &values) {
    for (unsigned i = 0; i < values.size(); i += 2)
      bench->activations[i / 2] = values[i] | uint32_t(values[i + 1]) << 16;
  }

  void setWeights() {
    constexpr unsigned kWords = numerics::kGroup / 2;
    uint32_t scales = 0;
    for (unsigned c = 0; c < kChannels; ++c) {
      const Block::Channel &channel = delayed.front()[c];
      for (unsigned w = 0; w < kWords; ++w)
        bench->weights[c * kWords + w] =
            weightModes.front() ? channel.halves[2 * w] |
                                      uint32_t(channel.halves[2 * w + 1]) << 16
                                : eightCodes(&channel.codes[8 * w]);
      scales |= uint32_t(channel.scale) << 16 * c;
    }
    bench->scales = scales;
    delayed.pop_front();
    weightModes.pop_front();
  }

  static uint32_t eightCodes(const uint8_t *codes) {
    uint32_t word = 0;
    for (unsigned i = 0; i < 8; ++i)
      word |= uint32_t(codes[i]) << 4 * i;
    return word;
  }

  void compare() {
    ASSERT_FALSE(expected.empty()) << "a sum too many in cycle " << now;
    ASSERT_EQ(expected.front().cycle, now);
    for (unsigned c = 0; c < kChannels; ++c)
      ASSERT_EQ(expected.front().sums[c], uint32_t(bench->sums >> 32 * c))
          << "channel " << c << ", cycle " << now;
    expected.pop_front();
  }
};

} // namespace

TEST_F(ArrayTest, RowsOfBothModesBackToBack) {
  Stimulus stimulus(1);
  while (blocks < blocksToRun()) {
    bool wanted = stimulus.below(2);
    bool mode = bench.hasInt4() && bench.hasFp16() ? wanted : bench.hasFp16();
    ASSERT_NO_FATAL_FAILURE(feed(stimulus.row(mode), stimulus, 0));
  }
  drain();
}

TEST_F(ArrayTest, GapsBetweenBlocks) {
  Stimulus stimulus(2);
  while (blocks < blocksToRun() / 4) {
    bool wanted = stimulus.below(2);
    bool mode = bench.hasInt4() && bench.hasFp16() ? wanted : bench.hasFp16();
    ASSERT_NO_FATAL_FAILURE(
        feed(stimulus.row(mode), stimulus, stimulus.below(8)));
  }
  drain();
}

TEST_F(ArrayTest, ResetForgetsWhatIsUnderWay) {
  Stimulus stimulus(3);
  bool mode = bench.hasFp16();
  Row row = stimulus.row(mode);
  row.blocks.resize(5);
  for (int length = 1; length <= bench->latency; ++length) {
    // A row without an end, a reset at some distance, a row.
    for (int i = 0; i < length; ++i)
      ASSERT_NO_FATAL_FAILURE(step(&row.blocks[size_t(i) % 5], i == 2));
    expected.clear();
    bench.reset();
    ++now;
    ASSERT_NO_FATAL_FAILURE(feed(row, stimulus, 0));
    drain();
  }
}

//===----------------------------------------------------------------------===//
// Units alone
//===----------------------------------------------------------------------===//

/// A zero or a number whose sums are normal; often one near `other`.
static float operand(Stimulus &stimulus, float other) {
  uint32_t bits = uint32_t(stimulus.bits());
  switch (stimulus.below(other ? 8 : 2)) {
  case 0:
    return 0;
  case 1:
    break;
  case 2: // cancels but for the last bits
    return -std::bit_cast<float>(std::bit_cast<uint32_t>(other) ^ (bits & 7));
  case 3: // one binade away
    return -other * (bits & 1 ? 0.5f : 2);
  case 4: // ties and their neighbours
    bits &= ~uint32_t(0xFFFF) | (bits >> 8 & 3);
    break;
  default:
    break;
  }
  unsigned field = 75 + stimulus.below(100);
  if (stimulus.below(2)) // where rounding happens
    field = std::min(
        174u, std::max(75u, (std::bit_cast<uint32_t>(other) >> 23 & 255) +
                                stimulus.below(60) - 30));
  return std::bit_cast<float>((bits & 0x807FFFFF) | field << 23);
}

TEST(AdderTest, RoundsToNearestEven) {
  Bench bench;
  Stimulus stimulus(4);
  std::deque<float> sums;
  for (size_t i = 0; i < blocksToRun() * 4; ++i) {
    float a = operand(stimulus, 1), b = operand(stimulus, a);
    bench->add_a = std::bit_cast<uint32_t>(a);
    bench->add_b = std::bit_cast<uint32_t>(b);
    sums.push_back(a + b + 0.0f); // a zero is +0
    bench.cycle();
    if (sums.size() < size_t(bench->add_latency))
      continue;
    ASSERT_EQ(std::bit_cast<uint32_t>(sums.front()), bench->add_sum);
    sums.pop_front();
  }
}

/// Activation k of a group, found as the weight of a code 1 among codes 0.
static uint16_t selected(isa::WeightFormat format, unsigned index, unsigned k,
                         const std::array<uint16_t, 8> &group) {
  auto weights = numerics::sparseGroup(format, index, 1u << 4 * k);
  for (unsigned i = 0; i < 8; ++i)
    if (weights[i])
      return group[i];
  return 0;
}

TEST(SparseSelectTest, EveryIndex) {
  Bench bench;
  Stimulus stimulus(5);
  for (unsigned index = 0; index < 256; ++index) {
    std::array<uint16_t, 8> group;
    for (unsigned i = 0; i < 8; ++i)
      group[i] = uint16_t(stimulus.half() << 3 | i); // no two are equal
    for (unsigned i = 0; i < 8; i += 2)
      bench->group[i / 2] = group[i] | uint32_t(group[i + 1]) << 16;
    bench->index = index;
    bench.cycle(); // the index comes a cycle earlier
    bench.cycle();
    using enum isa::WeightFormat;
    for (unsigned k = 0; k < 4; ++k)
      EXPECT_EQ(selected(int4_4of8, index, k, group),
                uint16_t(bench->selected4 >> 16 * k))
          << "index " << index << ", weight " << k;
    for (unsigned k = 0; k < 2; ++k)
      EXPECT_EQ(selected(int4_2of8, index & 63, k, group),
                uint16_t(bench->selected2 >> 16 * k))
          << "index " << index << ", weight " << k;
    EXPECT_EQ(selected(int4_1of8, index & 7, 0, group), bench->selected1);
    EXPECT_EQ(selected(int4_1of8_padded, index & 15, 0, group),
              bench->selected1);
  }
}
