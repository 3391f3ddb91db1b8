// Every op of the accel dialect, printed and parsed again.
// RUN: edgellm-opt %s | edgellm-opt | FileCheck %s

// CHECK: accel.program target = <name = "tiny", ports = 8, portPackets = 65536, ddrPackets = 262144, chipPackets = 2048, maxContext = 512, maxHeadSize = 128>, context = 64, hidden = 48, vocabulary = 96 {
accel.program target = <name = "tiny", ports = 8, portPackets = 65536, ddrPackets = 262144, chipPackets = 2048, maxContext = 512, maxHeadSize = 128>,
    context = 64, hidden = 48, vocabulary = 96 {
  // Heads of 24 channels are padded on their own; halves become neighbours.
  // CHECK: accel.weight @q source(#edgellm.external<"f", "q"> : tensor<48x48xf16>) format(fp16) rows(<2 x 24, pairs 24>) columns(<1 x 48, pairs 0>)
  accel.weight @q source(#edgellm.external<"f", "q"> : tensor<48x48xf16>) format(fp16) rows(<2 x 24, pairs 24>) columns(<1 x 48, pairs 0>)
  // CHECK: accel.weight @o {{.*}} format(int4) rows(<1 x 48, pairs 0>) columns(<2 x 24, pairs 0>) at 12
  accel.weight @o source(#edgellm.external<"f", "o"> : tensor<48x48xf16>) format(int4) rows(<1 x 48, pairs 0>) columns(<2 x 24, pairs 0>) at 12
  // CHECK: accel.constant @norm source(dense<1.000000e+00> : tensor<48xf16>) channels(<1 x 48, pairs 0>)
  accel.constant @norm source(dense<1.0> : tensor<48xf16>) channels(<1 x 48, pairs 0>)
  // CHECK: accel.constant @bias
  accel.constant @bias source(dense<1.0> : tensor<48xf16>) channels(<2 x 24, pairs 24>)
  accel.constant @head_norm source(dense<1.0> : tensor<24xf16>) channels(<1 x 24, pairs 24>)
  // CHECK: accel.rope_table @rope theta(1.000000e+04) rotary(24) head_size(24) positions(64)
  accel.rope_table @rope theta(1.0e+04) rotary(24) head_size(24) positions(64)
  // CHECK: accel.rope_table @scaled theta(1.000000e+04) rotary(24) head_size(24) positions(64) scaling(<linear, factor = 2.000000e+00>) at 7
  accel.rope_table @scaled theta(1.0e+04) rotary(24) head_size(24) positions(64) scaling(<linear, factor = 2.0>) at 7
  // CHECK: accel.cache @keys : !accel.buffer<1 x 24, <64>, hbm>
  accel.cache @keys : !accel.buffer<1 x 24, <64>, hbm>
  // CHECK: accel.entry "generate" max_tokens = 64 {
  accel.entry "generate" max_tokens = 64 {
    // CHECK: accel.cached @keys : <1 x 24, <64>, hbm>
    %keys = accel.cached @keys : !accel.buffer<1 x 24, <64>, hbm>
    // CHECK: accel.alloc input : <1 x 48, <tokens>, ddr>
    %x = accel.alloc input : !accel.buffer<1 x 48, <tokens>, ddr>
    // CHECK: accel.alloc at 99 : <1 x 48, <tokens>, ddr>
    %n = accel.alloc at 99 : !accel.buffer<1 x 48, <tokens>, ddr>
    // CHECK: accel.rms_norm %{{.*}} weight(@norm) epsilon(9.99999974E-6) into %{{.*}} :
    accel.rms_norm %x weight(@norm) epsilon(1.0e-05) into %n : !accel.buffer<1 x 48, <tokens>, ddr> -> !accel.buffer<1 x 48, <tokens>, ddr>
    // CHECK: accel.layer_norm %{{.*}} weight(@norm) bias(@norm) epsilon(9.99999974E-6) into %{{.*}} :
    accel.layer_norm %x weight(@norm) bias(@norm) epsilon(1.0e-05) into %n : !accel.buffer<1 x 48, <tokens>, ddr> -> !accel.buffer<1 x 48, <tokens>, ddr>
    %q = accel.alloc : !accel.buffer<2 x 24, <tokens>, ddr>
    // CHECK: accel.vmm %{{.*}} weight(@q) bias(@bias) epilogue(none) into
    accel.vmm %n weight(@q) bias(@bias) epilogue(none) into %q : !accel.buffer<1 x 48, <tokens>, ddr> -> !accel.buffer<2 x 24, <tokens>, ddr>
    // Two heads, each normalised on its own with one weight.
    // CHECK: accel.rms_norm %{{.*}} weight(@head_norm) epsilon(9.99999974E-6) into %{{.*}} : <2 x 24, <tokens>, ddr> -> <2 x 24, <tokens>, ddr>
    accel.rms_norm %q weight(@head_norm) epsilon(1.0e-05) into %q : !accel.buffer<2 x 24, <tokens>, ddr> -> !accel.buffer<2 x 24, <tokens>, ddr>
    // A range of rows is an address: the new rows of the cache, the last token.
    // CHECK: accel.rows %{{.*}} from <past> : <1 x 24, <64>, hbm> -> <1 x 24, <tokens>, hbm>
    %new = accel.rows %keys from <past> : !accel.buffer<1 x 24, <64>, hbm> -> !accel.buffer<1 x 24, <tokens>, hbm>
    %k = accel.alloc : !accel.buffer<1 x 24, <tokens>, ddr>
    // CHECK: accel.rope %{{.*}} table(@rope) into
    accel.rope %k table(@rope) into %new : !accel.buffer<1 x 24, <tokens>, ddr> -> !accel.buffer<1 x 24, <tokens>, hbm>
    %s = accel.alloc : !accel.buffer<2 x 64, <tokens>, ddr>
    // CHECK: accel.attention_scores %{{.*}} keys(%{{.*}}) scale(2.500000e-01) into
    accel.attention_scores %q keys(%keys) scale(0.25) into %s : !accel.buffer<2 x 24, <tokens>, ddr>, !accel.buffer<1 x 24, <64>, hbm> -> !accel.buffer<2 x 64, <tokens>, ddr>
    // CHECK: accel.softmax
    accel.softmax %s into %s : !accel.buffer<2 x 64, <tokens>, ddr> -> !accel.buffer<2 x 64, <tokens>, ddr>
    // CHECK: accel.attention_values %{{.*}} values(%{{.*}}) into
    accel.attention_values %s values(%keys) into %q : !accel.buffer<2 x 64, <tokens>, ddr>, !accel.buffer<1 x 24, <64>, hbm> -> !accel.buffer<2 x 24, <tokens>, ddr>
    // CHECK: accel.vmm %{{.*}} weight(@o) epilogue(add, %{{.*}} : !accel.buffer<1 x 48, <tokens>, ddr>) argmax into
    accel.vmm %q weight(@o) epilogue(add, %x : !accel.buffer<1 x 48, <tokens>, ddr>) argmax into %n : !accel.buffer<2 x 24, <tokens>, ddr> -> !accel.buffer<1 x 48, <tokens>, ddr>
    // CHECK: accel.activation silu
    accel.activation silu %n into %n : !accel.buffer<1 x 48, <tokens>, ddr> -> !accel.buffer<1 x 48, <tokens>, ddr>
    // CHECK: accel.activation gelu
    accel.activation gelu %n into %n : !accel.buffer<1 x 48, <tokens>, ddr> -> !accel.buffer<1 x 48, <tokens>, ddr>
    // The cache takes what a norm of heads makes.
    // CHECK: accel.rms_norm {{.*}} -> <1 x 24, <tokens>, hbm>
    accel.rms_norm %k weight(@head_norm) epsilon(1.0e-05) into %new : !accel.buffer<1 x 24, <tokens>, ddr> -> !accel.buffer<1 x 24, <tokens>, hbm>
    // CHECK: accel.rows %{{.*}} from <tokens - 1>
    %last = accel.rows %n from <tokens - 1> : !accel.buffer<1 x 48, <tokens>, ddr> -> !accel.buffer<1 x 48, <1>, ddr>
    // CHECK: accel.return %{{.*}} : !accel.buffer<1 x 48, <tokens>, ddr>
    accel.return %n : !accel.buffer<1 x 48, <tokens>, ddr>
  }
}
