//===- Passes.h - Passes on the accel dialect -------------------*- C++ -*-===//
#ifndef EDGELLM_DIALECT_ACCEL_TRANSFORMS_PASSES_H
#define EDGELLM_DIALECT_ACCEL_TRANSFORMS_PASSES_H

#include "EdgeLLM/Dialect/Accel/IR/Accel.h"

#include "mlir/Pass/Pass.h"

namespace edgellm::accel {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "EdgeLLM/Dialect/Accel/Transforms/Passes.h.inc"

} // namespace edgellm::accel

#endif // EDGELLM_DIALECT_ACCEL_TRANSFORMS_PASSES_H
