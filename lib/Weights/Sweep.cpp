//===- Sweep.cpp - Error-compensating compression -------------------------===//
#include "Sweep.h"

#include "Parallel.h"
#include "SweepKernels.h"

#include "EdgeLLM/Support/Half.h"

#include <algorithm>

using namespace edgellm;

namespace {

/// 16 rows in the lanes of vectors.
struct Panel {
  explicit Panel(int64_t columns)
      : original(size_t(columns * kLanes)), current(original.size()),
        results(original.size()), gradient(original.size()),
        mask(original.size()), scales(original.size() / kSweepBlock),
        moves(kBlockSize) {}

  AlignedVector<float> original; ///< w
  AlignedVector<float> current;  ///< w as moved by the errors of a sweep
  AlignedVector<float> results;  ///< q, or its levels once it has scales
  AlignedVector<float> gradient; ///< (w - q) H
  AlignedVector<float> mask;     ///< 1 for kept, 0 for pruned
  AlignedVector<float> scales;   ///< a row of 16 for each block
  AlignedVector<float> moves;    ///< of a block: what other channels answer to
};

/// Rows that are compressed together, so that H and U pass through the cache
/// once for all of them.
class Tile {
public:
  static constexpr int64_t kPanels = 2;
  static constexpr int64_t kRows = kPanels * kLanes;

  Tile(const Hessian &h, const Compression &compression,
       std::span<const float> importance, const DescentPasses &passes)
      : h(h), compression(compression), importance(importance), passes(passes),
        panels(kPanels, Panel(h.size)), trial(kBlockSize),
        trialKept(kBlockSize), row(size_t(h.size)) {}

  /// `rows` of at most kRows rows, all arrays starting with the first.
  void run(const float *weights, int64_t rows, int8_t *values,
           uint16_t *scales);

private:
  bool sweepPrunes() const {
    return compression.keep < kPruneGroup &&
           compression.prune == PruneMethod::sparsegpt;
  }
  bool sweepQuantizes() const {
    return compression.quantize == QuantizeMethod::gptq;
  }

  void readRows(const float *weights, int64_t rows);
  void setMask(Panel &panel) const;
  void prune();
  void quantize();
  void startGradient(bool hasScales);
  void searchScales(Panel &panel, int64_t first);
  BlockSweep sweepOf(Panel &panel, int64_t first) const;
  BlockDescent descentOf(Panel &panel, int64_t first) const;
  void spread(AlignedVector<float> Panel::*target,
              const AlignedVector<float> &matrix, int64_t first, int64_t begin,
              int64_t end);
  void spreadGradient(int64_t first);
  void writeRow(int64_t index, int8_t *values, uint16_t *scales);

  const Hessian &h;
  Compression compression;
  std::span<const float> importance;
  DescentPasses passes;
  std::vector<Panel> panels;
  AlignedVector<float> trial, trialKept; // of a block
  std::vector<float> row;
};

} // namespace

//===----------------------------------------------------------------------===//
// Blocks
//===----------------------------------------------------------------------===//

BlockSweep Tile::sweepOf(Panel &panel, int64_t first) const {
  return {.weights = panel.current.data() + first * kLanes,
          .results = panel.results.data() + first * kLanes,
          .errors = panel.moves.data(),
          .mask = panel.mask.data() + first * kLanes,
          .factor = h.factorBlocks.data() + first * kSweepBlock,
          .importance = h.importance.data() + first,
          .scales = nullptr,
          .keep = 0};
}

BlockDescent Tile::descentOf(Panel &panel, int64_t first) const {
  return {.results = panel.results.data() + first * kLanes,
          .gradient = panel.gradient.data() + first * kLanes,
          .changes = panel.moves.data(),
          .mask = panel.mask.data() + first * kLanes,
          .hessian = h.matrixBlocks.data() + first * kSweepBlock};
}

/// Channels [begin, end) of `target` answer to the moves of the block at
/// `first` through the columns of that block of a matrix.
void Tile::spread(AlignedVector<float> Panel::*target,
                  const AlignedVector<float> &matrix, int64_t first,
                  int64_t begin, int64_t end) {
  constexpr int64_t rows = 64; // of the matrix, in the cache for all panels
  static_assert(kSweepBlock % rows == 0);
  for (int64_t channel = begin; channel < end; channel += rows)
    for (Panel &panel : panels)
      sweepKernels().subtractProduct((panel.*target).data() + channel * kLanes,
                                     matrix.data() + channel * h.stride + first,
                                     h.stride, panel.moves.data(), rows,
                                     kSweepBlock);
}

/// Outside of the block, where the kernels have done it.
void Tile::spreadGradient(int64_t first) {
  spread(&Panel::gradient, h.matrix, first, 0, first);
  spread(&Panel::gradient, h.matrix, first, first + kSweepBlock, h.size);
}

void Tile::startGradient(bool hasScales) {
  for (Panel &panel : panels)
    std::ranges::fill(panel.gradient, 0.0f);
  for (int64_t first = 0; first < h.size; first += kSweepBlock) {
    for (Panel &panel : panels) {
      const float *scales = panel.scales.data() + first / kSweepBlock * kLanes;
      for (int64_t i = 0; i < kBlockSize; ++i) {
        size_t at = size_t(first * kLanes + i);
        float scale = hasScales ? scales[i % kLanes] : 1;
        panel.moves[size_t(i)] = panel.results[at] * scale - panel.original[at];
      }
    }
    spread(&Panel::gradient, h.matrix, first, 0, h.size);
  }
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

void Tile::prune() {
  for (int64_t first = 0; first < h.size; first += kSweepBlock) {
    for (Panel &panel : panels) {
      BlockSweep block = sweepOf(panel, first);
      block.keep = compression.keep;
      sweepKernels().sweepBlock(block);
    }
    spread(&Panel::current, h.factor, first, first + kSweepBlock, h.size);
  }
  if (passes.pruning > 0)
    startGradient(false);
  for (int pass = 0; pass < passes.pruning; ++pass)
    for (int64_t first = 0; first < h.size; first += kSweepBlock) {
      for (Panel &panel : panels)
        sweepKernels().reselect(descentOf(panel, first), compression.keep);
      spreadGradient(first);
    }
}

/// For the weights of the block as the sweep finds them or, when some of them
/// are pruned, as a dry run leaves them.
void Tile::searchScales(Panel &panel, int64_t first) {
  BlockSweep block = sweepOf(panel, first);
  std::copy_n(block.weights, kBlockSize, trial.data());
  if (compression.keep < kPruneGroup) {
    block.weights = trial.data();
    block.results = trialKept.data();
    sweepKernels().sweepBlock(block);
  }
  sweepKernels().searchScales(
      compression.keep < kPruneGroup ? trialKept.data() : trial.data(),
      block.importance, panel.scales.data() + first / kSweepBlock * kLanes);
}

void Tile::quantize() {
  auto scalesOf = [](Panel &panel, int64_t first) {
    return panel.scales.data() + first / kSweepBlock * kLanes;
  };
  for (int64_t first = 0; first < h.size; first += kSweepBlock) {
    for (Panel &panel : panels) {
      searchScales(panel, first);
      BlockSweep block = sweepOf(panel, first);
      block.scales = scalesOf(panel, first);
      sweepKernels().sweepBlock(block);
    }
    spread(&Panel::current, h.factor, first, first + kSweepBlock, h.size);
  }
  if (passes.quantizing > 0)
    startGradient(true);
  for (int pass = 0; pass < passes.quantizing; ++pass)
    for (int64_t first = 0; first < h.size; first += kSweepBlock) {
      for (Panel &panel : panels)
        sweepKernels().descendLevels(descentOf(panel, first),
                                     scalesOf(panel, first));
      spreadGradient(first);
    }
}

void Tile::readRows(const float *weights, int64_t rows) {
  for (int64_t index = 0; index < kRows; ++index) {
    float *lane =
        panels[size_t(index / kLanes)].original.data() + index % kLanes;
    for (int64_t j = 0; j < h.size; ++j)
      lane[j * kLanes] = index < rows ? weights[index * h.size + j] : 0;
  }
}

/// Unless a sweep chooses it.
void Tile::setMask(Panel &panel) const {
  if (compression.keep == kPruneGroup)
    std::ranges::fill(panel.mask, 1.0f);
  else if (!sweepPrunes())
    for (int64_t j = 0; j < h.size; j += int64_t(kPruneGroup))
      sweepKernels().chooseMask(panel.original.data() + j * kLanes,
                                importance.data() + j, compression.keep,
                                panel.mask.data() + j * kLanes);
}

void Tile::writeRow(int64_t index, int8_t *values, uint16_t *scales) {
  const Panel &panel = panels[size_t(index / kLanes)];
  int64_t lane = index % kLanes;
  for (int64_t j = 0; j < h.size; ++j)
    row[size_t(j)] = panel.results[size_t(j * kLanes + lane)];
  int64_t blocks = h.size / kSweepBlock;
  if (!sweepQuantizes()) {
    for (float &weight : row) // what took over others may be beyond
      weight = std::clamp(weight, -kInt4Limit, kInt4Limit);
    return compressRow(row, {.quantize = compression.quantize},
                       {values, row.size()}, {scales, size_t(blocks)});
  }
  for (int64_t j = 0; j < h.size; ++j)
    values[j] = int8_t(row[size_t(j)]);
  for (int64_t block = 0; block < blocks; ++block)
    scales[block] = floatToHalf(panel.scales[size_t(block * kLanes + lane)]);
}

void Tile::run(const float *weights, int64_t rows, int8_t *values,
               uint16_t *scales) {
  readRows(weights, rows);
  for (Panel &panel : panels) {
    panel.current = panel.original;
    setMask(panel);
  }
  if (sweepPrunes())
    prune();
  if (sweepQuantizes()) {
    for (Panel &panel : panels)
      panel.current = panel.original;
    quantize();
  }
  for (int64_t index = 0; index < rows; ++index)
    writeRow(index, values + index * h.size,
             scales + index * (h.size / kSweepBlock));
}

QuantizedMatrix
edgellm::sweepMatrix(std::span<const float> weights, int64_t rows,
                     const Compression &compression, const Hessian &hessian,
                     std::span<const float> importance,
                     const DescentPasses &passes, unsigned threads) {
  int64_t columns = hessian.size;
  QuantizedMatrix result{rows, columns, {}, {}};
  result.values.resize(size_t(rows * columns));
  result.scales.resize(size_t(rows * columns / kSweepBlock));
  int64_t tiles = (rows + Tile::kRows - 1) / Tile::kRows;
  std::vector<Tile> workers(threads,
                            Tile(hessian, compression, importance, passes));
  parallelFor(tiles, threads, [&](int64_t tile, unsigned worker) {
    int64_t first = tile * Tile::kRows;
    workers[worker].run(weights.data() + first * columns,
                        std::min(Tile::kRows, rows - first),
                        result.values.data() + first * columns,
                        result.scales.data() + first * columns / kSweepBlock);
  });
  return result;
}
