// The file, byte for byte: header, one entry point, two instructions.
// RUN: edgellm-translate --isa-to-program %s | od -An -v -tx8 -w64 | FileCheck %s

isa.program ports = 8, context = 96, hidden = 32, vocabulary = 64, ddr_packets = 16384, hbm_packets = 7, chip_packets = 256, sequence_packets = 2, sequences = 3 {
  isa.entry "e" max_tokens = 64, input = 16, logits = 8, logits_rows = 1 {
    isa.begin max_tokens = 64, context = 96, ddr_packets = 16384, hbm_packets = 7, chip_packets = 256, sequence_packets = 2, sequences = 3
    isa.rms_norm src_space = ddr, dst_space = chip, channels = 32, epsilon = 1.0, inverse_channels = 0.5, weight = 3, heads = 1, rows = <tokens>, src = <past * 64 + 100>, src_stride = <(tokens ceildiv 32) * 32>, dst = <tokens + past>, dst_stride = <((tokens + past) ceildiv 32) * 32> from "norm"
    isa.end
  }
}

// "EdgeLLMP"; version 3, 1 entry; table hash; ports, context; hidden, vocabulary;
// ddr packets; hbm packets; chip packets
// CHECK: 504d4c4c65676445 0000000100000003 {{[0-9a-f]+}} 0000006000000008 0000004000000020 0000000000004000 0000000000000007 0000000000000100
// 3 packets of code, 1 of sources; sequence packets; sequences
// CHECK-NEXT: 0000000000000003 0000000000000001 0000000000000002 0000000000000003 0000000000000000 0000000000000000 0000000000000000 0000000000000000
// "e"; first packet 3, 3 packets; 3 instructions, 64 tokens; input; logits; rows
// CHECK-NEXT: 0000000000000065 0000000000000000 0000000000000000 0000000300000003 0000004000000003 0000000000000010 0000000000000008 0000000000000001
// begin: opcode 1, max_tokens from bit 8; context; ddr; hbm, chip; sequences
// CHECK-NEXT: 0000000000004001 0000000000000060 0000000000004000 0000010000000007 0000000300000002 0000000000000000 0000000000000000 0000000000000000
// rms_norm: opcode 0x20, no tokens, spaces 0 and 1 (chip), channels from bit 28;
// epsilon, 0.5; weight, heads from bit 40; then affine fields: register 1 tokens, 2 past, 3 context,
// 4 and 5 rounded up, at bit 56; factor at 40
// CHECK-NEXT: 0000000204000020 3f0000003f800000 0000010000000003 0100010000000000 0200400000000064 0400010000000000 0300010000000000 0500010000000000
// end
// CHECK-NEXT: 0000000000000002 0000000000000000
// sources: number 0 of begin, 1 of rms_norm, 0 of end; "", "norm"
// CHECK-NEXT: 0000000100000000 726f6e0000000000 000000000000006d 0000000000000000 0000000000000000 0000000000000000 0000000000000000 0000000000000000
