//===- Passes.td - Passes on the edgellm dialect --------------------------===//
#ifndef EDGELLM_DIALECT_EDGELLM_TRANSFORMS_PASSES_TD
#define EDGELLM_DIALECT_EDGELLM_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def Quantize : Pass<"edgellm-quantize", "::mlir::ModuleOp"> {
  let summary = "Decide how the weights of linear operators are coded";
  let description = [{
    `weights=int4` gives every matrix the encoding
    `#edgellm.block_quant<i4, 128, f16, METHOD>`; `weights=fp16` leaves the
    values as they are, the array's exact mode. Weights that already have an
    encoding keep it. The numbers themselves are quantized when the package is
    written, one matrix at a time.
  }];
  let options = [
    Option<"weights", "weights", "std::string", "\"int4\"",
           "int4 or fp16">,
    Option<"method", "method", "std::string", "\"scale_search\"",
           "round_to_nearest or scale_search">
  ];
  let statistics = [
    Statistic<"quantized", "quantized", "Matrices that became INT4">
  ];
  let dependentDialects = ["::edgellm::graph::EdgeLLMDialect"];
}

def Fuse : Pass<"edgellm-fuse", "::mlir::ModuleOp"> {
  let summary = "Join additions and multiplications to the product before them";
  let description = [{
    The machine adds the residual, or multiplies by the gate, before a product
    is rounded: no step and no rounding of its own.

    ```mlir
    %u = edgellm.linear %x weight(#w) : ...
    %m = edgellm.multiply %s, %u : ...
    // becomes
    %m = edgellm.linear %x weight(#w) multiply(%s) : ...
    ```

    A product that something else reads too, or that already has a join, is left
    alone.
  }];
  let dependentDialects = ["::edgellm::graph::EdgeLLMDialect"];
}

#endif // EDGELLM_DIALECT_EDGELLM_TRANSFORMS_PASSES_TD
