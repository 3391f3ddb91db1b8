//===- UnitSetText.h - Sets of units in IR text -----------------*- C++ -*-===//
#ifndef EDGELLM_DIALECT_REQUEST_UNITSETTEXT_H
#define EDGELLM_DIALECT_REQUEST_UNITSETTEXT_H

#include "EdgeLLM/ISA/Instructions.h"

#include "mlir/IR/OpImplementation.h"

namespace edgellm {

namespace isa {
template <typename Enumeration>
llvm::hash_code hash_value(const Set<Enumeration> &set) {
  return llvm::hash_value(set.bits);
}
} // namespace isa

/// Parses "<matrix, dma>" and prints it.
llvm::FailureOr<isa::Set<isa::Unit>> parseUnitSet(mlir::AsmParser &parser);
void printUnitSet(mlir::AsmPrinter &printer, isa::Set<isa::Unit> set);

} // namespace edgellm

#endif // EDGELLM_DIALECT_REQUEST_UNITSETTEXT_H
