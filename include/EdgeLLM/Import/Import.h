//===- Import.h - From a checkpoint to the edgellm dialect ------*- C++ -*-===//
#ifndef EDGELLM_IMPORT_IMPORT_H
#define EDGELLM_IMPORT_IMPORT_H

#include "EdgeLLM/Weights/ModelSource.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

#include <cstdint>
#include <optional>

namespace edgellm {

/// Rows of logits in one pass of the entry point `score`: enough to use the
/// weights well, few enough that logits of a large vocabulary stay small.
inline constexpr int64_t kScoreTokens = 128;

/// The operator graph of a model. Weights stay in their files; the module
/// refers to them by file and tensor name. Two functions over the same weights
/// and caches: `generate` gives the logits of the last token and its successor,
/// `score` the logits of every token. The caches hold `contextTokens` tokens,
/// by default as many as the model was made for. Throws Error for a missing or
/// misshapen tensor, and for more tokens than the model knows positions.
mlir::OwningOpRef<mlir::ModuleOp>
importModel(mlir::MLIRContext &context, const ModelSource &model,
            std::optional<uint64_t> contextTokens = std::nullopt);

} // namespace edgellm

#endif // EDGELLM_IMPORT_IMPORT_H
