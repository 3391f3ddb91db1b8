//===- AttentionUnitTest.cpp - Attention against its loop nests -----------===//
#include "EdgeLLM/Model/Numerics.h"
#include "TestDevice.h"

using namespace edgellm;
using namespace edgellm::test;
using isa::Request;

namespace {

struct Shape {
  int64_t heads, kvHeads, headBlocks, tokens, past, ports;
  bool wild;

  int64_t context() const { return tokens + past; }
  int64_t columnBlocks() const { return blocksOf(context()); }
};

void PrintTo(const Shape &s, std::ostream *os) {
  *os << s.heads << " heads, " << s.kvHeads << " kv, " << s.headBlocks
      << " blocks, " << s.tokens << " tokens after " << s.past << ", "
      << s.ports << " ports" << (s.wild ? ", wild" : "");
}

// A cache of 200 tokens for each block; strides of the ddr buffers leave gaps.
constexpr int64_t kCacheStride = 224, kCache = 13;
constexpr int64_t kSrc = 3, kScores = 6000, kProbabilities = 24000,
                  kDst = 42000, kDdrPackets = 48000;

class AttentionTest : public testing::TestWithParam<Shape> {
protected:
  AttentionTest()
      : values(unsigned(shape.heads * 31 + shape.context())),
        device(shape.ports, kDdrPackets,
               (kCache + shape.kvHeads * shape.headBlocks * kCacheStride) /
                       shape.ports +
                   1) {
    device.setFirstCachePacket(0);
    device.scramble(values); // stale cache rows are anything
    values.wildly = shape.wild;
  }

  /// Head-blocks-major cache rows 0..context-1 for one key head.
  std::vector<Matrix> writeCache() {
    std::vector<Matrix> cache;
    for (int64_t g = 0; g < shape.kvHeads; ++g) {
      cache.push_back(
          randomMatrix(values, shape.context(), 32 * shape.headBlocks));
      device.write(isa::Space::hbm,
                   kCache + g * shape.headBlocks * kCacheStride, kCacheStride,
                   cache.back());
    }
    return cache;
  }

  const Shape shape = GetParam();
  Values values;
  TestDevice device;
};

isa::AttentionScores scoresFor(const Shape &shape) {
  isa::AttentionScores scores;
  scores.slice_rows = 7;
  scores.heads = shape.heads;
  scores.kv_heads = shape.kvHeads;
  scores.head_blocks = shape.headBlocks;
  scores.scale = 0.17677669f;
  scores.key_stride = kCacheStride;
  scores.keys = kCache;
  scores.rows = times(Request::tokens);
  scores.columns = times(Request::context);
  scores.src = constant(kSrc);
  scores.src_stride = times(Request::tokens, 1, 1);
  scores.dst = constant(kScores);
  scores.dst_stride = times(Request::tokens);
  // Room for all column blocks of a head: tokens * context / 32.
  scores.dst_head_stride = constant(900);
  return scores;
}

TEST_P(AttentionTest, scoresFollowTheirLoopNest) {
  int64_t rows = shape.tokens, width = 32 * shape.headBlocks;
  auto keys = writeCache();
  Matrix queries = randomMatrix(values, rows, shape.heads * width);
  device.writeDdr(kSrc, rows + 1, queries);

  isa::AttentionScores scores = scoresFor(shape);
  UnchangedOutside unchanged(device);
  for (int64_t h = 0; h < shape.heads; ++h)
    unchanged.allow(kScores + h * 900, rows, rows, shape.columnBlocks());
  EXPECT_COMPLETED(device, device.run(rows, shape.past, scores));
  unchanged.expect();

  for (int64_t h = 0; h < shape.heads; ++h) {
    Matrix s = device.readDdr(kScores + h * 900, rows, rows, shape.context());
    const Matrix &k = keys[h / (shape.heads / shape.kvHeads)];
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t t = 0; t < s.columns; ++t) {
        auto q = queries.row(r).subspan(h * width, width);
        uint16_t expected =
            t < shape.context()
                ? numerics::attentionScore(numerics::dotFp16(q, k.row(t)),
                                           scores.scale)
                : 0;
        ASSERT_EQ(s.at(r, t), expected)
            << "head " << h << ", row " << r << ", column " << t;
      }
  }
}

isa::Softmax softmaxFor(const Shape &shape) {
  isa::Softmax softmax;
  softmax.heads = shape.heads;
  softmax.rows = times(Request::tokens);
  softmax.columns = times(Request::context);
  softmax.visible = times(Request::past, 1, 1);
  softmax.src = constant(kScores);
  softmax.src_stride = times(Request::tokens);
  softmax.src_head_stride = constant(900);
  softmax.dst = constant(kProbabilities);
  softmax.dst_stride = times(Request::tokens, 1, 1);
  softmax.dst_head_stride = constant(901);
  return softmax;
}

TEST_P(AttentionTest, softmaxFollowsItsLoopNest) {
  int64_t rows = shape.tokens;
  std::vector<Matrix> scores;
  for (int64_t h = 0; h < shape.heads; ++h) {
    scores.push_back(randomMatrix(values, rows, 32 * shape.columnBlocks()));
    device.writeDdr(kScores + h * 900, rows, scores.back());
  }
  UnchangedOutside unchanged(device);
  for (int64_t h = 0; h < shape.heads; ++h)
    unchanged.allow(kProbabilities + h * 901, rows + 1, rows,
                    shape.columnBlocks());
  EXPECT_COMPLETED(device, device.run(rows, shape.past, softmaxFor(shape)));
  unchanged.expect();

  isa::Softmax inPlace = softmaxFor(shape);
  inPlace.dst = inPlace.src;
  inPlace.dst_stride = inPlace.src_stride;
  inPlace.dst_head_stride = inPlace.src_head_stride;
  EXPECT_COMPLETED(device, device.run(rows, shape.past, inPlace));
  for (int64_t h = 0; h < shape.heads; ++h) {
    Matrix p = device.readDdr(kProbabilities + h * 901, rows + 1, rows,
                              shape.context());
    Matrix same =
        device.readDdr(kScores + h * 900, rows, rows, shape.context());
    EXPECT_EQ(p.halves, same.halves);
    for (int64_t r = 0; r < rows; ++r) {
      std::vector<uint16_t> expected(p.columns);
      numerics::softmax(scores[h].row(r), shape.past + r + 1, expected);
      EXPECT_TRUE(std::ranges::equal(p.row(r), expected))
          << "head " << h << ", row " << r;
    }
  }
}

isa::AttentionValues valuesFor(const Shape &shape) {
  isa::AttentionValues values;
  values.slice_rows = 7;
  values.heads = shape.heads;
  values.kv_heads = shape.kvHeads;
  values.head_blocks = shape.headBlocks;
  values.value_stride = kCacheStride;
  values.values = kCache;
  values.rows = times(Request::tokens);
  values.columns = times(Request::context);
  values.src = constant(kProbabilities);
  values.src_stride = times(Request::tokens, 1, 1);
  values.src_head_stride = constant(901);
  values.dst = constant(kDst);
  values.dst_stride = times(Request::tokens, 1, 3);
  return values;
}

/// Causal probabilities: what a row does not see is zero.
Matrix randomProbabilities(Values &values, const Shape &shape) {
  Matrix p(shape.tokens, 32 * shape.columnBlocks());
  for (int64_t r = 0; r < shape.tokens; ++r)
    for (int64_t t = 0; t <= shape.past + r; ++t)
      p.at(r, t) = values.either();
  return p;
}

TEST_P(AttentionTest, valuesFollowTheirLoopNest) {
  int64_t rows = shape.tokens, width = 32 * shape.headBlocks;
  auto cache = writeCache();
  std::vector<Matrix> probabilities;
  for (int64_t h = 0; h < shape.heads; ++h) {
    probabilities.push_back(randomProbabilities(values, shape));
    device.writeDdr(kProbabilities + h * 901, rows + 1, probabilities.back());
  }
  UnchangedOutside unchanged(device);
  unchanged.allow(kDst, rows + 3, rows, shape.heads * shape.headBlocks);
  EXPECT_COMPLETED(device, device.run(rows, shape.past, valuesFor(shape)));
  unchanged.expect();

  Matrix y = device.readDdr(kDst, rows + 3, rows, shape.heads * width);
  for (int64_t h = 0; h < shape.heads; ++h) {
    Matrix &v = cache[h / (shape.heads / shape.kvHeads)];
    for (int64_t c = 0; c < width; ++c) {
      std::vector<uint16_t> column(32 * shape.columnBlocks());
      for (int64_t t = 0; t < shape.context(); ++t)
        column[t] = v.at(t, c);
      for (int64_t r = 0; r < rows; ++r)
        ASSERT_EQ(y.at(r, h * width + c), floatToHalf(numerics::dotFp16(
                                              probabilities[h].row(r), column)))
            << "head " << h << ", row " << r << ", channel " << c;
    }
  }
}

/// Rows of the cache past the context may hold anything.
TEST_P(AttentionTest, staleCacheRowsDoNotMatter) {
  int64_t rows = shape.tokens;
  writeCache();
  device.writeDdr(
      kSrc, rows + 1,
      randomMatrix(values, rows, shape.heads * 32 * shape.headBlocks));
  auto attention = [&] {
    isa::AttentionValues weighted = valuesFor(shape);
    EXPECT_COMPLETED(device, device.run(rows, shape.past, scoresFor(shape),
                                        softmaxFor(shape), weighted));
    return device.readDdr(kDst, rows + 3, rows,
                          shape.heads * 32 * shape.headBlocks);
  };
  Matrix first = attention();
  for (int64_t block = 0; block < shape.kvHeads * shape.headBlocks; ++block)
    for (int64_t t = shape.context(); t < kCacheStride; ++t)
      std::memset(
          device.packet(isa::Space::hbm, kCache + block * kCacheStride + t),
          0x7F, 64);
  EXPECT_EQ(first.halves, attention().halves);
}

INSTANTIATE_TEST_SUITE_P(Shapes, AttentionTest,
                         testing::Values(Shape{1, 1, 1, 1, 0, 1, false},
                                         Shape{4, 2, 2, 1, 150, 32, false},
                                         Shape{4, 4, 1, 5, 27, 8, true},
                                         Shape{6, 2, 3, 33, 0, 4, false},
                                         Shape{3, 1, 1, 40, 70, 2, true},
                                         Shape{8, 2, 4, 64, 136, 16, false},
                                         Shape{4, 2, 2, 1, 31, 64, true},
                                         Shape{2, 1, 9, 2, 190, 8, false}));

/// N10 - N13 together: every token gives the same bits, whether its pass
/// contains the whole prompt, a part of it, or this token alone.
TEST(AttentionTest, prefillAndDecodeAgree) {
  Shape shape{4, 2, 2, 40, 0, 8, false};
  constexpr int64_t width = 64;
  Values values(77);
  TestDevice device(8, kDdrPackets, 1000);
  device.setFirstCachePacket(0);
  device.scramble(values);
  for (int64_t g = 0; g < 2; ++g)
    device.write(isa::Space::hbm, kCache + g * 2 * kCacheStride, kCacheStride,
                 randomMatrix(values, 40, width));
  Matrix queries = randomMatrix(values, 40, 4 * width);
  auto attend = [&](int64_t past, int64_t tokens) {
    Matrix some(tokens, queries.columns);
    std::ranges::copy(std::span(queries.halves)
                          .subspan(past * queries.columns, some.halves.size()),
                      some.halves.begin());
    device.writeDdr(kSrc, tokens + 1, some);
    EXPECT_COMPLETED(device, device.run(tokens, past, scoresFor(shape),
                                        softmaxFor(shape), valuesFor(shape)));
    return device.readDdr(kDst, tokens + 3, tokens, 4 * width);
  };
  Matrix whole = attend(0, 40);
  for (int64_t length : {1, 7, 33})
    for (int64_t past = 0; past < 40; past += length) {
      Matrix part = attend(past, std::min<int64_t>(length, 40 - past));
      for (int64_t r = 0; r < part.rows; ++r)
        EXPECT_TRUE(std::ranges::equal(part.row(r), whole.row(past + r)))
            << "token " << past + r << " in a pass of " << length;
    }
}

} // namespace
