//===- Passes.td - Passes on the edgellm dialect --------------------------===//
#ifndef EDGELLM_DIALECT_EDGELLM_TRANSFORMS_PASSES_TD
#define EDGELLM_DIALECT_EDGELLM_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def Sparsify : Pass<"edgellm-sparsify", "::mlir::ModuleOp"> {
  let summary = "Decide which matrices keep only some of their weights";
  let description = [{
    Gives matrices the encoding `#edgellm.block_sparse<N of 8, ...>`: of each 8
    neighbouring input channels N are kept, 4, 2 or 1. With `density` these are
    all matrices but the output layer, with `strategy` those that its rules say.
    Weights that already have an encoding keep it. Nothing is pruned here: the
    numbers are when the package is written, or when the model is calibrated.
    Each decision is a remark.

    ```mlir
    %y = edgellm.linear %x weight(#w : tensor<256x768xf16>) : ...
    // with density=4/8 prune=wanda becomes
    %y = edgellm.linear %x weight(#w : tensor<256x768xf16,
      #edgellm.block_sparse<4 of 8, wanda, <i4, 128, f16, scale_search>>>) : ...
    ```
  }];
  let options = [
    Option<"density", "density", "std::string", "\"8/8\"",
           "8/8, 4/8, 2/8 or 1/8, without a strategy">,
    Option<"prune", "prune", "std::string", "\"magnitude\"",
           "which weights are kept: magnitude, wanda or sparsegpt">,
    Option<"quantize", "quantize", "std::string", "\"search\"",
           "how scales and integers are found: rtn, search or gptq">,
    Option<"strategy", "strategy", "std::string", "\"\"",
           "a strategy of models/strategies by name, or a JSON file">
  ];
  let statistics = [
    Statistic<"sparsified", "sparsified", "Matrices that became sparse">
  ];
  let dependentDialects = ["::edgellm::graph::EdgeLLMDialect"];
}

def Quantize : Pass<"edgellm-quantize", "::mlir::ModuleOp"> {
  let summary = "Decide how the weights of linear operators are coded";
  let description = [{
    `weights=int4` gives every matrix the encoding
    `#edgellm.block_quant<i4, 128, f16, METHOD>`; `weights=fp16` leaves the
    values as they are, the array's exact mode. A strategy may say otherwise for
    some. Weights that already have an encoding keep it. The numbers themselves
    are quantized when the package is written, one matrix at a time, or when the
    model is calibrated. Each decision is a remark.
  }];
  let options = [
    Option<"weights", "weights", "std::string", "\"int4\"",
           "int4 or fp16">,
    Option<"quantize", "quantize", "std::string", "\"search\"",
           "how scales and integers are found: rtn, search or gptq">,
    Option<"strategy", "strategy", "std::string", "\"\"",
           "a strategy of models/strategies by name, or a JSON file">
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
