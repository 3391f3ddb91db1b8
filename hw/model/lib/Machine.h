//===- Machine.h - What the units of the device share -----------*- C++ -*-===//
#ifndef EDGELLM_MODEL_LIB_MACHINE_H
#define EDGELLM_MODEL_LIB_MACHINE_H

#include "EdgeLLM/ISA/Operands.h"
#include "EdgeLLM/Model/ThreadPool.h"
#include "Kernels.h"
#include "Memory.h"
#include <algorithm>
#include <string_view>

namespace edgellm::model {

/// State of a run. Units check all operands of an instruction, then execute it.
struct Machine {
  Machine(const Launch &launch, ThreadPool &pool)
      : memory(launch), pool(pool), kernels(chosenKernels()),
        tokens(launch.tokens), past(launch.past) {}

  int64_t resolve(const isa::Affine &field) const {
    return isa::resolve(field, tokens, past);
  }

  /// A resolved count; faults unless least <= count <= most.
  int64_t count(const isa::Affine &field, const char *name, int64_t least,
                int64_t most) const {
    int64_t value = resolve(field);
    if (value < least || value > most)
      throw Fault{StatusCode::request_range, name, value,
                  value < least ? least : most};
    return value;
  }
  int64_t rows(const isa::Affine &field) const {
    return count(field, "rows", 1, maxTokens);
  }
  int64_t columns(const isa::Affine &field) const {
    return count(field, "columns", 1, context);
  }

  /// An operand of an instruction, whose counts must have been checked.
  Operand operand(const isa::Operands &operands, std::string_view field) const;
  /// Operands of an instruction. A launch may have no ports at all; weights are
  /// divided by their number, and checked by Memory on their own.
  template <typename Instruction>
  isa::Operands operandsOf(const Instruction &instruction) const {
    return isa::operandsOf(instruction, std::max<int64_t>(memory.ports(), 1));
  }
  /// Faults unless slices of an input in ddr have a size and room on chip that
  /// no other operand lies in.
  template <typename Instruction>
  void checkSlices(const Instruction &instruction) const {
    if (instruction.src_space != isa::ActivationSpace::ddr)
      return;
    if (instruction.slice_rows == 0)
      throw Fault{StatusCode::illegal_instruction, "slice_rows", 0, 1};
    checkWork(operandsOf(instruction));
  }

  void checkWork(const isa::Operands &operands) const;

  Memory memory;
  ThreadPool &pool;
  const Kernels &kernels;
  uint32_t tokens, past;
  int64_t maxTokens = 0, context = 0; // of `begin`
  uint32_t argmaxIndex = 0;
  uint16_t argmaxValue = 0;
};

using isa::ceilDivide;

/// Channel or column blocks of a width.
inline int64_t blocksOf(int64_t channels) {
  return ceilDivide(channels, isa::kLanes);
}

// Matrix unit
void execute(const isa::Vmm &vmm, Machine &machine);
// Attention: the array's fp16 mode on the KV cache, and softmax
void execute(const isa::AttentionScores &scores, Machine &machine);
void execute(const isa::Softmax &softmax, Machine &machine);
void execute(const isa::AttentionValues &values, Machine &machine);
// Vector unit
void execute(const isa::RmsNorm &norm, Machine &machine);
void execute(const isa::LayerNorm &norm, Machine &machine);
void execute(const isa::Rope &rope, Machine &machine);
void execute(const isa::Activation &activation, Machine &machine);

} // namespace edgellm::model

#endif // EDGELLM_MODEL_LIB_MACHINE_H
