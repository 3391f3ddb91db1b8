//===- AutoStrategy.h - A strategy for a goal -------------------*- C++ -*-===//
#ifndef EDGELLM_LIB_COMPILE_AUTOSTRATEGY_H
#define EDGELLM_LIB_COMPILE_AUTOSTRATEGY_H

#include "EdgeLLM/Compile/Compile.h"
#include "EdgeLLM/Weights/Checkpoint.h"
#include "EdgeLLM/Weights/Strategy.h"

#include "mlir/IR/BuiltinOps.h"

namespace edgellm {

/// Chooses a density for every matrix but the output layer's so that the goal
/// of the options is met with the least loss:
///
///  - each matrix is compressed to each density on the calibration text, the
///    ones before it being dense, and what its outputs lose is measured;
///  - the steps from dense to sparse are ordered by loss per byte saved
///    (Weights/DensitySearch.h);
///  - for a speed, the fewest steps are taken with which a decode pass after
///    128 cached tokens is fast enough by the timing model; for a perplexity,
///    the most with which that of the calibration text, in float32 with
///    compressed weights, is not above the uncompressed model's by more than
///    the percentage given.
///
/// `module` is as imported; it stays as it is. Throws Error, with the nearest
/// that can be had, for a goal out of reach.
Strategy searchStrategy(mlir::ModuleOp module, const Checkpoint &checkpoint,
                        const CompileOptions &options,
                        const Progress &progress);

} // namespace edgellm

#endif // EDGELLM_LIB_COMPILE_AUTOSTRATEGY_H
