//===- AccelOps.td - Hardware steps and what they work on -----------------===//
#ifndef EDGELLM_DIALECT_ACCEL_IR_ACCELOPS_TD
#define EDGELLM_DIALECT_ACCEL_IR_ACCELOPS_TD

include "EdgeLLM/Dialect/Accel/IR/AccelBase.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/RegionKindInterface.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class Accel_Op<string mnemonic, list<Trait> traits = []>
    : Op<Accel_Dialect, mnemonic, traits>;

//===----------------------------------------------------------------------===//
// Program
//===----------------------------------------------------------------------===//

def Accel_ProgramOp : Accel_Op<"program", [
    IsolatedFromAbove, NoRegionArguments, NoTerminator, SingleBlock,
    SymbolTable]> {
  let summary = "Everything that one package holds";
  let description = [{
    What stays in memory (weights, constants, tables, caches), then the entry
    points. `accel-plan-memory` adds the sizes of the ddr buffer, of each port's
    buffer and of the part of the activation buffer that is used, in packets;
    and of the caches of one sequence in each port, with the number of sequences
    that have caches of their own. Addresses are those of the first.
  }];
  let arguments = (ins Accel_TargetAttr:$target, I64Attr:$context,
    I64Attr:$hidden, I64Attr:$vocabulary, OptionalAttr<I64Attr>:$ddr_packets,
    OptionalAttr<I64Attr>:$hbm_packets, OptionalAttr<I64Attr>:$chip_packets,
    OptionalAttr<I64Attr>:$sequence_packets, OptionalAttr<I64Attr>:$sequences);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    `target` `=` $target `,` `context` `=` $context `,` `hidden` `=` $hidden `,`
    `vocabulary` `=` $vocabulary (`,` `ddr_packets` `=` $ddr_packets^)?
    (`,` `hbm_packets` `=` $hbm_packets^)?
    (`,` `chip_packets` `=` $chip_packets^)?
    (`,` `sequence_packets` `=` $sequence_packets^)?
    (`,` `sequences` `=` $sequences^)? attr-dict-with-keyword $body
  }];
}

def Accel_EntryOp : Accel_Op<"entry", [
    HasParent<"ProgramOp">, NoRegionArguments, SingleBlock,
    SingleBlockImplicitTerminator<"ReturnOp">]> {
  let summary = "The steps of one pass of at most max_tokens new tokens";
  let arguments = (ins StrAttr:$name, I64Attr:$max_tokens);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat =
      "$name `max_tokens` `=` $max_tokens attr-dict-with-keyword $body";
  let hasVerifier = 1;
}

def Accel_ReturnOp : Accel_Op<"return", [Terminator, HasParent<"EntryOp">]> {
  let summary = "Names the logits that the host reads";
  let arguments = (ins Optional<Accel_Buffer>:$logits);
  let assemblyFormat = "($logits^ `:` type($logits))? attr-dict";
  // What an entry without a terminator gets when it is parsed.
  let builders = [OpBuilder<(ins), [{ }]>];
}

//===----------------------------------------------------------------------===//
// What stays in memory
//===----------------------------------------------------------------------===//

class Accel_ResidentOp<string mnemonic>
    : Accel_Op<mnemonic, [HasParent<"ProgramOp">, Symbol]>;

def Accel_WeightOp : Accel_ResidentOp<"weight"> {
  let summary = "A matrix in the HBM ports";
  let description = [{
    `source` is [out, in]; `rows` and `columns` place its output and input
    channels. Output channel c is streamed by port c mod ports. `address` is
    the packet in every port's buffer.

    ```mlir
    accel.weight @q source(#edgellm.external<"model.safetensors", "q"> :
      tensor<256x256xf16>) format(fp16) rows(<4 x 64, pairs 64>)
      columns(<1 x 256, pairs 0>)
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypedAttrInterface:$source,
    Accel_WeightFormat:$format, Accel_ChannelsAttr:$rows,
    Accel_ChannelsAttr:$columns, OptionalAttr<I64Attr>:$address);
  let assemblyFormat = [{
    $sym_name `source` `(` $source `)` `format` `(` $format `)`
    `rows` `(` $rows `)` `columns` `(` $columns `)` (`at` $address^)? attr-dict
  }];
  let hasVerifier = 1;
}

def Accel_ConstantOp : Accel_ResidentOp<"constant"> {
  let summary = "One row of FP16 values in DDR: a norm's weight or a bias";
  let arguments = (ins SymbolNameAttr:$sym_name, TypedAttrInterface:$source,
    Accel_ChannelsAttr:$channels, OptionalAttr<I64Attr>:$address);
  let assemblyFormat = [{
    $sym_name `source` `(` $source `)` `channels` `(` $channels `)`
    (`at` $address^)? attr-dict
  }];
  let hasVerifier = 1;
}

/// Of the edgellm dialect.
def Accel_RopeScaling : Attr<
    CPred<"::llvm::isa<::edgellm::graph::RopeScalingAttr>($_self)">,
    "#edgellm.rope_scaling"> {
  let storageType = "::edgellm::graph::RopeScalingAttr";
  let returnType = "::edgellm::graph::RopeScalingAttr";
  let convertFromStorage = "$_self";
}

def Accel_RopeTableOp : Accel_ResidentOp<"rope_table"> {
  let summary = "cos, sin pairs of every position in DDR";
  let description = [{
    Row p holds cos and sin of p * theta^(-2i / rotary) in channels 2i and
    2i + 1, and 1, 0 from channel `rotary` to the end of the head; with
    `scaling`, what EdgeLLM/Weights/RotaryTable.h says.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, F64Attr:$theta,
    I64Attr:$rotary, I64Attr:$head_size, I64Attr:$positions,
    OptionalAttr<Accel_RopeScaling>:$scaling, OptionalAttr<I64Attr>:$address);
  let assemblyFormat = [{
    $sym_name `theta` `(` $theta `)` `rotary` `(` $rotary `)`
    `head_size` `(` $head_size `)` `positions` `(` $positions `)`
    (`scaling` `(` $scaling^ `)`)? (`at` $address^)? attr-dict
  }];
  let hasVerifier = 1;
}

def Accel_CacheOp : Accel_ResidentOp<"cache"> {
  let summary = "Keys or values of all tokens so far, in HBM";
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<Accel_Buffer>:$type,
    OptionalAttr<I64Attr>:$address);
  let assemblyFormat = "$sym_name `:` $type (`at` $address^)? attr-dict";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Buffers
//===----------------------------------------------------------------------===//

def Accel_AllocOp : Accel_Op<"alloc", [HasParent<"EntryOp">]> {
  let summary = "An activation buffer; `input` is filled by the host";
  let arguments = (ins UnitAttr:$input, OptionalAttr<I64Attr>:$address);
  let results = (outs Accel_Buffer:$result);
  let assemblyFormat =
      "(`input` $input^)? (`at` $address^)? attr-dict `:` type($result)";
}

def Accel_CachedOp : Accel_Op<"cached", [
    Pure, HasParent<"EntryOp">, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "A cache as a buffer";
  let arguments = (ins FlatSymbolRefAttr:$cache);
  let results = (outs Accel_Buffer:$result);
  let assemblyFormat = "$cache attr-dict `:` type($result)";
}

def Accel_RowsOp : Accel_Op<"rows", [Pure, HasParent<"EntryOp">]> {
  let summary = "A range of rows of a buffer: an address, not a step";
  let description = [{
    ```mlir
    %new = accel.rows %keys from <past>
      : !accel.buffer<2 x 64, <512>, hbm> -> !accel.buffer<2 x 64, <tokens>, hbm>
    ```
  }];
  let arguments = (ins Accel_Buffer:$source, AffineMapAttr:$first);
  let results = (outs Accel_Buffer:$result);
  let assemblyFormat = [{
    $source `from` custom<RequestMap>($first) attr-dict
    `:` type($source) `->` type($result)
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Steps
//===----------------------------------------------------------------------===//

def Accel_StepInterface : OpInterface<"StepOpInterface"> {
  let cppNamespace = "::edgellm::accel";
  let description = [{
    A hardware step: it reads buffers and fills one. A step that computes
    nothing, and only moves or reorders data, says so in `computes`. Every step
    has an optional attribute `tokens`; those of the array, which take their
    input in slices when it lies in DDR, have `slice`.
  }];
  let methods = [
    InterfaceMethod<"Buffers that are read.",
      "::llvm::SmallVector<::mlir::Value>", "getInputs">,
    InterfaceMethod<"The buffer that is filled.", "::mlir::Value", "getOutput">,
    InterfaceMethod<"False when the step only moves or reorders data.", "bool",
      "computes", (ins), "", "return true;">
  ];
}

class Accel_Step<string mnemonic, list<Trait> traits = []>
    : Accel_Op<mnemonic, !listconcat([
        DeclareOpInterfaceMethods<Accel_StepInterface,
          ["getInputs", "getOutput"]>, HasParent<"EntryOp">], traits)> {
  let hasVerifier = 1;
}

def Accel_VmmOp : Accel_Step<"vmm", [
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Vector-matrix product with a weight stream and its epilogue";
  let description = [{
    ```mlir
    accel.vmm %x weight(@down)
      epilogue(add, %r : !accel.buffer<1 x 256, <tokens>, ddr>) into %y
      : !accel.buffer<1 x 768, <tokens>, ddr> -> !accel.buffer<1 x 256, <tokens>, ddr>
    ```
  }];
  let arguments = (ins Accel_Buffer:$input, FlatSymbolRefAttr:$weight,
    OptionalAttr<FlatSymbolRefAttr>:$bias, Accel_Epilogue:$epilogue,
    Optional<Accel_Buffer>:$aux, UnitAttr:$argmax, Accel_Buffer:$output,
    OptionalAttr<Accel_SliceAttr>:$slice,
    OptionalAttr<Accel_TokensAttr>:$tokens);
  let assemblyFormat = [{
    $input `weight` `(` $weight `)` (`bias` `(` $bias^ `)`)?
    `epilogue` `(` $epilogue (`,` $aux^ `:` type($aux))? `)`
    (`argmax` $argmax^)? `into` $output (`slice` $slice^)? (`tokens` $tokens^)? attr-dict
    `:` type($input) `->` type($output)
  }];
}

def Accel_RMSNormOp : Accel_Step<"rms_norm", [
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Root-mean-square normalisation of every head of a row";
  let description = [{
    The weight is one head's and serves all. Rows as a whole are one head.

    ```mlir
    accel.rms_norm %q weight(@q_norm) epsilon(1.000000e-06) into %n
      : !accel.buffer<16 x 128, <tokens>, ddr> -> !accel.buffer<16 x 128, <tokens>, ddr>
    ```
  }];
  let arguments = (ins Accel_Buffer:$input, FlatSymbolRefAttr:$weight,
    F32Attr:$epsilon, Accel_Buffer:$output,
    OptionalAttr<Accel_TokensAttr>:$tokens);
  let assemblyFormat = [{
    $input `weight` `(` $weight `)` `epsilon` `(` $epsilon `)` `into` $output
    (`tokens` $tokens^)? attr-dict `:` type($input) `->` type($output)
  }];
}

def Accel_LayerNormOp : Accel_Step<"layer_norm", [
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Normalisation of rows by mean and variance, with a bias";
  let description = [{
    ```mlir
    accel.layer_norm %x weight(@ln_w) bias(@ln_b) epsilon(1.000000e-05) into %n
      : !accel.buffer<1 x 768, <tokens>, ddr> -> !accel.buffer<1 x 768, <tokens>, ddr>
    ```
  }];
  let arguments = (ins Accel_Buffer:$input, FlatSymbolRefAttr:$weight,
    FlatSymbolRefAttr:$bias, F32Attr:$epsilon, Accel_Buffer:$output,
    OptionalAttr<Accel_TokensAttr>:$tokens);
  let assemblyFormat = [{
    $input `weight` `(` $weight `)` `bias` `(` $bias `)`
    `epsilon` `(` $epsilon `)` `into` $output (`tokens` $tokens^)? attr-dict
    `:` type($input) `->` type($output)
  }];
}

def Accel_RopeOp : Accel_Step<"rope", [
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Rotation of adjacent pairs, rows starting at position past";
  let arguments = (ins Accel_Buffer:$input, FlatSymbolRefAttr:$table,
    Accel_Buffer:$output,
    OptionalAttr<Accel_TokensAttr>:$tokens);
  let assemblyFormat = [{
    $input `table` `(` $table `)` `into` $output (`tokens` $tokens^)? attr-dict
    `:` type($input) `->` type($output)
  }];
}

def Accel_AttentionScoresOp : Accel_Step<"attention_scores"> {
  let summary = "Scaled Q * K^T of every head over all cached tokens";
  let arguments = (ins Accel_Buffer:$query, Accel_Buffer:$keys, F32Attr:$scale,
    Accel_Buffer:$output,
    OptionalAttr<Accel_SliceAttr>:$slice,
    OptionalAttr<Accel_TokensAttr>:$tokens);
  let assemblyFormat = [{
    $query `keys` `(` $keys `)` `scale` `(` $scale `)` `into` $output (`slice` $slice^)? (`tokens` $tokens^)? attr-dict
    `:` type($query) `,` type($keys) `->` type($output)
  }];
}

def Accel_SoftmaxOp : Accel_Step<"softmax"> {
  let summary = "Causal softmax: row r sees past + r + 1 columns";
  let arguments = (ins Accel_Buffer:$input, Accel_Buffer:$output,
    OptionalAttr<Accel_TokensAttr>:$tokens);
  let assemblyFormat = [{
    $input `into` $output (`tokens` $tokens^)? attr-dict `:` type($input) `->` type($output)
  }];
}

def Accel_AttentionValuesOp : Accel_Step<"attention_values"> {
  let summary = "Probabilities * V of every head over all cached tokens";
  let arguments = (ins Accel_Buffer:$probabilities, Accel_Buffer:$values,
    Accel_Buffer:$output,
    OptionalAttr<Accel_SliceAttr>:$slice,
    OptionalAttr<Accel_TokensAttr>:$tokens);
  let assemblyFormat = [{
    $probabilities `values` `(` $values `)` `into` $output (`slice` $slice^)? (`tokens` $tokens^)? attr-dict
    `:` type($probabilities) `,` type($values) `->` type($output)
  }];
}

def Accel_ActivationOp : Accel_Step<"activation"> {
  let summary = "Element-wise function";
  let arguments = (ins Accel_Function:$function, Accel_Buffer:$input,
    Accel_Buffer:$output,
    OptionalAttr<Accel_TokensAttr>:$tokens);
  let assemblyFormat = [{
    $function $input `into` $output (`tokens` $tokens^)? attr-dict
    `:` type($input) `->` type($output)
  }];
}

#endif // EDGELLM_DIALECT_ACCEL_IR_ACCELOPS_TD
