//===- DeviceErrorTest.cpp - What the device refuses ----------------------===//
//
// Every operand of every instruction is placed just inside its buffer, which
// must work, and just outside, which must end the run with the right status and
// without touching anything else.
//
//===----------------------------------------------------------------------===//
#include "DeviceErrors.h"

using namespace edgellm;
using namespace edgellm::test;
using isa::Request;
using isa::Status;
using isa::StatusCode;

namespace {

using DeviceErrorTest = DeviceErrors;

//===----------------------------------------------------------------------===//
// Instructions
//===----------------------------------------------------------------------===//

TEST_F(DeviceErrorTest, vmm) {
  using isa::Vmm;
  const Vmm &vmm = samples.vmm;
  expectGood(vmm);
  expectRows(vmm);
  expectBounds(vmm, &Vmm::src, "src", 8 * 3);
  expectBounds(vmm, &Vmm::dst, "dst", 2 * 3);
  expectBounds(vmm, &Vmm::aux, "aux", 2 * 3);
  expectBounds(vmm, &Vmm::bias, "bias", 2);
  expectStrideBounds(vmm, &Vmm::src_stride, "src");
  expectStrideBounds(vmm, &Vmm::dst_stride, "dst");
  expectStrideBounds(vmm, &Vmm::aux_stride, "aux");
  // 16 rows of 32 + 128 bytes a port, 40 packets.
  expectBounds(vmm, &Vmm::weights, "weights", 40, kWeights);
  Vmm bent = vmm;
  bent.bias = 0;
  expectBad(bent, StatusCode::out_of_bounds, "bias");
}

TEST_F(DeviceErrorTest, vmmSizesOfWeights) {
  isa::Vmm vmm = samples.vmm;
  vmm.epilogue = isa::Epilogue::none;
  vmm.has_bias = false;
  vmm.dst_stride = constant(3);
  vmm.in_channels = 32;
  vmm.weight_format = isa::WeightFormat::fp16; // one packet a row
  vmm.weights = 0;
  vmm.out_channels = kPorts * kWeights / 32 * 32; // 384: 96 rows a port
  vmm.weights = 4;
  expectGood(vmm);
  vmm.weights = 5;
  expectBad(vmm, StatusCode::out_of_bounds, "weights");
  vmm.weights = 0;
  vmm.out_channels += 32;
  expectBad(vmm, StatusCode::out_of_bounds, "weights");
  vmm.in_channels = vmm.out_channels = (1 << 24) - 1;
  vmm.src_stride = constant(0);
  vmm.dst = constant(1);
  vmm.dst_stride = constant(0);
  expectBad(vmm, StatusCode::out_of_bounds, "weights");
}

TEST_F(DeviceErrorTest, vmmOperandsThatAreNotUsed) {
  isa::Vmm vmm = samples.vmm;
  vmm.epilogue = isa::Epilogue::none;
  vmm.has_bias = false;
  vmm.bias = (int64_t(1) << 40) - 1;
  vmm.aux = vmm.aux_stride = constant(-1);
  expectGood(vmm);
}

TEST_F(DeviceErrorTest, vmmToTheCache) {
  isa::Vmm vmm = samples.vmm;
  vmm.dst_space = isa::Space::hbm;
  vmm.dst_stride = constant(50);
  expectBounds(vmm, &isa::Vmm::dst, "dst", 53, kPorts * kHbm, kCache);
}

TEST_F(DeviceErrorTest, vmmOverlaps) {
  isa::Vmm vmm = samples.vmm;
  vmm.dst = constant(95); // up to 100
  expectOverlap(vmm);
  vmm.dst = constant(94);
  expectGood(vmm);
  vmm.dst = vmm.src, vmm.dst_stride = vmm.src_stride;
  expectOverlap(vmm);
  vmm.dst = constant(501);
  expectOverlap(vmm);
  vmm.dst = vmm.aux, vmm.dst_stride = times(Request::tokens, 2);
  expectOverlap(vmm);
  vmm.dst_stride = vmm.aux_stride;
  expectGood(vmm);
  vmm.dst = constant(2);
  expectOverlap(vmm); // with the bias
  vmm.dst = constant(1000), vmm.dst_stride = constant(2);
  expectOverlap(vmm); // with itself
  vmm.dst_stride = constant(-3);
  expectGood(vmm);
}

TEST_F(DeviceErrorTest, attentionScores) {
  using isa::AttentionScores;
  const AttentionScores &scores = samples.scores;
  expectGood(scores);
  expectRows(scores);
  expectBounds(scores, &AttentionScores::src, "src", 8 * 3);
  expectBounds(scores, &AttentionScores::dst, "dst", 3 * 12 + 2 * 3);
  expectStrideBounds(scores, &AttentionScores::src_stride, "src");
  expectStrideBounds(scores, &AttentionScores::dst_stride, "dst");
  expectStrideBounds(scores, &AttentionScores::dst_head_stride, "dst");
  // Whole groups of 32 tokens are read: 3 * 64 + 64.
  expectBounds(scores, &AttentionScores::keys, "keys", 256, kPorts * kHbm,
               kCache);
  AttentionScores bent = scores;
  bent.key_stride = 0xFFFFFFFF;
  expectBad(bent, StatusCode::out_of_bounds, "keys");
  bent = scores;
  bent.dst = constant(100);
  expectOverlap(bent);
}

TEST_F(DeviceErrorTest, attentionHeads) {
  for (int64_t kvHeads : {3, 8, 65535}) {
    isa::AttentionScores scores = samples.scores;
    scores.kv_heads = kvHeads;
    Status status =
        expectBad(scores, StatusCode::illegal_instruction, "kv_heads");
    EXPECT_EQ(status.found, kvHeads);
    EXPECT_EQ(status.limit, 4);
    isa::AttentionValues values = samples.values;
    values.kv_heads = kvHeads;
    expectBad(values, StatusCode::illegal_instruction, "kv_heads");
  }
}

TEST_F(DeviceErrorTest, attentionColumns) {
  auto bend = [&](auto instruction) {
    instruction.columns = constant(0);
    expectBad(instruction, StatusCode::request_range, "columns");
    instruction.columns = constant(121); // the context is 120
    expectBad(instruction, StatusCode::request_range, "columns");
  };
  bend(samples.scores);
  bend(samples.values);
  bend(samples.softmax);
}

TEST_F(DeviceErrorTest, softmax) {
  using isa::Softmax;
  const Softmax &softmax = samples.softmax;
  expectGood(softmax);
  expectRows(softmax);
  expectBounds(softmax, &Softmax::src, "src", 3 * 12 + 2 * 3);
  expectBounds(softmax, &Softmax::dst, "dst", 3 * 12 + 2 * 3);
  expectStrideBounds(softmax, &Softmax::src_stride, "src");
  expectStrideBounds(softmax, &Softmax::src_head_stride, "src");
  expectStrideBounds(softmax, &Softmax::dst_stride, "dst");
  expectStrideBounds(softmax, &Softmax::dst_head_stride, "dst");
  Softmax bent = softmax;
  bent.visible = constant(0);
  expectBad(bent, StatusCode::request_range, "visible");
  bent.visible = constant(42); // row 2 would see 44 of 43 columns
  EXPECT_EQ(expectBad(bent, StatusCode::request_range, "visible").limit, 41);
  bent = softmax;
  bent.dst = constant(101);
  expectOverlap(bent);
  bent.dst = bent.src;
  expectGood(bent);
  bent.dst_head_stride = constant(3); // heads in each other's second block
  expectOverlap(bent);
}

TEST_F(DeviceErrorTest, attentionValues) {
  using isa::AttentionValues;
  const AttentionValues &values = samples.values;
  expectGood(values);
  expectRows(values);
  expectBounds(values, &AttentionValues::src, "src", 3 * 12 + 2 * 3);
  expectBounds(values, &AttentionValues::dst, "dst", 8 * 3);
  expectStrideBounds(values, &AttentionValues::src_stride, "src");
  expectStrideBounds(values, &AttentionValues::src_head_stride, "src");
  expectStrideBounds(values, &AttentionValues::dst_stride, "dst");
  expectBounds(values, &AttentionValues::values, "values", 256, kPorts * kHbm,
               kCache);
  AttentionValues bent = values;
  bent.dst = constant(100);
  expectOverlap(bent);
}

TEST_F(DeviceErrorTest, rmsNorm) {
  using isa::RmsNorm;
  const RmsNorm &norm = samples.norm;
  expectGood(norm);
  expectRows(norm);
  expectBounds(norm, &RmsNorm::src, "src", 4 * 3);
  expectBounds(norm, &RmsNorm::dst, "dst", 4 * 3);
  expectBounds(norm, &RmsNorm::weight, "weight", 4);
  expectStrideBounds(norm, &RmsNorm::src_stride, "src");
  expectStrideBounds(norm, &RmsNorm::dst_stride, "dst");
  for (float value : {0.0f, -0.0f, -1.0f}) {
    RmsNorm bent = norm;
    bent.epsilon = value;
    expectBad(bent, StatusCode::illegal_instruction, "epsilon");
    bent = norm;
    bent.inverse_channels = value;
    expectBad(bent, StatusCode::illegal_instruction, "inverse_channels");
  }
  RmsNorm bent = norm;
  bent.dst = bent.src;
  expectGood(bent);
  bent.dst = constant(101);
  expectOverlap(bent);
  bent.dst = constant(4); // the last packet of the weight
  expectOverlap(bent);
}

TEST_F(DeviceErrorTest, rmsNormOfHeads) {
  using isa::RmsNorm;
  RmsNorm norm = samples.norm; // two heads of two packets
  norm.heads = 2;
  norm.channels = 33;
  expectGood(norm);
  expectBounds(norm, &RmsNorm::src, "src", 4 * 3);
  expectBounds(norm, &RmsNorm::dst, "dst", 4 * 3);
  expectBounds(norm, &RmsNorm::weight, "weight", 2);
  RmsNorm bent = norm;
  bent.dst_space = isa::Space::hbm;
  expectBounds(bent, &RmsNorm::dst, "dst", 4 * 3, kPorts * kHbm, kCache);
  bent = norm;
  bent.heads = 65535, bent.channels = 0xFFFFFF;
  expectBad(bent, StatusCode::out_of_bounds, "weight");
  bent.channels = 1;
  expectBad(bent, StatusCode::out_of_bounds, "src");
}

TEST_F(DeviceErrorTest, layerNorm) {
  using isa::LayerNorm;
  const LayerNorm &norm = samples.layerNorm;
  expectGood(norm);
  expectRows(norm);
  expectBounds(norm, &LayerNorm::src, "src", 4 * 3);
  expectBounds(norm, &LayerNorm::dst, "dst", 4 * 3);
  expectBounds(norm, &LayerNorm::weight, "weight", 4);
  expectBounds(norm, &LayerNorm::bias, "bias", 4);
  expectStrideBounds(norm, &LayerNorm::src_stride, "src");
  expectStrideBounds(norm, &LayerNorm::dst_stride, "dst");
  for (float value : {0.0f, -0.0f, -1.0f}) {
    LayerNorm bent = norm;
    bent.epsilon = value;
    expectBad(bent, StatusCode::illegal_instruction, "epsilon");
  }
  LayerNorm bent = norm;
  bent.dst = bent.src;
  expectGood(bent);
  bent.dst = constant(101);
  expectOverlap(bent);
  bent.dst = constant(8); // the last packet of the bias
  expectOverlap(bent);
  bent.bias = 20, bent.dst = constant(4); // that of the weight
  expectOverlap(bent);
}

TEST_F(DeviceErrorTest, rope) {
  using isa::Rope;
  const Rope &rope = samples.rope;
  expectGood(rope);
  expectRows(rope);
  expectBounds(rope, &Rope::src, "src", 4 * 3);
  expectBounds(rope, &Rope::dst, "dst", 4 * 3);
  expectBounds(rope, &Rope::table, "table", 53);
  expectStrideBounds(rope, &Rope::src_stride, "src");
  expectStrideBounds(rope, &Rope::dst_stride, "dst");
  Rope bent = rope;
  bent.table_stride = 0xFFFFFFFF;
  expectBad(bent, StatusCode::out_of_bounds, "table");
  bent = rope;
  bent.dst_space = isa::Space::hbm;
  expectBounds(bent, &Rope::dst, "dst", 4 * 3, kPorts * kHbm, kCache);
  bent.src = constant(kCache);
  bent.dst = constant(kCache + 1); // the same packets of the other space
  expectGood(bent);
  bent = rope;
  bent.dst = bent.src;
  expectGood(bent);
  bent.dst = constant(600);
  expectOverlap(bent);
  bent.heads = 65535, bent.head_blocks = 255;
  expectBad(bent, StatusCode::out_of_bounds, "table");
}

TEST_F(DeviceErrorTest, activation) {
  using isa::Activation;
  const Activation &activation = samples.activation;
  expectGood(activation);
  expectRows(activation);
  expectBounds(activation, &Activation::src, "src", 4 * 3);
  expectBounds(activation, &Activation::dst, "dst", 4 * 3);
  expectStrideBounds(activation, &Activation::src_stride, "src");
  expectStrideBounds(activation, &Activation::dst_stride, "dst");
  Activation bent = activation;
  bent.dst = bent.src;
  expectGood(bent);
  bent.dst_stride = constant(4);
  expectOverlap(bent);
}

/// Operands that repeat the same packets over and over: every address is good,
/// but nobody should hold that many prepared inputs.
TEST(DeviceLimitTest, intermediateResultsAreBounded) {
  TestDevice device(1, 17000, 34000);
  device.setFirstCachePacket(0);
  device.begin.context = 33000;
  isa::AttentionValues values;
  values.slice_rows = 1;
  values.heads = values.kv_heads = 512;
  values.head_blocks = 1;
  values.rows = times(Request::tokens);
  values.value_stride = 1;
  values.columns = constant(32768);
  values.src = constant(1);
  values.dst = constant(100);
  values.dst_stride = times(Request::tokens);
  device.append(device.begin);
  device.append(values);
  device.append(isa::End{});
  EXPECT_FALSE(model::execute(device.launchOf(32, 0), TestDevice::pool(1)));
}

//===----------------------------------------------------------------------===//
// Entries and requests
//===----------------------------------------------------------------------===//

TEST_F(DeviceErrorTest, tokensAndContext) {
  EXPECT_EQ(device.run(64, 56).code, StatusCode::ok);
  Status status = device.run(0, 0);
  expectStatus(device, status, StatusCode::request_range, "max_tokens");
  EXPECT_EQ(status.limit, 1);
  EXPECT_EQ(status.completed, 0u);
  expectStatus(device, device.run(65, 0), StatusCode::request_range,
               "max_tokens");
  expectStatus(device, device.run(0xFFFFFFFF, 0xFFFFFFFF),
               StatusCode::request_range, "max_tokens");
  status = device.run(1, 120);
  expectStatus(device, status, StatusCode::request_range, "context");
  EXPECT_EQ(status.found, 121);
  EXPECT_EQ(status.limit, 120);
  status = device.run(1, 0xFFFFFFFF);
  expectStatus(device, status, StatusCode::request_range, "context");
  EXPECT_EQ(status.found, int64_t(1) << 32);
}

TEST_F(DeviceErrorTest, buffersSmallerThanTheProgramNeeds) {
  device.begin.ddr_packets = kDdr + 1;
  Status status = device.run(1, 0);
  expectStatus(device, status, StatusCode::out_of_bounds, "ddr_packets");
  EXPECT_EQ(status.limit, kDdr);
  device.begin.ddr_packets = kDdr;
  device.begin.hbm_packets = kHbm + 1;
  expectStatus(device, device.run(1, 0), StatusCode::out_of_bounds,
               "hbm_packets");
  device.begin.hbm_packets = kHbm;
  device.hbm[2].pop_back(); // no longer a whole packet
  status = device.run(1, 0);
  expectStatus(device, status, StatusCode::out_of_bounds, "hbm_packets");
  EXPECT_EQ(status.limit, kHbm - 1);
}

TEST_F(DeviceErrorTest, declaredSizesAreTheLimits) {
  device.begin.ddr_packets = 1012; // one short of what dst needs
  expectGood(samples.activation);
  device.begin.ddr_packets = 1011;
  expectBad(samples.activation, StatusCode::out_of_bounds, "dst");
  device.begin.ddr_packets = kDdr;
  device.begin.sequence_packets = 0;
  device.begin.hbm_packets = 40;
  expectBad(samples.vmm, StatusCode::out_of_bounds, "weights");
  device.begin.hbm_packets = 0;
  expectBad(samples.scores, StatusCode::out_of_bounds, "keys");
}

TEST_F(DeviceErrorTest, noPorts) {
  device.hbm.clear();
  device.begin.hbm_packets = device.begin.sequence_packets = 0;
  expectBad(samples.vmm, StatusCode::out_of_bounds, "weights");
  expectBad(samples.scores, StatusCode::out_of_bounds, "keys");
  isa::Rope rope = samples.rope;
  rope.dst_space = isa::Space::hbm;
  expectBad(rope, StatusCode::out_of_bounds, "dst");
  expectGood(samples.activation);
}

TEST_F(DeviceErrorTest, entryOutsideTheProgram) {
  device.append(device.begin);
  device.append(isa::End{});
  for (uint32_t entry : {2u, 0xFFFFFFFFu}) {
    Status status = device.launch(1, 0, entry);
    expectStatus(device, status, StatusCode::out_of_bounds, "");
    EXPECT_EQ(status.packet, entry);
    EXPECT_EQ(status.limit, 1);
  }
  device.program.clear();
  expectStatus(device, device.launch(1, 0), StatusCode::out_of_bounds, "");
}

TEST_F(DeviceErrorTest, missingBegin) {
  device.append(samples.activation);
  device.append(isa::End{});
  expectStatus(device, device.launch(1, 0), StatusCode::illegal_instruction,
               "");
}

TEST_F(DeviceErrorTest, entryThatOnlyEnds) {
  device.append(isa::End{});
  expectStatus(device, device.launch(1, 0), StatusCode::illegal_instruction,
               "");
}

TEST_F(DeviceErrorTest, missingEnd) {
  device.append(device.begin);
  device.append(samples.activation);
  Status status = device.launch(1, 0);
  expectStatus(device, status, StatusCode::no_end, "");
  EXPECT_EQ(status.instruction, 2u);
  EXPECT_EQ(status.completed, 2u);
  device.append(device.begin); // another entry
  device.append(isa::End{});
  expectStatus(device, device.launch(1, 0), StatusCode::no_end, "");
}

TEST_F(DeviceErrorTest, truncatedInstruction) {
  device.append(device.begin);
  device.append(samples.vmm);
  for (size_t bytes : {64 + 64, 64 + 127, 64 + 63}) {
    device.program.resize(bytes);
    expectStatus(device, device.launch(1, 0), StatusCode::no_end, "");
  }
}

TEST_F(DeviceErrorTest, unknownOpcode) {
  device.append(device.begin);
  device.append(isa::End{});
  device.program[64] = std::byte(0x7E);
  Status status = device.launch(1, 0);
  expectStatus(device, status, StatusCode::illegal_instruction, "");
  EXPECT_EQ(status.instruction, 1u);
  EXPECT_EQ(status.found, 0x7E);
}

/// Every single bit of a program flipped: each either does not matter to
/// memory safety or is refused; nothing crashes, and a status is written.
TEST_F(DeviceErrorTest, flippedBits) {
  device.append(device.begin);
  device.append(samples.norm);
  device.append(samples.layerNorm);
  device.append(samples.rope);
  device.append(samples.scores);
  device.append(samples.softmax);
  device.append(samples.values);
  device.append(samples.vmm);
  device.append(isa::End{});
  auto intact = device.program;
  EXPECT_EQ(device.launch(3, 40).code, StatusCode::ok);
  int refused = 0;
  for (size_t bit = 0; bit < intact.size() * 8; ++bit) {
    device.program = intact;
    device.program[bit / 8] ^= std::byte(1 << bit % 8);
    ASSERT_TRUE(model::execute(device.launchOf(3, 40), TestDevice::pool(1)));
    refused += device.status().code != StatusCode::ok;
  }
  EXPECT_GT(refused, int(intact.size() * 8) / 2);
}

} // namespace
