//===- Pipeline.cpp - All passes in their order ---------------------------===//
#include "EdgeLLM/Pipeline/Pipeline.h"

#include "EdgeLLM/Conversion/Passes.h"
#include "EdgeLLM/Dialect/Accel/Transforms/Passes.h"
#include "EdgeLLM/Dialect/EdgeLLM/Transforms/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/PassRegistry.h"

using namespace edgellm;

void edgellm::buildGraphPipeline(mlir::OpPassManager &passes,
                                 const PipelineOptions &options) {
  passes.addPass(graph::createSparsify(
      {options.density, options.prune, options.quantize, options.strategy}));
  passes.addPass(graph::createQuantize(
      {options.weights, options.quantize, options.strategy}));
  passes.addPass(graph::createFuse());
}

void edgellm::buildMachinePipeline(mlir::OpPassManager &passes,
                                   const PipelineOptions &options) {
  passes.addPass(createEdgeLLMToAccel({options.target}));
  mlir::OpPassManager &program = passes.nest<accel::ProgramOp>();
  program.addPass(accel::createVerifyLayoutFree());
  program.addPass(accel::createSchedule());
  program.addPass(accel::createPlanMemory({options.onChip, options.sequences}));
  program.addPass(accel::createSynchronize({options.chains}));
  passes.addPass(createAccelToISA());
}

void edgellm::buildPipeline(mlir::OpPassManager &passes,
                            const PipelineOptions &options) {
  buildGraphPipeline(passes, options);
  buildMachinePipeline(passes, options);
}

void edgellm::registerDialects(mlir::DialectRegistry &registry) {
  registry.insert<graph::EdgeLLMDialect, accel::AccelDialect, isa::ISADialect,
                  mlir::func::FuncDialect>();
}

void edgellm::registerPasses() {
  graph::registerEdgeLLMPasses();
  accel::registerAccelPasses();
  registerConversionPasses();
  mlir::PassPipelineRegistration<PipelineOptions>(
      "edgellm-pipeline", "From the edgellm dialect to instructions",
      buildPipeline);
}
