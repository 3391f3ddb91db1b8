// Every instruction with its fields, printed and parsed again.
// RUN: edgellm-opt %s | edgellm-opt | FileCheck %s

// CHECK: isa.program ports = 32, context = 512, hidden = 256, vocabulary = 2048, ddr_packets = 65536, hbm_packets = 4096, chip_packets = 16, sequence_packets = 64, sequences = 2 {
isa.program ports = 32, context = 512, hidden = 256, vocabulary = 2048, ddr_packets = 65536, hbm_packets = 4096, chip_packets = 16, sequence_packets = 64, sequences = 2 {
  // CHECK: isa.entry "generate" max_tokens = 512, input = 2048, logits = 1024, logits_rows = 1 {
  isa.entry "generate" max_tokens = 512, input = 2048, logits = 1024, logits_rows = 1 {
    // CHECK: isa.begin max_tokens = 512, context = 512, ddr_packets = 65536, hbm_packets = 4096, chip_packets = 16, sequence_packets = 64, sequences = 2
    isa.begin max_tokens = 512, context = 512, ddr_packets = 65536, hbm_packets = 4096, chip_packets = 16, sequence_packets = 64, sequences = 2
    // The device resolves affine fields; what is equal prints alike.
    // CHECK: isa.rms_norm src_space = ddr, dst_space = ddr, channels = 256, epsilon = 9.99999974E-6, inverse_channels = 3.906250e-03, weight = 1, heads = 1, rows = <tokens>, src = <tokens + 2047>, src_stride = <tokens>, dst = <10240>, dst_stride = <tokens * 2>
    isa.rms_norm src_space = ddr, dst_space = ddr, channels = 256, epsilon = 1.0e-5, inverse_channels = 3.90625e-03, weight = 1, heads = 1, rows = <tokens>, src = <2048 + tokens - 1>, src_stride = <tokens>, dst = <5 * 2048>, dst_stride = <tokens + tokens>
    // CHECK: isa.vmm weight_format = int4, epilogue = add, src_space = ddr, dst_space = ddr, aux_space = ddr, has_bias = true, argmax = false, in_channels = 256, out_channels = 128, weights = 20, bias = 9, rows = <1>, src = <past + 4096>, src_stride = <(tokens ceildiv 32) * 32>, dst = <tokens + past>, dst_stride = <(tokens + past) * 16 - 3>, aux = <((tokens + past) ceildiv 32) * 32 * 2 + 5>, aux_stride = <0>, slice_rows = 1, work = 0
    isa.vmm weight_format = int4, epilogue = add, src_space = ddr, dst_space = ddr, aux_space = ddr, has_bias = true, argmax = false, in_channels = 256, out_channels = 128, weights = 20, bias = 9, rows = <1>, src = <past + 4096>, src_stride = <(tokens ceildiv 32) * 32>, dst = <past + tokens>, dst_stride = <(tokens + past) * 16 - 3>, aux = <((tokens + past) ceildiv 32) * 64 + 5>, aux_stride = <0>, slice_rows = 1, work = 0
    // CHECK: isa.vmm weight_format = fp16, epilogue = multiply, src_space = ddr, dst_space = hbm, aux_space = ddr, has_bias = false, argmax = true
    isa.vmm weight_format = fp16, epilogue = multiply, src_space = ddr, dst_space = hbm, aux_space = ddr, has_bias = false, argmax = true, in_channels = 1, out_channels = 16777215, weights = 1099511627775, bias = 0, rows = <1>, src = <0>, src_stride = <1>, dst = <0>, dst_stride = <1>, aux = <0>, aux_stride = <1>, slice_rows = 1, work = 0
    // CHECK: isa.rope src_space = ddr, dst_space = hbm, heads = 2, head_blocks = 2, table_stride = 512, table = <past + 73>
    isa.rope src_space = ddr, dst_space = hbm, heads = 2, head_blocks = 2, table_stride = 512, table = <past + 73>, rows = <tokens>, src = <0>, src_stride = <tokens>, dst = <past + 512>, dst_stride = <512>
    // CHECK: isa.attention_scores src_space = ddr, dst_space = ddr, heads = 4, kv_heads = 2, head_blocks = 2, scale = 1.250000e-01
    isa.attention_scores src_space = ddr, dst_space = ddr, heads = 4, kv_heads = 2, head_blocks = 2, scale = 0.125, key_stride = 512, keys = 1024, rows = <tokens>, columns = <tokens + past>, src = <0>, src_stride = <tokens>, dst = <0>, dst_stride = <tokens>, dst_head_stride = <tokens * 16>, slice_rows = 1, work = 0
    // CHECK: isa.softmax src_space = ddr, dst_space = ddr, heads = 4, rows = <tokens>, columns = <tokens + past>, visible = <past + 1>
    isa.softmax src_space = ddr, dst_space = ddr, heads = 4, rows = <tokens>, columns = <tokens + past>, visible = <past + 1>, src = <0>, src_stride = <tokens>, src_head_stride = <tokens * 16>, dst = <0>, dst_stride = <tokens>, dst_head_stride = <tokens * 16>
    // CHECK: isa.attention_values src_space = ddr, dst_space = ddr, heads = 4, kv_heads = 2, head_blocks = 2, value_stride = 512, values = 3072
    isa.attention_values src_space = ddr, dst_space = ddr, heads = 4, kv_heads = 2, head_blocks = 2, value_stride = 512, values = 3072, rows = <tokens>, columns = <tokens + past>, src = <0>, src_stride = <tokens>, src_head_stride = <tokens * 16>, dst = <0>, dst_stride = <tokens>, slice_rows = 1, work = 0
    // CHECK: isa.rms_norm src_space = chip, dst_space = hbm, channels = 24, {{.*}} heads = 16, rows = <tokens>
    isa.rms_norm src_space = chip, dst_space = hbm, channels = 24, epsilon = 1.0e-5, inverse_channels = 0.041666668, weight = 1, heads = 16, rows = <tokens>, src = <0>, src_stride = <tokens>, dst = <past>, dst_stride = <512>
    // CHECK: isa.layer_norm src_space = ddr, dst_space = chip, epsilon = 9.99999974E-6, weight = 1, channels = 250, bias = 9, rows = <tokens>, src = <2048>, src_stride = <tokens>, dst = <0>, dst_stride = <tokens>
    isa.layer_norm src_space = ddr, dst_space = chip, epsilon = 1.0e-5, weight = 1, channels = 250, bias = 9, rows = <tokens>, src = <2048>, src_stride = <tokens>, dst = <0>, dst_stride = <tokens>
    // CHECK: isa.activation src_space = ddr, dst_space = ddr, function = silu, channels = 768
    isa.activation src_space = ddr, dst_space = ddr, function = silu, channels = 768, rows = <tokens>, src = <0>, src_stride = <tokens>, dst = <0>, dst_stride = <tokens>
    // CHECK: isa.activation {{.*}} function = gelu
    isa.activation src_space = ddr, dst_space = ddr, function = gelu, channels = 768, rows = <tokens>, src = <0>, src_stride = <tokens>, dst = <0>, dst_stride = <tokens>
    // Sets of units that are not empty, then where it came from.
    // CHECK: isa.activation {{.*}} dst_stride = <tokens> wait <matrix> signal <matrix, attention, dma> from "model.layers.0.mlp.act_fn"
    isa.activation src_space = ddr, dst_space = ddr, function = silu, channels = 768, rows = <tokens>, src = <0>, src_stride = <tokens>, dst = <0>, dst_stride = <tokens> wait <matrix> signal <dma, attention, matrix> from "model.layers.0.mlp.act_fn"
    // CHECK: isa.end
    isa.end
  }
}
