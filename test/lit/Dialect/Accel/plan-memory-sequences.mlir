// Each of three sequences has caches of its own. They lie behind each other in
// every port, as long as the first's; the program has the addresses of that.
// RUN: edgellm-opt %s -split-input-file --pass-pipeline='builtin.module(accel.program(accel-plan-memory{sequences=3}))' -verify-diagnostics | FileCheck %s
// RUN: not edgellm-opt %s -split-input-file --pass-pipeline='builtin.module(accel.program(accel-plan-memory{sequences=0}))' 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: not edgellm-opt %s -split-input-file --pass-pipeline='builtin.module(accel.program(accel-plan-memory{sequences=65536}))' 2>&1 | FileCheck %s --check-prefix=MANY

// NONE: error: sequences: found 0, allowed are 1 to 65535
// MANY: error: sequences: found 65536, allowed are 1 to 65535

// The weights take 24 packets of a port. A cache of 50 tokens takes whole groups
// of 32 of each channel block, so that every block begins at port 0 and every
// port has as much: 1 x 64 / 8 = 8 packets and 2 x 64 / 8 = 16.
// CHECK: accel.program {{.*}} hbm_packets = 96, {{.*}} sequence_packets = 24, sequences = 3 {
accel.program target = <name = "tiny", ports = 8, portPackets = 96, ddrPackets = 1048576, chipPackets = 2048, maxContext = 512, maxHeadSize = 128>, context = 64, hidden = 32, vocabulary = 96 {
  // CHECK: accel.weight @w {{.*}} at 0
  accel.weight @w source(#edgellm.external<"f", "w"> : tensor<96x64xf16>) format(fp16) rows(<1 x 96, pairs 0>) columns(<1 x 64, pairs 0>)
  // CHECK: accel.cache @keys {{.*}} at 24
  accel.cache @keys : !accel.buffer<1 x 24, <50>, hbm>
  // CHECK: accel.cache @values {{.*}} at 32
  accel.cache @values : !accel.buffer<2 x 24, <50>, hbm>
  accel.entry "e" max_tokens = 1 {
    %x = accel.alloc input : !accel.buffer<1 x 32, <tokens>, ddr>
  }
}

// -----

// One packet less, and the error says what the sequences take.
// expected-error @+3 {{does not fit target small: needs 6144 bytes of the 6080 in an HBM port}}
// expected-note @+2 {{each HBM port: 6144 bytes in 4 items, the largest; caches of the other sequences 3072 bytes; w 1536 bytes; values 1024 bytes; keys 512 bytes}}
// expected-note @+1 {{ddr: 128 bytes}}
accel.program target = <name = "small", ports = 8, portPackets = 95, ddrPackets = 1048576, chipPackets = 2048, maxContext = 512, maxHeadSize = 128>, context = 64, hidden = 32, vocabulary = 96 {
  accel.weight @w source(#edgellm.external<"f", "w"> : tensor<96x64xf16>) format(fp16) rows(<1 x 96, pairs 0>) columns(<1 x 64, pairs 0>)
  accel.cache @keys : !accel.buffer<1 x 24, <50>, hbm>
  accel.cache @values : !accel.buffer<2 x 24, <50>, hbm>
  accel.entry "e" max_tokens = 1 {
    %x = accel.alloc input : !accel.buffer<1 x 32, <tokens>, ddr>
  }
}
