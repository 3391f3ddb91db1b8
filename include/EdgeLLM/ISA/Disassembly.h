//===- Disassembly.h - Instructions and their errors as text ----*- C++ -*-===//
#ifndef EDGELLM_ISA_DISASSEMBLY_H
#define EDGELLM_ISA_DISASSEMBLY_H

#include "EdgeLLM/ISA/Instructions.h"

#include <iosfwd>
#include <span>
#include <string>

namespace edgellm::isa {

/// An affine field as an expression over `tokens` and `past`, e.g.
/// "<tokens * 64 + 4096>". The isa dialect and the assembler parse the same
/// text.
void print(std::ostream &os, const Affine &value);

/// One line for the instruction at the start of `words`, in the syntax of the
/// isa dialect, or the reason why it cannot be decoded.
std::string disassemble(std::span<const uint64_t> words);

/// "vmm: field 'in_channels' is 0, allowed are 1 to 16777215"
std::string describe(const DecodeError &error);

} // namespace edgellm::isa

#endif // EDGELLM_ISA_DISASSEMBLY_H
