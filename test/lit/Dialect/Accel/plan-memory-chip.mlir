// Activations on chip, at the longest pass of each entry point.
// RUN: edgellm-opt %s -split-input-file --pass-pipeline='builtin.module(accel.program(accel-plan-memory))' -verify-diagnostics | FileCheck %s

// The decision as remarks.
// RUN: not edgellm-opt %s -split-input-file --pass-pipeline='builtin.module(accel.program(accel-plan-memory))' --remarks-filter-analyse=accel-plan-memory --remark-format=emitRemark 2>&1 | FileCheck %s --check-prefix=REMARK
// REMARK: remark: [Analysis] placement{{.*}}short: 3 of 5 activation buffers on chip, 96 of 256 packets; packets 3 to {{[0-9]+}} of ddr for the others
// REMARK: long: 1 of 5 activation buffers on chip, 256 of 256 packets

// 256 packets of activation buffer.
// CHECK: accel.program {{.*}} ddr_packets = {{[0-9]+}}, hbm_packets = {{[0-9]+}}, chip_packets = 256, sequence_packets = {{[0-9]+}}, sequences = 1 {
accel.program target = <name = "tiny", ports = 8, portPackets = 65536, ddrPackets = 262144, chipPackets = 256, maxContext = 512, maxHeadSize = 128>,
    context = 64, hidden = 64, vocabulary = 64 {
  accel.weight @w source(#edgellm.external<"f", "w"> : tensor<64x64xf16>) format(fp16) rows(<1 x 64, pairs 0>) columns(<1 x 64, pairs 0>)
  accel.constant @norm source(dense<1.0> : tensor<64xf16>) channels(<1 x 64, pairs 0>)
  // 16 tokens x 2 blocks: all fit. The host's input and logits stay in DDR.
  // CHECK: accel.entry "short"
  accel.entry "short" max_tokens = 16 {
    // CHECK: accel.alloc input at {{[0-9]+}} : <1 x 64, <tokens>, ddr>
    %x = accel.alloc input : !accel.buffer<1 x 64, <tokens>, ddr>
    // CHECK: accel.alloc at 0 : <1 x 64, <tokens>, chip>
    %n = accel.alloc : !accel.buffer<1 x 64, <tokens>, ddr>
    accel.rms_norm %x weight(@norm) epsilon(1.0e-05) into %n : !accel.buffer<1 x 64, <tokens>, ddr> -> !accel.buffer<1 x 64, <tokens>, ddr>
    // CHECK: accel.alloc at 32 : <1 x 64, <tokens>, chip>
    %a = accel.alloc : !accel.buffer<1 x 64, <tokens>, ddr>
    // CHECK: accel.vmm {{.*}} : <1 x 64, <tokens>, chip> -> <1 x 64, <tokens>, chip>
    accel.vmm %n weight(@w) epilogue(none) into %a : !accel.buffer<1 x 64, <tokens>, ddr> -> !accel.buffer<1 x 64, <tokens>, ddr>
    // %n is dead, but the next buffer goes on behind: it need not wait for %n.
    // CHECK: accel.alloc at 64 : <1 x 64, <tokens>, chip>
    %b = accel.alloc : !accel.buffer<1 x 64, <tokens>, ddr>
    accel.activation silu %a into %b : !accel.buffer<1 x 64, <tokens>, ddr> -> !accel.buffer<1 x 64, <tokens>, ddr>
    // A row range follows its buffer.
    // CHECK: accel.rows {{.*}} : <1 x 64, <tokens>, chip> -> <1 x 64, <1>, chip>
    %last = accel.rows %b from <tokens - 1> : !accel.buffer<1 x 64, <tokens>, ddr> -> !accel.buffer<1 x 64, <1>, ddr>
    // CHECK: accel.alloc at {{[0-9]+}} : <1 x 64, <1>, ddr>
    %l = accel.alloc : !accel.buffer<1 x 64, <1>, ddr>
    accel.vmm %last weight(@w) epilogue(none) into %l : !accel.buffer<1 x 64, <1>, ddr> -> !accel.buffer<1 x 64, <1>, ddr>
    accel.return %l : !accel.buffer<1 x 64, <1>, ddr>
  }
  // 48 tokens x 2 blocks = 96 packets, of which three do not fit: one finds
  // room in the half for buffers, the others go to DDR and come back in slices
  // of 32 rows.
  // CHECK: accel.entry "long"
  accel.entry "long" max_tokens = 48 {
    %x = accel.alloc input : !accel.buffer<1 x 64, <tokens>, ddr>
    // CHECK: accel.alloc at 0 : <1 x 64, <tokens>, chip>
    %n = accel.alloc : !accel.buffer<1 x 64, <tokens>, ddr>
    accel.rms_norm %x weight(@norm) epsilon(1.0e-05) into %n : !accel.buffer<1 x 64, <tokens>, ddr> -> !accel.buffer<1 x 64, <tokens>, ddr>
    // CHECK: accel.alloc at {{[0-9]+}} : <1 x 64, <tokens>, ddr>
    %a = accel.alloc : !accel.buffer<1 x 64, <tokens>, ddr>
    accel.vmm %n weight(@w) epilogue(none) into %a : !accel.buffer<1 x 64, <tokens>, ddr> -> !accel.buffer<1 x 64, <tokens>, ddr>
    // CHECK: accel.alloc at {{[0-9]+}} : <1 x 64, <tokens>, ddr>
    %b = accel.alloc : !accel.buffer<1 x 64, <tokens>, ddr>
    // CHECK: accel.vmm {{.*}} epilogue(add, %{{[0-9]+}} : !accel.buffer<1 x 64, <tokens>, chip>) into {{.*}} slice <rows = 32, at = 128>
    accel.vmm %a weight(@w) epilogue(add, %n : !accel.buffer<1 x 64, <tokens>, ddr>) into %b : !accel.buffer<1 x 64, <tokens>, ddr> -> !accel.buffer<1 x 64, <tokens>, ddr>
    %l = accel.alloc : !accel.buffer<1 x 64, <tokens>, ddr>
    // CHECK: accel.vmm {{.*}} slice <rows = 32, at = 128>
    accel.vmm %b weight(@w) epilogue(none) into %l : !accel.buffer<1 x 64, <tokens>, ddr> -> !accel.buffer<1 x 64, <tokens>, ddr>
    accel.return %l : !accel.buffer<1 x 64, <tokens>, ddr>
  }
}

// -----

accel.program target = <name = "tiny", ports = 8, portPackets = 65536, ddrPackets = 262144, chipPackets = 6, maxContext = 512, maxHeadSize = 128>,
    context = 64, hidden = 64, vocabulary = 64 {
  accel.weight @w source(#edgellm.external<"f", "w"> : tensor<64x64xf16>) format(fp16) rows(<1 x 64, pairs 0>) columns(<1 x 64, pairs 0>)
  accel.entry "e" max_tokens = 48 {
    %x = accel.alloc input : !accel.buffer<1 x 64, <tokens>, ddr>
    %l = accel.alloc : !accel.buffer<1 x 64, <tokens>, ddr>
    // expected-error @+1 {{takes rows of 2 packets from ddr, two of which do not fit into the 3 packets that the activation buffer has for them}}
    accel.vmm %x weight(@w) epilogue(none) into %l : !accel.buffer<1 x 64, <tokens>, ddr> -> !accel.buffer<1 x 64, <tokens>, ddr>
    accel.return %l : !accel.buffer<1 x 64, <tokens>, ddr>
  }
}
