//===- DeviceErrors.h - Expecting what the device refuses -----------------===//
#ifndef EDGELLM_TEST_UNIT_MODEL_DEVICEERRORS_H
#define EDGELLM_TEST_UNIT_MODEL_DEVICEERRORS_H

#include "TestDevice.h"

namespace edgellm::test {

using isa::Request;
using isa::Status;
using isa::StatusCode;

inline constexpr int64_t kPorts = 4, kDdr = 2000, kHbm = 200;
/// Packets of each port before the KV memory, and the first packet of that,
/// dealt over the ports.
inline constexpr int64_t kWeights = 100, kCache = kPorts * kWeights;

inline void expectStatus(TestDevice &device, const Status &status,
                         StatusCode code, const char *field) {
  EXPECT_EQ(status.code, code) << isa::describe(status, device.program);
  EXPECT_EQ(status.field,
            isa::fieldPosition(device.program, status.packet, field))
      << isa::describe(status, device.program);
}

/// Legal instructions whose fields a test then bends.
struct Samples {
  isa::Vmm vmm;
  isa::AttentionScores scores;
  isa::Softmax softmax;
  isa::AttentionValues values;
  isa::RmsNorm norm;
  isa::LayerNorm layerNorm;
  isa::Rope rope;
  isa::Activation activation;

  Samples();
};

template <typename Instruction> void placeRows(Instruction &instruction) {
  instruction.rows = times(Request::tokens);
  instruction.src = constant(100);
  instruction.src_stride = times(Request::tokens);
  instruction.dst = constant(1000);
  instruction.dst_stride = times(Request::tokens);
}

inline Samples::Samples() {
  placeRows(vmm);
  vmm.slice_rows = 2;
  vmm.epilogue = isa::Epilogue::add;
  vmm.has_bias = true;
  vmm.in_channels = 256;
  vmm.out_channels = 64;
  vmm.weights = 1;
  vmm.bias = 1;
  vmm.aux = constant(500);
  vmm.aux_stride = times(Request::tokens);

  placeRows(scores);
  scores.slice_rows = 2;
  scores.heads = 4;
  scores.kv_heads = scores.head_blocks = 2;
  scores.scale = 1;
  scores.key_stride = 64;
  scores.keys = kCache;
  scores.columns = times(Request::context);
  scores.dst_head_stride = times(Request::tokens, 4);

  placeRows(softmax);
  softmax.heads = 4;
  softmax.columns = times(Request::context);
  softmax.visible = times(Request::past, 1, 1);
  softmax.src_head_stride = times(Request::tokens, 4);
  softmax.dst_head_stride = times(Request::tokens, 4);

  placeRows(values);
  values.slice_rows = 2;
  values.heads = 4;
  values.kv_heads = values.head_blocks = 2;
  values.value_stride = 64;
  values.values = kCache;
  values.columns = times(Request::context);
  values.src_head_stride = times(Request::tokens, 4);

  placeRows(norm);
  norm.heads = 1;
  norm.channels = 100;
  norm.epsilon = norm.inverse_channels = 0.01f;
  norm.weight = 1;

  placeRows(layerNorm);
  layerNorm.channels = 100;
  layerNorm.epsilon = 0.01f;
  layerNorm.weight = 1;
  layerNorm.bias = 5;

  placeRows(rope);
  rope.heads = rope.head_blocks = 2;
  rope.table = constant(600);
  rope.table_stride = 50;

  placeRows(activation);
  activation.channels = 100;
}

class DeviceErrors : public testing::Test {
protected:
  DeviceErrors() : device(kPorts, kDdr, kHbm) {
    Values values(41);
    device.scramble(values);
    device.begin.context = 120;
    device.setFirstCachePacket(kWeights);
  }

  /// Three tokens after forty: 43 columns in two blocks.
  template <typename Instruction>
  Status runOne(const Instruction &instruction) {
    return device.run(3, 40, instruction);
  }

  template <typename Instruction>
  void expectGood(const Instruction &instruction) {
    Status status = runOne(instruction);
    EXPECT_EQ(status.code, StatusCode::ok)
        << isa::describe(status, device.program);
    EXPECT_EQ(status.completed, 3u);
  }

  template <typename Instruction>
  Status expectBad(const Instruction &instruction, StatusCode code,
                   const char *field) {
    UnchangedOutside unchanged(device);
    Status status = runOne(instruction);
    unchanged.expect();
    expectStatus(device, status, code, field);
    EXPECT_EQ(status.instruction, 1u);
    EXPECT_EQ(status.packet, 1u);
    EXPECT_EQ(status.completed, 1u);
    return status;
  }

  /// The operand at `base` takes `length` packets; `limit` of them exist.
  template <typename Instruction>
  void expectBounds(const Instruction &instruction,
                    isa::Affine Instruction::*base, const char *field,
                    int64_t length, int64_t limit = kDdr, int64_t least = 1) {
    Instruction bent = instruction;
    bent.*base = constant(limit - length);
    expectGood(bent);
    bent.*base = constant(limit - length + 1);
    Status status = expectBad(bent, StatusCode::out_of_bounds, field);
    EXPECT_EQ(status.found, limit);
    EXPECT_EQ(status.limit, limit - 1);
    bent.*base = constant(least - 1);
    status = expectBad(bent, StatusCode::out_of_bounds, field);
    EXPECT_EQ(status.found, least - 1);
    EXPECT_EQ(status.limit, least);
    for (int64_t far : {-(int64_t(1) << 39), (int64_t(1) << 39) - 1}) {
      bent.*base = constant(far);
      expectBad(bent, StatusCode::out_of_bounds, field);
    }
    bent.*base = {-5, 0xFFFF, Request::context_rounded};
    expectBad(bent, StatusCode::out_of_bounds, field);
  }

  /// The same for an address that is no expression.
  template <typename Instruction>
  void expectBounds(const Instruction &instruction, int64_t Instruction::*base,
                    const char *field, int64_t length, int64_t limit = kDdr,
                    int64_t least = 0) {
    Instruction bent = instruction;
    bent.*base = limit - length;
    expectGood(bent);
    bent.*base = limit - length + 1;
    Status status = expectBad(bent, StatusCode::out_of_bounds, field);
    EXPECT_EQ(status.found, limit);
    EXPECT_EQ(status.limit, limit - 1);
    bent.*base = (int64_t(1) << 40) - 1;
    expectBad(bent, StatusCode::out_of_bounds, field);
    if (least == 0)
      return;
    bent.*base = least - 1;
    status = expectBad(bent, StatusCode::out_of_bounds, field);
    EXPECT_EQ(status.found, least - 1);
    EXPECT_EQ(status.limit, least);
  }

  /// A stride that leads far away, forwards and backwards.
  template <typename Instruction>
  void expectStrideBounds(const Instruction &instruction,
                          isa::Affine Instruction::*stride, const char *field) {
    Instruction bent = instruction;
    for (isa::Affine far :
         {constant(-(int64_t(1) << 39)), constant((int64_t(1) << 39) - 1),
          isa::Affine{0, 0xFFFF, Request::context_rounded}}) {
      bent.*stride = far;
      expectBad(bent, StatusCode::out_of_bounds, field);
    }
  }

  template <typename Instruction>
  void expectRows(const Instruction &instruction) {
    Instruction bent = instruction;
    bent.rows = constant(0);
    EXPECT_EQ(expectBad(bent, StatusCode::request_range, "rows").limit, 1);
    bent.rows = constant(-1);
    expectBad(bent, StatusCode::request_range, "rows");
    bent.rows = constant(65); // max_tokens is 64
    Status status = expectBad(bent, StatusCode::request_range, "rows");
    EXPECT_EQ(status.found, 65);
    EXPECT_EQ(status.limit, 64);
  }

  template <typename Instruction>
  void expectOverlap(const Instruction &instruction) {
    Status status = expectBad(instruction, StatusCode::overlap, "dst");
    EXPECT_LE(status.found, status.limit);
  }

  TestDevice device;
  Samples samples;
};

} // namespace edgellm::test

#endif // EDGELLM_TEST_UNIT_MODEL_DEVICEERRORS_H
