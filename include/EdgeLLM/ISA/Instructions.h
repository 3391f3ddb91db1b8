//===- Instructions.h - The instruction set, LLVM-free ----------*- C++ -*-===//
//
// Generated from Instructions.td: one struct an instruction, encode, decode,
// Visitor, decodeAndVisit, and kTableHash.
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_ISA_INSTRUCTIONS_H
#define EDGELLM_ISA_INSTRUCTIONS_H

#include "EdgeLLM/ISA/Encoding.h"

namespace edgellm::isa {
#include "EdgeLLM/ISA/Instructions.h.inc"
} // namespace edgellm::isa

#endif // EDGELLM_ISA_INSTRUCTIONS_H
