//===- Kernels.cpp - Products of float matrices ---------------------------===//
#include "Kernels.h"

#include "../Weights/Parallel.h"

#include <algorithm>
#include <utility>
#include <vector>

using namespace edgellm;
using namespace edgellm::reference;

//===----------------------------------------------------------------------===//
// The inner loop
//===----------------------------------------------------------------------===//

namespace {

typedef float Lanes __attribute__((vector_size(kLanes * sizeof(float))));

/// Rows of a tile: six sums of two AVX2 registers each, two for the right
/// factor and one for the left fill the sixteen there are.
constexpr int64_t kTileRows = 6;

} // namespace

/// A tile of Rows x `columns` (at most kLanes) elements, its sums in registers.
template <int64_t Rows>
[[gnu::always_inline]] static inline void
multiplyTile(Factor left, Panel right, Target target, int64_t columns,
             int64_t depth, bool accumulate) {
  Lanes sums[Rows] = {};
  size_t bytes = size_t(columns) * sizeof(float);
  if (accumulate)
    for (int64_t r = 0; r < Rows; ++r)
      __builtin_memcpy(&sums[r], target.data + r * target.stride, bytes);
  for (int64_t k = 0; k < depth; ++k) {
    Lanes factor;
    __builtin_memcpy(&factor, right.data + k * right.stride, sizeof factor);
    for (int64_t r = 0; r < Rows; ++r)
      sums[r] += left.data[r * left.row + k * left.depth] * factor;
  }
  for (int64_t r = 0; r < Rows; ++r)
    __builtin_memcpy(target.data + r * target.stride, &sums[r], bytes);
}

[[gnu::always_inline]] static inline void
multiplyBody(Factor left, Panel right, Target target, int64_t rows,
             int64_t columns, int64_t depth, bool accumulate) {
  int64_t r = 0;
  for (; r + kTileRows <= rows; r += kTileRows)
    for (int64_t c = 0; c < columns; c += kLanes)
      multiplyTile<kTileRows>(
          {left.data + r * left.row, left.row, left.depth},
          {right.data + c, right.stride},
          {target.data + r * target.stride + c, target.stride},
          std::min(kLanes, columns - c), depth, accumulate);
  for (; r < rows; ++r)
    for (int64_t c = 0; c < columns; c += kLanes)
      multiplyTile<1>({left.data + r * left.row, left.row, left.depth},
                      {right.data + c, right.stride},
                      {target.data + r * target.stride + c, target.stride},
                      std::min(kLanes, columns - c), depth, accumulate);
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static void
multiplyAVX2(Factor left, Panel right, Target target, int64_t rows,
             int64_t columns, int64_t depth, bool accumulate) {
  multiplyBody(left, right, target, rows, columns, depth, accumulate);
}
#endif

void reference::multiply(Factor left, Panel right, Target target, int64_t rows,
                         int64_t columns, int64_t depth, bool accumulate) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2"))
    return multiplyAVX2(left, right, target, rows, columns, depth, accumulate);
#endif
  multiplyBody(left, right, target, rows, columns, depth, accumulate);
}

//===----------------------------------------------------------------------===//
// Products with weights
//===----------------------------------------------------------------------===//

namespace {

/// Weight rows and terms of a panel, 128 kB: it stays in the second cache
/// while all tokens pass by.
constexpr int64_t kPanelRows = 64;
constexpr int64_t kPanelDepth = 512;

/// Some rows of a weight, and a part of their columns transposed.
class WeightPanel {
public:
  explicit WeightPanel(int64_t columns)
      : columns(columns), values(size_t(kPanelRows * columns)),
        panel(size_t(kPanelRows * kPanelDepth)) {}

  void read(const MatrixView &weight, int64_t first, int64_t count) {
    rows = count;
    for (int64_t r = 0; r < count; ++r)
      weight.readRow(first + r, std::span(values).subspan(size_t(r * columns),
                                                          size_t(columns)));
  }

  /// Columns [first, first + depth) of the rows read, as a right factor.
  Panel transpose(int64_t first, int64_t depth) {
    constexpr int64_t block = 16; // of terms: whole cache lines of the rows
    for (int64_t begin = 0; begin < depth; begin += block) {
      int64_t end = std::min(begin + block, depth);
      for (int64_t r = 0; r < rows; ++r)
        for (int64_t k = begin; k < end; ++k)
          panel[size_t(k * kPanelRows + r)] =
              values[size_t(r * columns + first + k)];
    }
    return {panel.data(), kPanelRows};
  }

private:
  int64_t columns, rows = 0;
  std::vector<float> values, panel;
};

} // namespace

void reference::multiplyByWeight(std::span<const float> x, int64_t tokens,
                                 const MatrixView &weight, std::span<float> y,
                                 unsigned threads) {
  int64_t inputs = weight.columns, outputs = weight.rows;
  std::vector<WeightPanel> panels(threads, WeightPanel(inputs));
  auto multiplyRows = [&](int64_t index, unsigned worker) {
    WeightPanel &panel = panels[worker];
    int64_t first = index * kPanelRows;
    int64_t count = std::min(kPanelRows, outputs - first);
    panel.read(weight, first, count);
    for (int64_t k = 0; k < inputs; k += kPanelDepth) {
      int64_t depth = std::min(kPanelDepth, inputs - k);
      multiply({x.data() + k, inputs, 1}, panel.transpose(k, depth),
               {y.data() + first, outputs}, tokens, count, depth, k > 0);
    }
  };
  parallelFor((outputs + kPanelRows - 1) / kPanelRows, threads, multiplyRows);
}

//===----------------------------------------------------------------------===//
// Statistics
//===----------------------------------------------------------------------===//

namespace {

/// A tile of second moments is kMomentTile channels by as many; its samples
/// are taken so many at a time.
constexpr int64_t kMomentTile = 64;
constexpr int64_t kMomentSamples = 256;

/// Sums one tile after another; what a thread works with.
class MomentTile {
public:
  MomentTile(std::span<const float> x, int64_t samples, int64_t columns)
      : x(x), samples(samples), columns(columns) {}

  /// Of channels a, a + 1, ... with channels b, b + 1, ..., both ways round.
  void compute(int64_t a, int64_t b, std::span<float> result) {
    std::ranges::fill(sums, 0.0);
    for (int64_t first = 0; first < samples; first += kMomentSamples)
      add(a, b, first, std::min(kMomentSamples, samples - first));
    for (int64_t i = 0; i < widthOf(a); ++i)
      for (int64_t j = 0; j < widthOf(b); ++j) {
        float mean = float(sums[size_t(i * kMomentTile + j)] / double(samples));
        result[size_t((a + i) * columns + b + j)] = mean;
        result[size_t((b + j) * columns + a + i)] = mean;
      }
  }

private:
  std::span<const float> x;
  int64_t samples, columns;
  std::vector<float> left = block(), right = block();
  std::vector<float> product = std::vector<float>(kMomentTile * kMomentTile);
  std::vector<double> sums = std::vector<double>(kMomentTile * kMomentTile);

  static std::vector<float> block() {
    return std::vector<float>(kMomentSamples * kMomentTile);
  }

  int64_t widthOf(int64_t channel) const {
    return std::min(kMomentTile, columns - channel);
  }

  void copy(int64_t channel, int64_t first, int64_t count,
            std::vector<float> &out) const {
    for (int64_t t = 0; t < count; ++t)
      std::copy_n(x.data() + (first + t) * columns + channel, widthOf(channel),
                  out.data() + t * kMomentTile);
  }

  void add(int64_t a, int64_t b, int64_t first, int64_t count) {
    copy(a, first, count, left);
    copy(b, first, count, right);
    multiply({left.data(), 1, kMomentTile}, {right.data(), kMomentTile},
             {product.data(), kMomentTile}, widthOf(a), widthOf(b), count,
             /*accumulate=*/false);
    for (size_t i = 0; i < sums.size(); ++i)
      sums[i] += double(product[i]);
  }
};

} // namespace

void reference::secondMoments(std::span<const float> x, int64_t samples,
                              int64_t columns, std::span<float> result,
                              unsigned threads) {
  std::vector<std::pair<int64_t, int64_t>> tiles;
  for (int64_t a = 0; a < columns; a += kMomentTile)
    for (int64_t b = a; b < columns; b += kMomentTile)
      tiles.emplace_back(a, b);
  std::vector<MomentTile> workers(threads, MomentTile(x, samples, columns));
  parallelFor(int64_t(tiles.size()), threads,
              [&](int64_t index, unsigned worker) {
                auto [a, b] = tiles[size_t(index)];
                workers[worker].compute(a, b, result);
              });
}

void reference::meanSquares(std::span<const float> x, int64_t samples,
                            int64_t columns, std::span<float> result,
                            unsigned threads) {
  constexpr int64_t width = 64;
  auto meanOf = [&](int64_t index, unsigned) {
    int64_t first = index * width, count = std::min(width, columns - first);
    double sums[width] = {};
    for (int64_t t = 0; t < samples; ++t)
      for (int64_t c = 0; c < count; ++c) {
        double value = x[size_t(t * columns + first + c)];
        sums[c] += value * value;
      }
    for (int64_t c = 0; c < count; ++c)
      result[size_t(first + c)] = float(sums[c] / double(samples));
  };
  parallelFor((columns + width - 1) / width, threads, meanOf);
}

float reference::sumOfSquares(std::span<const float> values) {
  float sums[kLanes] = {};
  size_t whole = values.size() / kLanes * kLanes;
  for (size_t i = 0; i < whole; i += kLanes)
    for (size_t lane = 0; lane < size_t(kLanes); ++lane)
      sums[lane] += values[i + lane] * values[i + lane];
  for (size_t i = whole; i < values.size(); ++i)
    sums[i - whole] += values[i] * values[i];
  float sum = 0;
  for (float part : sums)
    sum += part;
  return sum;
}
