// What the accel dialect refuses.
// RUN: edgellm-opt %s -split-input-file -verify-diagnostics

// expected-error @+1 {{buffer of 0 x 48 channels: allowed are 1 to 268435456 in all}}
func.func private @f(!accel.buffer<0 x 48, <tokens>, ddr>)

// -----

// expected-error @+1 {{buffer rows are no constant plus a multiple of one request register}}
func.func private @f(!accel.buffer<1 x 48, <tokens + past * 2>, ddr>)

// -----

// expected-error @+1 {{channels 1 x 24, pairs 3: pairs must be even}}
func.func private @f() attributes {a = #accel.channels<1 x 24, pairs 3>}

// -----

// expected-error @+1 {{channels 0 x 24, pairs 0: groups and size must be at least 1}}
func.func private @f() attributes {a = #accel.channels<0 x 24, pairs 0>}

// -----

accel.program target = <name = "tiny", ports = 8, portPackets = 65536, ddrPackets = 262144, chipPackets = 2048, maxContext = 512, maxHeadSize = 128>, context = 64, hidden = 48, vocabulary = 96 {
  // expected-error @+1 {{source is 'tensor<48x40xf16>', its channel maps want [48, 48]}}
  accel.weight @q source(#edgellm.external<"f", "q"> : tensor<48x40xf16>) format(fp16) rows(<2 x 24, pairs 24>) columns(<1 x 48, pairs 0>)
}

// -----

accel.program target = <name = "tiny", ports = 8, portPackets = 65536, ddrPackets = 262144, chipPackets = 2048, maxContext = 512, maxHeadSize = 128>, context = 64, hidden = 48, vocabulary = 96 {
  // expected-error @+1 {{source is 'tensor<40xf16>', its channel maps want [48]}}
  accel.constant @norm source(dense<1.0> : tensor<40xf16>) channels(<1 x 48, pairs 0>)
}

// -----

accel.program target = <name = "tiny", ports = 8, portPackets = 65536, ddrPackets = 262144, chipPackets = 2048, maxContext = 512, maxHeadSize = 128>, context = 64, hidden = 48, vocabulary = 96 {
  // expected-error @+1 {{rotary is 25, allowed are even numbers up to head_size 24}}
  accel.rope_table @rope theta(1.0e+04) rotary(25) head_size(24) positions(64)
}

// -----

accel.program target = <name = "tiny", ports = 8, portPackets = 65536, ddrPackets = 262144, chipPackets = 2048, maxContext = 512, maxHeadSize = 128>, context = 64, hidden = 48, vocabulary = 96 {
  // expected-error @+1 {{theta must be positive and finite}}
  accel.rope_table @rope theta(0.0) rotary(24) head_size(24) positions(64)
}

// -----

accel.program target = <name = "tiny", ports = 8, portPackets = 65536, ddrPackets = 262144, chipPackets = 2048, maxContext = 512, maxHeadSize = 128>, context = 64, hidden = 48, vocabulary = 96 {
  // expected-error @+1 {{scaling: yarn needs a theta above 1}}
  accel.rope_table @rope theta(1.0) rotary(24) head_size(24) positions(64) scaling(<yarn, factor = 4.0, original = 64.0, low = 1.0, high = 4.0, attention = 1.0, truncate = true>)
}

// -----

accel.program target = <name = "tiny", ports = 8, portPackets = 65536, ddrPackets = 262144, chipPackets = 2048, maxContext = 512, maxHeadSize = 128>, context = 64, hidden = 48, vocabulary = 96 {
  // expected-error @+1 {{has 0 positions, allowed are 1 to 268435456}}
  accel.rope_table @rope theta(1.0e+04) rotary(24) head_size(24) positions(0)
}

// -----

accel.program target = <name = "tiny", ports = 8, portPackets = 65536, ddrPackets = 262144, chipPackets = 2048, maxContext = 512, maxHeadSize = 128>, context = 64, hidden = 48, vocabulary = 96 {
  // expected-error @+1 {{expected 1 to 268435456 rows in hbm}}
  accel.cache @keys : !accel.buffer<1 x 48, <tokens>, ddr>
}

// -----

accel.program target = <name = "tiny", ports = 8, portPackets = 65536, ddrPackets = 262144, chipPackets = 2048, maxContext = 512, maxHeadSize = 128>, context = 64, hidden = 48, vocabulary = 96 {
  accel.entry "e" max_tokens = 64 {
    // expected-error @+1 {{refers to @keys, which is no accel.cache}}
    %k = accel.cached @keys : !accel.buffer<1 x 24, <64>, hbm>
  }
}

// -----

accel.program target = <name = "tiny", ports = 8, portPackets = 65536, ddrPackets = 262144, chipPackets = 2048, maxContext = 512, maxHeadSize = 128>, context = 64, hidden = 48, vocabulary = 96 {
  accel.cache @keys : !accel.buffer<1 x 24, <64>, hbm>
  accel.entry "e" max_tokens = 64 {
    // expected-error @+1 {{the cache is '!accel.buffer<1 x 24, <64>, hbm>'}}
    %k = accel.cached @keys : !accel.buffer<1 x 24, <32>, hbm>
  }
}

// -----

accel.program target = <name = "tiny", ports = 8, portPackets = 65536, ddrPackets = 262144, chipPackets = 2048, maxContext = 512, maxHeadSize = 128>, context = 64, hidden = 48, vocabulary = 96 {
  accel.entry "e" max_tokens = 64 {
    %x = accel.alloc : !accel.buffer<1 x 48, <tokens>, ddr>
    // expected-error @+1 {{cannot change the memory space}}
    %r = accel.rows %x from <past> : !accel.buffer<1 x 48, <tokens>, ddr> -> !accel.buffer<1 x 48, <1>, hbm>
  }
}

// -----

accel.program target = <name = "tiny", ports = 8, portPackets = 65536, ddrPackets = 262144, chipPackets = 2048, maxContext = 512, maxHeadSize = 128>, context = 64, hidden = 48, vocabulary = 96 {
  accel.entry "e" max_tokens = 64 {
    %x = accel.alloc : !accel.buffer<1 x 48, <tokens>, ddr>
    // expected-error @+1 {{has different channels}}
    %r = accel.rows %x from <past> : !accel.buffer<1 x 48, <tokens>, ddr> -> !accel.buffer<1 x 47, <1>, ddr>
  }
}

// -----

accel.program target = <name = "tiny", ports = 8, portPackets = 65536, ddrPackets = 262144, chipPackets = 2048, maxContext = 512, maxHeadSize = 128>, context = 64, hidden = 48, vocabulary = 96 {
  accel.entry "e" max_tokens = 64 {
    %x = accel.alloc : !accel.buffer<1 x 48, <tokens>, ddr>
    %q = accel.alloc : !accel.buffer<2 x 24, <tokens>, ddr>
    // expected-error @+1 {{refers to @w, which is no accel.weight}}
    accel.vmm %x weight(@w) epilogue(none) into %q : !accel.buffer<1 x 48, <tokens>, ddr> -> !accel.buffer<2 x 24, <tokens>, ddr>
  }
}

// -----

accel.program target = <name = "tiny", ports = 8, portPackets = 65536, ddrPackets = 262144, chipPackets = 2048, maxContext = 512, maxHeadSize = 128>, context = 64, hidden = 48, vocabulary = 96 {
  accel.weight @q source(#edgellm.external<"f", "q"> : tensor<48x48xf16>) format(fp16) rows(<2 x 24, pairs 24>) columns(<1 x 48, pairs 0>)
  accel.entry "e" max_tokens = 64 {
    %x = accel.alloc : !accel.buffer<1 x 47, <tokens>, ddr>
    %q = accel.alloc : !accel.buffer<2 x 24, <tokens>, ddr>
    // expected-error @+1 {{weight columns are}}
    accel.vmm %x weight(@q) epilogue(none) into %q : !accel.buffer<1 x 47, <tokens>, ddr> -> !accel.buffer<2 x 24, <tokens>, ddr>
  }
}

// -----

accel.program target = <name = "tiny", ports = 8, portPackets = 65536, ddrPackets = 262144, chipPackets = 2048, maxContext = 512, maxHeadSize = 128>, context = 64, hidden = 48, vocabulary = 96 {
  accel.weight @q source(#edgellm.external<"f", "q"> : tensor<48x48xf16>) format(fp16) rows(<2 x 24, pairs 24>) columns(<1 x 48, pairs 0>)
  accel.entry "e" max_tokens = 64 {
    %x = accel.alloc : !accel.buffer<1 x 48, <tokens>, ddr>
    %y = accel.alloc : !accel.buffer<1 x 48, <tokens>, ddr>
    // expected-error @+1 {{weight rows are}}
    accel.vmm %x weight(@q) epilogue(none) into %y : !accel.buffer<1 x 48, <tokens>, ddr> -> !accel.buffer<1 x 48, <tokens>, ddr>
  }
}

// -----

accel.program target = <name = "tiny", ports = 8, portPackets = 65536, ddrPackets = 262144, chipPackets = 2048, maxContext = 512, maxHeadSize = 128>, context = 64, hidden = 48, vocabulary = 96 {
  accel.weight @q source(#edgellm.external<"f", "q"> : tensor<48x48xf16>) format(fp16) rows(<2 x 24, pairs 24>) columns(<1 x 48, pairs 0>)
  accel.entry "e" max_tokens = 64 {
    %x = accel.alloc : !accel.buffer<1 x 48, <tokens>, ddr>
    %q = accel.alloc : !accel.buffer<2 x 24, <tokens>, ddr>
    // expected-error @+1 {{epilogue add needs an operand}}
    accel.vmm %x weight(@q) epilogue(add) into %q : !accel.buffer<1 x 48, <tokens>, ddr> -> !accel.buffer<2 x 24, <tokens>, ddr>
  }
}

// -----

accel.program target = <name = "tiny", ports = 8, portPackets = 65536, ddrPackets = 262144, chipPackets = 2048, maxContext = 512, maxHeadSize = 128>, context = 64, hidden = 48, vocabulary = 96 {
  accel.weight @q source(#edgellm.external<"f", "q"> : tensor<48x48xf16>) format(fp16) rows(<2 x 24, pairs 24>) columns(<1 x 48, pairs 0>)
  accel.entry "e" max_tokens = 64 {
    %x = accel.alloc : !accel.buffer<1 x 48, <tokens>, ddr>
    %q = accel.alloc : !accel.buffer<2 x 24, <tokens>, ddr>
    // expected-error @+1 {{epilogue none takes no operand}}
    accel.vmm %x weight(@q) epilogue(none, %q : !accel.buffer<2 x 24, <tokens>, ddr>) into %q : !accel.buffer<1 x 48, <tokens>, ddr> -> !accel.buffer<2 x 24, <tokens>, ddr>
  }
}

// -----

accel.program target = <name = "tiny", ports = 8, portPackets = 65536, ddrPackets = 262144, chipPackets = 2048, maxContext = 512, maxHeadSize = 128>, context = 64, hidden = 48, vocabulary = 96 {
  accel.weight @q source(#edgellm.external<"f", "q"> : tensor<48x48xf16>) format(fp16) rows(<2 x 24, pairs 24>) columns(<1 x 48, pairs 0>)
  accel.entry "e" max_tokens = 64 {
    %x = accel.alloc : !accel.buffer<1 x 48, <tokens>, ddr>
    %q = accel.alloc : !accel.buffer<2 x 24, <tokens>, ddr>
    // expected-error @+1 {{has different channels}}
    accel.vmm %x weight(@q) epilogue(add, %x : !accel.buffer<1 x 48, <tokens>, ddr>) into %q : !accel.buffer<1 x 48, <tokens>, ddr> -> !accel.buffer<2 x 24, <tokens>, ddr>
  }
}

// -----

accel.program target = <name = "tiny", ports = 8, portPackets = 65536, ddrPackets = 262144, chipPackets = 2048, maxContext = 512, maxHeadSize = 128>, context = 64, hidden = 48, vocabulary = 96 {
  accel.weight @q source(#edgellm.external<"f", "q"> : tensor<48x48xf16>) format(fp16) rows(<2 x 24, pairs 24>) columns(<1 x 48, pairs 0>)
  accel.entry "e" max_tokens = 64 {
    %x = accel.alloc : !accel.buffer<1 x 48, <tokens>, ddr>
    %q = accel.alloc : !accel.buffer<2 x 24, <1>, ddr>
    // expected-error @+1 {{has different rows}}
    accel.vmm %x weight(@q) epilogue(none) into %q : !accel.buffer<1 x 48, <tokens>, ddr> -> !accel.buffer<2 x 24, <1>, ddr>
  }
}

// -----

accel.program target = <name = "tiny", ports = 8, portPackets = 65536, ddrPackets = 262144, chipPackets = 2048, maxContext = 512, maxHeadSize = 128>, context = 64, hidden = 48, vocabulary = 96 {
  accel.weight @q source(#edgellm.external<"f", "q"> : tensor<48x48xf16>) format(fp16) rows(<2 x 24, pairs 24>) columns(<1 x 48, pairs 0>)
  accel.cache @keys : !accel.buffer<1 x 24, <64>, hbm>
  accel.entry "e" max_tokens = 64 {
    %k = accel.cached @keys : !accel.buffer<1 x 24, <64>, hbm>
    %q = accel.alloc : !accel.buffer<2 x 24, <tokens>, ddr>
    // expected-error @+1 {{takes buffers in ddr or on chip here}}
    accel.vmm %k weight(@q) epilogue(none) into %q : !accel.buffer<1 x 24, <64>, hbm> -> !accel.buffer<2 x 24, <tokens>, ddr>
  }
}

// -----

accel.program target = <name = "tiny", ports = 8, portPackets = 65536, ddrPackets = 262144, chipPackets = 2048, maxContext = 512, maxHeadSize = 128>, context = 64, hidden = 48, vocabulary = 96 {
  accel.weight @q source(#edgellm.external<"f", "q"> : tensor<48x48xf16>) format(fp16) rows(<2 x 24, pairs 24>) columns(<1 x 48, pairs 0>)
  accel.constant @norm source(dense<1.0> : tensor<48xf16>) channels(<1 x 48, pairs 0>)
  accel.entry "e" max_tokens = 64 {
    %x = accel.alloc : !accel.buffer<1 x 48, <tokens>, ddr>
    %q = accel.alloc : !accel.buffer<2 x 24, <tokens>, ddr>
    // expected-error @+1 {{bias channels are}}
    accel.vmm %x weight(@q) bias(@norm) epilogue(none) into %q : !accel.buffer<1 x 48, <tokens>, ddr> -> !accel.buffer<2 x 24, <tokens>, ddr>
  }
}

// -----

accel.program target = <name = "tiny", ports = 8, portPackets = 65536, ddrPackets = 262144, chipPackets = 2048, maxContext = 512, maxHeadSize = 128>, context = 64, hidden = 48, vocabulary = 96 {
  accel.entry "e" max_tokens = 64 {
    %x = accel.alloc : !accel.buffer<1 x 48, <tokens>, ddr>
    %y = accel.alloc : !accel.buffer<1 x 48, <tokens>, ddr>
    // expected-error @+1 {{refers to @norm, which is no accel.constant}}
    accel.rms_norm %x weight(@norm) epsilon(1.0e-05) into %y : !accel.buffer<1 x 48, <tokens>, ddr> -> !accel.buffer<1 x 48, <tokens>, ddr>
  }
}

// -----

accel.program target = <name = "tiny", ports = 8, portPackets = 65536, ddrPackets = 262144, chipPackets = 2048, maxContext = 512, maxHeadSize = 128>, context = 64, hidden = 48, vocabulary = 96 {
  accel.constant @norm source(dense<1.0> : tensor<48xf16>) channels(<1 x 48, pairs 0>)
  accel.entry "e" max_tokens = 64 {
    %q = accel.alloc : !accel.buffer<2 x 24, <tokens>, ddr>
    // expected-error @+1 {{weight channels are #accel.channels<1 x 48, pairs 0>, the buffer has heads of 24 channels}}
    accel.rms_norm %q weight(@norm) epsilon(1.0e-05) into %q : !accel.buffer<2 x 24, <tokens>, ddr> -> !accel.buffer<2 x 24, <tokens>, ddr>
  }
}

// -----

accel.program target = <name = "tiny", ports = 8, portPackets = 65536, ddrPackets = 262144, chipPackets = 2048, maxContext = 512, maxHeadSize = 128>, context = 64, hidden = 48, vocabulary = 96 {
  accel.constant @norm source(dense<1.0> : tensor<48xf16>) channels(<1 x 48, pairs 0>)
  accel.entry "e" max_tokens = 64 {
    %x = accel.alloc : !accel.buffer<1 x 47, <tokens>, ddr>
    // expected-error @+1 {{weight channels are}}
    accel.rms_norm %x weight(@norm) epsilon(1.0e-05) into %x : !accel.buffer<1 x 47, <tokens>, ddr> -> !accel.buffer<1 x 47, <tokens>, ddr>
  }
}

// -----

// All heads share the weight of one.
accel.program target = <name = "tiny", ports = 8, portPackets = 65536, ddrPackets = 262144, chipPackets = 2048, maxContext = 512, maxHeadSize = 128>, context = 64, hidden = 48, vocabulary = 96 {
  accel.constant @norm source(dense<1.0> : tensor<48xf16>) channels(<2 x 24, pairs 0>)
  accel.entry "e" max_tokens = 64 {
    %q = accel.alloc : !accel.buffer<2 x 24, <tokens>, ddr>
    // expected-error @+1 {{weight channels are #accel.channels<2 x 24, pairs 0>, the buffer has heads of 24 channels}}
    accel.rms_norm %q weight(@norm) epsilon(1.0e-05) into %q : !accel.buffer<2 x 24, <tokens>, ddr> -> !accel.buffer<2 x 24, <tokens>, ddr>
  }
}

// -----

// The cache takes what a norm makes but is not normalised.
accel.program target = <name = "tiny", ports = 8, portPackets = 65536, ddrPackets = 262144, chipPackets = 2048, maxContext = 512, maxHeadSize = 128>, context = 64, hidden = 48, vocabulary = 96 {
  accel.constant @norm source(dense<1.0> : tensor<24xf16>) channels(<1 x 24, pairs 0>)
  accel.cache @keys : !accel.buffer<2 x 24, <64>, hbm>
  accel.entry "e" max_tokens = 64 {
    %keys = accel.cached @keys : !accel.buffer<2 x 24, <64>, hbm>
    // expected-error @+1 {{takes buffers in ddr or on chip here, found '!accel.buffer<2 x 24, <64>, hbm>'}}
    accel.rms_norm %keys weight(@norm) epsilon(1.0e-05) into %keys : !accel.buffer<2 x 24, <64>, hbm> -> !accel.buffer<2 x 24, <64>, hbm>
  }
}

// -----

accel.program target = <name = "tiny", ports = 8, portPackets = 65536, ddrPackets = 262144, chipPackets = 2048, maxContext = 512, maxHeadSize = 128>, context = 64, hidden = 48, vocabulary = 96 {
  accel.constant @norm source(dense<1.0> : tensor<24xf16>) channels(<1 x 24, pairs 0>)
  accel.entry "e" max_tokens = 64 {
    %q = accel.alloc : !accel.buffer<2 x 24, <tokens>, ddr>
    // expected-error @+1 {{normalises whole rows: one head of all channels}}
    accel.layer_norm %q weight(@norm) bias(@norm) epsilon(1.0e-05) into %q : !accel.buffer<2 x 24, <tokens>, ddr> -> !accel.buffer<2 x 24, <tokens>, ddr>
  }
}

// -----

accel.program target = <name = "tiny", ports = 8, portPackets = 65536, ddrPackets = 262144, chipPackets = 2048, maxContext = 512, maxHeadSize = 128>, context = 64, hidden = 48, vocabulary = 96 {
  accel.constant @norm source(dense<1.0> : tensor<48xf16>) channels(<1 x 48, pairs 0>)
  accel.entry "e" max_tokens = 64 {
    %x = accel.alloc : !accel.buffer<1 x 48, <tokens>, ddr>
    // expected-error @+1 {{refers to @bias, which is no accel.constant}}
    accel.layer_norm %x weight(@norm) bias(@bias) epsilon(1.0e-05) into %x : !accel.buffer<1 x 48, <tokens>, ddr> -> !accel.buffer<1 x 48, <tokens>, ddr>
  }
}

// -----

accel.program target = <name = "tiny", ports = 8, portPackets = 65536, ddrPackets = 262144, chipPackets = 2048, maxContext = 512, maxHeadSize = 128>, context = 64, hidden = 48, vocabulary = 96 {
  accel.constant @norm source(dense<1.0> : tensor<48xf16>) channels(<1 x 48, pairs 0>)
  accel.constant @bias source(dense<1.0> : tensor<24xf16>) channels(<1 x 24, pairs 0>)
  accel.entry "e" max_tokens = 64 {
    %x = accel.alloc : !accel.buffer<1 x 48, <tokens>, ddr>
    // expected-error @+1 {{bias channels are #accel.channels<1 x 24, pairs 0>, the buffer has heads of 48 channels}}
    accel.layer_norm %x weight(@norm) bias(@bias) epsilon(1.0e-05) into %x : !accel.buffer<1 x 48, <tokens>, ddr> -> !accel.buffer<1 x 48, <tokens>, ddr>
  }
}

// -----

accel.program target = <name = "tiny", ports = 8, portPackets = 65536, ddrPackets = 262144, chipPackets = 2048, maxContext = 512, maxHeadSize = 128>, context = 64, hidden = 48, vocabulary = 96 {
  accel.constant @norm source(dense<1.0> : tensor<24xf16>) channels(<1 x 24, pairs 0>)
  accel.cache @keys : !accel.buffer<1 x 24, <64>, hbm>
  accel.entry "e" max_tokens = 64 {
    %keys = accel.cached @keys : !accel.buffer<1 x 24, <64>, hbm>
    %x = accel.alloc : !accel.buffer<1 x 24, <64>, ddr>
    // expected-error @+1 {{takes buffers in ddr or on chip here}}
    accel.layer_norm %x weight(@norm) bias(@norm) epsilon(1.0e-05) into %keys : !accel.buffer<1 x 24, <64>, ddr> -> !accel.buffer<1 x 24, <64>, hbm>
  }
}

// -----

accel.program target = <name = "tiny", ports = 8, portPackets = 65536, ddrPackets = 262144, chipPackets = 2048, maxContext = 512, maxHeadSize = 128>, context = 64, hidden = 48, vocabulary = 96 {
  accel.entry "e" max_tokens = 64 {
    %q = accel.alloc : !accel.buffer<2 x 24, <tokens>, ddr>
    // expected-error @+1 {{refers to @rope, which is no accel.rope_table}}
    accel.rope %q table(@rope) into %q : !accel.buffer<2 x 24, <tokens>, ddr> -> !accel.buffer<2 x 24, <tokens>, ddr>
  }
}

// -----

accel.program target = <name = "tiny", ports = 8, portPackets = 65536, ddrPackets = 262144, chipPackets = 2048, maxContext = 512, maxHeadSize = 128>, context = 64, hidden = 48, vocabulary = 96 {
  accel.rope_table @rope theta(1.0e+04) rotary(24) head_size(24) positions(64)
  accel.entry "e" max_tokens = 64 {
    %x = accel.alloc : !accel.buffer<1 x 48, <tokens>, ddr>
    // expected-error @+1 {{rotates heads of 48 channels with a table for 24}}
    accel.rope %x table(@rope) into %x : !accel.buffer<1 x 48, <tokens>, ddr> -> !accel.buffer<1 x 48, <tokens>, ddr>
  }
}

// -----

accel.program target = <name = "tiny", ports = 8, portPackets = 65536, ddrPackets = 262144, chipPackets = 2048, maxContext = 512, maxHeadSize = 128>, context = 64, hidden = 48, vocabulary = 96 {
  accel.rope_table @rope theta(1.0e+04) rotary(24) head_size(24) positions(64)
  accel.entry "e" max_tokens = 64 {
    %q = accel.alloc : !accel.buffer<2 x 24, <tokens>, ddr>
    %x = accel.alloc : !accel.buffer<1 x 48, <tokens>, ddr>
    // expected-error @+1 {{has different channels}}
    accel.rope %q table(@rope) into %x : !accel.buffer<2 x 24, <tokens>, ddr> -> !accel.buffer<1 x 48, <tokens>, ddr>
  }
}

// -----

accel.program target = <name = "tiny", ports = 8, portPackets = 65536, ddrPackets = 262144, chipPackets = 2048, maxContext = 512, maxHeadSize = 128>, context = 64, hidden = 48, vocabulary = 96 {
  accel.entry "e" max_tokens = 64 {
    %q = accel.alloc : !accel.buffer<2 x 24, <tokens>, ddr>
    %s = accel.alloc : !accel.buffer<2 x 64, <tokens>, ddr>
    // expected-error @+1 {{reads a cache}}
    accel.attention_scores %q keys(%q) scale(1.0) into %s : !accel.buffer<2 x 24, <tokens>, ddr>, !accel.buffer<2 x 24, <tokens>, ddr> -> !accel.buffer<2 x 64, <tokens>, ddr>
  }
}

// -----

accel.program target = <name = "tiny", ports = 8, portPackets = 65536, ddrPackets = 262144, chipPackets = 2048, maxContext = 512, maxHeadSize = 128>, context = 64, hidden = 48, vocabulary = 96 {
  accel.cache @keys : !accel.buffer<1 x 24, <64>, hbm>
  accel.entry "e" max_tokens = 64 {
    %x = accel.alloc : !accel.buffer<1 x 48, <tokens>, ddr>
    %k = accel.cached @keys : !accel.buffer<1 x 24, <64>, hbm>
    %s = accel.alloc : !accel.buffer<2 x 64, <tokens>, ddr>
    // expected-error @+1 {{has 1 heads of 48 on a cache of 1 heads of 24}}
    accel.attention_scores %x keys(%k) scale(1.0) into %s : !accel.buffer<1 x 48, <tokens>, ddr>, !accel.buffer<1 x 24, <64>, hbm> -> !accel.buffer<2 x 64, <tokens>, ddr>
  }
}

// -----

accel.program target = <name = "tiny", ports = 8, portPackets = 65536, ddrPackets = 262144, chipPackets = 2048, maxContext = 512, maxHeadSize = 128>, context = 64, hidden = 48, vocabulary = 96 {
  accel.cache @keys : !accel.buffer<1 x 24, <64>, hbm>
  accel.entry "e" max_tokens = 64 {
    %q = accel.alloc : !accel.buffer<2 x 24, <tokens>, ddr>
    %k = accel.cached @keys : !accel.buffer<1 x 24, <64>, hbm>
    %s = accel.alloc : !accel.buffer<2 x 32, <tokens>, ddr>
    // expected-error @+1 {{expected 2 x 64}}
    accel.attention_scores %q keys(%k) scale(1.0) into %s : !accel.buffer<2 x 24, <tokens>, ddr>, !accel.buffer<1 x 24, <64>, hbm> -> !accel.buffer<2 x 32, <tokens>, ddr>
  }
}

// -----

accel.program target = <name = "tiny", ports = 8, portPackets = 65536, ddrPackets = 262144, chipPackets = 2048, maxContext = 512, maxHeadSize = 128>, context = 64, hidden = 48, vocabulary = 96 {
  accel.entry "e" max_tokens = 64 {
    %s = accel.alloc : !accel.buffer<2 x 64, <tokens>, ddr>
    %x = accel.alloc : !accel.buffer<1 x 48, <tokens>, ddr>
    // expected-error @+1 {{has different channels}}
    accel.softmax %s into %x : !accel.buffer<2 x 64, <tokens>, ddr> -> !accel.buffer<1 x 48, <tokens>, ddr>
  }
}

// -----

accel.program target = <name = "tiny", ports = 8, portPackets = 65536, ddrPackets = 262144, chipPackets = 2048, maxContext = 512, maxHeadSize = 128>, context = 64, hidden = 48, vocabulary = 96 {
  accel.cache @keys : !accel.buffer<1 x 24, <64>, hbm>
  accel.entry "e" max_tokens = 64 {
    %q = accel.alloc : !accel.buffer<2 x 24, <tokens>, ddr>
    %k = accel.cached @keys : !accel.buffer<1 x 24, <64>, hbm>
    %x = accel.alloc : !accel.buffer<1 x 48, <tokens>, ddr>
    // expected-error @+1 {{expected 2 x 64}}
    accel.attention_values %x values(%k) into %q : !accel.buffer<1 x 48, <tokens>, ddr>, !accel.buffer<1 x 24, <64>, hbm> -> !accel.buffer<2 x 24, <tokens>, ddr>
  }
}

// -----

accel.program target = <name = "tiny", ports = 8, portPackets = 65536, ddrPackets = 262144, chipPackets = 2048, maxContext = 512, maxHeadSize = 128>, context = 64, hidden = 48, vocabulary = 96 {
  accel.entry "e" max_tokens = 64 {
    %x = accel.alloc : !accel.buffer<1 x 48, <tokens>, ddr>
    %y = accel.alloc : !accel.buffer<1 x 48, <1>, ddr>
    // expected-error @+1 {{has different rows}}
    accel.activation silu %x into %y : !accel.buffer<1 x 48, <tokens>, ddr> -> !accel.buffer<1 x 48, <1>, ddr>
  }
}

// -----

accel.program target = <name = "tiny", ports = 8, portPackets = 65536, ddrPackets = 262144, chipPackets = 2048, maxContext = 512, maxHeadSize = 128>, context = 64, hidden = 48, vocabulary = 96 {
  // expected-error @+1 {{has max_tokens 0, allowed are 1 to 268435456}}
  accel.entry "e" max_tokens = 0 {
  }
}

// -----

// expected-error @+1 {{expects parent op 'accel.entry'}}
%x = accel.alloc : !accel.buffer<1 x 48, <tokens>, ddr>

// -----

// expected-error @+1 {{target odd has 12 ports, allowed are 8, 16 and 32}}
func.func private @f() attributes {a = #accel.target<name = "odd", ports = 12, portPackets = 1, ddrPackets = 1, chipPackets = 2048, maxContext = 1, maxHeadSize = 1>}

// -----

// expected-error @+1 {{target odd has a size out of range}}
func.func private @f() attributes {a = #accel.target<name = "odd", ports = 8, portPackets = -1, ddrPackets = 1, chipPackets = 2048, maxContext = 1, maxHeadSize = 1>}

// -----

// A division by zero at some request is no size.
// expected-error @+1 {{buffer rows are no constant plus a multiple of one request register}}
func.func private @f(!accel.buffer<1 x 48, <tokens floordiv past>, ddr>)

// -----

// expected-error @+1 {{buffer rows are no constant plus a multiple of one request register}}
func.func private @f(!accel.buffer<1 x 48, <tokens mod 7>, ddr>)
