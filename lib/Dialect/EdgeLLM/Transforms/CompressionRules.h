//===- CompressionRules.h - What options decide about weights ---*- C++ -*-===//
#ifndef EDGELLM_LIB_DIALECT_EDGELLM_TRANSFORMS_COMPRESSIONRULES_H
#define EDGELLM_LIB_DIALECT_EDGELLM_TRANSFORMS_COMPRESSIONRULES_H

#include "EdgeLLM/Dialect/EdgeLLM/IR/WeightEncoding.h"
#include "EdgeLLM/Weights/Strategy.h"

#include "mlir/IR/BuiltinOps.h"

namespace edgellm::graph {

/// What the options of edgellm-sparsify and edgellm-quantize say, both of which
/// read all of them.
struct CompressionOptions {
  std::string weights = "int4";    ///< of matrices without a rule
  std::string density = "8/8";     ///< without a strategy
  std::string prune = "magnitude"; ///< where no rule says otherwise
  std::string quantize = "search"; ///< the same
  std::string strategy;            ///< preset or file; empty: none
};

/// The options, checked.
class CompressionRules {
public:
  /// Reports errors at the module, prefixed with the pass.
  static llvm::FailureOr<CompressionRules>
  read(mlir::ModuleOp module, llvm::StringRef pass,
       const CompressionOptions &options);

  /// The output layer, whose result is what a function returns, stays dense
  /// unless a strategy says otherwise.
  MatrixChoice choiceFor(LinearOp op) const;

  /// Fails, naming the rule, when a rule of the strategy matches no matrix.
  llvm::LogicalResult checkAllMatch(mlir::ModuleOp module,
                                    llvm::StringRef pass) const;

private:
  MatrixChoice uniform;
  std::optional<Strategy> strategy;
};

/// The name that rules know a matrix by: that of its operator.
std::string nameOf(LinearOp op);

/// The weight with the encoding of a choice, which is not FP16. A literal takes
/// the values that the machine will read, so that a test can see them, if its
/// method needs no calibration: pruned and quantized along machine channels
/// that are those of the literal.
mlir::TypedAttr withChoice(mlir::TypedAttr weight, const MatrixChoice &choice);

} // namespace edgellm::graph

#endif // EDGELLM_LIB_DIALECT_EDGELLM_TRANSFORMS_COMPRESSIONRULES_H
