// The order of steps: what is nearest to a write of the cache comes first, so
// that attention finds it there; names for memory move along.
// RUN: edgellm-opt %s --pass-pipeline='builtin.module(accel.program(accel-schedule))' | FileCheck %s

accel.program target = <name = "tiny", ports = 8, portPackets = 65536, ddrPackets = 262144, chipPackets = 2048, maxContext = 512, maxHeadSize = 128>,
    context = 64, hidden = 64, vocabulary = 64 {
  accel.weight @q source(#edgellm.external<"f", "q"> : tensor<64x64xf16>) format(fp16) rows(<2 x 32, pairs 0>) columns(<1 x 64, pairs 0>)
  accel.weight @k source(#edgellm.external<"f", "k"> : tensor<32x64xf16>) format(fp16) rows(<1 x 32, pairs 0>) columns(<1 x 64, pairs 0>)
  accel.weight @v source(#edgellm.external<"f", "v"> : tensor<32x64xf16>) format(fp16) rows(<1 x 32, pairs 0>) columns(<1 x 64, pairs 0>)
  accel.rope_table @rope theta(1.0e+04) rotary(32) head_size(32) positions(64)
  accel.cache @keys : !accel.buffer<1 x 32, <64>, hbm>
  accel.cache @values : !accel.buffer<1 x 32, <64>, hbm>
  // CHECK: accel.entry "e"
  accel.entry "e" max_tokens = 64 {
    %keys = accel.cached @keys : !accel.buffer<1 x 32, <64>, hbm>
    %values = accel.cached @values : !accel.buffer<1 x 32, <64>, hbm>
    %x = accel.alloc input : !accel.buffer<1 x 64, <tokens>, ddr>
    %q = accel.alloc : !accel.buffer<2 x 32, <tokens>, ddr>
    accel.vmm %x weight(@q) epilogue(none) into %q : !accel.buffer<1 x 64, <tokens>, ddr> -> !accel.buffer<2 x 32, <tokens>, ddr>
    %rq = accel.alloc : !accel.buffer<2 x 32, <tokens>, ddr>
    accel.rope %q table(@rope) into %rq : !accel.buffer<2 x 32, <tokens>, ddr> -> !accel.buffer<2 x 32, <tokens>, ddr>
    %k = accel.alloc : !accel.buffer<1 x 32, <tokens>, ddr>
    accel.vmm %x weight(@k) epilogue(none) into %k : !accel.buffer<1 x 64, <tokens>, ddr> -> !accel.buffer<1 x 32, <tokens>, ddr>
    %newk = accel.rows %keys from <past> : !accel.buffer<1 x 32, <64>, hbm> -> !accel.buffer<1 x 32, <tokens>, hbm>
    accel.rope %k table(@rope) into %newk : !accel.buffer<1 x 32, <tokens>, ddr> -> !accel.buffer<1 x 32, <tokens>, hbm>
    %newv = accel.rows %values from <past> : !accel.buffer<1 x 32, <64>, hbm> -> !accel.buffer<1 x 32, <tokens>, hbm>
    accel.vmm %x weight(@v) epilogue(none) into %newv : !accel.buffer<1 x 64, <tokens>, ddr> -> !accel.buffer<1 x 32, <tokens>, hbm>
    // CHECK: accel.vmm {{.*}} weight(@v)
    // CHECK-NEXT: accel.alloc
    // CHECK-NEXT: accel.vmm {{.*}} weight(@k)
    // CHECK-NEXT: accel.cached @keys
    // CHECK-NEXT: accel.rows
    // CHECK-NEXT: accel.rope
    // CHECK-NEXT: accel.alloc
    // CHECK-NEXT: accel.vmm {{.*}} weight(@q)
    // CHECK-NEXT: accel.alloc
    // CHECK-NEXT: accel.rope
    // Keys are complete before they are read, whatever stands nearer.
    // CHECK-NEXT: accel.alloc
    // CHECK-NEXT: accel.attention_scores
    %s = accel.alloc : !accel.buffer<2 x 64, <tokens>, ddr>
    accel.attention_scores %rq keys(%keys) scale(0.25) into %s : !accel.buffer<2 x 32, <tokens>, ddr>, !accel.buffer<1 x 32, <64>, hbm> -> !accel.buffer<2 x 64, <tokens>, ddr>
    // CHECK-NEXT: accel.softmax
    accel.softmax %s into %s : !accel.buffer<2 x 64, <tokens>, ddr> -> !accel.buffer<2 x 64, <tokens>, ddr>
    // In place twice: the order of the writes stays.
    // CHECK-NEXT: accel.activation
    accel.activation silu %s into %s : !accel.buffer<2 x 64, <tokens>, ddr> -> !accel.buffer<2 x 64, <tokens>, ddr>
    // CHECK-NEXT: accel.return
    accel.return %s : !accel.buffer<2 x 64, <tokens>, ddr>
  }
}
