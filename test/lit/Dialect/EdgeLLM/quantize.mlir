// The pass decides the encoding of matrices; vectors, embeddings and weights
// that already have one stay as they are.
// RUN: edgellm-opt %s --edgellm-quantize=weights=int4 | FileCheck %s --check-prefixes=CHECK,INT4
// RUN: edgellm-opt %s --edgellm-quantize="weights=int4 method=round_to_nearest" | FileCheck %s --check-prefixes=CHECK,RTN
// RUN: edgellm-opt %s --edgellm-quantize=weights=fp16 | FileCheck %s --check-prefixes=CHECK,FP16
// RUN: not edgellm-opt %s --edgellm-quantize=weights=int3 2>&1 | FileCheck %s --check-prefix=BAD-WEIGHTS
// RUN: not edgellm-opt %s --edgellm-quantize=method=magic 2>&1 | FileCheck %s --check-prefix=BAD-METHOD

// BAD-WEIGHTS: error: edgellm-quantize: weights 'int3', allowed are int4 and fp16
// BAD-METHOD: error: edgellm-quantize: method 'magic', allowed are round_to_nearest and scale_search

func.func @model(%ids: tensor<?xi32>) {
  // CHECK: edgellm.embedding {{.*}} : tensor<32x8xf16>)
  %x = edgellm.embedding %ids table(dense<0.5> : tensor<32x8xf16>) : tensor<?xi32> -> tensor<?x8xf16>
  // CHECK: edgellm.rms_norm {{.*}} : tensor<8xf16>)
  %n = edgellm.rms_norm %x weight(dense<1.0> : tensor<8xf16>) epsilon(1.0e-05) : tensor<?x8xf16>
  // INT4: edgellm.linear {{.*}} : tensor<4x8xf16, #edgellm.block_quant<i4, 128, f16, scale_search>>)
  // RTN: edgellm.linear {{.*}} : tensor<4x8xf16, #edgellm.block_quant<i4, 128, f16, round_to_nearest>>)
  // FP16: edgellm.linear {{.*}} : tensor<4x8xf16>)
  %y = edgellm.linear %n weight(#edgellm.external<"f", "w"> : tensor<4x8xf16>) : (tensor<?x8xf16>) -> tensor<?x4xf16>
  // A literal weight takes an encoding like any other.
  // INT4: edgellm.linear {{.*}} weight(dense<2.500000e-01> : tensor<4x4xf16, #edgellm.block_quant<i4, 128, f16, scale_search>>)
  %z = edgellm.linear %y weight(dense<0.25> : tensor<4x4xf16>) : (tensor<?x4xf16>) -> tensor<?x4xf16>
  // CHECK: edgellm.linear {{.*}} "kept"> : tensor<4x4xf16, #edgellm.block_quant<i4, 128, f16, round_to_nearest>>)
  %k = edgellm.linear %z weight(#edgellm.external<"f", "kept"> : tensor<4x4xf16, #edgellm.block_quant<i4, 128, f16, round_to_nearest>>) : (tensor<?x4xf16>) -> tensor<?x4xf16>
  return
}
