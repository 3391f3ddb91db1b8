//===- EdgeLLMOps.td - Operators of a language model ----------------------===//
#ifndef EDGELLM_DIALECT_EDGELLM_IR_EDGELLMOPS_TD
#define EDGELLM_DIALECT_EDGELLM_IR_EDGELLMOPS_TD

include "EdgeLLM/Dialect/EdgeLLM/IR/EdgeLLMBase.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class EdgeLLM_Op<string mnemonic, list<Trait> traits = []>
    : Op<EdgeLLM_Dialect, mnemonic, traits>;

/// Result and input are one type.
class EdgeLLM_UnaryOp<string mnemonic>
    : EdgeLLM_Op<mnemonic, [Pure, SameOperandsAndResultType]> {
  let arguments = (ins EdgeLLM_Activations:$input);
  let results = (outs EdgeLLM_Activations:$result);
  let assemblyFormat = "$input attr-dict `:` type($result)";
}

class EdgeLLM_BinaryOp<string mnemonic>
    : EdgeLLM_Op<mnemonic, [Pure, Commutative, SameOperandsAndResultType]> {
  let arguments = (ins EdgeLLM_Activations:$lhs, EdgeLLM_Activations:$rhs);
  let results = (outs EdgeLLM_Activations:$result);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` type($result)";
}

def EdgeLLM_EmbeddingOp : EdgeLLM_Op<"embedding", [Pure]> {
  let summary = "Rows of the embedding table; runs on the host";
  let description = [{
    With `positions` the row of a token's position is added to it: the sum of
    the two as FP16 values, rounded to FP16 once. There are at least as many
    positions as the caches hold tokens.

    ```mlir
    %x = edgellm.embedding %ids table(#edgellm.external<"model.safetensors",
      "model.embed_tokens.weight"> : tensor<2048x256xf16>)
      : tensor<?xi32> -> tensor<?x256xf16>
    ```
  }];
  let arguments = (ins EdgeLLM_TokenIds:$ids, EdgeLLM_WeightAttr:$table,
    OptionalAttr<EdgeLLM_WeightAttr>:$positions);
  let results = (outs EdgeLLM_Activations:$result);
  let assemblyFormat = [{
    $ids `table` `(` $table `)` (`positions` `(` $positions^ `)`)? attr-dict
    `:` type($ids) `->` type($result)
  }];
  let hasVerifier = 1;
}

def EdgeLLM_LinearOp : EdgeLLM_Op<"linear", [Pure, AttrSizedOperandSegments]> {
  let summary = "x * W^T, with what the machine joins to it";
  let description = [{
    The weight is [out, in]. `bias` has [out] values. At most one of `add` and
    `multiply` joins the product before it is rounded to FP16; the pass
    `edgellm-fuse` puts them there.

    ```mlir
    %y = edgellm.linear %x weight(#edgellm.external<"model.safetensors",
      "model.layers.0.mlp.down_proj.weight"> : tensor<256x768xf16>) add(%r)
      : (tensor<?x768xf16>, tensor<?x256xf16>) -> tensor<?x256xf16>
    ```
  }];
  let arguments = (ins EdgeLLM_Activations:$input, EdgeLLM_WeightAttr:$weight,
    OptionalAttr<EdgeLLM_WeightAttr>:$bias,
    Optional<EdgeLLM_Activations>:$addend,
    Optional<EdgeLLM_Activations>:$multiplier);
  let results = (outs EdgeLLM_Activations:$result);
  let assemblyFormat = [{
    $input `weight` `(` $weight `)` (`bias` `(` $bias^ `)`)?
    (`add` `(` $addend^ `)`)? (`multiply` `(` $multiplier^ `)`)? attr-dict
    `:` functional-type(operands, $result)
  }];
  let hasVerifier = 1;
}

def EdgeLLM_RMSNormOp : EdgeLLM_Op<"rms_norm",
    [Pure, SameOperandsAndResultType]> {
  let summary = "x / sqrt(mean(x^2) + epsilon) * weight, a row at a time";
  let description = [{
    With `head_size` a row is heads of so many channels, and each is normalised
    on its own with the same weight of [head_size].

    ```mlir
    %n = edgellm.rms_norm %x weight(dense<1.0> : tensor<256xf16>)
      epsilon(1.000000e-05) : tensor<?x256xf16>
    %h = edgellm.rms_norm %q head_size(64) weight(dense<1.0> : tensor<64xf16>)
      epsilon(1.000000e-06) : tensor<?x256xf16>
    ```
  }];
  let arguments = (ins EdgeLLM_Activations:$input,
    OptionalAttr<I64Attr>:$head_size, EdgeLLM_WeightAttr:$weight,
    F32Attr:$epsilon);
  let results = (outs EdgeLLM_Activations:$result);
  let assemblyFormat = [{
    $input (`head_size` `(` $head_size^ `)`)? `weight` `(` $weight `)`
    `epsilon` `(` $epsilon `)` attr-dict `:` type($result)
  }];
  let hasVerifier = 1;
}

def EdgeLLM_LayerNormOp : EdgeLLM_Op<"layer_norm",
    [Pure, SameOperandsAndResultType]> {
  let summary = "(x - mean(x)) / sqrt(variance(x) + epsilon) * weight + bias";
  let description = [{
    A row at a time; the variance is the mean of (x - mean(x))^2.

    ```mlir
    %n = edgellm.layer_norm %x weight(dense<1.0> : tensor<256xf16>)
      bias(dense<0.0> : tensor<256xf16>) epsilon(1.000000e-05)
      : tensor<?x256xf16>
    ```
  }];
  let arguments = (ins EdgeLLM_Activations:$input, EdgeLLM_WeightAttr:$weight,
    EdgeLLM_WeightAttr:$bias, F32Attr:$epsilon);
  let results = (outs EdgeLLM_Activations:$result);
  let assemblyFormat = [{
    $input `weight` `(` $weight `)` `bias` `(` $bias `)`
    `epsilon` `(` $epsilon `)` attr-dict `:` type($result)
  }];
  let hasVerifier = 1;
}

def EdgeLLM_Pairing : I32EnumAttr<"Pairing", "channels that rotate together", [
    I32EnumAttrCase<"half", 0>, I32EnumAttrCase<"adjacent", 1>]> {
  let cppNamespace = "::edgellm::graph";
}

def EdgeLLM_RopeOp : EdgeLLM_Op<"rope", [Pure, SameOperandsAndResultType]> {
  let summary = "Rotary position embedding of every head";
  let description = [{
    The first `rotary` channels of each head of `head_size` channels are rotated
    in pairs: pair i of a token at position p by p * theta^(-2i / rotary). With
    `half` pairing channel i goes with i + rotary/2, with `adjacent` 2i with
    2i + 1. Positions continue after the cached tokens. `scaling` makes pairs
    turn slower, and may enlarge what they become.

    ```mlir
    %r = edgellm.rope %q pairing(half) head_size(64) rotary(64)
      theta(1.000000e+04) : tensor<?x256xf16>
    ```
  }];
  let arguments = (ins EdgeLLM_Activations:$input, EdgeLLM_Pairing:$pairing,
    I64Attr:$head_size, I64Attr:$rotary, F64Attr:$theta,
    OptionalAttr<EdgeLLM_RopeScalingAttr>:$scaling);
  let results = (outs EdgeLLM_Activations:$result);
  let assemblyFormat = [{
    $input `pairing` `(` $pairing `)` `head_size` `(` $head_size `)`
    `rotary` `(` $rotary `)` `theta` `(` $theta `)`
    (`scaling` `(` $scaling^ `)`)? attr-dict `:` type($result)
  }];
  let hasVerifier = 1;
}

def EdgeLLM_AttentionOp : EdgeLLM_Op<"attention"> {
  let summary = "Causal attention with grouped queries and an explicit cache";
  let description = [{
    Appends this pass's keys and values to the caches, then
    softmax(q * k^T * scale) * v for every head over all cached tokens that the
    query may see. Query head h reads KV head h / (heads / KV heads).

    ```mlir
    %a = edgellm.attention %q, %k, %v keys(%kc) values(%vc)
      scale(1.250000e-01)
      : (tensor<?x256xf16>, tensor<?x128xf16>, tensor<?x128xf16>,
         !edgellm.kv_cache<2 x 512 x 64>, !edgellm.kv_cache<2 x 512 x 64>)
      -> tensor<?x256xf16>
    ```
  }];
  let arguments = (ins EdgeLLM_Activations:$query, EdgeLLM_Activations:$key,
    EdgeLLM_Activations:$value, EdgeLLM_KVCache:$keys,
    EdgeLLM_KVCache:$values, F32Attr:$scale);
  let results = (outs EdgeLLM_Activations:$result);
  let assemblyFormat = [{
    $query `,` $key `,` $value `keys` `(` $keys `)` `values` `(` $values `)`
    `scale` `(` $scale `)` attr-dict `:` functional-type(operands, $result)
  }];
  let hasVerifier = 1;
}

def EdgeLLM_SiluOp : EdgeLLM_UnaryOp<"silu"> {
  let summary = "x * sigmoid(x)";
  let description = [{
    ```mlir
    %s = edgellm.silu %g : tensor<?x768xf16>
    ```
  }];
}

def EdgeLLM_GeluOp : EdgeLLM_UnaryOp<"gelu"> {
  let summary = "x * sigmoid(2 * sqrt(2 / pi) * (x + 0.044715 * x^3))";
  let description = [{
    The tanh form of x * Phi(x), 0.5 * x * (1 + tanh(sqrt(2 / pi) * (x +
    0.044715 * x^3))), "gelu_new" and "gelu_pytorch_tanh" of checkpoints.

    ```mlir
    %s = edgellm.gelu %g : tensor<?x768xf16>
    ```
  }];
}

def EdgeLLM_AddOp : EdgeLLM_BinaryOp<"add"> {
  let summary = "Sum, e.g. of the residual stream and a block's output";
  let description = [{
    ```mlir
    %h = edgellm.add %x, %y : tensor<?x256xf16>
    ```
  }];
}

def EdgeLLM_MultiplyOp : EdgeLLM_BinaryOp<"multiply"> {
  let summary = "Product, e.g. of a gate and what passes it";
  let description = [{
    ```mlir
    %m = edgellm.multiply %s, %u : tensor<?x768xf16>
    ```
  }];
}

def EdgeLLM_LastTokenOp : EdgeLLM_Op<"last_token", [Pure]> {
  let summary = "The row of the last new token";
  let description = [{
    ```mlir
    %l = edgellm.last_token %h : tensor<?x256xf16> -> tensor<1x256xf16>
    ```
  }];
  let arguments = (ins EdgeLLM_Activations:$input);
  let results = (outs EdgeLLM_Activations:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
}

def EdgeLLM_ArgmaxOp : EdgeLLM_Op<"argmax", [Pure]> {
  let summary = "The most likely next token";
  let description = [{
    The channel with the greatest value of one row, the first among equals.

    ```mlir
    %t = edgellm.argmax %logits : tensor<1x2048xf16> -> tensor<1xi32>
    ```
  }];
  let arguments = (ins EdgeLLM_Activations:$input);
  let results = (outs EdgeLLM_TokenIds:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
}

#endif // EDGELLM_DIALECT_EDGELLM_IR_EDGELLMOPS_TD
