// RUN: edgellm-opt %s -split-input-file --pass-pipeline='builtin.module(accel.program(accel-synchronize))' -verify-diagnostics

// expected-error @+1 {{has no memory plan; run accel-plan-memory}}
accel.program target = <name = "tiny", ports = 8, portPackets = 65536, ddrPackets = 262144, chipPackets = 2048, maxContext = 512, maxHeadSize = 128>, context = 64, hidden = 64, vocabulary = 64 {
}

// -----

accel.program target = <name = "tiny", ports = 8, portPackets = 65536, ddrPackets = 262144, chipPackets = 2048, maxContext = 512, maxHeadSize = 128>, context = 64, hidden = 64, vocabulary = 64, ddr_packets = 10000, hbm_packets = 1000, chip_packets = 2048, sequence_packets = 0, sequences = 1 {
  accel.entry "e" max_tokens = 1 {
    %x = accel.alloc input at 1 : !accel.buffer<1 x 64, <1>, ddr>
    // expected-error @+2 {{failed to parse Accel_TokensAttr parameter 'wait'}}
    // expected-error @+1 {{'mill' is no unit; there are matrix, attention, vector and dma}}
    accel.activation silu %x into %x tokens <wait = <mill>> : !accel.buffer<1 x 64, <1>, ddr> -> !accel.buffer<1 x 64, <1>, ddr>
  }
}
