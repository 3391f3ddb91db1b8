// What the edgellm dialect refuses.
// RUN: edgellm-opt %s -split-input-file -verify-diagnostics

// expected-error @+1 {{edgellm.checkpoint is a string on the module}}
module attributes {edgellm.checkpoint = 1} {}

// -----

// expected-error @+1 {{edgellm.max_tokens is an i64 from 1 to 16777215 on a function}}
func.func private @f() attributes {edgellm.max_tokens = 0}

// -----

// expected-error @+1 {{unknown attribute edgellm.colour}}
module attributes {edgellm.colour = "red"} {}

// -----

// expected-error @+1 {{kv_cache of 0 x 512 x 64: allowed are 1 to 16777215}}
func.func private @f(!edgellm.kv_cache<0 x 512 x 64>)

// -----

// expected-error @+1 {{the machine has i4, 128, f16 alone}}
func.func private @f() attributes {a = #edgellm.block_quant<i4, 64, f16, scale_search>}

// -----

// expected-error @+1 {{block_sparse<3 of 8>: the machine keeps 4, 2 or 1 of 8, and 8 of 8 is block_quant alone}}
func.func private @f() attributes {a = #edgellm.block_sparse<3 of 8, magnitude, #edgellm.block_quant<i4, 128, f16, scale_search>>}

// -----

// expected-error @+1 {{block_sparse<8 of 8>: the machine keeps 4, 2 or 1 of 8}}
func.func private @f() attributes {a = #edgellm.block_sparse<8 of 8, wanda, #edgellm.block_quant<i4, 128, f16, scale_search>>}

// -----

// expected-error @+1 {{block_sparse<2 of 16>: the machine keeps 4, 2 or 1 of 8}}
func.func private @f() attributes {a = #edgellm.block_sparse<2 of 16, wanda, #edgellm.block_quant<i4, 128, f16, scale_search>>}

// -----

// expected-error @+1 {{block_sparse<2 of 8, padded>: addresses are padded at 1 of 8 alone}}
func.func private @f() attributes {a = #edgellm.block_sparse<2 of 8, magnitude, #edgellm.block_quant<i4, 128, f16, scale_search>, padded>}

// -----

// expected-error @+2 {{expected ::edgellm::graph::PruneMethod to be one of: magnitude, wanda, sparsegpt}}
// expected-error @+1 {{failed to parse EdgeLLM_BlockSparseAttr parameter 'method'}}
func.func private @f() attributes {a = #edgellm.block_sparse<2 of 8, random, #edgellm.block_quant<i4, 128, f16, scale_search>>}

// -----

// expected-error @+2 {{the machine has i4, 128, f16 alone}}
// expected-error @+1 {{failed to parse EdgeLLM_BlockSparseAttr parameter 'quant'}}
func.func private @f() attributes {a = #edgellm.block_sparse<2 of 8, magnitude, #edgellm.block_quant<i8, 128, f16, scale_search>>}

// -----

func.func @linear_encoding(%x: tensor<?x8xf16>) {
  // expected-error @+1 {{weight has encoding "csr", expected none, block_quant or block_sparse}}
  %y = edgellm.linear %x weight(#edgellm.external<"f", "w"> : tensor<4x8xf16, "csr">) : (tensor<?x8xf16>) -> tensor<?x4xf16>
  return
}

// -----

// expected-error @+1 {{rows 8 to 8 of 16: expected 0 <= first < last <= total}}
func.func private @f() attributes {a = #edgellm.rows<8 to 8 of 16>}

// -----

// expected-error @+1 {{rows -1 to 8 of 16: expected 0 <= first < last <= total}}
func.func private @f() attributes {a = #edgellm.rows<-1 to 8 of 16>}

// -----

// expected-error @+1 {{rows 8 to 17 of 16: expected 0 <= first < last <= total}}
func.func private @f() attributes {a = #edgellm.rows<8 to 17 of 16>}

// -----

// expected-error @+1 {{rows 8 to 12 of tensor 't' are 4, the type is 'tensor<8x4xf16>'}}
func.func private @f() attributes {a = #edgellm.external<"f", "t", rows <8 to 12 of 16>> : tensor<8x4xf16>}

// -----

// expected-error @+1 {{rows 0 to 1 of tensor 't' are 1, the type is 'tensor<f16>'}}
func.func private @f() attributes {a = #edgellm.external<"f", "t", rows <0 to 1 of 16>> : tensor<f16>}

// -----

func.func @embedding_rows(%ids: tensor<?xi32>) {
  // expected-error @+1 {{gives 'tensor<1x8xf16>' for 'tensor<?xi32>'}}
  %x = edgellm.embedding %ids table(dense<0.0> : tensor<4x8xf16>) : tensor<?xi32> -> tensor<1x8xf16>
  return
}

// -----

func.func @embedding_table(%ids: tensor<?xi32>) {
  // expected-error @+1 {{table is 'tensor<4x9xf16>', expected floating point values of shape [4, 8]}}
  %x = edgellm.embedding %ids table(dense<0.0> : tensor<4x9xf16>) : tensor<?xi32> -> tensor<?x8xf16>
  return
}

// -----

func.func @linear_shape(%x: tensor<?x8xf16>) {
  // expected-error @+1 {{weight is 'tensor<4x9xf16>', expected floating point values of shape [4, 8]}}
  %y = edgellm.linear %x weight(dense<0.0> : tensor<4x9xf16>) : (tensor<?x8xf16>) -> tensor<?x4xf16>
  return
}

// -----

func.func @linear_rows(%x: tensor<?x8xf16>) {
  // expected-error @+1 {{has the rows of 'tensor<?x8xf16>' but gives those of 'tensor<1x4xf16>'}}
  %y = edgellm.linear %x weight(dense<0.0> : tensor<4x8xf16>) : (tensor<?x8xf16>) -> tensor<1x4xf16>
  return
}

// -----

func.func @linear_bias(%x: tensor<?x8xf16>) {
  // expected-error @+1 {{bias is 'tensor<5xf16>', expected floating point values of shape [4]}}
  %y = edgellm.linear %x weight(dense<0.0> : tensor<4x8xf16>) bias(dense<0.0> : tensor<5xf16>) : (tensor<?x8xf16>) -> tensor<?x4xf16>
  return
}

// -----

func.func @linear_joins(%x: tensor<?x4xf16>) {
  // expected-error @+1 {{joins either an addend or a multiplier}}
  %y = edgellm.linear %x weight(dense<0.0> : tensor<4x4xf16>) add(%x) multiply(%x) : (tensor<?x4xf16>, tensor<?x4xf16>, tensor<?x4xf16>) -> tensor<?x4xf16>
  return
}

// -----

func.func @linear_join_type(%x: tensor<?x8xf16>) {
  // expected-error @+1 {{joins 'tensor<?x8xf16>' to 'tensor<?x4xf16>'}}
  %y = edgellm.linear %x weight(dense<0.0> : tensor<4x8xf16>) add(%x) : (tensor<?x8xf16>, tensor<?x8xf16>) -> tensor<?x4xf16>
  return
}

// -----

// expected-error @+1 {{tensor 'b' is transposed, the type is 'tensor<8xf16>', expected a matrix}}
func.func private @f() attributes {a = #edgellm.external<"f", "b", transposed> : tensor<8xf16>}

// -----

// expected-error @+1 {{rows 0 to 4 of tensor 'w' are 4, the type is 'tensor<8x4xf16>'}}
func.func private @f() attributes {a = #edgellm.external<"f", "w", rows <0 to 4 of 8>, transposed> : tensor<8x4xf16>}

// -----

// expected-error @+1 {{expected 'transposed'}}
func.func private @f() attributes {a = #edgellm.external<"f", "w", upright> : tensor<8x4xf16>}

// -----

// expected-error @+1 {{expected linear, llama3 or yarn}}
func.func private @f() attributes {a = #edgellm.rope_scaling<dynamic, factor = 2.0>}

// -----

// expected-error @+1 {{rope_scaling: factor must be from 1 to 1e6}}
func.func private @f() attributes {a = #edgellm.rope_scaling<linear, factor = 0.5>}

// -----

// expected-error @+1 {{rope_scaling: turns must be 0 < low < high, at most 1e9}}
func.func private @f() attributes {a = #edgellm.rope_scaling<llama3, factor = 8.0, original = 8192.0, low = 4.0, high = 4.0>}

// -----

// expected-error @+1 {{expected 'original'}}
func.func private @f() attributes {a = #edgellm.rope_scaling<llama3, factor = 8.0, low = 1.0>}

// -----

// expected-error @+1 {{expected 'false'}}
func.func private @f() attributes {a = #edgellm.rope_scaling<yarn, factor = 4.0, original = 64.0, low = 1.0, high = 4.0, attention = 1.0, truncate = maybe>}

// -----

func.func @rope_scaling(%x: tensor<?x64xf16>) {
  // expected-error @+1 {{scaling: yarn needs a theta above 1}}
  %y = edgellm.rope %x pairing(half) head_size(64) rotary(64) theta(1.0) scaling(<yarn, factor = 4.0, original = 64.0, low = 1.0, high = 4.0, attention = 1.0, truncate = true>) : tensor<?x64xf16>
  return
}

// -----

func.func @positions(%ids: tensor<?xi32>) {
  // expected-error @+1 {{positions is 'tensor<4x6xf16>', expected floating point values of shape [4, 8]}}
  %x = edgellm.embedding %ids table(dense<0.0> : tensor<16x8xf16>) positions(dense<0.0> : tensor<4x6xf16>) : tensor<?xi32> -> tensor<?x8xf16>
  return
}

// -----

func.func @positions_rank(%ids: tensor<?xi32>) {
  // expected-error @+1 {{positions are 'tensor<8xf16>', expected [positions, channels]}}
  %x = edgellm.embedding %ids table(dense<0.0> : tensor<16x8xf16>) positions(dense<0.0> : tensor<8xf16>) : tensor<?xi32> -> tensor<?x8xf16>
  return
}

// -----

func.func @norm_epsilon(%x: tensor<?x8xf16>) {
  // expected-error @+1 {{epsilon is 2.000000e+00, allowed are numbers above 0, up to 1}}
  %y = edgellm.rms_norm %x weight(dense<1.0> : tensor<8xf16>) epsilon(2.0) : tensor<?x8xf16>
  return
}

// -----

// A row of zeros would divide by zero.
func.func @norm_no_epsilon(%x: tensor<?x8xf16>) {
  // expected-error @+1 {{epsilon is 0.000000e+00, allowed are numbers above 0, up to 1}}
  %y = edgellm.rms_norm %x weight(dense<1.0> : tensor<8xf16>) epsilon(0.0) : tensor<?x8xf16>
  return
}

// -----

func.func @norm_weight(%x: tensor<?x8xf16>) {
  // expected-error @+1 {{weight is 'tensor<4xf16>', expected floating point values of shape [8]}}
  %y = edgellm.rms_norm %x weight(dense<1.0> : tensor<4xf16>) epsilon(0.5) : tensor<?x8xf16>
  return
}

// -----

func.func @norm_heads(%x: tensor<?x8xf16>) {
  // expected-error @+1 {{has 8 channels, no multiple of head_size 3}}
  %y = edgellm.rms_norm %x head_size(3) weight(dense<1.0> : tensor<3xf16>) epsilon(0.5) : tensor<?x8xf16>
  return
}

// -----

func.func @norm_no_heads(%x: tensor<?x8xf16>) {
  // expected-error @+1 {{has 8 channels, no multiple of head_size 0}}
  %y = edgellm.rms_norm %x head_size(0) weight(dense<1.0> : tensor<8xf16>) epsilon(0.5) : tensor<?x8xf16>
  return
}

// -----

// The heads share one weight.
func.func @norm_head_weight(%x: tensor<?x8xf16>) {
  // expected-error @+1 {{weight is 'tensor<8xf16>', expected floating point values of shape [4]}}
  %y = edgellm.rms_norm %x head_size(4) weight(dense<1.0> : tensor<8xf16>) epsilon(0.5) : tensor<?x8xf16>
  return
}

// -----

func.func @layer_norm_epsilon(%x: tensor<?x8xf16>) {
  // expected-error @+1 {{epsilon is -1.000000e+00, allowed are numbers above 0, up to 1}}
  %y = edgellm.layer_norm %x weight(dense<1.0> : tensor<8xf16>) bias(dense<0.0> : tensor<8xf16>) epsilon(-1.0) : tensor<?x8xf16>
  return
}

// -----

func.func @layer_norm_weight(%x: tensor<?x8xf16>) {
  // expected-error @+1 {{weight is 'tensor<9xf16>', expected floating point values of shape [8]}}
  %y = edgellm.layer_norm %x weight(dense<1.0> : tensor<9xf16>) bias(dense<0.0> : tensor<8xf16>) epsilon(0.5) : tensor<?x8xf16>
  return
}

// -----

func.func @layer_norm_bias(%x: tensor<?x8xf16>) {
  // expected-error @+1 {{bias is 'tensor<1x8xf16>', expected floating point values of shape [8]}}
  %y = edgellm.layer_norm %x weight(dense<1.0> : tensor<8xf16>) bias(dense<0.0> : tensor<1x8xf16>) epsilon(0.5) : tensor<?x8xf16>
  return
}

// -----

func.func @rope_heads(%x: tensor<?x96xf16>) {
  // expected-error @+1 {{has 96 channels, no multiple of head_size 64}}
  %y = edgellm.rope %x pairing(half) head_size(64) rotary(64) theta(1.0e+04) : tensor<?x96xf16>
  return
}

// -----

func.func @rope_rotary(%x: tensor<?x64xf16>) {
  // expected-error @+1 {{rotary is 33, allowed are even numbers up to head_size 64}}
  %y = edgellm.rope %x pairing(half) head_size(64) rotary(33) theta(1.0e+04) : tensor<?x64xf16>
  return
}

// -----

func.func @rope_theta(%x: tensor<?x64xf16>) {
  // expected-error @+1 {{theta must be positive and finite}}
  %y = edgellm.rope %x pairing(half) head_size(64) rotary(64) theta(0.0) : tensor<?x64xf16>
  return
}

// -----

func.func @attention_cache(%q: tensor<?x256xf16>, %k: tensor<?x64xf16>, %c: !edgellm.kv_cache<2 x 512 x 64>) {
  // expected-error @+1 {{keys have 64 channels, the cache holds 2 heads of 64}}
  %y = edgellm.attention %q, %k, %k keys(%c) values(%c) scale(1.0) : (tensor<?x256xf16>, tensor<?x64xf16>, tensor<?x64xf16>, !edgellm.kv_cache<2 x 512 x 64>, !edgellm.kv_cache<2 x 512 x 64>) -> tensor<?x256xf16>
  return
}

// -----

func.func @attention_heads(%q: tensor<?x192xf16>, %k: tensor<?x128xf16>, %c: !edgellm.kv_cache<2 x 512 x 64>) {
  // expected-error @+1 {{queries have 192 channels, no multiple of 2 heads of 64}}
  %y = edgellm.attention %q, %k, %k keys(%c) values(%c) scale(1.0) : (tensor<?x192xf16>, tensor<?x128xf16>, tensor<?x128xf16>, !edgellm.kv_cache<2 x 512 x 64>, !edgellm.kv_cache<2 x 512 x 64>) -> tensor<?x192xf16>
  return
}

// -----

func.func @attention_alike(%q: tensor<?x128xf16>, %k: tensor<?x128xf16>, %c: !edgellm.kv_cache<2 x 512 x 64>, %d: !edgellm.kv_cache<2 x 256 x 64>) {
  // expected-error @+1 {{needs keys like values, caches alike, and a result like the queries}}
  %y = edgellm.attention %q, %k, %k keys(%c) values(%d) scale(1.0) : (tensor<?x128xf16>, tensor<?x128xf16>, tensor<?x128xf16>, !edgellm.kv_cache<2 x 512 x 64>, !edgellm.kv_cache<2 x 256 x 64>) -> tensor<?x128xf16>
  return
}

// -----

func.func @last_token(%x: tensor<?x64xf16>) {
  // expected-error @+1 {{expected one row of 64 channels}}
  %y = edgellm.last_token %x : tensor<?x64xf16> -> tensor<1x32xf16>
  return
}

// -----

func.func @argmax(%x: tensor<?x64xf16>) {
  // expected-error @+1 {{takes one row and gives tensor<1xi32>}}
  %y = edgellm.argmax %x : tensor<?x64xf16> -> tensor<1xi32>
  return
}

// -----

func.func @silu(%x: tensor<?x64xf32>) {
  // expected-error @+1 {{must be tokens x channels of f16 with a known number of channels}}
  %y = edgellm.silu %x : tensor<?x64xf32>
  return
}

// -----

func.func @gelu(%x: tensor<?x64xf32>) {
  // expected-error @+1 {{must be tokens x channels of f16 with a known number of channels}}
  %y = edgellm.gelu %x : tensor<?x64xf32>
  return
}

// -----

func.func @add(%x: tensor<?x?xf16>) {
  // expected-error @+1 {{must be tokens x channels of f16 with a known number of channels}}
  %y = edgellm.add %x, %x : tensor<?x?xf16>
  return
}

// -----

func.func @multiply(%x: tensor<64xf16>) {
  // expected-error @+1 {{must be tokens x channels of f16 with a known number of channels}}
  %y = edgellm.multiply %x, %x : tensor<64xf16>
  return
}
