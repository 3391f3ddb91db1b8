//===- Operands.cpp - What memory an instruction uses ---------------------===//
#include "EdgeLLM/ISA/Operands.h"

using namespace edgellm::isa;

static constexpr int64_t kLanes32 = kLanes;

/// Both enumerations begin with the same two cases.
static Space spaceOf(ActivationSpace space) { return Space(space); }
static_assert(Space::ddr == Space(ActivationSpace::ddr) &&
              Space::chip == Space(ActivationSpace::chip));

// Counts that do not depend on the request are plain numbers, so that the same
// region has one form, whether it counts channels or heads.
static Count exactly(int64_t count) { return {constant(count)}; }
static Count blocks(int64_t channels) {
  return exactly(ceilDivide(channels, kLanes32));
}
/// Column blocks.
static Count blocks(const Affine &columns) { return {columns, kLanes32, true}; }

/// `count` blocks of `rows` rows.
static OperandRegion matrix(Space space, const Affine &base,
                            const Affine &stride, const Count &count,
                            const Affine &rows) {
  return {space, base, {}, {count, stride}, {rows}};
}

/// One row of `channels` channels in ddr.
static OperandRegion row(int64_t packet, int64_t channels) {
  return {Space::ddr,
          constant(packet),
          {},
          {blocks(channels), constant(1)},
          exactly(1)};
}

/// Two slices of `blockCount` blocks on chip, for an input in ddr.
template <typename Instruction>
static void addWork(Operands &operands, const Instruction &instruction,
                    const Count &blockCount) {
  if (instruction.src_space != ActivationSpace::ddr)
    return;
  operands.add({"work",
                Access::work,
                {Space::chip,
                 constant(instruction.work),
                 {},
                 {blockCount, constant(2 * instruction.slice_rows)},
                 exactly(2 * instruction.slice_rows)}});
}

Operands edgellm::isa::operandsOf(const Begin &, int64_t) { return {}; }
Operands edgellm::isa::operandsOf(const End &, int64_t) { return {}; }

Operands edgellm::isa::operandsOf(const Vmm &vmm, int64_t ports) {
  Operands operands;
  operands.add({"src", Access::read,
                matrix(spaceOf(vmm.src_space), vmm.src, vmm.src_stride,
                       blocks(vmm.in_channels), vmm.rows)});
  int64_t weightPackets = matrixPackets(vmm.weight_format, vmm.out_channels,
                                        vmm.in_channels, ports);
  operands.add({"weights",
                Access::stream,
                {Space::hbm,
                 constant(vmm.weights * ports),
                 {},
                 {},
                 exactly(weightPackets * ports)}});
  if (vmm.has_bias)
    operands.add({"bias", Access::constant, row(vmm.bias, vmm.out_channels)});
  if (vmm.epilogue != Epilogue::none)
    operands.add({"aux", Access::read,
                  matrix(spaceOf(vmm.aux_space), vmm.aux, vmm.aux_stride,
                         blocks(vmm.out_channels), vmm.rows)});
  addWork(operands, vmm, blocks(vmm.in_channels));
  operands.add({"dst", Access::write,
                matrix(vmm.dst_space, vmm.dst, vmm.dst_stride,
                       blocks(vmm.out_channels), vmm.rows)});
  return operands;
}

Operands edgellm::isa::operandsOf(const AttentionScores &scores, int64_t) {
  Operands operands;
  operands.add(
      {"src", Access::read,
       matrix(spaceOf(scores.src_space), scores.src, scores.src_stride,
              exactly(scores.heads * scores.head_blocks), scores.rows)});
  operands.add({"keys",
                Access::stream,
                {Space::hbm,
                 constant(scores.keys),
                 {},
                 {exactly(scores.kv_heads * scores.head_blocks),
                  constant(scores.key_stride)},
                 {scores.columns, kLanes32}}});
  addWork(operands, scores, exactly(scores.head_blocks));
  operands.add({"dst",
                Access::write,
                {spaceOf(scores.dst_space),
                 scores.dst,
                 {exactly(scores.heads), scores.dst_head_stride},
                 {blocks(scores.columns), scores.dst_stride},
                 {scores.rows}}});
  return operands;
}

Operands edgellm::isa::operandsOf(const Softmax &softmax, int64_t) {
  Operands operands;
  operands.add({"src",
                Access::read,
                {spaceOf(softmax.src_space),
                 softmax.src,
                 {exactly(softmax.heads), softmax.src_head_stride},
                 {blocks(softmax.columns), softmax.src_stride},
                 {softmax.rows}}});
  operands.add({"dst",
                Access::write,
                {spaceOf(softmax.dst_space),
                 softmax.dst,
                 {exactly(softmax.heads), softmax.dst_head_stride},
                 {blocks(softmax.columns), softmax.dst_stride},
                 {softmax.rows}}});
  return operands;
}

Operands edgellm::isa::operandsOf(const AttentionValues &values, int64_t) {
  Operands operands;
  operands.add({"src",
                Access::read,
                {spaceOf(values.src_space),
                 values.src,
                 {exactly(values.heads), values.src_head_stride},
                 {blocks(values.columns), values.src_stride},
                 {values.rows}}});
  operands.add({"values",
                Access::stream,
                {Space::hbm,
                 constant(values.values),
                 {},
                 {exactly(values.kv_heads * values.head_blocks),
                  constant(values.value_stride)},
                 {values.columns, kLanes32}}});
  addWork(operands, values, blocks(values.columns));
  operands.add(
      {"dst", Access::write,
       matrix(spaceOf(values.dst_space), values.dst, values.dst_stride,
              exactly(values.heads * values.head_blocks), values.rows)});
  return operands;
}

Operands edgellm::isa::operandsOf(const RmsNorm &norm, int64_t) {
  Count headBlocks = exactly(norm.heads * ceilDivide(norm.channels, kLanes32));
  Operands operands;
  operands.add({"weight", Access::constant, row(norm.weight, norm.channels)});
  operands.add({"src", Access::read,
                matrix(spaceOf(norm.src_space), norm.src, norm.src_stride,
                       headBlocks, norm.rows)});
  operands.add({"dst", Access::write,
                matrix(norm.dst_space, norm.dst, norm.dst_stride, headBlocks,
                       norm.rows)});
  return operands;
}

Operands edgellm::isa::operandsOf(const LayerNorm &norm, int64_t) {
  Operands operands;
  operands.add({"weight", Access::constant, row(norm.weight, norm.channels)});
  operands.add({"bias", Access::constant, row(norm.bias, norm.channels)});
  operands.add({"src", Access::read,
                matrix(spaceOf(norm.src_space), norm.src, norm.src_stride,
                       blocks(norm.channels), norm.rows)});
  operands.add({"dst", Access::write,
                matrix(spaceOf(norm.dst_space), norm.dst, norm.dst_stride,
                       blocks(norm.channels), norm.rows)});
  return operands;
}

Operands edgellm::isa::operandsOf(const Rope &rope, int64_t) {
  Count headBlocks = exactly(rope.heads * rope.head_blocks);
  Operands operands;
  operands.add({"table", Access::constant,
                matrix(Space::ddr, rope.table, constant(rope.table_stride),
                       exactly(rope.head_blocks), rope.rows)});
  operands.add({"src", Access::read,
                matrix(spaceOf(rope.src_space), rope.src, rope.src_stride,
                       headBlocks, rope.rows)});
  operands.add({"dst", Access::write,
                matrix(rope.dst_space, rope.dst, rope.dst_stride, headBlocks,
                       rope.rows)});
  return operands;
}

Operands edgellm::isa::operandsOf(const Activation &activation, int64_t) {
  Operands operands;
  operands.add({"src", Access::read,
                matrix(spaceOf(activation.src_space), activation.src,
                       activation.src_stride, blocks(activation.channels),
                       activation.rows)});
  operands.add({"dst", Access::write,
                matrix(spaceOf(activation.dst_space), activation.dst,
                       activation.dst_stride, blocks(activation.channels),
                       activation.rows)});
  return operands;
}
