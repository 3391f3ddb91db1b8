// Planned steps to instructions. Sizes of the request stay expressions, which
// the device resolves: one program serves every token count.
// RUN: edgellm-opt %s --accel-to-isa | FileCheck %s

// What stays in memory stays in the accel program.
// CHECK: accel.program
// CHECK: accel.weight @q
// CHECK-NOT: accel.entry
// CHECK: isa.program ports = 8, context = 64, hidden = 48, vocabulary = 48, ddr_packets = 1000, hbm_packets = 100, chip_packets = 16, sequence_packets = 40, sequences = 1 {
accel.program target = <name = "tiny", ports = 8, portPackets = 65536, ddrPackets = 262144, chipPackets = 2048, maxContext = 512, maxHeadSize = 128>,
    context = 64, hidden = 48, vocabulary = 48, ddr_packets = 1000, hbm_packets = 100, chip_packets = 16, sequence_packets = 40, sequences = 1 {
  accel.weight @q source(#edgellm.external<"f", "q"> : tensor<48x48xf16>) format(int4) rows(<2 x 24, pairs 24>) columns(<1 x 48, pairs 0>) at 7
  accel.weight @head source(#edgellm.external<"f", "h"> : tensor<48x48xf16>) format(fp16) rows(<1 x 48, pairs 0>) columns(<2 x 24, pairs 0>) at 40
  accel.constant @norm source(dense<1.0> : tensor<48xf16>) channels(<1 x 48, pairs 0>) at 1
  accel.constant @bias source(dense<1.0> : tensor<48xf16>) channels(<2 x 24, pairs 24>) at 3
  accel.constant @head_norm source(dense<1.0> : tensor<24xf16>) channels(<1 x 24, pairs 24>) at 4
  accel.rope_table @rope theta(1.0e+04) rotary(24) head_size(24) positions(64) at 5
  accel.cache @keys : !accel.buffer<1 x 24, <50>, hbm> at 60
  // CHECK: isa.entry "generate" max_tokens = 64, input = 100, logits = 900, logits_rows = 1 {
  // CHECK: isa.begin max_tokens = 64, context = 64, ddr_packets = 1000, hbm_packets = 100, chip_packets = 16, sequence_packets = 40, sequences = 1
  accel.entry "generate" max_tokens = 64 {
    %keys = accel.cached @keys : !accel.buffer<1 x 24, <50>, hbm>
    %x = accel.alloc input at 100 : !accel.buffer<1 x 48, <tokens>, ddr>
    %q = accel.alloc at 300 : !accel.buffer<2 x 24, <tokens>, ddr>
    %s = accel.alloc at 500 : !accel.buffer<2 x 50, <tokens>, ddr>
    %l = accel.alloc at 900 : !accel.buffer<1 x 48, <1>, ddr>
    // CHECK-NEXT: isa.rms_norm src_space = ddr, dst_space = ddr, channels = 48, epsilon = 9.99999974E-6, inverse_channels = 0.020833334, weight = 1, heads = 1, rows = <tokens>, src = <100>, src_stride = <tokens>, dst = <100>, dst_stride = <tokens>
    accel.rms_norm %x weight(@norm) epsilon(1.0e-05) into %x : !accel.buffer<1 x 48, <tokens>, ddr> -> !accel.buffer<1 x 48, <tokens>, ddr>
    // Two heads of 24 channels take two packets: 64 channels. Slices and tokens
    // are fields, and the place in the text is where it came from.
    // CHECK-NEXT: isa.vmm weight_format = int4, epilogue = none, src_space = ddr, dst_space = ddr, aux_space = ddr, has_bias = true, argmax = false, in_channels = 48, out_channels = 64, weights = 7, bias = 3, rows = <tokens>, src = <100>, src_stride = <tokens>, dst = <300>, dst_stride = <tokens>, aux = <0>, aux_stride = <0>, slice_rows = 4, work = 2 wait <vector> signal <vector, dma> from "{{.*}}accel-to-isa.mlir:[[#@LINE+1]]:5"
    accel.vmm %x weight(@q) bias(@bias) epilogue(none) into %q slice <rows = 4, at = 2> tokens <wait = <vector>, signal = <vector, dma>> : !accel.buffer<1 x 48, <tokens>, ddr> -> !accel.buffer<2 x 24, <tokens>, ddr>
    // Each head of 24 channels, a packet, by itself.
    // CHECK-NEXT: isa.rms_norm src_space = ddr, dst_space = ddr, channels = 24, epsilon = 9.99999974E-6, inverse_channels = 0.0416666679, weight = 4, heads = 2, rows = <tokens>, src = <300>, src_stride = <tokens>, dst = <300>, dst_stride = <tokens>
    accel.rms_norm %q weight(@head_norm) epsilon(1.0e-05) into %q : !accel.buffer<2 x 24, <tokens>, ddr> -> !accel.buffer<2 x 24, <tokens>, ddr>
    // CHECK-NEXT: isa.layer_norm src_space = ddr, dst_space = ddr, epsilon = 9.99999974E-6, weight = 1, channels = 48, bias = 1, rows = <tokens>, src = <100>, src_stride = <tokens>, dst = <100>, dst_stride = <tokens>
    accel.layer_norm %x weight(@norm) bias(@norm) epsilon(1.0e-05) into %x : !accel.buffer<1 x 48, <tokens>, ddr> -> !accel.buffer<1 x 48, <tokens>, ddr>
    // The table starts at the first new position.
    // CHECK-NEXT: isa.rope src_space = ddr, dst_space = ddr, heads = 2, head_blocks = 1, table_stride = 64, table = <past + 5>, rows = <tokens>, src = <300>, src_stride = <tokens>, dst = <300>, dst_stride = <tokens>
    accel.rope %q table(@rope) into %q : !accel.buffer<2 x 24, <tokens>, ddr> -> !accel.buffer<2 x 24, <tokens>, ddr>
    // Packet 60 of 8 ports is packet 480 of the dealt space; 50 tokens stride 64.
    // CHECK-NEXT: isa.attention_scores src_space = ddr, dst_space = ddr, heads = 2, kv_heads = 1, head_blocks = 1, scale = 2.500000e-01, key_stride = 64, keys = 480, rows = <tokens>, columns = <tokens + past>, src = <300>, src_stride = <tokens>, dst = <500>, dst_stride = <tokens>, dst_head_stride = <tokens * 2>, slice_rows = 0, work = 0
    accel.attention_scores %q keys(%keys) scale(0.25) into %s : !accel.buffer<2 x 24, <tokens>, ddr>, !accel.buffer<1 x 24, <50>, hbm> -> !accel.buffer<2 x 50, <tokens>, ddr>
    // CHECK-NEXT: isa.softmax src_space = ddr, dst_space = ddr, heads = 2, rows = <tokens>, columns = <tokens + past>, visible = <past + 1>, src = <500>, src_stride = <tokens>, src_head_stride = <tokens * 2>, dst = <500>, dst_stride = <tokens>, dst_head_stride = <tokens * 2>
    accel.softmax %s into %s : !accel.buffer<2 x 50, <tokens>, ddr> -> !accel.buffer<2 x 50, <tokens>, ddr>
    // CHECK-NEXT: isa.attention_values src_space = ddr, dst_space = ddr, heads = 2, kv_heads = 1, head_blocks = 1, value_stride = 64, values = 480, rows = <tokens>, columns = <tokens + past>, src = <500>, src_stride = <tokens>, src_head_stride = <tokens * 2>, dst = <300>, dst_stride = <tokens>, slice_rows = 0, work = 0
    accel.attention_values %s values(%keys) into %q : !accel.buffer<2 x 50, <tokens>, ddr>, !accel.buffer<1 x 24, <50>, hbm> -> !accel.buffer<2 x 24, <tokens>, ddr>
    // The new rows of the cache start at packet 480 + past.
    // CHECK-NEXT: isa.rope {{.*}} dst_space = hbm, {{.*}} dst = <past + 480>, dst_stride = <64>
    %new = accel.rows %keys from <past> : !accel.buffer<1 x 24, <50>, hbm> -> !accel.buffer<1 x 24, <tokens>, hbm>
    %k = accel.alloc at 700 : !accel.buffer<1 x 24, <tokens>, ddr>
    accel.rope %k table(@rope) into %new : !accel.buffer<1 x 24, <tokens>, ddr> -> !accel.buffer<1 x 24, <tokens>, hbm>
    // CHECK-NEXT: isa.activation src_space = ddr, dst_space = ddr, function = silu, channels = 64, rows = <tokens>, src = <100>
    accel.activation silu %x into %x : !accel.buffer<1 x 48, <tokens>, ddr> -> !accel.buffer<1 x 48, <tokens>, ddr>
    // CHECK-NEXT: isa.activation {{.*}} function = gelu, channels = 64
    accel.activation gelu %x into %x : !accel.buffer<1 x 48, <tokens>, ddr> -> !accel.buffer<1 x 48, <tokens>, ddr>
    // The last token keeps its place: an address, and the stride of the whole.
    // CHECK-NEXT: isa.vmm weight_format = fp16, epilogue = add, src_space = ddr, dst_space = ddr, aux_space = ddr, has_bias = false, argmax = true, in_channels = 64, out_channels = 48, weights = 40, bias = 0, rows = <1>, src = <tokens + 299>, src_stride = <tokens>, dst = <900>, dst_stride = <1>, aux = <tokens + 99>, aux_stride = <tokens>, slice_rows = 0, work = 0
    %last = accel.rows %q from <tokens - 1> : !accel.buffer<2 x 24, <tokens>, ddr> -> !accel.buffer<2 x 24, <1>, ddr>
    %r = accel.rows %x from <tokens - 1> : !accel.buffer<1 x 48, <tokens>, ddr> -> !accel.buffer<1 x 48, <1>, ddr>
    accel.vmm %last weight(@head) epilogue(add, %r : !accel.buffer<1 x 48, <1>, ddr>) argmax into %l : !accel.buffer<2 x 24, <1>, ddr> -> !accel.buffer<1 x 48, <1>, ddr>
    // CHECK-NEXT: isa.end
    accel.return %l : !accel.buffer<1 x 48, <1>, ddr>
  }
}
