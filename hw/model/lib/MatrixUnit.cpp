//===- MatrixUnit.cpp - Vector-matrix products ----------------------------===//
#include "EdgeLLM/Support/Half.h"
#include "Machine.h"
#include "Product.h"
#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

namespace edgellm::model {
namespace {

/// Vectors that share one unpacking of the weights. More cost cache, and gain
/// little: unpacking 32 outputs takes the time of two or three vectors.
constexpr int64_t kTileRows = 32;

using RowStarts = std::array<const std::byte *, kOutputs>;

/// 32 rows in as many ports are more streams than processors follow by
/// themselves.
inline void prefetchNext(const std::byte *weights) {
  constexpr size_t distance = 256; // four groups
  __builtin_prefetch(weights + distance);
}

/// What differs between the two codings of a weight row.
struct Int4Coding {
  using Inputs = Int4Inputs;
  using Weights = Int4Weights;
  static constexpr int64_t groupChannels = kBlock;
  // Scales of 16 blocks precede the codes of these.
  static constexpr int64_t blocksPerPackage = 16;
  static constexpr int64_t scaleBytes = 2 * blocksPerPackage;
  static constexpr int64_t codeBytes = kBlock / 2;

  static void unpack(const RowStarts &rows, size_t group,
                     const Kernels &kernels, Weights &weights) {
    int64_t package = group / blocksPerPackage,
            block = group % blocksPerPackage;
    int64_t start = package * (scaleBytes + blocksPerPackage * codeBytes);
    Tile tile;
    for (unsigned o = 0; o < kOutputs; ++o) {
      const std::byte *row = rows[o] + start;
      uint16_t scale;
      std::memcpy(&scale, row + 2 * block, sizeof scale);
      weights.scale[o] = halfToFloat(scale);
      const std::byte *codes = row + scaleBytes + block * codeBytes;
      prefetchNext(codes);
      std::memcpy(tile.word[o], codes, codeBytes);
    }
    kernels.unpackInt4(tile, weights);
  }

  static void prepare(const uint16_t *activations, const Kernels &kernels,
                      Inputs &inputs) {
    kernels.prepareInt4(activations, inputs);
  }
  static auto kernel(const Kernels &kernels) { return kernels.addInt4; }
};

struct Fp16Coding {
  using Inputs = Fp16Inputs;
  using Weights = Fp16Weights;
  static constexpr int64_t groupChannels = kGroup;
  static constexpr int64_t groupBytes = 2 * kGroup;

  static void unpack(const RowStarts &rows, size_t group,
                     const Kernels &kernels, Weights &weights) {
    Tile tile;
    for (unsigned o = 0; o < kOutputs; ++o) {
      const std::byte *values = rows[o] + group * groupBytes;
      prefetchNext(values);
      std::memcpy(tile.word[o], values, groupBytes);
    }
    kernels.unpackFp16Transposed(tile, weights);
  }

  static void prepare(const uint16_t *activations, const Kernels &kernels,
                      Inputs &inputs) {
    kernels.prepareFp16(activations, inputs);
  }
  static auto kernel(const Kernels &kernels) { return kernels.addFp16; }
};

/// An instruction with its operands resolved and checked.
struct Task {
  Task(const isa::Vmm &vmm, const Machine &machine);

  int64_t rows, inBlocks, outBlocks;
  isa::Epilogue epilogue;
  Operand src, dst;
  WeightRows weights;
  std::optional<Operand> bias, aux;
};

Task::Task(const isa::Vmm &vmm, const Machine &machine)
    : rows(machine.rows(vmm.rows)), inBlocks(blocksOf(vmm.in_channels)),
      outBlocks(blocksOf(vmm.out_channels)), epilogue(vmm.epilogue),
      src(machine.operand(machine.operandsOf(vmm), "src")),
      dst(machine.operand(machine.operandsOf(vmm), "dst")),
      weights(machine.memory.weights(
          vmm.weights, isa::outputBytes(vmm.weight_format, vmm.in_channels),
          outBlocks * kOutputs)) {
  isa::Operands operands = machine.operandsOf(vmm);
  dst.requireDistinct("dst");
  dst.requireApart(src, "dst");
  machine.memory.requireApart(dst, weights, "dst");
  if (vmm.has_bias) {
    bias = machine.operand(operands, "bias");
    dst.requireApart(*bias, "dst");
  }
  if (epilogue != isa::Epilogue::none) {
    aux = machine.operand(operands, "aux");
    dst.requireApartOrSame(*aux, "dst");
  }
  machine.checkSlices(vmm);
}

/// Packets of one group of a row; those past the last block are zero.
template <typename Coding>
void prepareGroup(const Task &task, int64_t group, int64_t row,
                  const Kernels &kernels, typename Coding::Inputs &inputs) {
  constexpr int64_t packets = Coding::groupChannels / isa::kLanes;
  Packet activations[packets] = {};
  for (int64_t i = 0; i < packets && group * packets + i < task.inBlocks; ++i)
    activations[i] = task.src.load(0, group * packets + i, row);
  Coding::prepare(activations[0].lane, kernels, inputs);
}

/// N8, for the 32 channels of a block and one row.
void writeOutputs(const Task &task, int64_t block, int64_t row,
                  const float *dots) {
  Packet bias, aux, result;
  if (task.bias)
    bias = task.bias->load(0, block, 0);
  if (task.aux)
    aux = task.aux->load(0, block, row);
  for (unsigned lane = 0; lane < kOutputs; ++lane) {
    std::optional<uint16_t> laneBias;
    if (task.bias)
      laneBias = bias.lane[lane];
    result.lane[lane] = numerics::vmmOutput(dots[lane], laneBias, task.epilogue,
                                            task.aux ? aux.lane[lane] : 0);
  }
  task.dst.store(0, block, row, result);
}

template <typename Coding>
void runTile(const Task &task, int64_t firstRow, int64_t tileRows,
             size_t groups, Machine &machine) {
  const Kernels &kernels = machine.kernels;
  requireAffordable<typename Coding::Inputs>(1, groups, tileRows);
  InputLines<typename Coding::Inputs> inputs(groups, tileRows);
  machine.pool.parallelFor(
      groups, tileRows * Coding::groupChannels, [&](size_t group) {
        for (int64_t row = 0; row < tileRows; ++row)
          prepareGroup<Coding>(task, group, firstRow + row, kernels,
                               inputs.at(group, row));
      });
  machine.pool.parallelFor(
      task.outBlocks, operationsOf(inputs), [&](size_t block) {
        RowStarts rows = task.weights.block(block);
        multiply(
            inputs, kernels, Coding::kernel(kernels),
            [&](size_t group, typename Coding::Weights &weights) {
              Coding::unpack(rows, group, kernels, weights);
            },
            [&](size_t row, const float *dots) {
              writeOutputs(task, block, firstRow + row, dots);
            });
      });
}

/// N9 on what was written for the last row.
void reportArgmax(const isa::Vmm &vmm, const Task &task, Machine &machine) {
  std::vector<uint16_t> row;
  for (int64_t block = 0; block < task.outBlocks; ++block) {
    Packet packet = task.dst.load(0, block, task.rows - 1);
    row.insert(row.end(), std::begin(packet.lane), std::end(packet.lane));
  }
  row.resize(vmm.out_channels);
  machine.argmaxIndex = numerics::argmax(row);
  machine.argmaxValue = row[machine.argmaxIndex];
}

template <typename Coding> void run(const isa::Vmm &vmm, Machine &machine) {
  size_t groups = ceilDivide(vmm.in_channels, Coding::groupChannels);
  Task task(vmm, machine);
  for (int64_t row = 0; row < task.rows; row += kTileRows)
    runTile<Coding>(task, row, std::min(kTileRows, task.rows - row), groups,
                    machine);
  if (vmm.argmax)
    reportArgmax(vmm, task, machine);
}

} // namespace

void execute(const isa::Vmm &vmm, Machine &machine) {
  switch (vmm.weight_format) {
  case isa::WeightFormat::int4:
    return run<Int4Coding>(vmm, machine);
  case isa::WeightFormat::fp16:
    return run<Fp16Coding>(vmm, machine);
  }
}

} // namespace edgellm::model
