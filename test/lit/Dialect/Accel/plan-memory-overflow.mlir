// What does not fit is an error with the memory map and the largest items.
// RUN: edgellm-opt %s -split-input-file --pass-pipeline='builtin.module(accel.program(accel-plan-memory))' -verify-diagnostics

// expected-error @+3 {{does not fit target small: needs 2048 bytes of the 640 in an HBM port and 1048704 of the 67108864 in DDR}}
// expected-note @+2 {{each HBM port: 2048 bytes in 2 items, the largest; big 1536 bytes; keys 512 bytes}}
// expected-note @+1 {{ddr: 128 bytes in 2 items, the largest; activations 64 bytes; status 64 bytes}}
accel.program target = <name = "small", ports = 8, portPackets = 10, ddrPackets = 1048576, chipPackets = 2048, maxContext = 512, maxHeadSize = 128>, context = 64, hidden = 32, vocabulary = 96 {
  accel.weight @big source(#edgellm.external<"f", "big"> : tensor<96x64xf16>) format(fp16) rows(<1 x 96, pairs 0>) columns(<1 x 64, pairs 0>)
  accel.cache @keys : !accel.buffer<1 x 24, <64>, hbm>
  accel.entry "e" max_tokens = 1 {
    %x = accel.alloc input : !accel.buffer<1 x 32, <tokens>, ddr>
  }
}

// -----

// Without DDR, program and activations come out of a port.
// expected-error @+3 {{needs 1048704 bytes of the 640 in an HBM port and 0 of the 0 in DDR}}
// expected-note @+2 {{each HBM port: 0 bytes in 0 items}}
// expected-note @+1 {{ddr: 128 bytes}}
accel.program target = <name = "shared", ports = 8, portPackets = 10, ddrPackets = 0, chipPackets = 2048, maxContext = 512, maxHeadSize = 128>, context = 64, hidden = 32, vocabulary = 96 {
  accel.entry "e" max_tokens = 1 {
    %x = accel.alloc input : !accel.buffer<1 x 32, <tokens>, ddr>
  }
}

// -----

accel.program target = <name = "small", ports = 8, portPackets = 10, ddrPackets = 1048576, chipPackets = 2048, maxContext = 512, maxHeadSize = 128>, context = 64, hidden = 32, vocabulary = 96 {
  accel.entry "e" max_tokens = 64 {
    // expected-error @+1 {{has -36 rows in a pass of 64 tokens, allowed are 1 to 4294967296}}
    %x = accel.alloc input : !accel.buffer<1 x 32, <tokens - 100>, ddr>
  }
}
