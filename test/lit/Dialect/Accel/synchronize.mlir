// The tokens that a plan needs, no more: what one orders another need not.
// RUN: edgellm-opt %s -split-input-file --pass-pipeline='builtin.module(accel.program(accel-synchronize))' | FileCheck %s
// RUN: edgellm-opt %s -split-input-file --pass-pipeline='builtin.module(accel.program(accel-synchronize{chains=false}))' | FileCheck %s --check-prefix=TOKENS

accel.program target = <name = "tiny", ports = 8, portPackets = 65536, ddrPackets = 262144, chipPackets = 2048, maxContext = 512, maxHeadSize = 128>,
    context = 64, hidden = 64, vocabulary = 64, ddr_packets = 10000, hbm_packets = 1000, chip_packets = 2048, sequence_packets = 0, sequences = 1 {
  accel.weight @w source(#edgellm.external<"f", "w"> : tensor<64x64xf16>) format(fp16) rows(<1 x 64, pairs 0>) columns(<1 x 64, pairs 0>) at 0
  accel.constant @norm source(dense<1.0> : tensor<64xf16>) channels(<1 x 64, pairs 0>) at 1
  // One token a pass, on chip: steps follow each other block by block.
  // CHECK: accel.entry "decode"
  // TOKENS: accel.entry "decode"
  accel.entry "decode" max_tokens = 1 {
    %x = accel.alloc input at 100 : !accel.buffer<1 x 64, <1>, ddr>
    %n = accel.alloc at 0 : !accel.buffer<1 x 64, <1>, chip>
    %a = accel.alloc at 2 : !accel.buffer<1 x 64, <1>, chip>
    %b = accel.alloc at 4 : !accel.buffer<1 x 64, <1>, chip>
    %s = accel.alloc at 6 : !accel.buffer<1 x 64, <1>, chip>
    %l = accel.alloc at 200 : !accel.buffer<1 x 64, <1>, ddr>
    // CHECK: accel.rms_norm {{.*}} tokens <lead = <matrix>> :
    // TOKENS: accel.rms_norm {{.*}} tokens <signal = <matrix>> :
    accel.rms_norm %x weight(@norm) epsilon(1.0e-05) into %n : !accel.buffer<1 x 64, <1>, ddr> -> !accel.buffer<1 x 64, <1>, chip>
    // CHECK: accel.vmm {{.*}} tokens <follow = <vector>, lead = <vector>> :
    // TOKENS: accel.vmm {{.*}} tokens <wait = <vector>, signal = <vector>> :
    accel.vmm %n weight(@w) epilogue(none) into %a : !accel.buffer<1 x 64, <1>, chip> -> !accel.buffer<1 x 64, <1>, chip>
    // CHECK: accel.activation {{.*}} tokens <follow = <matrix>, lead = <matrix>> :
    // TOKENS: accel.activation {{.*}} tokens <wait = <matrix>, signal = <matrix>> :
    accel.activation silu %a into %s : !accel.buffer<1 x 64, <1>, chip> -> !accel.buffer<1 x 64, <1>, chip>
    // The norm has ended before the product above could be issued: no token.
    // CHECK: accel.vmm {{.*}} tokens <follow = <vector>, signal = <matrix>> :
    // TOKENS: accel.vmm {{.*}} tokens <wait = <vector>, signal = <matrix>> :
    accel.vmm %n weight(@w) epilogue(multiply, %s : !accel.buffer<1 x 64, <1>, chip>) into %b : !accel.buffer<1 x 64, <1>, chip> -> !accel.buffer<1 x 64, <1>, chip>
    // A product that reads another's result waits for the end: one unit.
    // CHECK: accel.vmm {{.*}} tokens <wait = <matrix>> :
    // TOKENS: accel.vmm {{.*}} tokens <wait = <matrix>> :
    accel.vmm %b weight(@w) epilogue(none) into %l : !accel.buffer<1 x 64, <1>, chip> -> !accel.buffer<1 x 64, <1>, ddr>
    accel.return %l : !accel.buffer<1 x 64, <1>, ddr>
  }
  // More tokens a pass: whole results are waited for.
  // CHECK: accel.entry "prefill"
  accel.entry "prefill" max_tokens = 32 {
    %x = accel.alloc input at 100 : !accel.buffer<1 x 64, <tokens>, ddr>
    %n = accel.alloc at 0 : !accel.buffer<1 x 64, <tokens>, chip>
    %a = accel.alloc at 64 : !accel.buffer<1 x 64, <tokens>, chip>
    // The result takes the place of %n, which the product reads.
    %c = accel.alloc at 0 : !accel.buffer<1 x 64, <tokens>, chip>
    %l = accel.alloc at 200 : !accel.buffer<1 x 64, <tokens>, ddr>
    // CHECK: accel.rms_norm {{.*}} tokens <signal = <matrix>> :
    accel.rms_norm %x weight(@norm) epsilon(1.0e-05) into %n : !accel.buffer<1 x 64, <tokens>, ddr> -> !accel.buffer<1 x 64, <tokens>, chip>
    // CHECK: accel.vmm {{.*}} tokens <wait = <vector>, signal = <vector>> :
    accel.vmm %n weight(@w) epilogue(none) into %a : !accel.buffer<1 x 64, <tokens>, chip> -> !accel.buffer<1 x 64, <tokens>, chip>
    // CHECK: accel.rms_norm {{.*}} tokens <wait = <matrix>, signal = <matrix>> :
    accel.rms_norm %x weight(@norm) epsilon(1.0e-05) into %c : !accel.buffer<1 x 64, <tokens>, ddr> -> !accel.buffer<1 x 64, <tokens>, chip>
    // CHECK: accel.vmm {{.*}} tokens <wait = <vector>> :
    accel.vmm %c weight(@w) epilogue(add, %a : !accel.buffer<1 x 64, <tokens>, chip>) into %l : !accel.buffer<1 x 64, <tokens>, chip> -> !accel.buffer<1 x 64, <tokens>, ddr>
    accel.return %l : !accel.buffer<1 x 64, <tokens>, ddr>
  }
}

// -----

// The DMA streams the cache only when it has been written.
accel.program target = <name = "tiny", ports = 8, portPackets = 65536, ddrPackets = 262144, chipPackets = 2048, maxContext = 512, maxHeadSize = 128>,
    context = 64, hidden = 64, vocabulary = 64, ddr_packets = 10000, hbm_packets = 1000, chip_packets = 2048, sequence_packets = 0, sequences = 1 {
  accel.weight @v source(#edgellm.external<"f", "v"> : tensor<32x64xf16>) format(fp16) rows(<1 x 32, pairs 0>) columns(<1 x 64, pairs 0>) at 0
  accel.rope_table @rope theta(1.0e+04) rotary(32) head_size(32) positions(64) at 10
  accel.cache @keys : !accel.buffer<1 x 32, <64>, hbm> at 500
  accel.cache @values : !accel.buffer<1 x 32, <64>, hbm> at 508
  accel.entry "decode" max_tokens = 1 {
    %x = accel.alloc input at 200 : !accel.buffer<1 x 64, <1>, ddr>
    %k = accel.alloc at 0 : !accel.buffer<1 x 32, <1>, chip>
    %q = accel.alloc at 2 : !accel.buffer<2 x 32, <1>, chip>
    %s = accel.alloc at 8 : !accel.buffer<2 x 64, <1>, chip>
    %o = accel.alloc at 300 : !accel.buffer<2 x 32, <1>, ddr>
    %keys = accel.cached @keys : !accel.buffer<1 x 32, <64>, hbm>
    %values = accel.cached @values : !accel.buffer<1 x 32, <64>, hbm>
    %newk = accel.rows %keys from <past> : !accel.buffer<1 x 32, <64>, hbm> -> !accel.buffer<1 x 32, <1>, hbm>
    %newv = accel.rows %values from <past> : !accel.buffer<1 x 32, <64>, hbm> -> !accel.buffer<1 x 32, <1>, hbm>
    // CHECK: accel.vmm {{.*}} tokens <signal = <dma>> :
    accel.vmm %x weight(@v) epilogue(none) into %newv slice <rows = 1, at = 1024> : !accel.buffer<1 x 64, <1>, ddr> -> !accel.buffer<1 x 32, <1>, hbm>
    // CHECK: accel.rope {{.*}} tokens <signal = <dma>> :
    accel.rope %k table(@rope) into %newk : !accel.buffer<1 x 32, <1>, chip> -> !accel.buffer<1 x 32, <1>, hbm>
    // Keys and values do not meet at any request: the stream of the keys waits
    // for the keys alone.
    // CHECK: accel.attention_scores {{.*}} tokens <streamWait = <vector>, lead = <vector>> :
    accel.attention_scores %q keys(%keys) scale(0.25) into %s : !accel.buffer<2 x 32, <1>, chip>, !accel.buffer<1 x 32, <64>, hbm> -> !accel.buffer<2 x 64, <1>, chip>
    // CHECK: accel.softmax {{.*}} tokens <follow = <attention>, lead = <attention>> :
    accel.softmax %s into %s : !accel.buffer<2 x 64, <1>, chip> -> !accel.buffer<2 x 64, <1>, chip>
    // CHECK: accel.attention_values {{.*}} tokens <streamWait = <matrix>, follow = <vector>> :
    accel.attention_values %s values(%values) into %o : !accel.buffer<2 x 64, <1>, chip>, !accel.buffer<1 x 32, <64>, hbm> -> !accel.buffer<2 x 32, <1>, ddr>
    accel.return %o : !accel.buffer<2 x 32, <1>, ddr>
  }
}
