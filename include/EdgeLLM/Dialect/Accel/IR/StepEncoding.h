//===- StepEncoding.h - Planned steps as instructions -----------*- C++ -*-===//
//
// The one place that says which instruction a step becomes: the lowering to isa
// writes it down, and the pass that inserts tokens asks it what memory the
// instruction uses.
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_DIALECT_ACCEL_IR_STEPENCODING_H
#define EDGELLM_DIALECT_ACCEL_IR_STEPENCODING_H

#include "EdgeLLM/Dialect/Accel/IR/Accel.h"

#include <variant>

namespace edgellm::accel {

using StepInstruction =
    std::variant<isa::Vmm, isa::AttentionScores, isa::Softmax,
                 isa::AttentionValues, isa::RmsNorm, isa::LayerNorm, isa::Rope,
                 isa::Activation>;

/// The instruction of a step of a planned entry, with its slices and tokens
/// when it has them; `symbols` are the program's. Reports an operand that no
/// field can express, and an operation that is no step.
llvm::FailureOr<StepInstruction> encodeStep(mlir::Operation *step,
                                            const mlir::SymbolTable &symbols);

/// Fails unless every name for memory in the program has an address.
llvm::LogicalResult checkPlanned(ProgramOp program);

} // namespace edgellm::accel

#endif // EDGELLM_DIALECT_ACCEL_IR_STEPENCODING_H
