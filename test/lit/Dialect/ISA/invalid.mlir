// What the isa dialect refuses: fields are checked by the encoder itself.
// RUN: edgellm-opt %s -split-input-file -verify-diagnostics

// expected-error @+1 {{has no entry point}}
isa.program ports = 32, context = 1, hidden = 1, vocabulary = 1, ddr_packets = 1, hbm_packets = 1, chip_packets = 16, sequence_packets = 0, sequences = 1 {
}

// -----

isa.program ports = 32, context = 1, hidden = 1, vocabulary = 1, ddr_packets = 1, hbm_packets = 1, chip_packets = 16, sequence_packets = 0, sequences = 1 {
  isa.entry "a" max_tokens = 1, input = 0, logits = 0, logits_rows = 1 {
    isa.begin max_tokens = 1, context = 1, ddr_packets = 1, hbm_packets = 1, chip_packets = 16, sequence_packets = 0, sequences = 1
    isa.end
  }
  // expected-error @+1 {{'a' stands twice}}
  isa.entry "a" max_tokens = 1, input = 0, logits = 0, logits_rows = 1 {
    isa.begin max_tokens = 1, context = 1, ddr_packets = 1, hbm_packets = 1, chip_packets = 16, sequence_packets = 0, sequences = 1
    isa.end
  }
}

// -----

isa.program ports = 32, context = 1, hidden = 1, vocabulary = 1, ddr_packets = 1, hbm_packets = 1, chip_packets = 16, sequence_packets = 0, sequences = 1 {
  // expected-error @+1 {{has no instruction}}
  isa.entry "a" max_tokens = 1, input = 0, logits = 0, logits_rows = 1 {
  }
}

// -----

isa.program ports = 32, context = 1, hidden = 1, vocabulary = 1, ddr_packets = 1, hbm_packets = 1, chip_packets = 16, sequence_packets = 0, sequences = 1 {
  isa.entry "a" max_tokens = 1, input = 0, logits = 0, logits_rows = 1 {
    // expected-error @+1 {{is out of place: begin stands first, end last, neither elsewhere}}
    isa.end
    isa.begin max_tokens = 1, context = 1, ddr_packets = 1, hbm_packets = 1, chip_packets = 16, sequence_packets = 0, sequences = 1
  }
}

// -----

isa.program ports = 32, context = 1, hidden = 1, vocabulary = 1, ddr_packets = 1, hbm_packets = 1, chip_packets = 16, sequence_packets = 0, sequences = 1 {
  isa.entry "a" max_tokens = 1, input = 0, logits = 0, logits_rows = 1 {
    // expected-error @+1 {{begin: field 'context' is 0, allowed are 1 to 4294967295}}
    isa.begin max_tokens = 1, context = 0, ddr_packets = 1, hbm_packets = 1, chip_packets = 16, sequence_packets = 0, sequences = 1
    isa.end
  }
}

// -----

isa.program ports = 32, context = 1, hidden = 1, vocabulary = 1, ddr_packets = 1, hbm_packets = 1, chip_packets = 16, sequence_packets = 0, sequences = 1 {
  isa.entry "a" max_tokens = 1, input = 0, logits = 0, logits_rows = 1 {
    isa.begin max_tokens = 1, context = 1, ddr_packets = 1, hbm_packets = 1, chip_packets = 16, sequence_packets = 0, sequences = 1
    // expected-error @+1 {{activation: field 'channels' is 16777216, allowed are 1 to 16777215}}
    isa.activation src_space = ddr, dst_space = ddr, function = silu, channels = 16777216, rows = <1>, src = <0>, src_stride = <1>, dst = <0>, dst_stride = <1>
    isa.end
  }
}

// -----

isa.program ports = 32, context = 1, hidden = 1, vocabulary = 1, ddr_packets = 1, hbm_packets = 1, chip_packets = 16, sequence_packets = 0, sequences = 1 {
  isa.entry "a" max_tokens = 1, input = 0, logits = 0, logits_rows = 1 {
    isa.begin max_tokens = 1, context = 1, ddr_packets = 1, hbm_packets = 1, chip_packets = 16, sequence_packets = 0, sequences = 1
    // expected-error @+1 {{activation: field 'src' is 549755813888, allowed are -549755813888 to 549755813887}}
    isa.activation src_space = ddr, dst_space = ddr, function = silu, channels = 1, rows = <1>, src = <549755813888>, src_stride = <1>, dst = <0>, dst_stride = <1>
    isa.end
  }
}

// -----

isa.program ports = 32, context = 1, hidden = 1, vocabulary = 1, ddr_packets = 1, hbm_packets = 1, chip_packets = 16, sequence_packets = 0, sequences = 1 {
  isa.entry "a" max_tokens = 1, input = 0, logits = 0, logits_rows = 1 {
    isa.begin max_tokens = 1, context = 1, ddr_packets = 1, hbm_packets = 1, chip_packets = 16, sequence_packets = 0, sequences = 1
    // expected-error @+1 {{activation: field 'src_stride' is 65536, allowed are 0 to 65535}}
    isa.activation src_space = ddr, dst_space = ddr, function = silu, channels = 1, rows = <1>, src = <0>, src_stride = <tokens * 65536>, dst = <0>, dst_stride = <1>
    isa.end
  }
}

// -----

isa.program ports = 32, context = 1, hidden = 1, vocabulary = 1, ddr_packets = 1, hbm_packets = 1, chip_packets = 16, sequence_packets = 0, sequences = 1 {
  isa.entry "a" max_tokens = 1, input = 0, logits = 0, logits_rows = 1 {
    isa.begin max_tokens = 1, context = 1, ddr_packets = 1, hbm_packets = 1, chip_packets = 16, sequence_packets = 0, sequences = 1
    // expected-error @+1 {{is no constant plus a multiple of one request register}}
    isa.activation src_space = ddr, dst_space = ddr, function = silu, channels = 1, rows = <tokens + past * 2>, src = <0>, src_stride = <1>, dst = <0>, dst_stride = <1>
    isa.end
  }
}

// -----

isa.program ports = 32, context = 1, hidden = 1, vocabulary = 1, ddr_packets = 1, hbm_packets = 1, chip_packets = 16, sequence_packets = 0, sequences = 1 {
  isa.entry "a" max_tokens = 1, input = 0, logits = 0, logits_rows = 1 {
    isa.begin max_tokens = 1, context = 1, ddr_packets = 1, hbm_packets = 1, chip_packets = 16, sequence_packets = 0, sequences = 1
    // expected-error @+1 {{rms_norm: field 'epsilon' is 0x7f800000, an infinity or NaN}}
    isa.rms_norm src_space = ddr, dst_space = ddr, channels = 1, epsilon = 0x7F800000, inverse_channels = 1.0, weight = 0, heads = 1, rows = <1>, src = <0>, src_stride = <1>, dst = <0>, dst_stride = <1>
    isa.end
  }
}

// -----

// expected-error @+1 {{expects parent op 'isa.entry'}}
isa.end
