// Norms where new families have them: on the heads of queries and keys, or with
// a mean and a bias before products.
// RUN: edgellm-opt %s -split-input-file --edgellm-to-accel=target=tiny | FileCheck %s
// RUN: edgellm-opt %s -split-input-file --edgellm-pipeline=target=tiny | FileCheck %s --check-prefix=STEPS

// Norms of the heads of queries and keys stand between a product and a rope:
// everything from the product on lies as the rope wants, the weights too, and
// a norm after a rope writes the cache.
// CHECK-LABEL: accel.program
// CHECK-DAG: accel.weight @q source({{.*}}) rows(<2 x 24, pairs 24>)
// CHECK-DAG: accel.constant @q_norm source({{.*}}) channels(<1 x 24, pairs 24>)
// CHECK-DAG: accel.weight @k source({{.*}}) rows(<1 x 24, pairs 24>)
// CHECK-DAG: accel.constant @k_norm source({{.*}}) channels(<1 x 24, pairs 24>)
// CHECK: accel.entry "generate"

// A norm and a rope are of one unit, whose later step waits for the earlier.
// STEPS-LABEL: isa.entry "generate"
// STEPS: isa.rope {{.*}} dst_space = chip, heads = 1, {{.*}} wait <matrix> signal <vector>
// STEPS-NEXT: isa.rms_norm {{.*}} dst_space = hbm, channels = 24, {{.*}} heads = 1, {{.*}} wait <vector> signal <dma>
// STEPS-NEXT: isa.vmm
// STEPS-NEXT: isa.rms_norm {{.*}} dst_space = chip, channels = 24, {{.*}} heads = 2, {{.*}} wait <matrix> signal <vector>
// STEPS-NEXT: isa.rope {{.*}} heads = 2, {{.*}} wait <vector> signal <attention>
func.func @generate(%ids: tensor<?xi32>, %kc: !edgellm.kv_cache<1 x 64 x 24>, %vc: !edgellm.kv_cache<1 x 64 x 24>) -> tensor<?x48xf16> attributes {edgellm.max_tokens = 64 : i64} {
  %x = edgellm.embedding %ids table(#edgellm.external<"f", "e"> : tensor<96x48xf16>) : tensor<?xi32> -> tensor<?x48xf16>
  // CHECK: accel.vmm %{{.*}} weight(@q) epilogue(none) into %[[Q:.*]] : {{.*}} -> <2 x 24, <tokens>, ddr>
  %q = edgellm.linear %x weight(#edgellm.external<"f", "q"> : tensor<48x48xf16>) : (tensor<?x48xf16>) -> tensor<?x48xf16>
  // CHECK: accel.rms_norm %[[Q]] weight(@q_norm) epsilon(9.99999997E-7) into %[[QN:.*]] : <2 x 24, <tokens>, ddr> -> <2 x 24, <tokens>, ddr>
  %qn = edgellm.rms_norm %q head_size(24) weight(#edgellm.external<"f", "q_norm"> : tensor<24xf16>) epsilon(1.0e-06) : tensor<?x48xf16>
  // CHECK: accel.rope %[[QN]] table(@rope)
  %qr = edgellm.rope %qn pairing(half) head_size(24) rotary(24) theta(1.0e+04) : tensor<?x48xf16>
  %k = edgellm.linear %x weight(#edgellm.external<"f", "k"> : tensor<24x48xf16>) : (tensor<?x48xf16>) -> tensor<?x24xf16>
  %kr = edgellm.rope %k pairing(half) head_size(24) rotary(24) theta(1.0e+04) : tensor<?x24xf16>
  // CHECK: %[[NEW:.*]] = accel.rows %{{.*}} from <past>
  // CHECK: accel.rms_norm %{{.*}} weight(@k_norm) epsilon({{.*}}) into %[[NEW]] : <1 x 24, <tokens>, ddr> -> <1 x 24, <tokens>, hbm>
  %kn = edgellm.rms_norm %kr head_size(24) weight(#edgellm.external<"f", "k_norm"> : tensor<24xf16>) epsilon(1.0e-06) : tensor<?x24xf16>
  %v = edgellm.linear %x weight(#edgellm.external<"f", "v"> : tensor<24x48xf16>) : (tensor<?x48xf16>) -> tensor<?x24xf16>
  %a = edgellm.attention %qr, %kn, %v keys(%kc) values(%vc) scale(0.25)
    : (tensor<?x48xf16>, tensor<?x24xf16>, tensor<?x24xf16>, !edgellm.kv_cache<1 x 64 x 24>, !edgellm.kv_cache<1 x 64 x 24>) -> tensor<?x48xf16>
  return %a : tensor<?x48xf16>
}

// -----

// Without a rope nothing is interleaved, and products write keys as well as
// values to the cache. A norm of heads alone puts its input in heads.
// CHECK-LABEL: accel.program
// CHECK-DAG: accel.weight @q source({{.*}}) rows(<2 x 24, pairs 0>)
// CHECK-DAG: accel.weight @k source({{.*}}) rows(<1 x 24, pairs 0>)
// CHECK-DAG: accel.constant @ln_w source({{.*}}) channels(<1 x 48, pairs 0>)
// CHECK-DAG: accel.constant @ln_b source({{.*}}) channels(<1 x 48, pairs 0>)
// CHECK-DAG: accel.weight @up source({{.*}}) rows(<1 x 96, pairs 0>)
// CHECK-DAG: accel.weight @down source({{.*}}) rows(<4 x 12, pairs 0>) columns(<1 x 96, pairs 0>)
// CHECK-DAG: accel.constant @heads source({{.*}}) channels(<1 x 12, pairs 0>)
// CHECK-DAG: accel.weight @out source({{.*}}) columns(<4 x 12, pairs 0>)
// CHECK: accel.entry "generate"

// STEPS-LABEL: isa.entry "generate"
// STEPS: isa.layer_norm {{.*}} channels = 48, {{.*}} signal <matrix>
// STEPS: isa.activation {{.*}} function = gelu, channels = 96, {{.*}} wait <matrix> signal <matrix>
// STEPS: isa.rms_norm {{.*}} channels = 12, {{.*}} heads = 4, {{.*}} wait <matrix> signal <matrix>
func.func @generate(%ids: tensor<?xi32>, %kc: !edgellm.kv_cache<1 x 64 x 24>, %vc: !edgellm.kv_cache<1 x 64 x 24>) -> tensor<?x48xf16> attributes {edgellm.max_tokens = 64 : i64} {
  %x = edgellm.embedding %ids table(#edgellm.external<"f", "e"> : tensor<96x48xf16>) : tensor<?xi32> -> tensor<?x48xf16>
  // CHECK: accel.layer_norm %{{.*}} weight(@ln_w) bias(@ln_b) epsilon(9.99999974E-6) into %[[N:.*]] : <1 x 48,
  %n = edgellm.layer_norm %x weight(#edgellm.external<"f", "ln_w"> : tensor<48xf16>) bias(#edgellm.external<"f", "ln_b"> : tensor<48xf16>) epsilon(1.0e-05) : tensor<?x48xf16>
  // CHECK: accel.vmm %[[N]] weight(@q) epilogue(none) into %[[Q:.*]] : {{.*}} -> <2 x 24, <tokens>, ddr>
  %q = edgellm.linear %n weight(#edgellm.external<"f", "q"> : tensor<48x48xf16>) : (tensor<?x48xf16>) -> tensor<?x48xf16>
  // CHECK: accel.vmm %[[N]] weight(@k) epilogue(none) into %{{.*}} : {{.*}} -> <1 x 24, <tokens>, hbm>
  %k = edgellm.linear %n weight(#edgellm.external<"f", "k"> : tensor<24x48xf16>) : (tensor<?x48xf16>) -> tensor<?x24xf16>
  %v = edgellm.linear %n weight(#edgellm.external<"f", "v"> : tensor<24x48xf16>) : (tensor<?x48xf16>) -> tensor<?x24xf16>
  // CHECK: accel.attention_scores %[[Q]]
  %a = edgellm.attention %q, %k, %v keys(%kc) values(%vc) scale(0.25)
    : (tensor<?x48xf16>, tensor<?x24xf16>, tensor<?x24xf16>, !edgellm.kv_cache<1 x 64 x 24>, !edgellm.kv_cache<1 x 64 x 24>) -> tensor<?x48xf16>
  %u = edgellm.linear %a weight(#edgellm.external<"f", "up"> : tensor<96x48xf16>) : (tensor<?x48xf16>) -> tensor<?x96xf16>
  // CHECK: accel.activation gelu %{{.*}} into %[[G:.*]] : <1 x 96,
  %g = edgellm.gelu %u : tensor<?x96xf16>
  // CHECK: accel.vmm %[[G]] weight(@down)
  %d = edgellm.linear %g weight(#edgellm.external<"f", "down"> : tensor<48x96xf16>) : (tensor<?x96xf16>) -> tensor<?x48xf16>
  // CHECK: accel.rms_norm {{.*}} weight(@heads) {{.*}} : <4 x 12, <tokens>, ddr> -> <4 x 12, <tokens>, ddr>
  %h = edgellm.rms_norm %d head_size(12) weight(#edgellm.external<"f", "heads"> : tensor<12xf16>) epsilon(1.0e-05) : tensor<?x48xf16>
  %y = edgellm.linear %h weight(#edgellm.external<"f", "out"> : tensor<48x48xf16>) : (tensor<?x48xf16>) -> tensor<?x48xf16>
  return %y : tensor<?x48xf16>
}
