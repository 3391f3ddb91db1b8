//===- Assembly.h - Text to instructions ------------------------*- C++ -*-===//
//
// The inverse of disassemble(), without LLVM. One line holds one instruction:
// the mnemonic, every field but the token sets as "name = value" in the order
// of the table, separated by commas, then the sets that are not empty:
//
//   softmax src_space = chip, dst_space = chip, heads = 4, rows = <tokens>,
//     columns = <tokens + past>, ... follow <attention> signal <attention>
//
// Numbers are decimal, flags true or false, reals anything that from_chars
// reads, choices the names of the table. An affine field is an expression of
// `tokens`, `past`, integers, + - * ceildiv and parentheses that comes to a
// constant plus a multiple of one request register.
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_ISA_ASSEMBLY_H
#define EDGELLM_ISA_ASSEMBLY_H

#include <cstdint>
#include <string_view>
#include <vector>

namespace edgellm::isa {

/// The words of the instruction on `line`. Throws Error with the column of what
/// is wrong: "column 17: found 'hbn', expected one of ddr, chip, hbm".
std::vector<uint64_t> assemble(std::string_view line);

} // namespace edgellm::isa

#endif // EDGELLM_ISA_ASSEMBLY_H
