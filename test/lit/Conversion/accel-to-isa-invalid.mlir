// RUN: edgellm-opt %s -split-input-file --accel-to-isa -verify-diagnostics

// expected-error @+1 {{has no memory plan; run accel-plan-memory}}
accel.program target = <name = "tiny", ports = 8, portPackets = 65536, ddrPackets = 262144, chipPackets = 2048, maxContext = 512, maxHeadSize = 128>, context = 64, hidden = 48, vocabulary = 48 {
}

// -----

accel.program target = <name = "tiny", ports = 8, portPackets = 65536, ddrPackets = 262144, chipPackets = 2048, maxContext = 512, maxHeadSize = 128>, context = 64, hidden = 48, vocabulary = 48, ddr_packets = 1000, hbm_packets = 100, chip_packets = 16, sequence_packets = 40, sequences = 1 {
  accel.entry "e" max_tokens = 64 {
    // expected-error @+1 {{has no address; run accel-plan-memory first}}
    %x = accel.alloc input : !accel.buffer<1 x 48, <tokens>, ddr>
  }
}

// -----

accel.program target = <name = "tiny", ports = 8, portPackets = 65536, ddrPackets = 262144, chipPackets = 2048, maxContext = 512, maxHeadSize = 128>, context = 64, hidden = 48, vocabulary = 48, ddr_packets = 1000, hbm_packets = 100, chip_packets = 16, sequence_packets = 40, sequences = 1 {
  // expected-error @+1 {{needs an input buffer and logits that are a whole buffer}}
  accel.entry "e" max_tokens = 64 {
    %x = accel.alloc at 1 : !accel.buffer<1 x 48, <tokens>, ddr>
  }
}

// -----

accel.program target = <name = "tiny", ports = 8, portPackets = 65536, ddrPackets = 262144, chipPackets = 2048, maxContext = 512, maxHeadSize = 128>, context = 64, hidden = 48, vocabulary = 48, ddr_packets = 1000, hbm_packets = 100, chip_packets = 16, sequence_packets = 40, sequences = 1 {
  accel.entry "e" max_tokens = 64 {
    %x = accel.alloc input at 1 : !accel.buffer<1 x 48, <tokens>, ddr>
    // Two registers in one address.
    %a = accel.rows %x from <tokens> : !accel.buffer<1 x 48, <tokens>, ddr> -> !accel.buffer<1 x 48, <tokens>, ddr>
    %b = accel.rows %a from <past * 2> : !accel.buffer<1 x 48, <tokens>, ddr> -> !accel.buffer<1 x 48, <tokens>, ddr>
    // expected-error @+1 {{needs the address or size <tokens + past * 2 + 1>, which no request register gives}}
    accel.activation silu %b into %x : !accel.buffer<1 x 48, <tokens>, ddr> -> !accel.buffer<1 x 48, <tokens>, ddr>
    accel.return %x : !accel.buffer<1 x 48, <tokens>, ddr>
  }
}
