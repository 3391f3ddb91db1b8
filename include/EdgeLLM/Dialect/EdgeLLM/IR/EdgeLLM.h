//===- EdgeLLM.h - The edgellm dialect --------------------------*- C++ -*-===//
#ifndef EDGELLM_DIALECT_EDGELLM_IR_EDGELLM_H
#define EDGELLM_DIALECT_EDGELLM_IR_EDGELLM_H

#include "EdgeLLM/Weights/RotaryTable.h"

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace edgellm::graph {

/// The most channels, tokens or heads of anything: what instructions count.
inline constexpr int64_t kMaxCount = (int64_t(1) << 24) - 1;

inline bool isChannelCount(int64_t count) {
  return count > 0 && count <= kMaxCount;
}

} // namespace edgellm::graph

namespace edgellm {

/// So that an attribute can hold one.
llvm::hash_code hash_value(const RopeScaling &scaling);

} // namespace edgellm

#include "EdgeLLM/Dialect/EdgeLLM/IR/EdgeLLMDialect.h.inc"
#include "EdgeLLM/Dialect/EdgeLLM/IR/EdgeLLMEnums.h.inc"
#define GET_TYPEDEF_CLASSES
#include "EdgeLLM/Dialect/EdgeLLM/IR/EdgeLLMTypes.h.inc"
#define GET_ATTRDEF_CLASSES
#include "EdgeLLM/Dialect/EdgeLLM/IR/EdgeLLMAttrs.h.inc"
#define GET_OP_CLASSES
#include "EdgeLLM/Dialect/EdgeLLM/IR/EdgeLLMOps.h.inc"

namespace edgellm::graph {

/// The type of a weight: [out, in] for a matrix, [channels] for a vector.
inline mlir::RankedTensorType typeOf(mlir::TypedAttr weight) {
  return llvm::cast<mlir::RankedTensorType>(weight.getType());
}

/// What an optional attribute says; none where there is none.
inline RopeScaling scalingOf(RopeScalingAttr scaling) {
  return scaling ? scaling.getScaling() : RopeScaling();
}

/// The same weight with another encoding of its type (none when null).
mlir::TypedAttr withEncoding(mlir::TypedAttr weight, mlir::Attribute encoding);

} // namespace edgellm::graph

#endif // EDGELLM_DIALECT_EDGELLM_IR_EDGELLM_H
