//===- VectorUnit.cpp - Normalisation, rotation, activation ---------------===//
#include "Machine.h"
#include <array>
#include <bit>
#include <tuple>

namespace edgellm::model {
namespace {

// Estimates for ThreadPool::parallelFor.
constexpr size_t kNormOperations = 16;
constexpr size_t kRopeOperations = 16;
constexpr size_t kActivationOperations = 2;

/// `blocks` packets of a row, from block `first` on.
std::vector<Packet> loadRow(const Operand &operand, int64_t first,
                            int64_t blocks, int64_t row) {
  std::vector<Packet> packets(blocks);
  for (int64_t block = 0; block < blocks; ++block)
    packets[block] = operand.load(0, first + block, row);
  return packets;
}

void storeRow(const Operand &operand, int64_t first, int64_t row,
              const std::vector<Packet> &packets) {
  for (size_t block = 0; block < packets.size(); ++block)
    operand.store(0, first + int64_t(block), row, packets[block]);
}

std::span<uint16_t> lanesOf(std::vector<Packet> &packets) {
  return {packets[0].lane, packets.size() * isa::kLanes};
}

/// Without it a row of zeros would divide zero by zero (N14, N19).
void requirePositive(float value, const char *field) {
  if (!(value > 0))
    throw Fault{StatusCode::illegal_instruction, field,
                std::bit_cast<int32_t>(value), 1};
}

} // namespace

void execute(const isa::RmsNorm &norm, Machine &machine) {
  requirePositive(norm.epsilon, "epsilon");
  requirePositive(norm.inverse_channels, "inverse_channels");
  int64_t rows = machine.rows(norm.rows), blocks = blocksOf(norm.channels);
  isa::Operands operands = machine.operandsOf(norm);
  Operand weight = machine.operand(operands, "weight");
  Operand src = machine.operand(operands, "src");
  Operand dst = machine.operand(operands, "dst");
  dst.requireDistinct("dst");
  dst.requireApart(weight, "dst");
  dst.requireApartOrSame(src, "dst");

  std::vector<Packet> weights = loadRow(weight, 0, blocks, 0);
  machine.pool.parallelFor(
      rows * norm.heads, blocks * isa::kLanes * kNormOperations,
      [&](size_t index) {
        int64_t row = int64_t(index) % rows;
        int64_t first = int64_t(index) / rows * blocks;
        std::vector<Packet> packets = loadRow(src, first, blocks, row);
        numerics::rmsNorm(lanesOf(packets), lanesOf(weights),
                          norm.inverse_channels, norm.epsilon,
                          lanesOf(packets));
        storeRow(dst, first, row, packets);
      });
}

void execute(const isa::LayerNorm &norm, Machine &machine) {
  requirePositive(norm.epsilon, "epsilon");
  int64_t rows = machine.rows(norm.rows), blocks = blocksOf(norm.channels);
  isa::Operands operands = machine.operandsOf(norm);
  Operand weight = machine.operand(operands, "weight");
  Operand bias = machine.operand(operands, "bias");
  Operand src = machine.operand(operands, "src");
  Operand dst = machine.operand(operands, "dst");
  dst.requireDistinct("dst");
  dst.requireApart(weight, "dst");
  dst.requireApart(bias, "dst");
  dst.requireApartOrSame(src, "dst");

  std::vector<Packet> weights = loadRow(weight, 0, blocks, 0);
  std::vector<Packet> biases = loadRow(bias, 0, blocks, 0);
  machine.pool.parallelFor(
      rows, blocks * isa::kLanes * kNormOperations, [&](size_t row) {
        std::vector<Packet> packets = loadRow(src, 0, blocks, row);
        numerics::layerNorm(lanesOf(packets), lanesOf(weights), lanesOf(biases),
                            norm.channels, norm.epsilon, lanesOf(packets));
        storeRow(dst, 0, row, packets);
      });
}

/// N15 on the pairs of a packet.
static Packet rotate(const Packet &input, const Packet &table) {
  Packet result;
  for (unsigned i = 0; i < isa::kLanes; i += 2)
    std::tie(result.lane[i], result.lane[i + 1]) = numerics::rotate(
        input.lane[i], input.lane[i + 1], table.lane[i], table.lane[i + 1]);
  return result;
}

void execute(const isa::Rope &rope, Machine &machine) {
  int64_t rows = machine.rows(rope.rows);
  int64_t blocks = rope.heads * rope.head_blocks;
  isa::Operands operands = machine.operandsOf(rope);
  Operand table = machine.operand(operands, "table");
  Operand src = machine.operand(operands, "src");
  Operand dst = machine.operand(operands, "dst");
  dst.requireDistinct("dst");
  dst.requireApart(table, "dst");
  dst.requireApartOrSame(src, "dst");

  machine.pool.parallelFor(
      blocks, rows * isa::kLanes * kRopeOperations, [&](size_t block) {
        for (int64_t row = 0; row < rows; ++row)
          dst.store(0, block, row,
                    rotate(src.load(0, block, row),
                           table.load(0, block % rope.head_blocks, row)));
      });
}

/// The results of a function for every FP16 pattern, computed once: 128 KiB, of
/// which activations use a small part.
using FunctionTable = std::array<uint16_t, 1 << 16>;

static FunctionTable tableOf(uint16_t (*function)(uint16_t)) {
  FunctionTable table;
  for (uint32_t x = 0; x < table.size(); ++x)
    table[x] = function(uint16_t(x));
  return table;
}

static const FunctionTable &tableOf(isa::Function function) {
  static const FunctionTable silu = tableOf(numerics::silu);
  if (function == isa::Function::silu)
    return silu;
  static const FunctionTable gelu = tableOf(numerics::gelu);
  return gelu;
}

void execute(const isa::Activation &activation, Machine &machine) {
  int64_t rows = machine.rows(activation.rows);
  int64_t blocks = blocksOf(activation.channels);
  isa::Operands operands = machine.operandsOf(activation);
  Operand src = machine.operand(operands, "src");
  Operand dst = machine.operand(operands, "dst");
  dst.requireDistinct("dst");
  dst.requireApartOrSame(src, "dst");

  static_assert(isa::kFunctions == 2, "tableOf knows them all");
  const FunctionTable &table = tableOf(activation.function);
  machine.pool.parallelFor(blocks, rows * isa::kLanes * kActivationOperations,
                           [&](size_t block) {
                             for (int64_t row = 0; row < rows; ++row) {
                               Packet packet = src.load(0, block, row);
                               for (uint16_t &lane : packet.lane)
                                 lane = table[lane];
                               dst.store(0, block, row, packet);
                             }
                           });
}

} // namespace edgellm::model
