//===- Passes.h - From one dialect to the next ------------------*- C++ -*-===//
#ifndef EDGELLM_CONVERSION_PASSES_H
#define EDGELLM_CONVERSION_PASSES_H

#include "EdgeLLM/Dialect/Accel/IR/Accel.h"
#include "EdgeLLM/Dialect/EdgeLLM/IR/EdgeLLM.h"
#include "EdgeLLM/Dialect/ISA/IR/ISA.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace edgellm {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "EdgeLLM/Conversion/Passes.h.inc"

} // namespace edgellm

#endif // EDGELLM_CONVERSION_PASSES_H
