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
  Option<std::string> density{
      *this, "density",
      llvm::cl::desc("8/8, 4/8, 2/8 or 1/8 of all matrices but the output "
                     "layer's"),
      llvm::cl::init("8/8")};
  Option<std::string> prune{*this, "prune",
                            llvm::cl::desc("magnitude, wanda or sparsegpt"),
                            llvm::cl::init("magnitude")};
  Option<std::string> quantize{*this, "quantize",
                               llvm::cl::desc("rtn, search or gptq"),
                               llvm::cl::init("search")};
  Option<std::string> strategy{
      *this, "strategy",
      llvm::cl::desc("a strategy by name, or a JSON file, instead of density"),
      llvm::cl::init("")};
  Option<bool> onChip{*this, "on-chip",
                      llvm::cl::desc("whether activations may live on chip"),
                      llvm::cl::init(true)};
  Option<bool> chains{
      *this, "chains",
      llvm::cl::desc("whether steps may follow each other block by block"),
      llvm::cl::init(true)};
  Option<int64_t> sequences{
      *this, "sequences",
      llvm::cl::desc("sequences of tokens that have caches of their own"),
      llvm::cl::init(1)};
};

/// Decides about weights and fuses: what is left is still the edgellm dialect.
void buildGraphPipeline(mlir::OpPassManager &passes,
                        const PipelineOptions &options);
/// From there to isa.
void buildMachinePipeline(mlir::OpPassManager &passes,
                          const PipelineOptions &options);
/// Both, one after the other.
void buildPipeline(mlir::OpPassManager &passes, const PipelineOptions &options);

/// The dialects of the project and what they build on.
void registerDialects(mlir::DialectRegistry &registry);

/// Every pass, and `edgellm-pipeline`.
void registerPasses();

} // namespace edgellm

#endif // EDGELLM_PIPELINE_PIPELINE_H
