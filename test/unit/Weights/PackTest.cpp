//===- PackTest.cpp - Matrices to and from weight images ------------------===//
#include "EdgeLLM/Weights/Pack.h"

#include "../Testing.h"
#include "EdgeLLM/Support/Half.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>

using namespace edgellm;
using edgellm::testing::errorOf;

static constexpr auto kInt4 = WeightFormat::int4;
static constexpr auto kFp16 = WeightFormat::fp16;
static constexpr WeightFormat kSparse[] = {
    WeightFormat::int4_4of8, WeightFormat::int4_2of8,
    WeightFormat::int4_1of8_padded, WeightFormat::int4_1of8};
static constexpr auto kNearest = QuantizeMethod::roundToNearest;
static constexpr auto kSearch = QuantizeMethod::scaleSearch;

namespace {

using Bytes = std::vector<uint8_t>;

/// A matrix of literal numbers with its maps, packed and read back.
struct Sample {
  ChannelMap rows, columns;
  WeightFormat format;
  unsigned ports;
  std::vector<float> values;

  WeightLayout layout() const {
    return {format, rows.paddedChannels(), columns.paddedChannels(), ports};
  }
  MatrixView view() const {
    return viewOf("literal", rows.sourceChannels(), columns.sourceChannels(),
                  values);
  }
  float value(int64_t row, int64_t column) const {
    return values[size_t(row * columns.sourceChannels() + column)];
  }
};

} // namespace

/// Of 8 weights.
static unsigned keepOf(WeightFormat format) {
  switch (format) {
  case WeightFormat::fp16:
  case WeightFormat::int4:
    return 8;
  case WeightFormat::int4_4of8:
    return 4;
  case WeightFormat::int4_2of8:
    return 2;
  case WeightFormat::int4_1of8_padded:
  case WeightFormat::int4_1of8:
    return 1;
  }
  return 0;
}

static std::vector<Bytes> pack(const Sample &sample, QuantizeMethod method,
                               unsigned threads = 1) {
  std::vector<Bytes> images(sample.ports);
  auto append = [&](unsigned port, std::span<const std::byte> bytes) {
    auto *begin = reinterpret_cast<const uint8_t *>(bytes.data());
    images.at(port).insert(images.at(port).end(), begin, begin + bytes.size());
  };
  packMatrix(sample.view(), sample.rows, sample.columns, sample.layout(),
             {keepOf(sample.format), PruneMethod::magnitude, method}, append,
             threads);
  return images;
}

static std::vector<std::span<const std::byte>>
spansOf(const std::vector<Bytes> &images) {
  std::vector<std::span<const std::byte>> spans;
  for (const Bytes &image : images)
    spans.push_back(std::as_bytes(std::span(image)));
  return spans;
}

static std::vector<float> unpack(const Sample &sample,
                                 const std::vector<Bytes> &images) {
  MatrixView view = unpackMatrix("images", sample.rows, sample.columns,
                                 sample.layout(), spansOf(images));
  std::vector<float> values(sample.values.size());
  for (int64_t row = 0; row < view.rows; ++row)
    view.readRow(row, std::span(values).subspan(size_t(row * view.columns),
                                                size_t(view.columns)));
  return values;
}

/// A shape with nothing aligned, heads on both sides, values that are FP16.
static Sample randomSample(std::mt19937 &random, WeightFormat format) {
  auto below = [&](int64_t limit) { return int64_t(random() % limit); };
  auto randomMap = [&](int64_t groups, int64_t size) {
    int64_t pairs = below(size / 2 + 1) * 2;
    return ChannelMap{groups, size, size + below(40), pairs};
  };
  Sample sample{randomMap(1 + below(3), 1 + below(50)),
                randomMap(1 + below(2), 1 + below(2400)),
                format,
                8u << below(3),
                {}};
  std::normal_distribution<float> normal(0, 0.02f);
  sample.values.resize(
      size_t(sample.rows.sourceChannels() * sample.columns.sourceChannels()));
  for (float &value : sample.values)
    value = halfToFloat(floatToHalf(normal(random)));
  return sample;
}

//===----------------------------------------------------------------------===//
// Bytes
//===----------------------------------------------------------------------===//

TEST(Pack, Fp16BytesByHand) {
  Sample sample{{1, 3, 3, 0}, {1, 4, 4, 4}, kFp16, 16, {}};
  sample.values = {1, 2, 3, 4, -1, -2, -3, -4, 0.5, 0.25, 0.125, 65504};
  std::vector<Bytes> images = pack(sample, kNearest);
  Bytes zeros(128); // two rows of 32 values
  Bytes first = zeros, third = zeros;
  // Columns 0, 2, 1, 3: rotary pairs are neighbours.
  const uint8_t one[] = {0x00, 0x3C, 0x00, 0x42, 0x00, 0x40, 0x00, 0x44};
  std::ranges::copy(one, first.begin());
  EXPECT_EQ(images[0], first);
  const uint8_t half[] = {0x00, 0x38, 0x00, 0x30, 0x00, 0x34, 0xFF, 0x7B};
  std::ranges::copy(half, third.begin());
  EXPECT_EQ(images[2], third);
  EXPECT_EQ(images[3], zeros);
}

TEST(Pack, Int4BytesByHand) {
  // Channel 33 of 64, the second row of port 1; two groups: 2048 and 128.
  Sample sample{{1, 34, 34, 0}, {1, 2050, 2050, 0}, kInt4, 32, {}};
  sample.values.resize(34 * 2050);
  float *row = &sample.values[33 * 2050];
  std::copy_n(std::begin({7.f, -7.f, 1.f, 0.f, -1.f, 3.f}), 6, row);
  row[128] = 3.5f; // block 1: scale 0.5
  row[2049] = -14; // group 1: scale 2
  std::vector<Bytes> images = pack(sample, kNearest);

  Bytes expected(2304, 0); // two rows of 32 + 1024 + 32 + 64 bytes
  size_t begin = 1152;
  expected[begin + 1] = 0x3C; // 1.0
  expected[begin + 3] = 0x38; // 0.5
  expected[begin + 32] = 0xF7;
  expected[begin + 33] = 0x01;
  expected[begin + 34] = 0x39;
  expected[begin + 32 + 64] = 0x07;
  expected[begin + 1056 + 1] = 0x40; // 2.0
  expected[begin + 1056 + 32] = 0xF0;
  EXPECT_EQ(images[1], expected);
  EXPECT_EQ(images[2], Bytes(2304, 0));
}

TEST(Pack, MinusZeroIsZero) {
  std::vector<Bytes> images(32, Bytes(128, 0));
  images[0][1] = 0x3C;
  images[0][32] = 0x98;
  std::vector<float> row(128);
  unpackRow({kInt4, 32, 128, 32}, spansOf(images), 0, row);
  EXPECT_EQ(row[0], 0);
  EXPECT_FALSE(std::signbit(row[0]));
  EXPECT_EQ(row[1], -1);
}

/// The first bytes of a row of 128 inputs after its 32 of scales.
static Bytes packedRow(WeightFormat format, std::vector<float> row) {
  row.resize(128);
  Sample sample{{1, 1, 1, 0}, {1, 128, 128, 0}, format, 32, row};
  Bytes image = pack(sample, kNearest)[0];
  EXPECT_EQ(image[1], 0x3C); // the scale, 1.0
  return Bytes(image.begin() + 32, image.end());
}

TEST(Pack, FourOfEightBytesByHand) {
  // Group 0 is pruned to channels 0, 1, 4 and 6; group 1 has one weight, so
  // that channels 0 to 2 are stored too; the others store channels 0 to 3.
  Bytes row = packedRow(WeightFormat::int4_4of8,
                        {7, -6, 1, 2, 5, -1, 4, 3, 0, 0, 0, 0, 0, -2, 0, 0});
  Bytes expected(96, 0);
  std::ranges::fill(expected.begin() + 2, expected.begin() + 16, 0x0F);
  expected[0] = 0b0101'0011;
  expected[1] = 0b0010'0111;
  expected[16] = 0xE7; // 7, -6
  expected[17] = 0x45; // 5, 4
  expected[19] = 0xA0; // 0, -2
  EXPECT_EQ(row, expected);
}

TEST(Pack, TwoOfEightBytesByHand) {
  Bytes row = packedRow(WeightFormat::int4_2of8,
                        {1, -6, 1, 2, 5, -1, 7, 3, 0, 0, 0, 0, 0, -2, 0, 0});
  // Channels 1, 6 | 0, 5 | 0, 1 | 0, 1 | ...: three bits each.
  Bytes expected(32, 0);
  for (size_t group = 0; group < 16; ++group) {
    unsigned bits = group == 0 ? 1 + 6 * 8 : group == 1 ? 5 * 8 : 1 * 8;
    for (size_t i = 0; i < 6; ++i)
      expected[(6 * group + i) / 8] |= (bits >> i & 1) << (6 * group + i) % 8;
  }
  EXPECT_EQ(expected[0], 0b00'110'001);
  EXPECT_EQ(expected[1], 0b1000'1010);
  expected[12] = 0x7E; // -6, 7
  expected[13] = 0xA0; // 0, -2
  EXPECT_EQ(row, expected);
}

TEST(Pack, OneOfEightBytesByHand) {
  const std::vector<float> weights = {1, -6, 1, 2, 5, -1, 7, 3, 0,  0, 0,
                                      0, 0,  2, 0, 0, 0,  0, 0, -3, 3};
  // Channels 6, 5 and 3 (of equal ones the lower), then 0.
  Bytes padded(32, 0), unpadded(32, 0);
  padded[0] = 0x56;
  padded[1] = 0x03;
  unpadded[0] = 0b11'101'110; // and the third address's highest bit
  padded[8] = unpadded[6] = 0x27;
  padded[9] = unpadded[7] = 0x0B;
  EXPECT_EQ(packedRow(WeightFormat::int4_1of8_padded, weights), padded);
  EXPECT_EQ(packedRow(WeightFormat::int4_1of8, weights), unpadded);
}

/// Bits, the first lowest, to whole bytes.
static void appendBits(Bytes &image, const std::vector<bool> &bits) {
  for (size_t i = 0; i < bits.size(); i += 8) {
    uint8_t byte = 0;
    for (size_t k = i; k < std::min(i + 8, bits.size()); ++k)
      byte |= uint8_t(bits[k]) << (k - i);
    image.push_back(byte);
  }
}

static void put(std::vector<bool> &bits, unsigned value, unsigned count) {
  for (unsigned i = 0; i < count; ++i)
    bits.push_back(value >> i & 1);
}

/// The channels of a group that are stored, in order.
static std::vector<unsigned> storedOf(const int8_t *group, unsigned keep) {
  std::vector<unsigned> stored;
  for (unsigned i = 0; i < 8; ++i)
    if (group[i] != 0)
      stored.push_back(i);
  for (unsigned i = 0; i < 8 && stored.size() < keep; ++i)
    if (group[i] == 0)
      stored.push_back(i);
  EXPECT_EQ(stored.size(), keep);
  std::ranges::sort(stored);
  return stored;
}

/// Index and codes of a package.
static void appendPackage(Bytes &image, const std::vector<int8_t> &values,
                          WeightFormat format) {
  std::vector<bool> index, codes;
  for (size_t group = 0; group < values.size(); group += 8) {
    unsigned mask = 0;
    for (unsigned channel : storedOf(&values[group], keepOf(format))) {
      int v = values[group + channel];
      put(codes, unsigned(v >= 0 ? v : 8 + std::abs(v)), 4);
      mask |= 1u << channel;
      if (format == WeightFormat::int4_2of8 ||
          format == WeightFormat::int4_1of8)
        put(index, channel, 3);
      if (format == WeightFormat::int4_1of8_padded)
        put(index, channel, 4);
    }
    if (format == WeightFormat::int4_4of8)
      put(index, mask, 8);
  }
  appendBits(image, index);
  appendBits(image, codes);
}

/// Zeroes the smallest of each 8, of equal ones the last.
static void pruneSlowly(std::vector<float> &weights, unsigned keep) {
  for (size_t group = 0; group < weights.size(); group += 8)
    for (unsigned kept = 8; kept > keep; --kept) {
      size_t worst = 8;
      for (size_t i = 0; i < 8; ++i)
        if (float w = std::fabs(weights[group + i]);
            w != 0 && (worst == 8 || w <= std::fabs(weights[group + worst])))
          worst = i;
      if (worst < 8 &&
          std::count(&weights[group], &weights[group] + 8, 0.f) < 8 - int(keep))
        weights[group + worst] = 0;
    }
}

/// Appends a row of at least `weights` as the formats say, byte by byte.
static void appendRow(Bytes &image, std::vector<float> weights,
                      WeightFormat format, QuantizeMethod method) {
  auto appendHalf = [&](uint16_t half) {
    image.push_back(uint8_t(half));
    image.push_back(uint8_t(half >> 8));
  };
  if (format == kFp16) {
    weights.resize((weights.size() + 31) / 32 * 32);
    for (float weight : weights)
      appendHalf(floatToHalf(weight));
    return;
  }
  weights.resize((weights.size() + 127) / 128 * 128);
  pruneSlowly(weights, keepOf(format));
  for (size_t package = 0; package < weights.size(); package += 2048) {
    size_t end = std::min(package + 2048, weights.size());
    std::vector<int8_t> values(end - package);
    for (size_t block = 0; block < 16; ++block) {
      size_t begin = package + 128 * block;
      bool isUsed = begin < end;
      appendHalf(!isUsed
                     ? uint16_t(0)
                     : quantizeBlock(
                           std::span<const float, 128>(&weights[begin], 128),
                           method,
                           std::span<int8_t, 128>(&values[128 * block], 128)));
    }
    size_t start = image.size();
    appendPackage(image, values, format);
    image.resize(start + (image.size() - start + 31) / 32 * 32);
  }
}

/// What the formats say, one weight at a time, without any code of the packer.
static std::vector<Bytes> packSlowly(const Sample &sample,
                                     QuantizeMethod method) {
  WeightLayout layout = sample.layout();
  std::vector<Bytes> images(sample.ports);
  for (int64_t c = 0; c < (layout.outputs + 31) / 32 * 32; ++c) {
    int64_t row = c < layout.outputs ? sample.rows.source(c) : -1;
    std::vector<float> weights(size_t(layout.inputs));
    for (int64_t i = 0; row >= 0 && i < layout.inputs; ++i)
      if (int64_t column = sample.columns.source(i); column >= 0)
        weights[size_t(i)] = sample.value(row, column);
    Bytes &image = images[size_t(c) % sample.ports];
    size_t start = image.size();
    appendRow(image, weights, sample.format, method);
    if (row < 0) // a row of zeros has no index either
      std::fill(image.begin() + int64_t(start), image.end(), 0);
  }
  for (Bytes &image : images)
    image.resize((image.size() + 63) / 64 * 64);
  return images;
}

TEST(Pack, ConformsToTheFormatsOnRandomShapes) {
  std::mt19937 random(6);
  for (int trial = 0; trial < 60; ++trial) {
    Sample sample = randomSample(random, WeightFormat(trial % 6));
    QuantizeMethod method = trial % 4 == 1 ? kSearch : kNearest;
    std::vector<Bytes> images = pack(sample, method);
    ASSERT_TRUE(images == packSlowly(sample, method)) << "trial " << trial;
    for (const Bytes &image : images)
      ASSERT_EQ(image.size(), sample.layout().portBytes());
  }
}

TEST(Pack, PublishedSizeOfADenseMatrix) {
  Sample sample{
      ChannelMap::identity(4608), ChannelMap::identity(4096), kInt4, 32, {}};
  MatrixView zeros{"zeros", 4608, 4096, [](int64_t, std::span<float> out) {
                     std::ranges::fill(out, 0.f);
                   }};
  std::vector<size_t> bytes(32);
  auto count = [&](unsigned port, std::span<const std::byte> part) {
    bytes[port] += part.size();
  };
  packMatrix(zeros, sample.rows, sample.columns, sample.layout(), {}, count);
  EXPECT_EQ(bytes, std::vector<size_t>(32, 304128));
}

//===----------------------------------------------------------------------===//
// Round trips
//===----------------------------------------------------------------------===//

TEST(Pack, Fp16RoundTripIsExact) {
  std::mt19937 random(7);
  for (int trial = 0; trial < 20; ++trial) {
    Sample sample = randomSample(random, kFp16);
    ASSERT_EQ(unpack(sample, pack(sample, kNearest)), sample.values);
  }
}

TEST(Pack, Int4RoundTripStaysWithinHalfAStep) {
  std::mt19937 random(8);
  for (int trial = 0; trial < 20; ++trial) {
    Sample sample = randomSample(random, kInt4);
    std::vector<float> restored = unpack(sample, pack(sample, kNearest));
    float largest = 0;
    for (float value : sample.values)
      largest = std::max(largest, std::fabs(value));
    for (size_t i = 0; i < restored.size(); ++i)
      ASSERT_NEAR(restored[i], sample.values[i], largest / 14 * 1.01f);
  }
}

TEST(Pack, Int4RoundTripOfThreeLevelsIsExact) {
  std::mt19937 random(9);
  for (int trial = 0; trial < 20; ++trial) {
    Sample sample = randomSample(random, kInt4);
    std::ranges::generate(sample.values,
                          [&] { return 7 * (float(random() % 3) - 1); });
    ASSERT_EQ(unpack(sample, pack(sample, kNearest)), sample.values);
  }
}

/// At most N nonzero values of each 8, some groups with fewer, and what lies
/// past the inputs zero.
static QuantizedMatrix randomQuantized(std::mt19937 &random,
                                       const WeightLayout &layout) {
  QuantizedMatrix matrix{layout.outputs, layout.paddedInputs(), {}, {}};
  matrix.values.resize(size_t(matrix.rows * matrix.columns));
  for (size_t group = 0; group < matrix.values.size(); group += 8)
    for (unsigned n = random() % (keepOf(layout.format) + 1); n > 0; --n)
      if (size_t at = group + random() % 8;
          int64_t(at) % matrix.columns < layout.inputs)
        matrix.values[at] = int8_t(int(random() % 15) - 7);
  for (int64_t i = 0; i < matrix.rows * matrix.columns / 128; ++i)
    matrix.scales.push_back(uint16_t(random() % 0x7C00));
  return matrix;
}

static QuantizedRows rowsOf(const QuantizedMatrix &matrix) {
  return {"quantized", [&](int64_t output, std::span<int8_t> values,
                           std::span<uint16_t> scales) {
            std::ranges::copy_n(matrix.values.begin() + output * matrix.columns,
                                matrix.columns, values.begin());
            std::ranges::copy_n(matrix.scales.begin() +
                                    output * int64_t(scales.size()),
                                int64_t(scales.size()), scales.begin());
          }};
}

static std::vector<Bytes> pack(const QuantizedMatrix &matrix,
                               const WeightLayout &layout,
                               unsigned threads = 1) {
  std::vector<Bytes> images(layout.ports);
  packQuantized(
      rowsOf(matrix), layout,
      [&](unsigned port, std::span<const std::byte> bytes) {
        auto *begin = reinterpret_cast<const uint8_t *>(bytes.data());
        images[port].insert(images[port].end(), begin, begin + bytes.size());
      },
      threads);
  return images;
}

TEST(Pack, QuantizedRowsComeBackExactly) {
  std::mt19937 random(12);
  for (int trial = 0; trial < 60; ++trial) {
    WeightFormat format = trial % 5 == 0 ? kInt4 : kSparse[trial % 5 - 1];
    WeightLayout layout{format, int64_t(1 + random() % 100),
                        int64_t(1 + random() % 4500), 1u << random() % 6};
    QuantizedMatrix matrix = randomQuantized(random, layout);
    std::vector<Bytes> images = pack(matrix, layout, 1 + trial % 3);
    std::vector<float> row(size_t(layout.paddedInputs()));
    for (int64_t c = 0; c < layout.paddedOutputs(); ++c) {
      unpackRow(layout, spansOf(images), c, row);
      for (size_t i = 0; i < row.size(); ++i) {
        size_t at = size_t(c) * row.size() + i;
        float expected = c < layout.outputs
                             ? float(matrix.values[at]) *
                                   halfToFloat(matrix.scales[at / 128])
                             : 0;
        ASSERT_EQ(row[i], expected)
            << isa::nameOf(format) << " " << c << ", " << i;
      }
    }
  }
}

TEST(Pack, LossOfQuantizedRowsIsThatOfTheOriginal) {
  std::mt19937 random(15);
  for (WeightFormat format : {kInt4, kSparse[1]}) {
    Sample sample = randomSample(random, format);
    WeightLayout layout = sample.layout();
    Compression compression{keepOf(format), PruneMethod::magnitude, kSearch};
    auto drop = [](unsigned, std::span<const std::byte>) {};
    PackLoss expected = packMatrix(sample.view(), sample.rows, sample.columns,
                                   layout, compression, drop);
    MachineRows original =
        machineRowsOf(sample.view(), sample.rows, sample.columns);
    // The same rows, compressed outside.
    auto readRow = [&](int64_t output, std::span<int8_t> values,
                       std::span<uint16_t> scales) {
      std::vector<float> weights(values.size(), -1.0f);
      original(output, weights);
      compressRow(weights, compression, values, scales);
    };
    PackLoss loss = packQuantized({"rows", readRow, original}, layout, drop);
    EXPECT_GT(loss.squaredError, 0);
    EXPECT_EQ(loss.squaredError, expected.squaredError);
    EXPECT_EQ(loss.squaredNorm, expected.squaredNorm);
    loss = packQuantized({"rows", readRow}, layout, drop);
    EXPECT_EQ(loss.squaredError, 0);
  }
}

TEST(Pack, SparseRoundTripOfThreeLevelsIsExact) {
  std::mt19937 random(13);
  for (int trial = 0; trial < 24; ++trial) {
    Sample sample = randomSample(random, kSparse[trial % 4]);
    sample.columns.pairs = 0; // groups as they are written here
    sample.columns.padded = sample.columns.size =
        (sample.columns.size + 7) / 8 * 8;
    sample.values.assign(
        size_t(sample.rows.sourceChannels() * sample.columns.sourceChannels()),
        0.f);
    for (size_t group = 0; group < sample.values.size(); group += 8)
      for (unsigned n = 0; n < keepOf(sample.format); ++n)
        sample.values[group + random() % 8] = 7 * (float(random() % 3) - 1);
    ASSERT_EQ(unpack(sample, pack(sample, kNearest)), sample.values);
  }
}

TEST(Pack, LossIsWhatTheImagesDifferBy) {
  std::mt19937 random(14);
  for (WeightFormat format : {kFp16, kInt4, kSparse[0], kSparse[3]}) {
    Sample sample = randomSample(random, format);
    for (float &value : sample.values)
      value *= 1.1f; // no longer FP16
    double error = 0, norm = 0;
    std::vector<float> restored = unpack(sample, pack(sample, kSearch));
    for (size_t i = 0; i < restored.size(); ++i) {
      error += std::pow(double(sample.values[i]) - restored[i], 2);
      norm += std::pow(double(sample.values[i]), 2);
    }
    Compression compression{keepOf(format), PruneMethod::magnitude, kSearch};
    auto lossWith = [&](unsigned threads) {
      return packMatrix(
          sample.view(), sample.rows, sample.columns, sample.layout(),
          compression, [](unsigned, std::span<const std::byte>) {}, threads);
    };
    PackLoss loss = lossWith(1);
    EXPECT_NEAR(loss.squaredError, error, 1e-5 * error);
    EXPECT_NEAR(loss.squaredNorm, norm, 1e-5 * norm);
    EXPECT_NEAR(loss.relativeError(), std::sqrt(error / norm), 1e-5);
    EXPECT_EQ(lossWith(3).squaredError, loss.squaredError);
  }
  EXPECT_EQ(PackLoss{}.relativeError(), 0);
}

TEST(Pack, ThreadsDoNotChangeTheBytes) {
  std::mt19937 random(10);
  Sample sample{{4, 48, 64, 48}, {1, 2500, 2500, 0}, kInt4, 16, {}};
  sample.values.resize(192 * 2500);
  std::normal_distribution<float> normal(0, 0.02f);
  std::ranges::generate(sample.values, [&] { return normal(random); });
  std::vector<Bytes> expected = pack(sample, kSearch, 1);
  for (unsigned threads : {0u, 2u, 3u, 7u})
    EXPECT_TRUE(pack(sample, kSearch, threads) == expected) << threads;
}

TEST(Pack, StreamsLargeMatricesInOrderAndInParts) {
  // 48 MiB of images; every value tells its place.
  constexpr int64_t rows = 6 * 1024, columns = 4 * 1024;
  auto valueAt = [](int64_t row, int64_t column) {
    return float((row * 31 + column) % 2048);
  };
  MatrixView view{"pattern", rows, columns,
                  [&](int64_t row, std::span<float> out) {
                    for (int64_t column = 0; column < columns; ++column)
                      out[size_t(column)] = valueAt(row, column);
                  }};
  WeightLayout layout{kFp16, rows, columns, 8};
  std::vector<size_t> offsets(8);
  size_t largestPart = 0, wrong = 0;
  auto check = [&](unsigned port, std::span<const std::byte> bytes) {
    largestPart = std::max(largestPart, bytes.size());
    for (size_t i = 0; i < bytes.size(); i += 64 * 2) {
      uint16_t half;
      std::memcpy(&half, &bytes[i], sizeof(half));
      size_t index = (offsets[port] + i) / 2;
      int64_t row = int64_t(index / columns * 8 + port);
      wrong += halfToFloat(half) != valueAt(row, int64_t(index % columns));
    }
    offsets[port] += bytes.size();
  };
  packMatrix(view, ChannelMap::identity(rows), ChannelMap::identity(columns),
             layout, {8, PruneMethod::magnitude, kNearest}, check);
  EXPECT_EQ(wrong, 0u);
  EXPECT_EQ(largestPart, size_t(4) << 20);
  EXPECT_EQ(offsets, std::vector<size_t>(8, layout.portBytes()));
}

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

TEST(Pack, RefusesWeightsOutOfRange) {
  Sample sample{{1, 40, 40, 0}, {1, 200, 200, 0}, kInt4, 32, {}};
  sample.values.resize(40 * 200);
  auto packWith = [&](WeightFormat format, float value) {
    sample.format = format;
    sample.values[35 * 200 + 130] = value;
    pack(sample, kNearest);
  };
  auto errorWith = [&](WeightFormat format, float value) {
    return errorOf([&] { packWith(format, value); });
  };
  EXPECT_NO_THROW(packWith(kInt4, -458528));
  EXPECT_EQ(errorWith(kInt4, 458529), "literal element [35, 130] is 458529, "
                                      "INT4 blocks hold at most 458528");
  EXPECT_EQ(errorWith(kInt4, std::numeric_limits<float>::quiet_NaN()),
            "literal element [35, 130] is nan, INT4 blocks hold at most "
            "458528");
  for (WeightFormat format : kSparse) {
    EXPECT_NO_THROW(packWith(format, 458528));
    EXPECT_EQ(errorWith(format, INFINITY),
              "literal element [35, 130] is inf, INT4 blocks hold at most "
              "458528");
    EXPECT_EQ(errorWith(format, 458529), "literal element [35, 130] is 458529, "
                                         "INT4 blocks hold at most 458528");
  }
  EXPECT_NO_THROW(packWith(kFp16, 65519.9f));
  EXPECT_EQ(errorWith(kFp16, -70000), "literal element [35, 130] is -70000, "
                                      "FP16 holds at most 65504");
  EXPECT_EQ(errorWith(kFp16, std::numeric_limits<float>::infinity()),
            "literal element [35, 130] is inf, FP16 holds at most 65504");
}

TEST(Pack, ReportsTheFirstErrorWhateverTheThreads) {
  Sample sample{
      ChannelMap::identity(256), ChannelMap::identity(1024), kInt4, 32, {}};
  sample.values.resize(256 * 1024);
  for (int64_t row : {70, 100, 200, 255})
    sample.values[size_t(row * 1024 + 5)] = 1e6f;
  for (int trial = 0; trial < 20; ++trial)
    EXPECT_EQ(errorOf([&] { pack(sample, kNearest, 4); }),
              "literal element [70, 5] is 1e+06, INT4 blocks hold at most "
              "458528");
}

TEST(Pack, RefusesMapsThatDoNotFit) {
  std::vector<float> values(6 * 8);
  MatrixView view = viewOf("literal", 6, 8, values);
  ChannelMap rows = ChannelMap::identity(6), columns = ChannelMap::identity(8);
  WeightLayout layout{kFp16, 6, 8, 32};
  auto errorFor = [&](ChannelMap rows, ChannelMap columns,
                      WeightLayout layout) {
    return errorOf([&] {
      packMatrix(view, rows, columns, layout, {},
                 [](unsigned, std::span<const std::byte>) {});
    });
  };
  EXPECT_EQ(errorFor({1, 6, 7, 0}, columns, layout),
            "literal: 7 padded channels in the row map, but 6 outputs in the "
            "weight layout");
  EXPECT_EQ(errorFor(rows, {1, 8, 32, 0}, layout),
            "literal: 32 padded channels in the column map, but 8 inputs in "
            "the weight layout");
  EXPECT_EQ(errorFor({1, 5, 6, 0}, columns, layout),
            "literal: 6 rows, but 5 channels in the row map");
  EXPECT_EQ(errorFor(rows, {1, 7, 8, 0}, layout),
            "literal: 8 columns, but 7 channels in the column map");
  EXPECT_EQ(errorFor({1, 6, 5, 0}, columns, layout),
            "channel map (groups 1, size 6, padded 5, pairs 0): padded must "
            "be at least size");
  EXPECT_EQ(errorFor(rows, columns, {kFp16, 6, 8, 5}),
            "weight layout (fp16, outputs 6, inputs 8, ports 5): ports must "
            "divide 32");
}

TEST(Pack, RefusesAnotherDensityThanTheFormats) {
  std::vector<float> values(32 * 128);
  EXPECT_EQ(errorOf([&] {
              packMatrix(viewOf("literal", 32, 128, values),
                         ChannelMap::identity(32), ChannelMap::identity(128),
                         {WeightFormat::int4_2of8, 32, 128, 32}, {.keep = 4},
                         [](unsigned, std::span<const std::byte>) {});
            }),
            "literal: 4 weights of each 8 are kept, but 2 by the format of the "
            "weight layout");
}

TEST(Pack, RefusesQuantizedRowsThatDoNotFit) {
  WeightLayout layout{WeightFormat::int4_2of8, 32, 256, 32};
  auto errorWith = [&](size_t at, int8_t value, uint16_t scale) {
    QuantizedMatrix matrix{32, 256, std::vector<int8_t>(32 * 256),
                           std::vector<uint16_t>(32 * 2, 0x3C00)};
    matrix.values[256 + 8] = matrix.values[256 + 10] = 1;
    matrix.values[256 + at] = value;
    matrix.scales[3] = scale;
    return errorOf([&] { pack(matrix, layout); });
  };
  EXPECT_EQ(errorWith(15, 3, 0x3C00),
            "quantized row 1: 3 of inputs 8 to 15 are nonzero, int4_2of8 keeps "
            "2");
  EXPECT_EQ(errorWith(17, 8, 0x3C00),
            "quantized row 1: value 8 among inputs 16 to 23, expected -7 to 7");
  EXPECT_EQ(errorWith(17, -128, 0x3C00),
            "quantized row 1: value -128 among inputs 16 to 23, expected -7 to "
            "7");
  for (uint16_t scale : {0x7C00, 0xFE01, 0x8000})
    EXPECT_EQ(errorWith(17, 7, scale),
              "quantized row 1: the scale of block 1 has bits " +
                  std::to_string(scale) +
                  ", expected a number from 0 to 65504");
  layout.format = kFp16;
  EXPECT_EQ(errorWith(17, 7, 0),
            "quantized: quantized weights, but the weight layout is fp16");
}

TEST(Pack, RefusesImagesThatDoNotFit) {
  WeightLayout layout{kFp16, 32, 32, 8};
  ChannelMap channels = ChannelMap::identity(32);
  auto errorFor = [&](size_t ports, size_t bytes) {
    std::vector<Bytes> images(ports, Bytes(bytes));
    return errorOf([&] {
      unpackMatrix("images", channels, channels, layout, spansOf(images));
    });
  };
  EXPECT_EQ(errorFor(7, 256),
            "images: 7 port images, but 8 ports in the weight layout");
  EXPECT_EQ(errorFor(8, 192),
            "images: 192 bytes in a port image, but 256 by its weight layout");
}
