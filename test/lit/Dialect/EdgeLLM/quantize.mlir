// The pass decides the encoding of matrices; vectors, embeddings and weights
// that already have one stay as they are.
// RUN: edgellm-opt %s --edgellm-quantize=weights=int4 | FileCheck %s --check-prefixes=CHECK,INT4
// RUN: edgellm-opt %s --edgellm-quantize="weights=int4 quantize=rtn" | FileCheck %s --check-prefixes=CHECK,RTN
// RUN: edgellm-opt %s --edgellm-quantize=weights=fp16 | FileCheck %s --check-prefixes=CHECK,FP16
// RUN: not edgellm-opt %s --edgellm-quantize=weights=int3 2>&1 | FileCheck %s --check-prefix=BAD-WEIGHTS
// RUN: not edgellm-opt %s --edgellm-quantize=quantize=magic 2>&1 | FileCheck %s --check-prefix=BAD-METHOD

// BAD-WEIGHTS: error: edgellm-quantize: weights: found 'int3', expected int4 or fp16
// BAD-METHOD: error: edgellm-quantize: quantize: found 'magic', expected one of rtn, search, gptq

func.func @model(%ids: tensor<?xi32>) {
  // CHECK: edgellm.embedding {{.*}} : tensor<32x8xf16>)
  %x = edgellm.embedding %ids table(dense<0.5> : tensor<32x8xf16>) : tensor<?xi32> -> tensor<?x8xf16>
  // CHECK: edgellm.rms_norm {{.*}} : tensor<8xf16>)
  %n = edgellm.rms_norm %x weight(dense<1.0> : tensor<8xf16>) epsilon(1.0e-05) : tensor<?x8xf16>
  // INT4: edgellm.linear {{.*}} : tensor<4x8xf16, #edgellm.block_quant<i4, 128, f16, scale_search>>)
  // RTN: edgellm.linear {{.*}} : tensor<4x8xf16, #edgellm.block_quant<i4, 128, f16, round_to_nearest>>)
  // FP16: edgellm.linear {{.*}} : tensor<4x8xf16>)
  %y = edgellm.linear %n weight(#edgellm.external<"f", "w"> : tensor<4x8xf16>) : (tensor<?x8xf16>) -> tensor<?x4xf16>
  // A literal weight takes the values that the machine will read. Its scale is
  // 7/7 = 1, its integers the nearest.
  // RTN: edgellm.linear {{.*}} weight(dense<{{\[\[}}7.000000e+00, -4.000000e+00, 2.000000e+00, 0.000000e+00]]> : tensor<1x4xf16, #edgellm.block_quant<i4, 128, f16, round_to_nearest>>)
  %z = edgellm.linear %y weight(dense<[[7.0, -3.75, 2.25, 0.5]]> : tensor<1x4xf16>) : (tensor<?x4xf16>) -> tensor<?x1xf16>
  // CHECK: edgellm.linear {{.*}} "kept"> : tensor<4x4xf16, #edgellm.block_quant<i4, 128, f16, round_to_nearest>>)
  %k = edgellm.linear %y weight(#edgellm.external<"f", "kept"> : tensor<4x4xf16, #edgellm.block_quant<i4, 128, f16, round_to_nearest>>) : (tensor<?x4xf16>) -> tensor<?x4xf16>
  return
}
