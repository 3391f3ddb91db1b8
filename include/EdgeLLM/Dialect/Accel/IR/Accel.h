//===- Accel.h - The accel dialect ------------------------------*- C++ -*-===//
#ifndef EDGELLM_DIALECT_ACCEL_IR_ACCEL_H
#define EDGELLM_DIALECT_ACCEL_IR_ACCEL_H

#include "EdgeLLM/Dialect/EdgeLLM/IR/EdgeLLM.h"
#include "EdgeLLM/Dialect/Request/UnitSetText.h"
#include "EdgeLLM/ISA/Instructions.h"

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/AffineMap.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/RegionKindInterface.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/Support/MathExtras.h"

#include "EdgeLLM/Dialect/Accel/IR/AccelDialect.h.inc"
#include "EdgeLLM/Dialect/Accel/IR/AccelEnums.h.inc"
#include "EdgeLLM/Dialect/Accel/IR/AccelInterfaces.h.inc"
#define GET_TYPEDEF_CLASSES
#include "EdgeLLM/Dialect/Accel/IR/AccelTypes.h.inc"
#define GET_ATTRDEF_CLASSES
#include "EdgeLLM/Dialect/Accel/IR/AccelAttrs.h.inc"
#define GET_OP_CLASSES
#include "EdgeLLM/Dialect/Accel/IR/AccelOps.h.inc"

namespace edgellm::accel {

inline BufferType bufferType(mlir::Value value) {
  return llvm::cast<BufferType>(value.getType());
}

/// The buffer that `value` is a range of rows of: an alloc or a cache.
mlir::Value baseOf(mlir::Value value);

} // namespace edgellm::accel

#endif // EDGELLM_DIALECT_ACCEL_IR_ACCEL_H
