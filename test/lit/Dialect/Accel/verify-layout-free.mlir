// A program passes when each of its steps computes something.
// RUN: edgellm-opt %s -split-input-file --pass-pipeline='builtin.module(accel.program(accel-verify-layout-free))' -verify-diagnostics

accel.program target = <name = "tiny", ports = 8, portPackets = 65536, ddrPackets = 262144, chipPackets = 2048, maxContext = 512, maxHeadSize = 128>, context = 64, hidden = 48, vocabulary = 96 {
  accel.entry "e" max_tokens = 64 {
    %x = accel.alloc : !accel.buffer<1 x 48, <tokens>, ddr>
    // Naming rows of a buffer is free.
    %r = accel.rows %x from <past> : !accel.buffer<1 x 48, <tokens>, ddr> -> !accel.buffer<1 x 48, <1>, ddr>
    accel.activation silu %r into %r : !accel.buffer<1 x 48, <1>, ddr> -> !accel.buffer<1 x 48, <1>, ddr>
  }
}

// -----

accel.program target = <name = "tiny", ports = 8, portPackets = 65536, ddrPackets = 262144, chipPackets = 2048, maxContext = 512, maxHeadSize = 128>, context = 64, hidden = 48, vocabulary = 96 {
  accel.entry "e" max_tokens = 64 {
    %x = accel.alloc : !accel.buffer<1 x 48, <tokens>, ddr>
    // expected-error @+1 {{is no hardware step}}
    %y = builtin.unrealized_conversion_cast %x : !accel.buffer<1 x 48, <tokens>, ddr> to !accel.buffer<2 x 24, <tokens>, ddr>
  }
}
