//===- ISA.h - The isa dialect ----------------------------------*- C++ -*-===//
#ifndef EDGELLM_DIALECT_ISA_IR_ISA_H
#define EDGELLM_DIALECT_ISA_IR_ISA_H

#include "EdgeLLM/Dialect/Request/UnitSetText.h"
#include "EdgeLLM/ISA/Instructions.h"

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/RegionKindInterface.h"

namespace edgellm::isa {

inline llvm::hash_code hash_value(const Affine &value) {
  return llvm::hash_combine(value.offset, value.factor,
                            unsigned(value.request));
}

} // namespace edgellm::isa

#include "EdgeLLM/Dialect/ISA/IR/ISADialect.h.inc"
#include "EdgeLLM/Dialect/ISA/IR/ISAEnums.h.inc"
#define GET_ATTRDEF_CLASSES
#include "EdgeLLM/Dialect/ISA/IR/ISAAttrs.h.inc"
#define GET_OP_CLASSES
#include "EdgeLLM/Dialect/ISA/IR/ISAOps.h.inc"

namespace edgellm::isa {

#define GET_ISA_CONVERSION_DECLARATIONS
#include "EdgeLLM/ISA/ISAConversions.h.inc"

/// Appends the words of an instruction op, or reports why it has none.
llvm::LogicalResult appendEncoding(mlir::Operation *op,
                                   llvm::SmallVectorImpl<uint64_t> &words);

} // namespace edgellm::isa

#endif // EDGELLM_DIALECT_ISA_IR_ISA_H
