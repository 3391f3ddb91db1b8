//===- VectorUnit.cpp - Normalisation, rotation, activation ---------------===//
#include "Machine.h"
#include <bit>
#include <tuple>

namespace edgellm::model {
namespace {

// Estimates for ThreadPool::parallelFor.
constexpr size_t kNormOperations = 16;
constexpr size_t kRopeOperations = 16;
constexpr size_t kActivationOperations = 32;

Operand matrix(const Machine &machine, const isa::Affine &base,
               const isa::Affine &stride, int64_t blocks, int64_t rows,
               const char *field) {
  return machine.memory.ddr({.base = machine.resolve(base),
                             .inner = {blocks, machine.resolve(stride)},
                             .rows = rows},
                            field);
}

std::vector<Packet> loadRow(const Operand &operand, int64_t blocks,
                            int64_t row) {
  std::vector<Packet> packets(blocks);
  for (int64_t block = 0; block < blocks; ++block)
    packets[block] = operand.load(0, block, row);
  return packets;
}

std::span<uint16_t> lanesOf(std::vector<Packet> &packets) {
  return {packets[0].lane, packets.size() * isa::kLanes};
}

/// Without it a row of zeros would divide zero by zero (N14).
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
  Operand weight =
      machine.memory.ddr({.base = norm.weight, .inner = {blocks, 1}}, "weight");
  Operand src = matrix(machine, norm.src, norm.src_stride, blocks, rows, "src");
  Operand dst = matrix(machine, norm.dst, norm.dst_stride, blocks, rows, "dst");
  dst.requireDistinct("dst");
  dst.requireApart(weight, "dst");
  dst.requireApartOrSame(src, "dst");

  std::vector<Packet> weights = loadRow(weight, blocks, 0);
  machine.pool.parallelFor(
      rows, blocks * isa::kLanes * kNormOperations, [&](size_t row) {
        std::vector<Packet> packets = loadRow(src, blocks, row);
        numerics::rmsNorm(lanesOf(packets), lanesOf(weights),
                          norm.inverse_channels, norm.epsilon,
                          lanesOf(packets));
        for (int64_t block = 0; block < blocks; ++block)
          dst.store(0, block, row, packets[block]);
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
  Operand table =
      machine.memory.ddr({.base = machine.resolve(rope.table),
                          .inner = {rope.head_blocks, rope.table_stride},
                          .rows = rows},
                         "table");
  Operand src = matrix(machine, rope.src, rope.src_stride, blocks, rows, "src");
  Operand dst = machine.memory.operand(
      rope.dst_space,
      {.base = machine.resolve(rope.dst),
       .inner = {blocks, machine.resolve(rope.dst_stride)},
       .rows = rows},
      "dst");
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

static uint16_t apply(isa::Function function, uint16_t x) {
  switch (function) {
  case isa::Function::silu:
    return numerics::silu(x);
  }
  return x;
}

void execute(const isa::Activation &activation, Machine &machine) {
  int64_t rows = machine.rows(activation.rows);
  int64_t blocks = blocksOf(activation.channels);
  Operand src = matrix(machine, activation.src, activation.src_stride, blocks,
                       rows, "src");
  Operand dst = matrix(machine, activation.dst, activation.dst_stride, blocks,
                       rows, "dst");
  dst.requireDistinct("dst");
  dst.requireApartOrSame(src, "dst");

  machine.pool.parallelFor(blocks, rows * isa::kLanes * kActivationOperations,
                           [&](size_t block) {
                             for (int64_t row = 0; row < rows; ++row) {
                               Packet packet = src.load(0, block, row);
                               for (uint16_t &lane : packet.lane)
                                 lane = apply(activation.function, lane);
                               dst.store(0, block, row, packet);
                             }
                           });
}

} // namespace edgellm::model
