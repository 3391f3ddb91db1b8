//===- Operands.h - What memory an instruction uses -------------*- C++ -*-===//
//
// The operands of each instruction as regions of packets, symbolic in the
// request, as the loop nests of Instructions.td define them. The device model
// resolves and checks them, the schedule check compares them, the timing model
// counts them.
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_ISA_OPERANDS_H
#define EDGELLM_ISA_OPERANDS_H

#include "EdgeLLM/ISA/WeightStream.h"

#include <array>
#include <cstddef>
#include <string_view>

namespace edgellm::isa {

enum class Access {
  read,     ///< activations, from the start until all operands are read
  constant, ///< never written by a program: norm weights, biases, tables
  write,    ///< the result
  stream,   ///< read by the DMA: weights, keys, values
  work,     ///< slices of the input on chip, while the instruction reads
};

/// A number of things: value rounded up to whole groups, in groups or not.
struct Count {
  Affine value;
  int64_t group = 1;     ///< rounded up to a multiple of this
  bool inGroups = false; ///< counted in groups
  bool operator==(const Count &) const = default;
};

struct Steps {
  Count count{{1, 0, Request::zero}};
  Affine stride{}; ///< in packets; of no effect when count is 1
  bool operator==(const Steps &) const = default;
};

/// Packets base + i*outer.stride + j*inner.stride + row.
struct OperandRegion {
  Space space = Space::ddr;
  Affine base;
  Steps outer, inner;
  Count rows;
  bool operator==(const OperandRegion &) const = default;
};

struct Operand {
  const char *field = ""; ///< of the table, for messages
  Access access = Access::read;
  OperandRegion region;
};

/// The few operands of one instruction.
class Operands {
public:
  static constexpr size_t kMost = 6;

  void add(const Operand &operand) { list[size++] = operand; }
  const Operand *begin() const { return list.data(); }
  const Operand *end() const { return list.data() + size; }

private:
  std::array<Operand, kMost> list;
  size_t size = 0;
};

/// Operands of an instruction on a machine with `ports` HBM ports.
Operands operandsOf(const Begin &, int64_t ports);
Operands operandsOf(const End &, int64_t ports);
Operands operandsOf(const Vmm &vmm, int64_t ports);
Operands operandsOf(const AttentionScores &scores, int64_t ports);
Operands operandsOf(const Softmax &softmax, int64_t ports);
Operands operandsOf(const AttentionValues &values, int64_t ports);
Operands operandsOf(const RmsNorm &norm, int64_t ports);
Operands operandsOf(const LayerNorm &norm, int64_t ports);
Operands operandsOf(const Rope &rope, int64_t ports);
Operands operandsOf(const Activation &activation, int64_t ports);

/// Whether an operand lies in KV memory, which every sequence has its own of:
/// all in HBM but the weights.
inline bool isInKVMemory(const Operand &operand) {
  return operand.region.space == Space::hbm &&
         std::string_view(operand.field) != "weights";
}

/// A number that does not depend on the request.
constexpr Affine constant(int64_t value) { return {value, 0, Request::zero}; }

/// The count for one pass; cannot overflow for encodable fields.
inline int64_t resolve(const Count &count, uint32_t tokens, uint32_t past) {
  int64_t groups = ceilDivide(resolve(count.value, tokens, past), count.group);
  return count.inGroups ? groups : groups * count.group;
}

} // namespace edgellm::isa

#endif // EDGELLM_ISA_OPERANDS_H
