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
/// themselves. `groupBytes` is what a group takes.
inline void prefetchNext(const std::byte *weights, int64_t groupBytes) {
  constexpr int64_t groups = 4;
  __builtin_prefetch(weights + groups * groupBytes);
}

/// How a weight row is coded: the formats of INT4 packages.
template <isa::WeightFormat format> struct Int4Coding {
  using Inputs = Int4Inputs;
  using Weights = Int4Weights;
  static constexpr int64_t indexBytes = isa::indexBytes(format, kBlock);
  static constexpr int64_t codeBytes = isa::codeBytes(format, kBlock);

  explicit Int4Coding(int64_t inputs)
      : inputs(isa::paddedInputs(format, inputs)) {}

  void unpack(const RowStarts &rows, size_t group, const Kernels &kernels,
              Weights &weights) const;

  static auto prepare(const Kernels &kernels) { return kernels.prepareInt4; }
  static auto kernel(const Kernels &kernels) { return kernels.addInt4; }

private:
  static Expand *expander(const Kernels &kernels) {
    switch (format) {
    case isa::WeightFormat::int4_4of8:
      return kernels.expand4of8;
    case isa::WeightFormat::int4_2of8:
      return kernels.expand2of8;
    case isa::WeightFormat::int4_1of8_padded:
      return kernels.expand1of8Padded;
    default:
      return kernels.expand1of8;
    }
  }

  int64_t inputs;
};

/// N18: adds the second weights of groups of 2 of 8 that have the address of
/// the first. No packer writes such streams, so speed does not matter.
void addRepeated(unsigned groups, const std::byte *codes,
                 const std::byte *index, unsigned output,
                 const Kernels &kernels, Int4Weights &weights) {
  for (unsigned group = 0; group < kBlock / 8; ++group) {
    if (!(groups >> group & 1))
      continue;
    unsigned firstBit = 6 * group + 3, channel = 8 * group;
    for (unsigned i = 0; i < 3; ++i)
      channel += unsigned(index[(firstBit + i) / 8] >> (firstBit + i) % 8 &
                          std::byte(1))
                 << i;
    kernels.addToWeight(weights, channel, output,
                        numerics::int4Value(unsigned(codes[group] >> 4)));
  }
}

template <isa::WeightFormat format>
void Int4Coding<format>::unpack(const RowStarts &rows, size_t group,
                                const Kernels &kernels,
                                Weights &weights) const {
  constexpr int64_t blocks = isa::kPackageInputs / kBlock;
  int64_t package = int64_t(group) / blocks, block = int64_t(group) % blocks;
  int64_t start = package * isa::packageBytes(format, isa::kPackageInputs);
  int64_t inPackage =
      std::min(inputs - package * isa::kPackageInputs, isa::kPackageInputs);
  int64_t index = isa::kPackageScaleBytes + block * indexBytes;
  int64_t codes = isa::kPackageScaleBytes + isa::indexBytes(format, inPackage) +
                  block * codeBytes;
  Tile tile;
  std::array<unsigned, kOutputs> repeated = {};
  unsigned anyRepeated = 0;
  for (unsigned o = 0; o < kOutputs; ++o) {
    const std::byte *row = rows[o] + start;
    uint16_t scale;
    std::memcpy(&scale, row + 2 * block, sizeof scale);
    weights.scale[o] = halfToFloat(scale);
    prefetchNext(row + codes, codeBytes);
    if constexpr (format == isa::WeightFormat::int4) {
      std::memcpy(tile.word[o], row + codes, codeBytes);
    } else {
      prefetchNext(row + index, indexBytes);
      repeated[o] = expander(kernels)(row + index, row + codes, tile.word[o]);
      anyRepeated |= repeated[o];
    }
  }
  kernels.unpackInt4(tile, weights);
  for (unsigned o = 0; anyRepeated && o < kOutputs; ++o)
    addRepeated(repeated[o], rows[o] + start + codes, rows[o] + start + index,
                o, kernels, weights);
}

struct Fp16Coding {
  using Inputs = Fp16Inputs;
  using Weights = Fp16Weights;
  static constexpr int64_t groupBytes = 2 * kGroup;

  explicit Fp16Coding(int64_t) {}

  void unpack(const RowStarts &rows, size_t group, const Kernels &kernels,
              Weights &weights) const {
    Tile tile;
    for (unsigned o = 0; o < kOutputs; ++o) {
      const std::byte *values = rows[o] + group * groupBytes;
      prefetchNext(values, groupBytes);
      std::memcpy(tile.word[o], values, groupBytes);
    }
    kernels.unpackFp16Transposed(tile, weights);
  }

  static auto prepare(const Kernels &kernels) { return kernels.prepareFp16; }
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
template <typename Inputs>
void prepareGroup(const Task &task, int64_t group, int64_t row,
                  void (*prepare)(const uint16_t *, Inputs &), Inputs &inputs) {
  constexpr int64_t packets = Inputs::size / isa::kLanes;
  Packet activations[packets] = {};
  for (int64_t i = 0; i < packets && group * packets + i < task.inBlocks; ++i)
    activations[i] = task.src.load(0, group * packets + i, row);
  prepare(activations[0].lane, inputs);
}

/// N8, for the 32 channels of a block and one row.
void writeOutputs(const Task &task, int64_t block, int64_t row,
                  const float *dots, const Kernels &kernels) {
  Packet bias, aux, result;
  if (task.bias)
    bias = task.bias->load(0, block, 0);
  if (task.aux)
    aux = task.aux->load(0, block, row);
  kernels.finishVmm(dots, task.bias ? bias.lane : nullptr, task.epilogue,
                    aux.lane, result.lane);
  task.dst.store(0, block, row, result);
}

template <typename Coding>
void runTile(const Task &task, const Coding &coding, int64_t firstRow,
             int64_t tileRows, size_t groups, Machine &machine) {
  const Kernels &kernels = machine.kernels;
  requireAffordable<typename Coding::Inputs>(1, groups, tileRows);
  InputLines<typename Coding::Inputs> inputs(groups, tileRows);
  machine.pool.parallelFor(
      groups, tileRows * Coding::Inputs::size, [&](size_t group) {
        for (int64_t row = 0; row < tileRows; ++row)
          prepareGroup(task, group, firstRow + row, Coding::prepare(kernels),
                       inputs.at(group, row));
      });
  machine.pool.parallelFor(
      task.outBlocks, operationsOf(inputs), [&](size_t block) {
        RowStarts rows = task.weights.block(block);
        multiply(
            inputs, kernels, Coding::kernel(kernels),
            [&](size_t group, typename Coding::Weights &weights) {
              coding.unpack(rows, group, kernels, weights);
            },
            [&](size_t row, const float *dots) {
              writeOutputs(task, block, firstRow + row, dots, kernels);
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

/// The products of one vector with all rows, in the order of the channels. Each
/// port's rows are read one after the other, as they lie: streams that the
/// processor sees.
std::vector<float> streamRows(const Task &task, const RowKernel &kernel,
                              const std::vector<Int4Inputs> &inputs,
                              Machine &machine) {
  constexpr int64_t rowsAtOnce = 64;
  int64_t channels = task.outBlocks * kOutputs, ports = task.weights.ports();
  int64_t parts = ceilDivide(task.weights.rowsIn(0, channels), rowsAtOnce);
  std::vector<float> dots(channels);
  machine.pool.parallelFor(
      ports * parts, rowsAtOnce * inputs.size() * kBlock, [&](size_t index) {
        int64_t port = index / parts, first = index % parts * rowsAtOnce;
        int64_t count =
            std::min(task.weights.rowsIn(port, channels) - first, rowsAtOnce);
        if (count <= 0)
          return;
        float results[rowsAtOnce];
        kernel.dot(inputs.data(), inputs.size(),
                   {task.weights.row(port, first),
                    size_t(task.weights.bytesOfRow()), size_t(count)},
                   results);
        for (int64_t row = 0; row < count; ++row)
          dots[port + (first + row) * ports] = results[row];
      });
  return dots;
}

void runRow(const Task &task, const RowKernel &kernel, size_t groups,
            Machine &machine) {
  requireAffordable<Int4Inputs>(1, groups, 1);
  std::vector<Int4Inputs> inputs(groups);
  for (size_t group = 0; group < groups; ++group)
    prepareGroup(task, group, 0, kernel.prepare, inputs[group]);
  std::vector<float> dots = streamRows(task, kernel, inputs, machine);
  machine.pool.parallelFor(task.outBlocks, kOutputs, [&](size_t block) {
    writeOutputs(task, block, 0, &dots[block * kOutputs], machine.kernels);
  });
}

template <typename Coding>
void runPanels(const Task &task, int64_t inputs, size_t groups,
               Machine &machine) {
  Coding coding(inputs);
  for (int64_t row = 0; row < task.rows; row += kTileRows)
    runTile(task, coding, row, std::min(kTileRows, task.rows - row), groups,
            machine);
}

template <typename Coding> void run(const isa::Vmm &vmm, Machine &machine) {
  size_t groups = ceilDivide(vmm.in_channels, int64_t(Coding::Inputs::size));
  Task task(vmm, machine);
  const RowKernel &rowKernel = machine.kernels.row[unsigned(vmm.weight_format)];
  if (task.rows == 1 && rowKernel.dot)
    runRow(task, rowKernel, groups, machine);
  else
    runPanels<Coding>(task, vmm.in_channels, groups, machine);
  if (vmm.argmax)
    reportArgmax(vmm, task, machine);
}

} // namespace

void execute(const isa::Vmm &vmm, Machine &machine) {
  using enum isa::WeightFormat;
  switch (vmm.weight_format) {
  case fp16:
    return run<Fp16Coding>(vmm, machine);
  case int4:
    return run<Int4Coding<int4>>(vmm, machine);
  case int4_4of8:
    return run<Int4Coding<int4_4of8>>(vmm, machine);
  case int4_2of8:
    return run<Int4Coding<int4_2of8>>(vmm, machine);
  case int4_1of8_padded:
    return run<Int4Coding<int4_1of8_padded>>(vmm, machine);
  case int4_1of8:
    return run<Int4Coding<int4_1of8>>(vmm, machine);
  }
}

} // namespace edgellm::model
