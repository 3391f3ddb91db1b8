//===- resolve.cpp - From instructions to commands ------------------------===//
#include "resolve.h"
#include "half.h"
#include "operand.h"

namespace edgellm::kernels {
namespace {

template <unsigned position> struct Field {
  static_assert(position != 0, "the table has no such field");
  static constexpr unsigned value = position;
};
/// Position of a field of the type `Instruction`, computed by the compiler.
#define FIELD(name) (Field<positionOf(Instruction::opcode, #name)>::value)

Value resolved(const isa::Affine &field, const Pass &pass) {
  return isa::resolve(field, pass.tokens.to_uint(), pass.past.to_uint());
}

/// Both enumerations begin with the same two cases.
isa::Space spaceOf(isa::ActivationSpace space) { return isa::Space(space); }
static_assert(isa::Space::ddr == isa::Space(isa::ActivationSpace::ddr) &&
              isa::Space::chip == isa::Space(isa::ActivationSpace::chip));

int64_t blocksOf(int64_t channels) { return isa::ceilDivide(channels, kLanes); }
int64_t blocksOf(Count channels) { return blocksOf(channels.to_int64()); }

//===----------------------------------------------------------------------===//
// Checks
//===----------------------------------------------------------------------===//

bool isCount(Value value, Value least, Value most, unsigned field,
             Fault &fault) {
  if (value >= least && value <= most)
    return true;
  return refuse(StatusCode::request_range, field, value,
                value < least ? least : most, fault);
}

template <typename Instruction>
bool checkRows(const Instruction &instruction, const Pass &pass, Count &rows,
               Fault &fault) {
  Value value = resolved(instruction.rows, pass);
  rows = value;
  return isCount(value, 1, pass.maxTokens, FIELD(rows), fault);
}

template <typename Instruction>
bool checkColumns(const Instruction &instruction, const Pass &pass,
                  Count &columns, Fault &fault) {
  Value value = resolved(instruction.columns, pass);
  columns = value;
  return isCount(value, 1, pass.context, FIELD(columns), fault);
}

/// Without it a row of zeros would divide zero by zero (N14, N19).
bool isPositive(float value, unsigned field, Fault &fault) {
  return value > 0 || refuse(StatusCode::illegal_instruction, field,
                             ap_int<32>(bitsOf(value)), 1, fault);
}

/// Every key head is shared by equally many query heads.
template <typename Instruction>
bool checkHeads(const Instruction &instruction, Fault &fault) {
  return instruction.heads % instruction.kv_heads == 0 ||
         refuse(StatusCode::illegal_instruction, FIELD(kv_heads),
                instruction.kv_heads, instruction.heads, fault);
}

/// Slices of an input in ddr have a size and room on chip, two of them.
template <typename Instruction>
bool placeWork(const Instruction &instruction, int64_t blocks, const Pass &pass,
               Fault &fault) {
  int64_t rows = 2 * instruction.slice_rows;
  if (rows == 0)
    return refuse(StatusCode::illegal_instruction, FIELD(slice_rows), 0, 1,
                  fault);
  Operand work(isa::Space::chip, instruction.work, {}, {blocks, rows}, rows);
  return place(work, pass, FIELD(work), fault);
}
template <typename Instruction>
bool isWorkApart(const Instruction &instruction, int64_t blocks,
                 const Operand &other, Fault &fault) {
  int64_t rows = 2 * instruction.slice_rows;
  Operand work(isa::Space::chip, instruction.work, {}, {blocks, rows}, rows);
  return areApart(work, other, FIELD(work), fault);
}

//===----------------------------------------------------------------------===//
// Operands
//===----------------------------------------------------------------------===//

/// `count` channel blocks of `rows` rows.
Operand matrix(isa::Space space, const isa::Affine &base,
               const isa::Affine &stride, int64_t count, Count rows,
               const Pass &pass) {
  return Operand(space, resolved(base, pass), {},
                 {count, resolved(stride, pass)}, rows);
}

/// One row of `channels` channels in ddr.
Operand row(int64_t packet, int64_t channels) {
  return Operand(isa::Space::ddr, packet, {}, {blocksOf(channels), 1}, 1);
}

/// For each head a matrix of `columns` columns.
Operand matrices(isa::Space space, const isa::Affine &base, int64_t heads,
                 const isa::Affine &headStride, Count columns,
                 const isa::Affine &stride, Count rows, const Pass &pass) {
  return Operand(space, resolved(base, pass),
                 {heads, resolved(headStride, pass)},
                 {blocksOf(columns), resolved(stride, pass)}, rows);
}

/// Of an operand of rows, the strips along its blocks: (head, row, block).
Region alongBlocks(const Operand &operand, Address headStep) {
  return {unsigned(operand.space), Address(operand.base), headStep, 1,
          operand.inner.step()};
}

} // namespace

//===----------------------------------------------------------------------===//
// begin
//===----------------------------------------------------------------------===//

bool resolve(const isa::Begin &begin, Pass &pass, Fault &fault) {
  using Instruction = isa::Begin;
  pass.maxTokens = begin.max_tokens;
  pass.context = begin.context;
  if (!isCount(pass.tokens, 1, begin.max_tokens, FIELD(max_tokens), fault))
    return false;
  Value needed = pass.tokens + pass.past;
  if (needed > begin.context)
    return refuse(StatusCode::request_range, FIELD(context), needed,
                  begin.context, fault);
  if (pass.sequence >= begin.sequences)
    return refuse(StatusCode::request_range, FIELD(sequences), pass.sequence,
                  begin.sequences - 1, fault);
  if (begin.chip_packets > machine::kChipPackets)
    return refuse(StatusCode::out_of_bounds, FIELD(chip_packets),
                  begin.chip_packets, machine::kChipPackets, fault);
  Value allSequences = begin.sequences * begin.sequence_packets;
  if (allSequences > begin.hbm_packets)
    return refuse(StatusCode::out_of_bounds, FIELD(sequence_packets),
                  allSequences, begin.hbm_packets, fault);
  pass.ddrPackets = begin.ddr_packets;
  pass.chipPackets = begin.chip_packets;
  pass.weightPackets = begin.hbm_packets - allSequences;
  pass.kvPackets = begin.sequence_packets;
  return true;
}

//===----------------------------------------------------------------------===//
// Vector unit
//===----------------------------------------------------------------------===//

bool resolve(const isa::RmsNorm &norm, const Pass &pass, VectorCommand &command,
             Fault &fault) {
  using Instruction = isa::RmsNorm;
  Count rows;
  if (!isPositive(norm.epsilon, FIELD(epsilon), fault) ||
      !isPositive(norm.inverse_channels, FIELD(inverse_channels), fault) ||
      !checkRows(norm, pass, rows, fault))
    return false;
  int64_t blocks = blocksOf(norm.channels), all = norm.heads * blocks;
  Operand weight = row(norm.weight, norm.channels);
  Operand src = matrix(spaceOf(norm.src_space), norm.src, norm.src_stride, all,
                       rows, pass);
  Operand dst =
      matrix(norm.dst_space, norm.dst, norm.dst_stride, all, rows, pass);
  if (!place(weight, pass, FIELD(weight), fault) ||
      !place(src, pass, FIELD(src), fault) ||
      !place(dst, pass, FIELD(dst), fault) ||
      !isDistinct(dst, FIELD(dst), fault) ||
      !areApart(dst, weight, FIELD(dst), fault) ||
      !areApartOrSame(dst, src, FIELD(dst), fault))
    return false;
  command.outer = norm.heads;
  command.inner = rows;
  command.length = blocks;
  command.src = alongBlocks(src, blocks * src.inner.step());
  command.dst = alongBlocks(dst, blocks * dst.inner.step());
  command.weight = {0, Address(norm.weight), 0, 0, 1};
  command.epsilon = norm.epsilon;
  command.inverseChannels = norm.inverse_channels;
  return true;
}

bool resolve(const isa::LayerNorm &norm, const Pass &pass,
             VectorCommand &command, Fault &fault) {
  using Instruction = isa::LayerNorm;
  Count rows;
  if (!isPositive(norm.epsilon, FIELD(epsilon), fault) ||
      !checkRows(norm, pass, rows, fault))
    return false;
  int64_t blocks = blocksOf(norm.channels);
  Operand weight = row(norm.weight, norm.channels);
  Operand bias = row(norm.bias, norm.channels);
  Operand src = matrix(spaceOf(norm.src_space), norm.src, norm.src_stride,
                       blocks, rows, pass);
  Operand dst = matrix(spaceOf(norm.dst_space), norm.dst, norm.dst_stride,
                       blocks, rows, pass);
  if (!place(weight, pass, FIELD(weight), fault) ||
      !place(bias, pass, FIELD(bias), fault) ||
      !place(src, pass, FIELD(src), fault) ||
      !place(dst, pass, FIELD(dst), fault) ||
      !isDistinct(dst, FIELD(dst), fault) ||
      !areApart(dst, weight, FIELD(dst), fault) ||
      !areApart(dst, bias, FIELD(dst), fault) ||
      !areApartOrSame(dst, src, FIELD(dst), fault))
    return false;
  command.outer = 1;
  command.inner = rows;
  command.length = blocks;
  command.src = alongBlocks(src, 0);
  command.dst = alongBlocks(dst, 0);
  command.weight = {0, Address(norm.weight), 0, 0, 1};
  command.bias = {0, Address(norm.bias), 0, 0, 1};
  command.channels = norm.channels;
  command.epsilon = norm.epsilon;
  return true;
}

bool resolve(const isa::Softmax &softmax, const Pass &pass,
             VectorCommand &command, Fault &fault) {
  using Instruction = isa::Softmax;
  Count rows, columns;
  if (!checkRows(softmax, pass, rows, fault) ||
      !checkColumns(softmax, pass, columns, fault))
    return false;
  Value visible = resolved(softmax.visible, pass);
  Operand src = matrices(spaceOf(softmax.src_space), softmax.src, softmax.heads,
                         softmax.src_head_stride, columns, softmax.src_stride,
                         rows, pass);
  Operand dst = matrices(spaceOf(softmax.dst_space), softmax.dst, softmax.heads,
                         softmax.dst_head_stride, columns, softmax.dst_stride,
                         rows, pass);
  if (!isCount(visible, 1, columns - rows + 1, FIELD(visible), fault) ||
      !place(src, pass, FIELD(src), fault) ||
      !place(dst, pass, FIELD(dst), fault) ||
      !isDistinct(dst, FIELD(dst), fault) ||
      !areApartOrSame(dst, src, FIELD(dst), fault))
    return false;
  command.outer = softmax.heads;
  command.inner = rows;
  command.length = blocksOf(columns);
  command.src = alongBlocks(src, src.outer.step());
  command.dst = alongBlocks(dst, dst.outer.step());
  command.visible = visible;
  return true;
}

bool resolve(const isa::Rope &rope, const Pass &pass, VectorCommand &command,
             Fault &fault) {
  using Instruction = isa::Rope;
  Count rows;
  if (!checkRows(rope, pass, rows, fault))
    return false;
  int64_t blocks = rope.heads * rope.head_blocks;
  Operand table(isa::Space::ddr, resolved(rope.table, pass), {},
                {rope.head_blocks, rope.table_stride}, rows);
  Operand src = matrix(spaceOf(rope.src_space), rope.src, rope.src_stride,
                       blocks, rows, pass);
  Operand dst =
      matrix(rope.dst_space, rope.dst, rope.dst_stride, blocks, rows, pass);
  if (!place(table, pass, FIELD(table), fault) ||
      !place(src, pass, FIELD(src), fault) ||
      !place(dst, pass, FIELD(dst), fault) ||
      !isDistinct(dst, FIELD(dst), fault) ||
      !areApart(dst, table, FIELD(dst), fault) ||
      !areApartOrSame(dst, src, FIELD(dst), fault))
    return false;
  command.outer = rope.heads;
  command.inner = rope.head_blocks;
  command.length = rows;
  command.src = src.grouped(rope.head_blocks);
  command.dst = dst.grouped(rope.head_blocks);
  command.weight = table.region();
  return true;
}

bool resolve(const isa::Activation &activation, const Pass &pass,
             VectorCommand &command, Fault &fault) {
  using Instruction = isa::Activation;
  Count rows;
  if (!checkRows(activation, pass, rows, fault))
    return false;
  int64_t blocks = blocksOf(activation.channels);
  Operand src = matrix(spaceOf(activation.src_space), activation.src,
                       activation.src_stride, blocks, rows, pass);
  Operand dst = matrix(spaceOf(activation.dst_space), activation.dst,
                       activation.dst_stride, blocks, rows, pass);
  if (!place(src, pass, FIELD(src), fault) ||
      !place(dst, pass, FIELD(dst), fault) ||
      !isDistinct(dst, FIELD(dst), fault) ||
      !areApartOrSame(dst, src, FIELD(dst), fault))
    return false;
  command.outer = 1;
  command.inner = blocks;
  command.length = rows;
  command.src = src.region();
  command.dst = dst.region();
  command.function = unsigned(activation.function);
  return true;
}

//===----------------------------------------------------------------------===//
// Array
//===----------------------------------------------------------------------===//

/// The bytes of `vmm`'s outputs, which are dealt over the ports.
static bool placeWeights(const isa::Vmm &vmm, const Pass &pass, Fault &fault) {
  using Instruction = isa::Vmm;
  int64_t outputs =
      isa::ceilDivide(blocksOf(vmm.out_channels) * kLanes, machine::kPorts);
  Wide bytes = ap_int<64>(outputs) *
               isa::outputBytes(vmm.weight_format, vmm.in_channels);
  Wide last = vmm.weights + (bytes - 1) / isa::kPacketBytes;
  return isInside(vmm.weights, last, 0, Wide(pass.weightPackets) - 1,
                  FIELD(weights), fault);
}

/// The operands that the epilogue reads.
static bool placeEpilogue(const isa::Vmm &vmm, const Operand &dst,
                          Operand &bias, Operand &aux, const Pass &pass,
                          Fault &fault) {
  using Instruction = isa::Vmm;
  if (vmm.has_bias && (!place(bias, pass, FIELD(bias), fault) ||
                       !areApart(dst, bias, FIELD(dst), fault)))
    return false;
  return vmm.epilogue == isa::Epilogue::none ||
         (place(aux, pass, FIELD(aux), fault) &&
          areApartOrSame(dst, aux, FIELD(dst), fault));
}

/// Slices of the input lie apart from all else on chip.
static bool checkSlices(const isa::Vmm &vmm, const Operand &dst,
                        const Operand &aux, const Pass &pass, Fault &fault) {
  if (vmm.src_space == isa::ActivationSpace::chip)
    return true;
  int64_t blocks = blocksOf(vmm.in_channels);
  return placeWork(vmm, blocks, pass, fault) &&
         (vmm.epilogue == isa::Epilogue::none ||
          isWorkApart(vmm, blocks, aux, fault)) &&
         isWorkApart(vmm, blocks, dst, fault);
}

bool resolve(const isa::Vmm &vmm, const Pass &pass, ArrayCommand &command,
             Fault &fault) {
  using Instruction = isa::Vmm;
  Count rows;
  if (!checkRows(vmm, pass, rows, fault))
    return false;
  int64_t outBlocks = blocksOf(vmm.out_channels);
  Operand src = matrix(spaceOf(vmm.src_space), vmm.src, vmm.src_stride,
                       blocksOf(vmm.in_channels), rows, pass);
  Operand dst =
      matrix(vmm.dst_space, vmm.dst, vmm.dst_stride, outBlocks, rows, pass);
  Operand bias = row(vmm.bias, vmm.out_channels);
  Operand aux = matrix(spaceOf(vmm.aux_space), vmm.aux, vmm.aux_stride,
                       outBlocks, rows, pass);
  if (!place(src, pass, FIELD(src), fault) ||
      !place(dst, pass, FIELD(dst), fault) || !placeWeights(vmm, pass, fault) ||
      !isDistinct(dst, FIELD(dst), fault) ||
      !areApart(dst, src, FIELD(dst), fault) ||
      !placeEpilogue(vmm, dst, bias, aux, pass, fault) ||
      !checkSlices(vmm, dst, aux, pass, fault))
    return false;
  command.rows = rows;
  command.inChannels = vmm.in_channels;
  command.outChannels = vmm.out_channels;
  command.weightFormat = unsigned(vmm.weight_format);
  command.epilogue = unsigned(vmm.epilogue);
  command.hasBias = vmm.has_bias;
  command.argmax = vmm.argmax;
  command.weights = vmm.weights;
  command.src = src.region();
  command.dst = dst.region();
  command.aux = aux.region();
  command.bias = bias.region();
  return true;
}

/// What scores and values have in common, once their operands are made.
template <typename Instruction>
static bool checkAttention(const Instruction &instruction, Operand &src,
                           Operand &dst, int64_t sliceBlocks, const Pass &pass,
                           Fault &fault) {
  if (!place(src, pass, FIELD(src), fault) ||
      !place(dst, pass, FIELD(dst), fault))
    return false;
  if (instruction.src_space == isa::ActivationSpace::ddr &&
      (!placeWork(instruction, sliceBlocks, pass, fault) ||
       !isWorkApart(instruction, sliceBlocks, dst, fault)))
    return false;
  return isDistinct(dst, FIELD(dst), fault) &&
         areApart(dst, src, FIELD(dst), fault);
}

template <typename Instruction>
static void setHeads(const Instruction &instruction, ArrayCommand &command) {
  command.heads = instruction.heads;
  command.kvHeads = instruction.kv_heads;
  command.headBlocks = instruction.head_blocks;
}

/// Keys or values, in whole groups of tokens.
static Operand cache(int64_t base, int64_t blocks, int64_t stride,
                     Count columns) {
  return Operand(isa::Space::hbm, base, {}, {blocks, stride},
                 blocksOf(columns) * kLanes);
}

bool resolve(const isa::AttentionScores &scores, const Pass &pass,
             ArrayCommand &command, Fault &fault) {
  using Instruction = isa::AttentionScores;
  Count rows, columns;
  if (!checkHeads(scores, fault) || !checkRows(scores, pass, rows, fault) ||
      !checkColumns(scores, pass, columns, fault))
    return false;
  Operand src = matrix(spaceOf(scores.src_space), scores.src, scores.src_stride,
                       scores.heads * scores.head_blocks, rows, pass);
  Operand dst =
      matrices(spaceOf(scores.dst_space), scores.dst, scores.heads,
               scores.dst_head_stride, columns, scores.dst_stride, rows, pass);
  Operand keys = cache(scores.keys, scores.kv_heads * scores.head_blocks,
                       scores.key_stride, columns);
  if (!place(keys, pass, FIELD(keys), fault) ||
      !checkAttention(scores, src, dst, scores.head_blocks, pass, fault))
    return false;
  setHeads(scores, command);
  command.rows = rows;
  command.columns = columns;
  command.scale = scores.scale;
  command.stream = keys.grouped(scores.head_blocks);
  command.src = src.grouped(scores.head_blocks);
  command.dst = dst.region();
  return true;
}

bool resolve(const isa::AttentionValues &values, const Pass &pass,
             ArrayCommand &command, Fault &fault) {
  using Instruction = isa::AttentionValues;
  Count rows, columns;
  if (!checkHeads(values, fault) || !checkRows(values, pass, rows, fault) ||
      !checkColumns(values, pass, columns, fault))
    return false;
  Operand src =
      matrices(spaceOf(values.src_space), values.src, values.heads,
               values.src_head_stride, columns, values.src_stride, rows, pass);
  Operand dst = matrix(spaceOf(values.dst_space), values.dst, values.dst_stride,
                       values.heads * values.head_blocks, rows, pass);
  Operand cached = cache(values.values, values.kv_heads * values.head_blocks,
                         values.value_stride, columns);
  if (!place(cached, pass, FIELD(values), fault) ||
      !checkAttention(values, src, dst, blocksOf(columns), pass, fault))
    return false;
  setHeads(values, command);
  command.rows = rows;
  command.columns = columns;
  command.stream = cached.grouped(values.head_blocks);
  command.src = src.region();
  command.dst = dst.grouped(values.head_blocks);
  return true;
}

} // namespace edgellm::kernels
