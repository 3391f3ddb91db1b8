//===- PassRunner.cpp - Passes whose errors are thrown --------------------===//
#include "PassRunner.h"

using namespace mlir;
using namespace edgellm;

void edgellm::runPasses(ModuleOp module, PipelineBuilder build,
                        const CompileOptions &options) {
  PipelineOptions pipeline;
  pipeline.target = options.target;
  pipeline.weights = options.weights;
  pipeline.density = options.density;
  pipeline.prune = options.prune;
  pipeline.quantize = options.quantize;
  pipeline.strategy = options.strategy;
  pipeline.sequences = int64_t(options.sequences);
  DiagnosticCollector diagnostics(*module.getContext());
  PassManager passes(module.getContext());
  build(passes, pipeline);
  if (failed(passes.run(module)))
    diagnostics.raise();
}
