//===- Operators.cpp - Operators other than products with weights ---------===//
#include "Operators.h"

#include "../Weights/Parallel.h"
#include "Kernels.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

using namespace edgellm;
using namespace edgellm::reference;

void reference::forRowBlocks(int64_t rows, unsigned threads,
                             const std::function<void(RowRange)> &body) {
  constexpr int64_t block = 64;
  parallelFor((rows + block - 1) / block, threads,
              [&](int64_t index, unsigned) {
                int64_t first = index * block;
                body({first, std::min(block, rows - first)});
              });
}

//===----------------------------------------------------------------------===//
// Element by element
//===----------------------------------------------------------------------===//

/// The elements of some rows.
static std::span<float> partOf(Matrix &x, RowRange rows) {
  return std::span(x.values).subspan(size_t(rows.first * x.columns),
                                     size_t(rows.tokens * x.columns));
}

/// x = combine(x, y), element by element.
template <typename Combine>
static void combineInto(Matrix &x, const Matrix &y, unsigned threads,
                        Combine combine) {
  forRowBlocks(x.rows, threads, [&](RowRange rows) {
    std::span<float> part = partOf(x, rows);
    const float *other = y.values.data() + rows.first * x.columns;
    for (size_t i = 0; i < part.size(); ++i)
      part[i] = combine(part[i], other[i]);
  });
}

void reference::add(Matrix &x, const Matrix &y, unsigned threads) {
  combineInto(x, y, threads, std::plus());
}

void reference::multiply(Matrix &x, const Matrix &y, unsigned threads) {
  combineInto(x, y, threads, std::multiplies());
}

void reference::addToRows(Matrix &x, std::span<const float> bias,
                          unsigned threads) {
  forRowBlocks(x.rows, threads, [&](RowRange rows) {
    for (int64_t r = rows.first; r < rows.first + rows.tokens; ++r)
      std::ranges::transform(x.row(r), bias, x.row(r).begin(), std::plus());
  });
}

void reference::silu(Matrix &x, unsigned threads) {
  forRowBlocks(x.rows, threads, [&](RowRange rows) {
    for (float &value : partOf(x, rows))
      value /= 1 + std::exp(-value); // the infinity of a large one gives -0
  });
}

void reference::gelu(Matrix &x, unsigned threads) {
  constexpr float factor =
      float(2 * std::numbers::sqrt2 * std::numbers::inv_sqrtpi);
  forRowBlocks(x.rows, threads, [&](RowRange rows) {
    for (float &value : partOf(x, rows)) {
      float inner = value * (1 + 0.044715f * value * value);
      value /= 1 + std::exp(-factor * inner);
    }
  });
}

//===----------------------------------------------------------------------===//
// Row by row
//===----------------------------------------------------------------------===//

/// body(part) for every `width` columns of every row.
template <typename Body>
static void forRowParts(Matrix &x, size_t width, unsigned threads, Body body) {
  forRowBlocks(x.rows, threads, [&](RowRange rows) {
    std::span<float> all = partOf(x, rows);
    for (size_t first = 0; first < all.size(); first += width)
      body(all.subspan(first, width));
  });
}

void reference::rmsNorm(Matrix &x, std::span<const float> weight, float epsilon,
                        unsigned threads) {
  forRowParts(x, weight.size(), threads, [&](std::span<float> part) {
    float mean = sumOfSquares(part) / float(part.size());
    float factor = 1 / std::sqrt(mean + epsilon);
    for (size_t c = 0; c < part.size(); ++c)
      part[c] *= factor * weight[c];
  });
}

void reference::layerNorm(Matrix &x, std::span<const float> weight,
                          std::span<const float> bias, float epsilon,
                          unsigned threads) {
  forRowParts(x, weight.size(), threads, [&](std::span<float> row) {
    double sum = std::accumulate(row.begin(), row.end(), 0.0);
    float mean = float(sum / double(row.size()));
    for (float &value : row)
      value -= mean;
    float variance = sumOfSquares(row) / float(row.size());
    float factor = 1 / std::sqrt(variance + epsilon);
    for (size_t c = 0; c < row.size(); ++c)
      row[c] = row[c] * factor * weight[c] + bias[c];
  });
}

std::vector<uint32_t> reference::argmax(const Matrix &x) {
  std::vector<uint32_t> result;
  for (int64_t r = 0; r < x.rows; ++r)
    result.push_back(
        uint32_t(std::ranges::max_element(x.row(r)) - x.row(r).begin()));
  return result;
}

//===----------------------------------------------------------------------===//
// Rotary position embedding
//===----------------------------------------------------------------------===//

namespace {

/// The turns of every pair at every position, computed once for all heads.
struct AllTurns {
  AllTurns(const RotaryTable &table, int64_t positions) : pairs(table.pairs()) {
    for (int64_t p = 0; p < positions; ++p)
      for (int64_t i = 0; i < pairs; ++i)
        turns.push_back(table.at(p, i));
  }

  void turn(float &first, float &second, int64_t position, int64_t pair) const {
    auto [cosine, sine] = turns[size_t(position * pairs + pair)];
    float turned = first * cosine - second * sine;
    second = second * cosine + first * sine;
    first = turned;
  }

  int64_t pairs;
  std::vector<RotaryTable::Turn> turns;
};

} // namespace

static int64_t longestOf(std::span<const RowRange> sequences) {
  return std::ranges::max_element(sequences, {}, &RowRange::tokens)->tokens;
}

void reference::rope(Matrix &x, const Rotation &rotation,
                     std::span<const RowRange> sequences, unsigned threads) {
  AllTurns table(rotation.table, longestOf(sequences));
  int64_t apart = rotation.adjacent ? 1 : table.pairs;
  int64_t step = rotation.adjacent ? 2 : 1;
  auto turnHead = [&](float *head, int64_t position) {
    for (int64_t i = 0; i < table.pairs; ++i)
      table.turn(head[i * step], head[i * step + apart], position, i);
  };
  auto turnSequence = [&](int64_t index, unsigned) {
    RowRange rows = sequences[size_t(index)];
    for (int64_t t = 0; t < rows.tokens; ++t)
      for (int64_t c = 0; c < x.columns; c += rotation.headSize)
        turnHead(x.row(rows.first + t).data() + c, t);
  };
  parallelFor(int64_t(sequences.size()), threads, turnSequence);
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

namespace {

/// One KV head of one sequence, and the query heads that read it.
class HeadAttention {
public:
  HeadAttention(const AttentionInputs &inputs, Matrix &result)
      : in(inputs), result(result), size(inputs.headSize),
        width(roundUpToLanes(size)) {}

  void compute(RowRange rows, int64_t kvHead) {
    load(rows, kvHead);
    int64_t group = in.query.columns / in.key.columns;
    for (int64_t head = kvHead * group; head < (kvHead + 1) * group; ++head)
      for (int64_t t = 0; t < rows.tokens; t += kQueries)
        computeQueries(rows, t, std::min(kQueries, rows.tokens - t), head);
  }

private:
  static constexpr int64_t kQueries = 48; ///< worked on together

  const AttentionInputs &in;
  Matrix &result;
  int64_t size, width, stride = 0;
  std::vector<float> keys;   ///< [size, stride], transposed
  std::vector<float> values; ///< [tokens, width]
  std::vector<float> scores; ///< [kQueries, stride]

  void load(RowRange rows, int64_t kvHead) {
    stride = roundUpToLanes(rows.tokens);
    keys.assign(size_t(size * stride), 0);
    values.assign(size_t(rows.tokens * width), 0);
    scores.resize(size_t(kQueries * stride));
    for (int64_t t = 0; t < rows.tokens; ++t) {
      const float *key = in.key.row(rows.first + t).data() + kvHead * size;
      const float *value = in.value.row(rows.first + t).data() + kvHead * size;
      for (int64_t c = 0; c < size; ++c)
        keys[size_t(c * stride + t)] = key[c];
      std::copy_n(value, size, values.data() + t * width);
    }
  }

  /// Queries [first, first + count) of a sequence, which see no key after the
  /// last of them.
  void computeQueries(RowRange rows, int64_t first, int64_t count,
                      int64_t head) {
    int64_t columns = in.query.columns, seen = first + count;
    int64_t place = (rows.first + first) * columns + head * size;
    reference::multiply({in.query.values.data() + place, columns, 1},
                        {keys.data(), stride}, {scores.data(), stride}, count,
                        seen, size, /*accumulate=*/false);
    for (int64_t q = 0; q < count; ++q)
      softmax(std::span(scores).subspan(size_t(q * stride), size_t(seen)),
              size_t(first + q + 1));
    reference::multiply({scores.data(), stride, 1}, {values.data(), width},
                        {result.values.data() + place, columns}, count, size,
                        seen, /*accumulate=*/false);
  }

  /// Of the first `visible` scores; the others become 0.
  void softmax(std::span<float> row, size_t visible) const {
    std::ranges::fill(row.subspan(visible), 0.0f);
    row = row.first(visible);
    for (float &score : row)
      score *= in.scale;
    float greatest = std::ranges::max(row), sum = 0;
    for (float &score : row)
      sum += score = std::exp(score - greatest);
    for (float &score : row)
      score /= sum;
  }
};

} // namespace

Matrix reference::attention(const AttentionInputs &inputs,
                            std::span<const RowRange> sequences,
                            unsigned threads) {
  Matrix result(inputs.query.rows, inputs.query.columns);
  int64_t kvHeads = inputs.key.columns / inputs.headSize;
  std::vector<HeadAttention> workers(threads, HeadAttention(inputs, result));
  parallelFor(int64_t(sequences.size()) * kvHeads, threads,
              [&](int64_t index, unsigned worker) {
                workers[worker].compute(sequences[size_t(index / kvHeads)],
                                        index % kvHeads);
              });
  return result;
}
