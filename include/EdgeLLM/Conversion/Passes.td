//===- Passes.td - From one dialect to the next ---------------------------===//
#ifndef EDGELLM_CONVERSION_PASSES_TD
#define EDGELLM_CONVERSION_PASSES_TD

include "mlir/Pass/PassBase.td"

def EdgeLLMToAccel : Pass<"edgellm-to-accel", "::mlir::ModuleOp"> {
  let summary = "Turn operators into hardware steps on unified-format buffers";
  let description = [{
    Every function becomes an entry point of one `accel.program`. Heads are
    padded on their own to whole packets, and the halves that a rope with half
    pairing turns are interleaved: both by the channel maps of the weights
    before and after, so no step moves data. Keys and values go to the cache as
    they are computed.
  }];
  let options = [
    Option<"target", "target", "std::string", "\"vcu128\"",
           "a machine of hw/targets by name, or a JSON file">
  ];
  let dependentDialects = ["::edgellm::accel::AccelDialect",
                           "::edgellm::graph::EdgeLLMDialect"];
}

def AccelToISA : Pass<"accel-to-isa", "::mlir::ModuleOp"> {
  let summary = "Encode planned steps as instructions";
  let description = [{
    Adds an `isa.program` with the same entry points. Weights, constants and
    caches stay in the `accel.program`, which then describes the images.
  }];
  let dependentDialects = ["::edgellm::isa::ISADialect"];
}

#endif // EDGELLM_CONVERSION_PASSES_TD
