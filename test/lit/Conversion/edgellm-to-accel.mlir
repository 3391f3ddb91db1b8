// Operators to hardware steps: heads padded on their own, halves interleaved by
// the weights, keys and values straight to the cache, nothing moved.
// RUN: edgellm-opt %s -split-input-file --edgellm-to-accel=target=tiny | FileCheck %s

// The machine comes from hw/targets/tiny.json, shapes from the model.
// CHECK: accel.program target = <name = "tiny", ports = 8, {{.*}}>, context = 64, hidden = 48, vocabulary = 96 {

// Rows of the query matrix are in heads, with the rope's halves interleaved.
// CHECK-DAG: accel.weight @q source({{.*}}) format(fp16) rows(<2 x 24, pairs 16>) columns(<1 x 48, pairs 0>)
// CHECK-DAG: accel.weight @k source({{.*}}) format(fp16) rows(<1 x 24, pairs 16>) columns(<1 x 48, pairs 0>)
// Values are not rotated.
// CHECK-DAG: accel.weight @v source({{.*}}) format(fp16) rows(<1 x 24, pairs 0>) columns(<1 x 48, pairs 0>)
// The encoding decides the format; the columns follow the heads of attention.
// CHECK-DAG: accel.weight @o source({{.*}}) format(int4) rows(<1 x 48, pairs 0>) columns(<2 x 24, pairs 0>)
// CHECK-DAG: accel.constant @qb source({{.*}}) channels(<2 x 24, pairs 16>)
// CHECK-DAG: accel.rope_table @rope theta(1.000000e+04) rotary(16) head_size(24) positions(64)
// CHECK-DAG: accel.cache @cache0 : !accel.buffer<1 x 24, <64>, hbm>
// CHECK-DAG: accel.cache @cache1 : !accel.buffer<1 x 24, <64>, hbm>

// CHECK: accel.entry "generate" max_tokens = 64 {
func.func @generate(%ids: tensor<?xi32>, %kc: !edgellm.kv_cache<1 x 64 x 24>, %vc: !edgellm.kv_cache<1 x 64 x 24>)
    -> (tensor<1x96xf16>, tensor<1xi32>) attributes {edgellm.max_tokens = 64 : i64} {
  // CHECK: %[[KC:.*]] = accel.cached @cache0
  // CHECK: %[[VC:.*]] = accel.cached @cache1
  // CHECK: %[[X:.*]] = accel.alloc input : <1 x 48, <tokens>, ddr>
  %x = edgellm.embedding %ids table(#edgellm.external<"f", "e"> : tensor<96x48xf16>) : tensor<?xi32> -> tensor<?x48xf16>
  // CHECK: %[[Q:.*]] = accel.alloc : <2 x 24, <tokens>, ddr>
  // CHECK: accel.vmm %[[X]] weight(@q) bias(@qb) epilogue(none) into %[[Q]]
  %q = edgellm.linear %x weight(#edgellm.external<"f", "q"> : tensor<48x48xf16>) bias(#edgellm.external<"f", "qb"> : tensor<48xf16>) : (tensor<?x48xf16>) -> tensor<?x48xf16>
  // CHECK: %[[QR:.*]] = accel.alloc
  // CHECK: accel.rope %[[Q]] table(@rope) into %[[QR]]
  %qr = edgellm.rope %q pairing(half) head_size(24) rotary(16) theta(1.0e+04) : tensor<?x48xf16>
  // CHECK: %[[K:.*]] = accel.alloc
  // CHECK: accel.vmm %[[X]] weight(@k) epilogue(none) into %[[K]]
  %k = edgellm.linear %x weight(#edgellm.external<"f", "k"> : tensor<24x48xf16>) : (tensor<?x48xf16>) -> tensor<?x24xf16>
  // CHECK: %[[KN:.*]] = accel.rows %[[KC]] from <past> : <1 x 24, <64>, hbm> -> <1 x 24, <tokens>, hbm>
  // CHECK: accel.rope %[[K]] table(@rope) into %[[KN]]
  %kr = edgellm.rope %k pairing(half) head_size(24) rotary(16) theta(1.0e+04) : tensor<?x24xf16>
  // CHECK: %[[VN:.*]] = accel.rows %[[VC]] from <past>
  // CHECK: accel.vmm %[[X]] weight(@v) epilogue(none) into %[[VN]]
  %v = edgellm.linear %x weight(#edgellm.external<"f", "v"> : tensor<24x48xf16>) : (tensor<?x48xf16>) -> tensor<?x24xf16>
  // Scores have a channel for every token that the cache can hold.
  // CHECK: %[[S:.*]] = accel.alloc : <2 x 64, <tokens>, ddr>
  // CHECK: accel.attention_scores %[[QR]] keys(%[[KC]]) scale(2.500000e-01) into %[[S]]
  // CHECK: accel.softmax %[[S]] into %[[S]]
  // CHECK: %[[A:.*]] = accel.alloc : <2 x 24, <tokens>, ddr>
  // CHECK: accel.attention_values %[[S]] values(%[[VC]]) into %[[A]]
  %a = edgellm.attention %qr, %kr, %v keys(%kc) values(%vc) scale(0.25)
    : (tensor<?x48xf16>, tensor<?x24xf16>, tensor<?x24xf16>, !edgellm.kv_cache<1 x 64 x 24>, !edgellm.kv_cache<1 x 64 x 24>) -> tensor<?x48xf16>
  // CHECK: accel.vmm %[[A]] weight(@o) epilogue(add, %[[X]] : !accel.buffer<1 x 48, <tokens>, ddr>) into %[[H:.*]] :
  %h = edgellm.linear %a weight(#edgellm.external<"f", "o"> : tensor<48x48xf16, #edgellm.block_quant<i4, 128, f16, scale_search>>) add(%x) : (tensor<?x48xf16>, tensor<?x48xf16>) -> tensor<?x48xf16>
  // CHECK: accel.activation silu
  %s = edgellm.silu %h : tensor<?x48xf16>
  // CHECK: accel.rms_norm %{{.*}} weight(@constant) epsilon(9.99999974E-6)
  %n = edgellm.rms_norm %s weight(dense<1.0> : tensor<48xf16>) epsilon(1.0e-05) : tensor<?x48xf16>
  // CHECK: accel.rows %{{.*}} from <tokens - 1>
  %l = edgellm.last_token %n : tensor<?x48xf16> -> tensor<1x48xf16>
  // The product that makes the logits also finds the greatest.
  // CHECK: %[[L:.*]] = accel.alloc : <1 x 96, <1>, ddr>
  // CHECK: accel.vmm %{{.*}} weight(@head) epilogue(none) argmax into %[[L]]
  %y = edgellm.linear %l weight(#edgellm.external<"f", "head"> : tensor<96x48xf16>) : (tensor<1x48xf16>) -> tensor<1x96xf16>
  %t = edgellm.argmax %y : tensor<1x96xf16> -> tensor<1xi32>
  // CHECK: accel.return %[[L]]
  return %y, %t : tensor<1x96xf16>, tensor<1xi32>
}

// A second entry point uses the same weights and caches.
// CHECK: accel.entry "score" max_tokens = 32 {
// CHECK: accel.vmm %{{.*}} weight(@k)
// CHECK: accel.vmm %{{.*}} weight(@v)
func.func @score(%ids: tensor<?xi32>, %kc: !edgellm.kv_cache<1 x 64 x 24>, %vc: !edgellm.kv_cache<1 x 64 x 24>)
    -> tensor<?x24xf16> attributes {edgellm.max_tokens = 32 : i64} {
  %x = edgellm.embedding %ids table(#edgellm.external<"f", "e"> : tensor<96x48xf16>) : tensor<?xi32> -> tensor<?x48xf16>
  %k = edgellm.linear %x weight(#edgellm.external<"f", "k"> : tensor<24x48xf16>) : (tensor<?x48xf16>) -> tensor<?x24xf16>
  %kr = edgellm.rope %k pairing(half) head_size(24) rotary(16) theta(1.0e+04) : tensor<?x24xf16>
  %v = edgellm.linear %x weight(#edgellm.external<"f", "v"> : tensor<24x48xf16>) : (tensor<?x48xf16>) -> tensor<?x24xf16>
  return %v : tensor<?x24xf16>
}

// -----

// A tensor may have the name that a cache would get.
// CHECK: accel.cache @cache0 :
// CHECK: accel.weight @cache0_0 source(#edgellm.external<"f", "cache0">
// CHECK: accel.entry "generate"
// CHECK: accel.vmm %{{.*}} weight(@cache0_0)
// CHECK: accel.entry "score"
// CHECK: accel.cached @cache0
func.func @generate(%ids: tensor<?xi32>, %kc: !edgellm.kv_cache<1 x 64 x 24>) -> tensor<?x24xf16> attributes {edgellm.max_tokens = 64 : i64} {
  %x = edgellm.embedding %ids table(#edgellm.external<"f", "e"> : tensor<96x48xf16>) : tensor<?xi32> -> tensor<?x48xf16>
  %y = edgellm.linear %x weight(#edgellm.external<"f", "cache0"> : tensor<24x48xf16>) : (tensor<?x48xf16>) -> tensor<?x24xf16>
  return %y : tensor<?x24xf16>
}
func.func @score(%ids: tensor<?xi32>, %kc: !edgellm.kv_cache<1 x 64 x 24>) -> tensor<?x24xf16> attributes {edgellm.max_tokens = 64 : i64} {
  %x = edgellm.embedding %ids table(#edgellm.external<"f", "e"> : tensor<96x48xf16>) : tensor<?xi32> -> tensor<?x48xf16>
  %y = edgellm.linear %x weight(#edgellm.external<"f", "cache0"> : tensor<24x48xf16>) : (tensor<?x48xf16>) -> tensor<?x24xf16>
  return %y : tensor<?x24xf16>
}

// -----

// The scaling of a rope is that of its table; another scaling, another table.
// CHECK: accel.rope_table @rope theta(1.000000e+04) rotary(24) head_size(24) positions(64){{$}}
// CHECK: accel.rope_table @rope_0 theta(1.000000e+04) rotary(24) head_size(24) positions(64) scaling(<linear, factor = 2.000000e+00>)
// CHECK: accel.rope %{{.*}} table(@rope) into
// CHECK: accel.rope %{{.*}} table(@rope_0) into
// CHECK: accel.rope %{{.*}} table(@rope_0) into
func.func @generate(%ids: tensor<?xi32>, %kc: !edgellm.kv_cache<1 x 64 x 24>) -> tensor<?x24xf16> attributes {edgellm.max_tokens = 64 : i64} {
  %x = edgellm.embedding %ids table(dense<0.0> : tensor<96x24xf16>) positions(dense<0.0> : tensor<64x24xf16>) : tensor<?xi32> -> tensor<?x24xf16>
  %a = edgellm.rope %x pairing(adjacent) head_size(24) rotary(24) theta(1.0e+04) : tensor<?x24xf16>
  %b = edgellm.rope %a pairing(adjacent) head_size(24) rotary(24) theta(1.0e+04) scaling(<linear, factor = 2.0>) : tensor<?x24xf16>
  %c = edgellm.rope %b pairing(adjacent) head_size(24) rotary(24) theta(1.0e+04) scaling(<linear, factor = 2.0>) : tensor<?x24xf16>
  return %c : tensor<?x24xf16>
}
