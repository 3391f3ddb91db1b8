// The pass decides which matrices keep 4, 2 or 1 of 8 inputs, and with literal
// weights it shows what they become.
// RUN: edgellm-opt %s -split-input-file --edgellm-sparsify="density=2/8 quantize=rtn" | FileCheck %s
// RUN: edgellm-opt %s -split-input-file --edgellm-sparsify="density=2/8 prune=wanda quantize=gptq" | FileCheck %s --check-prefix=CALIBRATED
// RUN: edgellm-opt %s -split-input-file --edgellm-sparsify="density=8/8" | FileCheck %s --check-prefix=DENSE
// Decisions are remarks.
// RUN: edgellm-opt %s -split-input-file --edgellm-sparsify="density=2/8" --edgellm-quantize --remarks-filter-passed="edgellm-.*" --remark-format=emitRemark -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: not edgellm-opt %s -split-input-file --edgellm-sparsify="density=3/8" 2>&1 | FileCheck %s --check-prefix=BAD-DENSITY
// RUN: not edgellm-opt %s -split-input-file --edgellm-sparsify="prune=obd" 2>&1 | FileCheck %s --check-prefix=BAD-METHOD
// RUN: not edgellm-opt %s -split-input-file --edgellm-sparsify="density=2/8 strategy=strategy-1" 2>&1 | FileCheck %s --check-prefix=BOTH
// RUN: not edgellm-opt %s -split-input-file --edgellm-sparsify="strategy=strategy-9" 2>&1 | FileCheck %s --check-prefix=UNKNOWN

// BAD-DENSITY: error: edgellm-sparsify: density: found '3/8', expected one of 8/8, 4/8, 2/8, 1/8
// BAD-METHOD: error: edgellm-sparsify: prune: found 'obd', expected one of magnitude, wanda, sparsegpt
// BOTH: error: edgellm-sparsify: density 2/8 and strategy 'strategy-1': expected one of them
// UNKNOWN: error: edgellm-sparsify: unknown strategy 'strategy-9'; known are dense, strategy-1, strategy-2, strategy-3, or the path of a .json file

// DENSE-NOT: block_sparse

func.func @model(%x: tensor<?x8xf16>) -> tensor<?x4xf16> {
  // The two greatest of eight stay, of equal ones the first. The scale is that
  // of the greatest, 14 / 7 = 2: 14 = 7 * 2 and -5 becomes -2 * 2 (2.5 to even).
  // CHECK: edgellm.linear {{.*}} weight(dense<{{\[\[}}0.000000e+00, 1.400000e+01, 0.000000e+00, -4.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00]]> : tensor<1x8xf16, #edgellm.block_sparse<2 of 8, magnitude, #edgellm.block_quant<i4, 128, f16, round_to_nearest>>>)
  // Methods that need a calibration text wait for it.
  // CALIBRATED: edgellm.linear {{.*}} weight(dense<{{\[\[}}1.000000e+00, 1.400000e+01, 2.000000e+00, -5.000000e+00, 5.000000e+00, -3.000000e+00, 0.000000e+00, 1.000000e+00]]> : tensor<1x8xf16, #edgellm.block_sparse<2 of 8, wanda, #edgellm.block_quant<i4, 128, f16, gptq>>>)
  // REMARK: remark: [Passed] sparsified | Category:edgellm-sparsify | Remark="keeps 2/8 of the inputs by magnitude"
  %y = edgellm.linear %x weight(dense<[[1.0, 14.0, 2.0, -5.0, 5.0, -3.0, 0.0, 1.0]]> : tensor<1x8xf16>) : (tensor<?x8xf16>) -> tensor<?x1xf16>
  // What has an encoding keeps it.
  // CHECK: edgellm.linear {{.*}} "kept"> : tensor<4x1xf16, #edgellm.block_quant<i4, 128, f16, scale_search>>)
  %k = edgellm.linear %y weight(#edgellm.external<"f", "kept"> : tensor<4x1xf16, #edgellm.block_quant<i4, 128, f16, scale_search>>) : (tensor<?x1xf16>) -> tensor<?x4xf16>
  // The output layer stays dense; edgellm-quantize decides about it.
  // CHECK: edgellm.linear {{.*}} "head"> : tensor<4x4xf16>)
  // REMARK: remark: [Passed] quantized | Category:edgellm-quantize | Remark="INT4 by search"
  %l = edgellm.linear %k weight(#edgellm.external<"f", "head"> : tensor<4x4xf16>) : (tensor<?x4xf16>) -> tensor<?x4xf16>
  return %l : tensor<?x4xf16>
}
