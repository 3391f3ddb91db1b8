// Activations in DDR alone, as in long passes of large models.
// RUN: edgellm-opt %s --pass-pipeline='builtin.module(accel.program(accel-plan-memory{on-chip=false}))' | FileCheck %s

// The ddr buffer: status 1, constant 2, table 64, then activations of 64 tokens
// x 2 blocks = 128 packets each, of which two live at a time: 67 + 2 * 128.
// A port of 8: weights 2 * 10 packets, caches 64 / 8 = 8 packets each.
// CHECK: accel.program {{.*}} ddr_packets = 323, hbm_packets = 36, chip_packets = {{[0-9]+}}, sequence_packets = 8, sequences = 1 {
accel.program target = <name = "tiny", ports = 8, portPackets = 65536, ddrPackets = 262144, chipPackets = 2048, maxContext = 512, maxHeadSize = 128>,
    context = 64, hidden = 40, vocabulary = 40 {
  // 40 outputs are padded to 64, 8 a port, of 40 -> 64 FP16 inputs: 1024 bytes.
  // CHECK: accel.weight @a {{.*}} at 0
  accel.weight @a source(#edgellm.external<"f", "a"> : tensor<40x40xf16>) format(fp16) rows(<1 x 40, pairs 0>) columns(<1 x 40, pairs 0>)
  // In INT4: 8 rows of 32 bytes of scales and 128 codes, 768 -> 12 packets.
  // CHECK: accel.weight @b {{.*}} at 16
  accel.weight @b source(#edgellm.external<"f", "b"> : tensor<40x40xf16>) format(int4) rows(<1 x 40, pairs 0>) columns(<1 x 40, pairs 0>)
  // CHECK: accel.cache @keys {{.*}} at 28
  accel.cache @keys : !accel.buffer<1 x 24, <50>, hbm>
  // CHECK: accel.constant @norm {{.*}} at 1
  accel.constant @norm source(dense<1.0> : tensor<40xf16>) channels(<1 x 40, pairs 0>)
  // CHECK: accel.rope_table @rope {{.*}} at 3
  accel.rope_table @rope theta(1.0e+04) rotary(24) head_size(24) positions(64)
  // CHECK: accel.entry "generate"
  accel.entry "generate" max_tokens = 64 {
    // CHECK: %[[X:.*]] = accel.alloc input at 67
    %x = accel.alloc input : !accel.buffer<1 x 40, <tokens>, ddr>
    // CHECK: %[[Y:.*]] = accel.alloc at 195
    %y = accel.alloc : !accel.buffer<1 x 40, <tokens>, ddr>
    // What the array reads from DDR comes in slices, here of all 64 rows of two
    // blocks, twice, behind the half of the activation buffer for buffers.
    // CHECK: accel.vmm {{.*}} slice <rows = 64, at = 1024>
    accel.vmm %x weight(@a) epilogue(none) into %y : !accel.buffer<1 x 40, <tokens>, ddr> -> !accel.buffer<1 x 40, <tokens>, ddr>
    // %x is dead: its memory is free for %z, though %r still names rows of %y.
    // CHECK: accel.alloc at 67
    %z = accel.alloc : !accel.buffer<1 x 40, <tokens>, ddr>
    %r = accel.rows %y from <tokens - 1> : !accel.buffer<1 x 40, <tokens>, ddr> -> !accel.buffer<1 x 40, <1>, ddr>
    accel.activation silu %y into %z : !accel.buffer<1 x 40, <tokens>, ddr> -> !accel.buffer<1 x 40, <tokens>, ddr>
    // CHECK: accel.alloc at 195
    %w = accel.alloc : !accel.buffer<1 x 40, <tokens>, ddr>
    accel.vmm %z weight(@b) epilogue(none) into %w : !accel.buffer<1 x 40, <tokens>, ddr> -> !accel.buffer<1 x 40, <tokens>, ddr>
    accel.return %w : !accel.buffer<1 x 40, <tokens>, ddr>
  }
  // Entry points run one at a time and share the memory.
  // CHECK: accel.entry "score"
  accel.entry "score" max_tokens = 1 {
    // CHECK: accel.alloc input at 67
    %x = accel.alloc input : !accel.buffer<1 x 40, <tokens>, ddr>
    accel.return %x : !accel.buffer<1 x 40, <tokens>, ddr>
  }
}
