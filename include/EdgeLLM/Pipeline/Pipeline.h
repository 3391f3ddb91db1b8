//===- Pipeline.h - All passes in their order -------------------*- C++ -*-===//
#ifndef EDGELLM_PIPELINE_PIPELINE_H
#define EDGELLM_PIPELINE_PIPELINE_H

#include "mlir/IR/DialectRegistry.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassOptions.h"

namespace edgellm {

/// The options of `edgellm-pipeline`, and of edgellm-compile.
struct PipelineOptions : mlir::PassPipelineOptions<PipelineOptions> {
  Option<std::string> target{
      *this, "target",
      llvm::cl::desc("a machine of hw/targets by name, or a JSON file"),
      llvm::cl::init("vcu128")};
  Option<std::string> weights{*this, "weights", llvm::cl::desc("int4 or fp16"),
                              llvm::cl::init("int4")};
  Option<std::string> method{
      *this, "method",
      llvm::cl::desc("round_to_nearest or scale_search, for int4"),
      llvm::cl::init("scale_search")};
  Option<bool> onChip{*this, "on-chip",
                      llvm::cl::desc("whether activations may live on chip"),
                      llvm::cl::init(true)};
  Option<bool> chains{
      *this, "chains",
      llvm::cl::desc("whether steps may follow each other block by block"),
      llvm::cl::init(true)};
};

/// From the edgellm dialect to isa.
void buildPipeline(mlir::OpPassManager &passes, const PipelineOptions &options);

/// The dialects of the project and what they build on.
void registerDialects(mlir::DialectRegistry &registry);

/// Every pass, and `edgellm-pipeline`.
void registerPasses();

} // namespace edgellm

#endif // EDGELLM_PIPELINE_PIPELINE_H
