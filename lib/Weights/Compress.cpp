//===- Compress.cpp - Pruned and quantized matrices -----------------------===//
#include "EdgeLLM/Weights/Compress.h"

#include "Hessian.h"
#include "Parallel.h"
#include "Sweep.h"
#include "SweepKernels.h"
#include "ValueRange.h"

#include "EdgeLLM/Support/Error.h"
#include "EdgeLLM/Weights/ChannelMap.h"

#include <algorithm>
#include <thread>

using namespace edgellm;

//===----------------------------------------------------------------------===//
// Checks
//===----------------------------------------------------------------------===//

static void requireShape(std::span<const float> weights, int64_t rows,
                         int64_t columns) {
  bool isMatrix = rows >= 0 && rows <= kMaxChannels && columns >= 0 &&
                  columns <= kMaxChannels;
  if (!isMatrix || uint64_t(rows * columns) != weights.size())
    fail(weights.size(), " weights for a matrix of ", rows, " x ", columns);
  if (columns % kSweepBlock != 0)
    fail("a matrix of ", columns,
         " columns cannot be compressed: expected a multiple of 128");
}

static void requireDensity(unsigned keep) {
  if (keep != 8 && keep != 4 && keep != 2 && keep != 1)
    fail("density ", keep, " of 8: allowed are 8, 4, 2 and 1");
}

static bool needsInputNorm(const Compression &compression) {
  return compression.keep < kPruneGroup &&
         compression.prune == PruneMethod::wanda;
}

static void requireSize(const char *what, size_t found, int64_t expected) {
  if (found != size_t(expected))
    fail("calibration statistics with ", found, " numbers for ", what,
         ", expected ", expected);
}

static void requireNotNegative(const char *what, int64_t input, float value) {
  if (!(value >= 0))
    fail("calibration statistics: ", what, " of input ", input, " is ", value,
         ", a mean of squares cannot be below 0");
}

static void requireHessian(const CalibrationStats &stats) {
  int64_t inputs = stats.inputs;
  requireSize("the Hessian", stats.hessian.size(), inputs * inputs);
  for (int64_t i = 0; i < inputs; ++i) {
    auto row =
        std::span(stats.hessian).subspan(size_t(i * inputs), size_t(inputs));
    requireWithin(kFiniteRange, row, "Hessian", i);
    requireNotNegative("the Hessian's diagonal", i, row[size_t(i)]);
  }
}

static void requireInputNorm(const CalibrationStats &stats) {
  requireSize("the mean squares of the inputs", stats.squaredNorm.size(),
              stats.inputs);
  requireWithin(kFiniteRange, stats.squaredNorm, "mean square of inputs", 0);
  for (int64_t i = 0; i < stats.inputs; ++i)
    requireNotNegative("the mean square", i, stats.squaredNorm[size_t(i)]);
}

static void requireStats(const Compression &compression, int64_t columns,
                         const CalibrationStats *stats) {
  bool hessian = compression.needsHessian(), norm = needsInputNorm(compression);
  if (!hessian && !norm)
    return;
  if (!stats)
    fail(hessian ? "error compensation (sparsegpt, gptq)"
                 : "activation-aware pruning (wanda)",
         " needs calibration statistics, but there are none");
  if (stats->inputs != columns)
    fail("calibration statistics of ", stats->inputs,
         " inputs for a matrix of ", columns, " columns");
  if (hessian)
    requireHessian(*stats);
  if (norm)
    requireInputNorm(*stats);
}

//===----------------------------------------------------------------------===//
// Methods
//===----------------------------------------------------------------------===//

/// At most one thread a row.
static unsigned workerCount(unsigned threads, int64_t rows) {
  if (threads == 0)
    threads = std::max(1u, std::thread::hardware_concurrency());
  return unsigned(std::clamp<int64_t>(rows, 1, threads));
}

/// Zeroes what activation-aware pruning does not keep.
static void pruneByActivation(std::span<float> row, unsigned keep,
                              std::span<const float> squaredNorm) {
  float score[kPruneGroup];
  for (size_t first = 0; first < row.size(); first += kPruneGroup) {
    for (size_t i = 0; i < kPruneGroup; ++i)
      score[i] = row[first + i] * row[first + i] * squaredNorm[first + i];
    for (size_t i = 0; i < kPruneGroup; ++i) {
      unsigned before = 0;
      for (size_t j = 0; j < kPruneGroup; ++j)
        before += score[j] > score[i] || (score[j] == score[i] && j < i);
      if (before >= keep)
        row[first + i] = 0;
    }
  }
}

/// Each row by itself, with the inputs' mean squares for wanda.
static QuantizedMatrix compressRows(std::span<const float> weights,
                                    int64_t rows, int64_t columns,
                                    const Compression &compression,
                                    const CalibrationStats *stats,
                                    unsigned threads) {
  QuantizedMatrix result{rows, columns, {}, {}};
  result.values.resize(weights.size());
  result.scales.resize(weights.size() / kQuantBlock);
  size_t width = size_t(columns), blocks = width / kQuantBlock;
  Compression rowMethod = compression;
  if (needsInputNorm(compression))
    rowMethod.keep = kPruneGroup; // of what is left
  parallelFor(rows, threads, [&](int64_t index, unsigned) {
    auto source = weights.subspan(size_t(index) * width, width);
    std::vector<float> row(source.begin(), source.end());
    if (needsInputNorm(compression))
      pruneByActivation(row, compression.keep, stats->squaredNorm);
    compressRow(
        row, rowMethod,
        std::span(result.values).subspan(size_t(index) * width, width),
        std::span(result.scales).subspan(size_t(index) * blocks, blocks));
  });
  return result;
}

QuantizedMatrix edgellm::compressMatrix(std::span<const float> weights,
                                        int64_t rows, int64_t columns,
                                        const Compression &compression,
                                        const CalibrationStats *stats,
                                        unsigned threads) {
  requireShape(weights, rows, columns);
  requireDensity(compression.keep);
  requireStats(compression, columns, stats);
  for (int64_t row = 0; row < rows; ++row)
    requireWithin(kInt4Range,
                  weights.subspan(size_t(row * columns), size_t(columns)),
                  "matrix", row);
  unsigned workers = workerCount(threads, rows);
  if (!compression.needsHessian())
    return compressRows(weights, rows, columns, compression, stats, workers);
  Hessian hessian = analyseHessian(stats->hessian, columns, Hessian::kDamping,
                                   workerCount(threads, columns));
  std::vector<float> importance(size_t(columns), 1.0f);
  if (needsInputNorm(compression))
    importance = stats->squaredNorm;
  return sweepMatrix(weights, rows, compression, hessian, importance, {},
                     workers);
}
