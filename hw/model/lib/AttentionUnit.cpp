//===- AttentionUnit.cpp - Scores, softmax and values of every head -------===//
#include "Machine.h"
#include "Product.h"
#include <algorithm>

namespace edgellm::model {
namespace {

/// Query heads that read the same keys and values.
struct Heads {
  Heads(int64_t heads, int64_t kvHeads) : kvHeads(kvHeads) {
    if (heads % kvHeads != 0)
      throw Fault{StatusCode::illegal_instruction, "kv_heads", kvHeads, heads};
    shared = heads / kvHeads;
  }
  int64_t kvHeads;
  int64_t shared; ///< query heads a key head
};

/// The lines that meet one key head's panels: some rows of each query head that
/// shares it.
struct Lines {
  int64_t firstRow, rows, shared;

  int64_t count() const { return rows * shared; }
  int64_t head(int64_t kvHead, size_t line) const {
    return kvHead * shared + int64_t(line) / rows;
  }
  int64_t row(size_t line) const { return firstRow + int64_t(line) % rows; }
};

/// Calls body with the rows of an instruction in pieces of about 64 lines.
template <typename Body>
void forEachTile(int64_t rows, int64_t shared, Body body) {
  int64_t tile = std::clamp<int64_t>(64 / shared, 1, 32);
  for (int64_t row = 0; row < rows; row += tile)
    body(Lines{row, std::min(tile, rows - row), shared});
}

/// Inputs of all key heads; load(head, group, row) is a packet of them.
template <typename Load>
std::vector<InputLines<Fp16Inputs>> prepare(const Heads &heads,
                                            const Lines &lines, size_t groups,
                                            Machine &machine, Load load) {
  requireAffordable<Fp16Inputs>(heads.kvHeads, groups, lines.count());
  std::vector<InputLines<Fp16Inputs>> inputs(
      heads.kvHeads, InputLines<Fp16Inputs>(groups, lines.count()));
  machine.pool.parallelFor(
      heads.kvHeads * groups, lines.count() * kGroup, [&](size_t index) {
        int64_t kvHead = index / groups, group = index % groups;
        for (int64_t line = 0; line < lines.count(); ++line) {
          Packet packet =
              load(lines.head(kvHead, line), group, lines.row(line));
          machine.kernels.prepareFp16(packet.lane,
                                      inputs[kvHead].at(group, line));
        }
      });
  return inputs;
}

//===----------------------------------------------------------------------===//
// Scores
//===----------------------------------------------------------------------===//

struct ScoresTask {
  ScoresTask(const isa::AttentionScores &scores, const Machine &machine);

  Heads heads;
  int64_t headBlocks, rows, columns;
  float scale;
  Operand keys, src, dst;
};

ScoresTask::ScoresTask(const isa::AttentionScores &scores,
                       const Machine &machine)
    : heads(scores.heads, scores.kv_heads), headBlocks(scores.head_blocks),
      rows(machine.rows(scores.rows)), columns(machine.columns(scores.columns)),
      scale(scores.scale),
      keys(machine.operand(machine.operandsOf(scores), "keys")),
      src(machine.operand(machine.operandsOf(scores), "src")),
      dst(machine.operand(machine.operandsOf(scores), "dst")) {
  machine.checkSlices(scores);
  dst.requireDistinct("dst");
  dst.requireApart(src, "dst");
}

void unpackKeys(const ScoresTask &task, int64_t kvHead, int64_t firstToken,
                size_t block, const Kernels &kernels, Fp16Weights &weights) {
  Tile tile;
  task.keys.loadRows(0, kvHead * task.headBlocks + block, firstToken,
                     reinterpret_cast<std::byte *>(&tile));
  kernels.unpackFp16Transposed(tile, weights);
}

/// N10, for 32 columns; those past the last are zero.
void writeScores(const ScoresTask &task, int64_t head, int64_t row,
                 int64_t columnBlock, const float *dots,
                 const Kernels &kernels) {
  Packet result;
  kernels.finishScores(dots, task.scale, result.lane);
  int64_t valid = task.columns - columnBlock * isa::kLanes;
  if (valid < isa::kLanes)
    std::fill(result.lane + valid, std::end(result.lane), uint16_t(0));
  task.dst.store(head, columnBlock, row, result);
}

void runScores(const ScoresTask &task, const Lines &lines, Machine &machine) {
  auto inputs =
      prepare(task.heads, lines, task.headBlocks, machine,
              [&](int64_t head, int64_t block, int64_t row) {
                return task.src.load(0, head * task.headBlocks + block, row);
              });
  int64_t columnBlocks = blocksOf(task.columns);
  machine.pool.parallelFor(
      task.heads.kvHeads * columnBlocks, operationsOf(inputs[0]),
      [&](size_t index) {
        int64_t kvHead = index / columnBlocks, block = index % columnBlocks;
        multiply(
            inputs[kvHead], machine.kernels, machine.kernels.addFp16,
            [&](size_t group, Fp16Weights &weights) {
              unpackKeys(task, kvHead, block * isa::kLanes, group,
                         machine.kernels, weights);
            },
            [&](size_t line, const float *dots) {
              writeScores(task, lines.head(kvHead, line), lines.row(line),
                          block, dots, machine.kernels);
            });
      });
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

struct ValuesTask {
  ValuesTask(const isa::AttentionValues &values, const Machine &machine);

  Heads heads;
  int64_t headBlocks, rows, columnBlocks;
  Operand values, src, dst;
};

ValuesTask::ValuesTask(const isa::AttentionValues &instruction,
                       const Machine &machine)
    : heads(instruction.heads, instruction.kv_heads),
      headBlocks(instruction.head_blocks), rows(machine.rows(instruction.rows)),
      columnBlocks(blocksOf(machine.columns(instruction.columns))),
      values(machine.operand(machine.operandsOf(instruction), "values")),
      src(machine.operand(machine.operandsOf(instruction), "src")),
      dst(machine.operand(machine.operandsOf(instruction), "dst")) {
  machine.checkSlices(instruction);
  dst.requireDistinct("dst");
  dst.requireApart(src, "dst");
}

/// Tokens are the inputs here, so the cache already is the panel.
void unpackValues(const ValuesTask &task, int64_t kvHead, int64_t block,
                  size_t columnBlock, const Kernels &kernels,
                  Fp16Weights &weights) {
  Tile tile;
  task.values.loadRows(0, kvHead * task.headBlocks + block,
                       columnBlock * kGroup,
                       reinterpret_cast<std::byte *>(&tile));
  kernels.unpackFp16(tile, weights);
}

void runValues(const ValuesTask &task, const Lines &lines, Machine &machine) {
  auto inputs = prepare(task.heads, lines, task.columnBlocks, machine,
                        [&](int64_t head, int64_t block, int64_t row) {
                          return task.src.load(head, block, row);
                        });
  machine.pool.parallelFor(
      task.heads.kvHeads * task.headBlocks, operationsOf(inputs[0]),
      [&](size_t index) {
        int64_t kvHead = index / task.headBlocks;
        int64_t block = index % task.headBlocks;
        multiply(
            inputs[kvHead], machine.kernels, machine.kernels.addFp16,
            [&](size_t group, Fp16Weights &weights) {
              unpackValues(task, kvHead, block, group, machine.kernels,
                           weights);
            },
            [&](size_t line, const float *dots) { // N13
              Packet result;
              machine.kernels.finishVmm(dots, nullptr, isa::Epilogue::none,
                                        nullptr, result.lane);
              task.dst.store(0,
                             lines.head(kvHead, line) * task.headBlocks + block,
                             lines.row(line), result);
            });
      });
}

//===----------------------------------------------------------------------===//
// Softmax
//===----------------------------------------------------------------------===//

struct SoftmaxTask {
  SoftmaxTask(const isa::Softmax &softmax, const Machine &machine);

  int64_t rows, blocks, visible;
  Operand src, dst;
};

SoftmaxTask::SoftmaxTask(const isa::Softmax &softmax, const Machine &machine)
    : rows(machine.rows(softmax.rows)),
      blocks(blocksOf(machine.columns(softmax.columns))),
      visible(machine.count(softmax.visible, "visible", 1,
                            machine.resolve(softmax.columns) - rows + 1)),
      src(machine.operand(machine.operandsOf(softmax), "src")),
      dst(machine.operand(machine.operandsOf(softmax), "dst")) {
  dst.requireDistinct("dst");
  dst.requireApartOrSame(src, "dst");
}

void runSoftmax(const SoftmaxTask &task, int64_t head, int64_t row) {
  std::vector<Packet> packets(task.blocks);
  for (int64_t block = 0; block < task.blocks; ++block)
    packets[block] = task.src.load(head, block, row);
  std::span<uint16_t> lanes(packets[0].lane, task.blocks * isa::kLanes);
  numerics::softmax(lanes, task.visible + row, lanes);
  for (int64_t block = 0; block < task.blocks; ++block)
    task.dst.store(head, block, row, packets[block]);
}

} // namespace

void execute(const isa::AttentionScores &scores, Machine &machine) {
  ScoresTask task(scores, machine);
  forEachTile(task.rows, task.heads.shared,
              [&](const Lines &lines) { runScores(task, lines, machine); });
}

void execute(const isa::AttentionValues &values, Machine &machine) {
  ValuesTask task(values, machine);
  forEachTile(task.rows, task.heads.shared,
              [&](const Lines &lines) { runValues(task, lines, machine); });
}

void execute(const isa::Softmax &softmax, Machine &machine) {
  SoftmaxTask task(softmax, machine);
  constexpr size_t operationsPerLane = 32;
  machine.pool.parallelFor(
      softmax.heads * task.rows, task.blocks * isa::kLanes * operationsPerLane,
      [&](size_t index) {
        runSoftmax(task, index / task.rows, index % task.rows);
      });
}

} // namespace edgellm::model
