// What has no place on the machine, and why.
// RUN: edgellm-opt %s -split-input-file --edgellm-to-accel=target=tiny -verify-diagnostics

// expected-error @+1 {{has no function with an embedding and a KV cache}}
module {
func.func @f(%ids: tensor<?xi32>, %kc: !edgellm.kv_cache<1 x 64 x 24>, %vc: !edgellm.kv_cache<1 x 64 x 24>) attributes {edgellm.max_tokens = 64 : i64} {
  return
}
}

// -----

// expected-error @+1 {{has no edgellm.max_tokens}}
func.func @f(%ids: tensor<?xi32>, %kc: !edgellm.kv_cache<1 x 64 x 24>, %vc: !edgellm.kv_cache<1 x 64 x 24>) -> tensor<?x48xf16> {
  %x = edgellm.embedding %ids table(dense<0.0> : tensor<96x48xf16>) : tensor<?xi32> -> tensor<?x48xf16>
  return %x : tensor<?x48xf16>
}

// -----

// expected-error @+1 {{context of 1048576 tokens, target tiny allows}}
module {
func.func @f(%ids: tensor<?xi32>, %kc: !edgellm.kv_cache<1 x 1048576 x 24>, %vc: !edgellm.kv_cache<1 x 1048576 x 24>) -> tensor<?x48xf16> attributes {edgellm.max_tokens = 64 : i64} {
  %x = edgellm.embedding %ids table(dense<0.0> : tensor<96x48xf16>) : tensor<?xi32> -> tensor<?x48xf16>
  return %x : tensor<?x48xf16>
}
}

// -----

// expected-error @+1 {{heads of 1024 channels, target tiny allows}}
module {
func.func @f(%ids: tensor<?xi32>, %kc: !edgellm.kv_cache<1 x 64 x 1024>, %vc: !edgellm.kv_cache<1 x 64 x 1024>) -> tensor<?x48xf16> attributes {edgellm.max_tokens = 64 : i64} {
  %x = edgellm.embedding %ids table(dense<0.0> : tensor<96x48xf16>) : tensor<?xi32> -> tensor<?x48xf16>
  return %x : tensor<?x48xf16>
}
}

// -----

func.func @f(%ids: tensor<?xi32>, %kc: !edgellm.kv_cache<1 x 64 x 24>, %vc: !edgellm.kv_cache<1 x 64 x 24>) -> tensor<?x48xf16> attributes {edgellm.max_tokens = 64 : i64} {
  %x = edgellm.embedding %ids table(dense<0.0> : tensor<96x48xf16>) : tensor<?xi32> -> tensor<?x48xf16>
  // expected-error @+1 {{has no product to join}}
  %y = edgellm.add %x, %x : tensor<?x48xf16>
  return %x : tensor<?x48xf16>
}

// -----

func.func @f(%ids: tensor<?xi32>, %kc: !edgellm.kv_cache<1 x 64 x 24>, %vc: !edgellm.kv_cache<1 x 64 x 24>) -> tensor<?x48xf16> attributes {edgellm.max_tokens = 64 : i64} {
  %x = edgellm.embedding %ids table(dense<0.0> : tensor<96x48xf16>) : tensor<?xi32> -> tensor<?x48xf16>
  // expected-error @+1 {{has no product to join}}
  %y = edgellm.multiply %x, %x : tensor<?x48xf16>
  return %x : tensor<?x48xf16>
}

// -----

func.func @f(%ids: tensor<?xi32>, %kc: !edgellm.kv_cache<1 x 64 x 24>, %vc: !edgellm.kv_cache<1 x 64 x 24>) -> tensor<?x48xf16> attributes {edgellm.max_tokens = 64 : i64} {
  %x = edgellm.embedding %ids table(dense<0.0> : tensor<96x48xf16>) : tensor<?xi32> -> tensor<?x48xf16>
  // expected-error @+1 {{has no hardware step}}
  %y = builtin.unrealized_conversion_cast %x : tensor<?x48xf16> to tensor<?x48xf16>
  return %x : tensor<?x48xf16>
}

// -----

func.func @f(%ids: tensor<?xi32>, %kc: !edgellm.kv_cache<1 x 64 x 24>, %vc: !edgellm.kv_cache<1 x 64 x 24>) -> tensor<?x48xf16> attributes {edgellm.max_tokens = 64 : i64} {
  %x = edgellm.embedding %ids table(dense<0.0> : tensor<96x48xf16>) : tensor<?xi32> -> tensor<?x48xf16>
  %k = edgellm.linear %x weight(dense<0.5> : tensor<24x48xf16>) : (tensor<?x48xf16>) -> tensor<?x24xf16>
  %v = edgellm.linear %x weight(dense<0.5> : tensor<24x48xf16>) : (tensor<?x48xf16>) -> tensor<?x24xf16>
  %kr = edgellm.rope %k pairing(half) head_size(24) rotary(24) theta(1.0) : tensor<?x24xf16>
  %q = edgellm.rope %x pairing(half) head_size(24) rotary(24) theta(1.0) : tensor<?x48xf16>
  %s = edgellm.silu %kr : tensor<?x24xf16>
  // expected-error @+1 {{needs keys and values that nothing else reads}}
  %a = edgellm.attention %q, %kr, %v keys(%kc) values(%vc) scale(1.0) : (tensor<?x48xf16>, tensor<?x24xf16>, tensor<?x24xf16>, !edgellm.kv_cache<1 x 64 x 24>, !edgellm.kv_cache<1 x 64 x 24>) -> tensor<?x48xf16>
  return %x : tensor<?x48xf16>
}

// -----

func.func @f(%ids: tensor<?xi32>, %kc: !edgellm.kv_cache<1 x 64 x 24>, %vc: !edgellm.kv_cache<1 x 64 x 24>) -> tensor<?x48xf16> attributes {edgellm.max_tokens = 64 : i64} {
  %x = edgellm.embedding %ids table(dense<0.0> : tensor<96x48xf16>) : tensor<?xi32> -> tensor<?x48xf16>
  %q = edgellm.linear %x weight(dense<0.5> : tensor<48x48xf16>) : (tensor<?x48xf16>) -> tensor<?x48xf16>
  %qr = edgellm.rope %q pairing(half) head_size(24) rotary(24) theta(1.0) : tensor<?x48xf16>
  %k = edgellm.linear %x weight(dense<0.5> : tensor<24x48xf16>) : (tensor<?x48xf16>) -> tensor<?x24xf16>
  %v = edgellm.linear %x weight(dense<0.5> : tensor<24x48xf16>) : (tensor<?x48xf16>) -> tensor<?x24xf16>
  // expected-error @+1 {{has queries and keys with different rotations}}
  %a = edgellm.attention %qr, %k, %v keys(%kc) values(%vc) scale(1.0) : (tensor<?x48xf16>, tensor<?x24xf16>, tensor<?x24xf16>, !edgellm.kv_cache<1 x 64 x 24>, !edgellm.kv_cache<1 x 64 x 24>) -> tensor<?x48xf16>
  return %x : tensor<?x48xf16>
}

// -----

func.func @f(%ids: tensor<?xi32>, %kc: !edgellm.kv_cache<1 x 64 x 24>, %vc: !edgellm.kv_cache<1 x 64 x 24>) -> tensor<?x48xf16> attributes {edgellm.max_tokens = 64 : i64} {
  %x = edgellm.embedding %ids table(dense<0.0> : tensor<96x48xf16>) : tensor<?xi32> -> tensor<?x48xf16>
  // expected-error @+1 {{joins channels #accel.channels<1 x 48, pairs 0> to a product with channels #accel.channels<2 x 24, pairs 24>}}
  %q = edgellm.linear %x weight(dense<0.5> : tensor<48x48xf16>) add(%x) : (tensor<?x48xf16>, tensor<?x48xf16>) -> tensor<?x48xf16>
  %qr = edgellm.rope %q pairing(half) head_size(24) rotary(24) theta(1.0) : tensor<?x48xf16>
  return %x : tensor<?x48xf16>
}

// -----

func.func @f(%ids: tensor<?xi32>, %kc: !edgellm.kv_cache<1 x 64 x 24>, %vc: !edgellm.kv_cache<1 x 64 x 24>) -> tensor<?x48xf16> attributes {edgellm.max_tokens = 64 : i64} {
  %x = edgellm.embedding %ids table(dense<0.0> : tensor<96x48xf16>) : tensor<?xi32> -> tensor<?x48xf16>
  %l = edgellm.last_token %x : tensor<?x48xf16> -> tensor<1x48xf16>
  // expected-error @+1 {{needs the result of a linear operator}}
  %t = edgellm.argmax %l : tensor<1x48xf16> -> tensor<1xi32>
  return %x : tensor<?x48xf16>
}

// -----

func.func @f(%ids: tensor<?xi32>, %kc: !edgellm.kv_cache<1 x 64 x 24>, %vc: !edgellm.kv_cache<1 x 64 x 24>) attributes {edgellm.max_tokens = 64 : i64} {
  %x = edgellm.embedding %ids table(dense<0.0> : tensor<96x48xf16>) : tensor<?xi32> -> tensor<?x48xf16>
  // expected-error @+1 {{must return logits first}}
  return
}

// -----

// An activation that no operator makes has no buffer.
func.func @f(%ids: tensor<?xi32>, %y: tensor<?x48xf16>, %kc: !edgellm.kv_cache<1 x 64 x 24>) -> tensor<?x48xf16> attributes {edgellm.max_tokens = 64 : i64} {
  %x = edgellm.embedding %ids table(dense<0.0> : tensor<96x48xf16>) : tensor<?xi32> -> tensor<?x48xf16>
  // expected-error @+1 {{reads a value of type 'tensor<?x48xf16>' that no step makes}}
  %s = edgellm.silu %y : tensor<?x48xf16>
  return %s : tensor<?x48xf16>
}

// -----

// Heads are padded; a norm of the whole row has no place between.
func.func @f(%ids: tensor<?xi32>, %kc: !edgellm.kv_cache<1 x 64 x 24>, %vc: !edgellm.kv_cache<1 x 64 x 24>) -> tensor<?x48xf16> attributes {edgellm.max_tokens = 64 : i64} {
  %x = edgellm.embedding %ids table(dense<0.0> : tensor<96x48xf16>) : tensor<?xi32> -> tensor<?x48xf16>
  %q = edgellm.linear %x weight(dense<0.5> : tensor<48x48xf16>) : (tensor<?x48xf16>) -> tensor<?x48xf16>
  // expected-error @+1 {{takes channels #accel.channels<1 x 48, pairs 0> and gives #accel.channels<2 x 24, pairs 24>}}
  %n = edgellm.rms_norm %q weight(dense<1.0> : tensor<48xf16>) epsilon(0.5) : tensor<?x48xf16>
  %r = edgellm.rope %n pairing(half) head_size(24) rotary(24) theta(1.0) : tensor<?x48xf16>
  return %r : tensor<?x48xf16>
}

// -----

func.func @f(%ids: tensor<?xi32>, %kc: !edgellm.kv_cache<1 x 64 x 24>, %vc: !edgellm.kv_cache<1 x 64 x 24>) -> tensor<?x48xf16> attributes {edgellm.max_tokens = 64 : i64} {
  %x = edgellm.embedding %ids table(dense<0.0> : tensor<96x48xf16>) : tensor<?xi32> -> tensor<?x48xf16>
  %q = edgellm.linear %x weight(dense<0.5> : tensor<48x48xf16>) : (tensor<?x48xf16>) -> tensor<?x48xf16>
  // expected-error @+1 {{normalises 12 channels at a time, they lie as #accel.channels<2 x 24, pairs 24>}}
  %n = edgellm.rms_norm %q head_size(12) weight(dense<1.0> : tensor<12xf16>) epsilon(0.5) : tensor<?x48xf16>
  %r = edgellm.rope %n pairing(half) head_size(24) rotary(24) theta(1.0) : tensor<?x48xf16>
  return %r : tensor<?x48xf16>
}

// -----

// One norm is looked through, not two.
func.func @f(%ids: tensor<?xi32>, %kc: !edgellm.kv_cache<1 x 64 x 24>, %vc: !edgellm.kv_cache<1 x 64 x 24>) -> tensor<?x48xf16> attributes {edgellm.max_tokens = 64 : i64} {
  %x = edgellm.embedding %ids table(dense<0.0> : tensor<96x48xf16>) : tensor<?xi32> -> tensor<?x48xf16>
  %q = edgellm.linear %x weight(dense<0.5> : tensor<48x48xf16>) : (tensor<?x48xf16>) -> tensor<?x48xf16>
  %m = edgellm.rms_norm %q head_size(24) weight(dense<1.0> : tensor<24xf16>) epsilon(0.5) : tensor<?x48xf16>
  // expected-error @+1 {{takes channels #accel.channels<2 x 24, pairs 0> and gives #accel.channels<2 x 24, pairs 24>}}
  %n = edgellm.rms_norm %m head_size(24) weight(dense<1.0> : tensor<24xf16>) epsilon(0.5) : tensor<?x48xf16>
  %r = edgellm.rope %n pairing(half) head_size(24) rotary(24) theta(1.0) : tensor<?x48xf16>
  return %r : tensor<?x48xf16>
}

// -----

func.func @f(%ids: tensor<?xi32>, %kc: !edgellm.kv_cache<1 x 64 x 24>, %vc: !edgellm.kv_cache<1 x 64 x 24>) -> tensor<?x48xf16> attributes {edgellm.max_tokens = 64 : i64} {
  %x = edgellm.embedding %ids table(dense<0.0> : tensor<96x48xf16>) : tensor<?xi32> -> tensor<?x48xf16>
  %q = edgellm.rope %x pairing(half) head_size(24) rotary(24) theta(1.0) : tensor<?x48xf16>
  // expected-error @+1 {{takes channels #accel.channels<2 x 24, pairs 24> and gives #accel.channels<1 x 48, pairs 0>}}
  %n = edgellm.layer_norm %q weight(dense<1.0> : tensor<48xf16>) bias(dense<0.0> : tensor<48xf16>) epsilon(0.5) : tensor<?x48xf16>
  return %n : tensor<?x48xf16>
}

// -----

// Learned positions are as many as the caches hold tokens, at least.
func.func @f(%ids: tensor<?xi32>, %kc: !edgellm.kv_cache<1 x 64 x 24>, %vc: !edgellm.kv_cache<1 x 64 x 24>) -> tensor<?x48xf16> attributes {edgellm.max_tokens = 64 : i64} {
  // expected-error @+1 {{has 63 positions, the caches hold 64 tokens}}
  %x = edgellm.embedding %ids table(dense<0.0> : tensor<96x48xf16>) positions(dense<0.0> : tensor<63x48xf16>) : tensor<?xi32> -> tensor<?x48xf16>
  return %x : tensor<?x48xf16>
}
