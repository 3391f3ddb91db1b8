// The encoding of a weight decides the format of its stream, from the operator
// to the instruction.
// RUN: edgellm-opt %s --edgellm-to-accel=target=tiny | FileCheck %s --check-prefix=ACCEL
// RUN: edgellm-opt %s --pass-pipeline="builtin.module(edgellm-to-accel{target=tiny},accel.program(accel-schedule,accel-plan-memory,accel-synchronize),accel-to-isa)" | FileCheck %s --check-prefix=ISA

#quant = #edgellm.block_quant<i4, 128, f16, scale_search>

// ACCEL-DAG: accel.weight @half source({{.*}}) format(int4_4of8)
// ACCEL-DAG: accel.weight @quarter source({{.*}}) format(int4_2of8)
// At 1 of 8 addresses are 3 bits, unless padding is asked for.
// ACCEL-DAG: accel.weight @eighth source({{.*}}) format(int4_1of8) rows
// ACCEL-DAG: accel.weight @padded source({{.*}}) format(int4_1of8_padded)
// ACCEL-DAG: accel.weight @dense source({{.*}}) format(int4) rows
// ACCEL-DAG: accel.weight @exact source({{.*}}) format(fp16)

// With 2048 inputs and 32 outputs, 4 of them in each of 8 ports, a matrix takes
// 4 packages a port: 4 x 800 bytes are 50 packets, then 30, 16, 18, 66, and 256.
// ISA: isa.vmm weight_format = int4_4of8, {{.*}} weights = 0,
// ISA: isa.vmm weight_format = int4_2of8, {{.*}} weights = 50,
// ISA: isa.vmm weight_format = int4_1of8, {{.*}} weights = 80,
// ISA: isa.vmm weight_format = int4_1of8_padded, {{.*}} weights = 96,
// ISA: isa.vmm weight_format = int4, {{.*}} weights = 114,
// ISA: isa.vmm weight_format = fp16, {{.*}} weights = 180,
func.func @generate(%ids: tensor<?xi32>, %kc: !edgellm.kv_cache<1 x 4 x 32>) -> tensor<?x32xf16> attributes {edgellm.max_tokens = 4 : i64} {
  %x = edgellm.embedding %ids table(#edgellm.external<"f", "e"> : tensor<96x2048xf16>) : tensor<?xi32> -> tensor<?x2048xf16>
  %a = edgellm.linear %x weight(#edgellm.external<"f", "half"> : tensor<32x2048xf16, #edgellm.block_sparse<4 of 8, magnitude, #quant>>) : (tensor<?x2048xf16>) -> tensor<?x32xf16>
  %b = edgellm.linear %x weight(#edgellm.external<"f", "quarter"> : tensor<32x2048xf16, #edgellm.block_sparse<2 of 8, magnitude, #quant>>) multiply(%a) : (tensor<?x2048xf16>, tensor<?x32xf16>) -> tensor<?x32xf16>
  %c = edgellm.linear %x weight(#edgellm.external<"f", "eighth"> : tensor<32x2048xf16, #edgellm.block_sparse<1 of 8, magnitude, #quant>>) multiply(%b) : (tensor<?x2048xf16>, tensor<?x32xf16>) -> tensor<?x32xf16>
  %d = edgellm.linear %x weight(#edgellm.external<"f", "padded"> : tensor<32x2048xf16, #edgellm.block_sparse<1 of 8, magnitude, #quant, padded>>) multiply(%c) : (tensor<?x2048xf16>, tensor<?x32xf16>) -> tensor<?x32xf16>
  %e = edgellm.linear %x weight(#edgellm.external<"f", "dense"> : tensor<32x2048xf16, #quant>) multiply(%d) : (tensor<?x2048xf16>, tensor<?x32xf16>) -> tensor<?x32xf16>
  %f = edgellm.linear %x weight(#edgellm.external<"f", "exact"> : tensor<32x2048xf16>) multiply(%e) : (tensor<?x2048xf16>, tensor<?x32xf16>) -> tensor<?x32xf16>
  return %f : tensor<?x32xf16>
}
