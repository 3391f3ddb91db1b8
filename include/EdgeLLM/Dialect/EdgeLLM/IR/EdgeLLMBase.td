//===- EdgeLLMBase.td - The edgellm dialect -------------------------------===//
#ifndef EDGELLM_DIALECT_EDGELLM_IR_EDGELLMBASE_TD
#define EDGELLM_DIALECT_EDGELLM_IR_EDGELLMBASE_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"

def EdgeLLM_Dialect : Dialect {
  let name = "edgellm";
  let cppNamespace = "::edgellm::graph";
  let summary = "A language model as its authors think of it";
  let description = [{
    SSA tensors of FP16 values, one row a token; `?` is the token count, known
    only to the request. Weights are attributes that refer to a tensor of a
    checkpoint file and are never copied into the IR; a literal `dense<>` works
    the same way, so that a test can read the numbers. How a weight is coded is
    the encoding of its type, decided by passes.

    A model is a module with the attribute `edgellm.checkpoint`, the folder that
    file names are relative to, and one function an entry point. A function
    takes token ids and the key and value caches, and carries
    `edgellm.max_tokens`, the longest pass it is meant for.
  }];
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
  let extraClassDeclaration = [{
    /// Module attribute: the folder of the checkpoint.
    static constexpr llvm::StringLiteral kCheckpointAttr = "edgellm.checkpoint";
    /// Function attribute: the longest pass in tokens.
    static constexpr llvm::StringLiteral kMaxTokensAttr = "edgellm.max_tokens";
  }];
  let hasOperationAttrVerify = 1;
}

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

def EdgeLLM_KVCache : TypeDef<EdgeLLM_Dialect, "KVCache"> {
  let mnemonic = "kv_cache";
  let summary = "Keys or values of all tokens so far";
  let description = [{
    `!edgellm.kv_cache<2 x 512 x 64>`: two KV heads, 512 tokens at most, head
    size 64. Attention appends the rows of this pass to it.
  }];
  let parameters = (ins "int64_t":$heads, "int64_t":$capacity,
                        "int64_t":$headSize);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

def EdgeLLM_Activations : Type<
    And<[CPred<"::llvm::isa<::mlir::RankedTensorType>($_self)">,
         CPred<"::llvm::cast<::mlir::RankedTensorType>($_self).getRank() == 2">,
         CPred<"::llvm::cast<::mlir::RankedTensorType>($_self)"
               ".getElementType().isF16()">,
         CPred<"::edgellm::graph::isChannelCount(::llvm::cast<"
               "::mlir::RankedTensorType>($_self).getDimSize(1))">]>,
    "tokens x channels of f16 with a known number of channels",
    "::mlir::RankedTensorType">;

def EdgeLLM_TokenIds : Type<
    And<[CPred<"::llvm::isa<::mlir::RankedTensorType>($_self)">,
         CPred<"::llvm::cast<::mlir::RankedTensorType>($_self).getRank() == 1">,
         CPred<"::llvm::cast<::mlir::RankedTensorType>($_self)"
               ".getElementType().isInteger(32)">]>,
    "token ids, tensor<?xi32> or tensor<1xi32>", "::mlir::RankedTensorType">;

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

def EdgeLLM_RowRangeAttr : AttrDef<EdgeLLM_Dialect, "RowRange"> {
  let mnemonic = "rows";
  let summary = "Which rows of a tensor";
  let description = [{
    `#edgellm.rows<4096 to 4352 of 4608>`: 256 rows of a tensor of 4608, the
    first is row 4096, the last row 4351. The rows of a vector are its elements.
  }];
  let parameters = (ins "int64_t":$first, "int64_t":$last, "int64_t":$total);
  let assemblyFormat = "`<` $first `to` $last `of` $total `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// "[4096:4352]", to tell one part of a tensor from another by name.
    std::string getLabel() const;
  }];
}

def EdgeLLM_ExternalAttr : AttrDef<EdgeLLM_Dialect, "External",
                                   [TypedAttrInterface]> {
  let mnemonic = "external";
  let summary = "A tensor in a checkpoint file";
  let description = [{
    `#edgellm.external<"model.safetensors", "model.norm.weight"> :
    tensor<256xf16>`: the file is relative to the module's checkpoint, the
    element type is the one stored, and the encoding of the type says how the
    machine will hold it. An empty file name means that the model is known by
    its shapes alone: there is a program for it, but nothing to pack.

    Where a checkpoint fuses the weights of several operators into one tensor,
    each of them names its rows, as the keys of ChatGLM2 do:
    `#edgellm.external<"model.safetensors", "self_attention.query_key_value.weight",
    rows <4096 to 4352 of 4608>> : tensor<256x4096xf16>`.

    The type is always [out, in]. Where the file has a matrix the other way
    round, as those of GPT-2 are, `transposed` says so; rows are those of the
    type, columns of the tensor in the file:
    `#edgellm.external<"model.safetensors", "h.0.attn.c_attn.weight",
    rows <0 to 768 of 2304>, transposed> : tensor<768x768xf16>`.
  }];
  let parameters = (ins AttributeSelfTypeParameter<"">:$type,
                        StringRefParameter<>:$file,
                        StringRefParameter<>:$tensor,
                        OptionalParameter<"RowRangeAttr">:$rows,
                        DefaultValuedParameter<"bool", "false">:$transposed);
  let assemblyFormat = [{
    `<` $file `,` $tensor `` custom<Part>($rows, $transposed) `>`
  }];
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// "NAME", or "NAME[4096:4352]" where it is a part of the tensor.
    std::string getLabel() const;
    /// The shape of the whole tensor in the file.
    ::llvm::SmallVector<int64_t> getTensorShape() const;
  }];
}

//===----------------------------------------------------------------------===//
// Rotary embeddings
//===----------------------------------------------------------------------===//

def EdgeLLM_RopeScalingAttr : AttrDef<EdgeLLM_Dialect, "RopeScaling"> {
  let mnemonic = "rope_scaling";
  let summary = "How rotary embeddings were stretched to a longer context";
  let description = [{
    `#edgellm.rope_scaling<llama3, factor = 8.000000e+00, original =
    8.192000e+03, low = 1.000000e+00, high = 4.000000e+00>`. What the numbers
    do is at the head of EdgeLLM/Weights/RotaryTable.h. `linear` has `factor`
    alone; `yarn` has `attention` and `truncate` after those of `llama3`.
  }];
  let parameters = (ins "::edgellm::RopeScaling":$scaling);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

//===----------------------------------------------------------------------===//
// Encodings
//===----------------------------------------------------------------------===//

def EdgeLLM_QuantizeMethod : I32EnumAttr<"QuantizeMethod",
    "how the scale of a block is found", [
      I32EnumAttrCase<"round_to_nearest", 0>,
      I32EnumAttrCase<"scale_search", 1>,
      I32EnumAttrCase<"gptq", 2>]> {
  let cppNamespace = "::edgellm::graph";
  let genSpecializedAttr = 0;
}

def EdgeLLM_PruneMethod : I32EnumAttr<"PruneMethod",
    "how the weights that stay are chosen", [
      I32EnumAttrCase<"magnitude", 0>,
      I32EnumAttrCase<"wanda", 1>,
      I32EnumAttrCase<"sparsegpt", 2>]> {
  let cppNamespace = "::edgellm::graph";
  let genSpecializedAttr = 0;
}

def EdgeLLM_BlockQuantAttr : AttrDef<EdgeLLM_Dialect, "BlockQuant"> {
  let mnemonic = "block_quant";
  let summary = "Encoding: integers with one scale a block of input channels";
  let description = [{
    `#edgellm.block_quant<i4, 128, f16, scale_search>`: values v * scale with v
    in [-7, 7] and one FP16 scale for 128 neighbouring input channels. The
    machine has no other block size or element type.
  }];
  let parameters = (ins "::mlir::Type":$element, "int64_t":$block,
    "::mlir::Type":$scale,
    EnumParameter<EdgeLLM_QuantizeMethod>:$method);
  let assemblyFormat = "`<` $element `,` $block `,` $scale `,` $method `>`";
  let genVerifyDecl = 1;
}

def EdgeLLM_BlockSparseAttr : AttrDef<EdgeLLM_Dialect, "BlockSparse"> {
  let mnemonic = "block_sparse";
  let summary = "Encoding: N of every 8 input channels, as integers with scales";
  let description = [{
    `#edgellm.block_sparse<4 of 8, magnitude, #edgellm.block_quant<i4, 128, f16,
    scale_search>>`: of every 8 neighbouring input channels of an output at most
    4 have a weight other than zero, chosen by magnitude, and these are coded as
    `block_quant` says. The machine keeps 4, 2 or 1 of 8; 8 of 8 is
    `block_quant` alone.

    At 1 of 8 the addresses of the weights take 3 bits each; with `, padded` at
    the end they take 4, which is 1.125 bits a channel instead of 1.
  }];
  let parameters = (ins "int64_t":$keep, "int64_t":$group,
    EnumParameter<EdgeLLM_PruneMethod>:$method, "BlockQuantAttr":$quant,
    "bool":$padded);
  let assemblyFormat = [{
    `<` $keep `of` $group `,` $method `,` qualified($quant) ``
    custom<Padded>($padded) `>`
  }];
  let genVerifyDecl = 1;
}

def EdgeLLM_WeightAttr : Attr<
    CPred<"::llvm::isa<::edgellm::graph::ExternalAttr, "
          "::mlir::DenseFPElementsAttr>($_self)">,
    "a tensor in a checkpoint file or a literal"> {
  let storageType = "::mlir::TypedAttr";
  let returnType = "::mlir::TypedAttr";
  let convertFromStorage = "$_self";
}

#endif // EDGELLM_DIALECT_EDGELLM_IR_EDGELLMBASE_TD
