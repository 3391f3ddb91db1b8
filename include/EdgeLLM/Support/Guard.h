//===- Guard.h - Errors of the plain libraries as diagnostics ---*- C++ -*-===//
#ifndef EDGELLM_SUPPORT_GUARD_H
#define EDGELLM_SUPPORT_GUARD_H

#include "EdgeLLM/Support/Error.h"

#include "mlir/IR/Diagnostics.h"

namespace edgellm {

/// Runs `action`; an Error that it throws becomes a diagnostic at `loc`. What
/// MLIR calls must not throw, so every call of a throwing plain library from a
/// pass or translation stands in a guard.
template <typename Action>
llvm::LogicalResult guarded(mlir::Location loc, Action &&action) {
  try {
    action();
    return mlir::success();
  } catch (const Error &error) {
    return mlir::emitError(loc) << error.what();
  }
}

} // namespace edgellm

#endif // EDGELLM_SUPPORT_GUARD_H
