//===- Instructions.h - The instruction set, LLVM-free ----------*- C++ -*-===//
//
// Generated from Instructions.td: one struct an instruction with its fields as
// data (forEachField), encode, decode, Visitor, decodeAndVisit, and kTableHash.
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_ISA_INSTRUCTIONS_H
#define EDGELLM_ISA_INSTRUCTIONS_H

#include "EdgeLLM/ISA/Encoding.h"

namespace edgellm::isa {
#include "EdgeLLM/ISA/Instructions.h.inc"

/// decodeAndVisit with a function for all instructions: action(instruction).
template <typename Action>
unsigned decodeAndApply(const uint64_t *words, uint64_t available,
                        Action &&action, DecodeError &error) {
  EachVisitor visitor(action);
  return decodeAndVisit(words, available, visitor, error);
}
} // namespace edgellm::isa

#endif // EDGELLM_ISA_INSTRUCTIONS_H
