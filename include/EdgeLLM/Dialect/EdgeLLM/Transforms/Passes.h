//===- Passes.h - Passes on the edgellm dialect -----------------*- C++ -*-===//
#ifndef EDGELLM_DIALECT_EDGELLM_TRANSFORMS_PASSES_H
#define EDGELLM_DIALECT_EDGELLM_TRANSFORMS_PASSES_H

#include "EdgeLLM/Dialect/EdgeLLM/IR/EdgeLLM.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace edgellm::graph {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "EdgeLLM/Dialect/EdgeLLM/Transforms/Passes.h.inc"

} // namespace edgellm::graph

#endif // EDGELLM_DIALECT_EDGELLM_TRANSFORMS_PASSES_H
