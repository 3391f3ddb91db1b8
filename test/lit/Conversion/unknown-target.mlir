// An unknown machine is refused with the names of the known ones.
// RUN: not edgellm-opt %s --edgellm-to-accel=target=vcu999 2>&1 | FileCheck %s
// CHECK: error: {{.*}}vcu999{{.*}}vcu128
func.func @f(%ids: tensor<?xi32>, %kc: !edgellm.kv_cache<1 x 64 x 24>) attributes {edgellm.max_tokens = 64 : i64} {
  %x = edgellm.embedding %ids table(dense<0.0> : tensor<96x48xf16>) : tensor<?xi32> -> tensor<?x48xf16>
  return
}
