//===- AttendingModel.cpp - A tiny model with a memory --------------------===//
#include "AttendingModel.h"

#include "EdgeLLM/ISA/Instructions.h"
#include "EdgeLLM/Support/Error.h"

using namespace edgellm;
using namespace edgellm::testing;
using isa::ActivationSpace;
using isa::Affine;
using isa::Request;
using isa::Unit;

// Packets of the ddr buffer, each for the longest pass.
static constexpr int64_t kRows = TinyModel::maxTokens;
static constexpr int64_t kBlocks = 2; // of the hidden channels
static constexpr int64_t kInput = 1;
static constexpr int64_t kScores = kInput + kBlocks * kRows;
static constexpr int64_t kAttended = kScores + kRows;
static constexpr int64_t kLogits = kAttended + kBlocks * kRows;
static constexpr int64_t kDdrPackets = kLogits + 3 * kRows;
// Packets of each port: the matrix, then keys and values.
static constexpr int64_t kWeightPackets = 24;
static constexpr int64_t kStride = 32;
static constexpr int64_t kCachePackets = kBlocks * kStride / TinyModel::ports;
static constexpr int64_t kKeys = kWeightPackets * TinyModel::ports;
static constexpr int64_t kValues = kKeys + kBlocks * kStride;
static constexpr int64_t kSequencePackets = 2 * kCachePackets;
// Two slices of the input in the activation buffer.
static constexpr int64_t kSliceRows = 2;
static constexpr int64_t kChipPackets = 2 * kSliceRows * kBlocks;

static constexpr Affine kTokens{0, 1, Request::tokens};
static constexpr Affine kContext{0, 1, Request::context};

static constexpr Affine at(int64_t packet) {
  return {packet, 0, Request::zero};
}

static isa::Set<Unit> units(std::initializer_list<Unit> list) {
  isa::Set<Unit> set;
  for (Unit unit : list)
    set.insert(unit);
  return set;
}

/// The model's matrix, or the rows of it that are as many as its columns.
static isa::Vmm product(int64_t outputs, const Affine &src) {
  isa::Vmm vmm;
  vmm.slice_rows = kSliceRows;
  vmm.weight_format = isa::WeightFormat::fp16;
  vmm.in_channels = TinyModel::hidden;
  vmm.out_channels = outputs;
  vmm.rows = vmm.src_stride = vmm.dst_stride = kTokens;
  vmm.src = src;
  return vmm;
}

static isa::Vmm toCache(int64_t cache, isa::Set<Unit> signal) {
  isa::Vmm vmm = product(kBlocks * isa::kLanes, at(kInput));
  vmm.dst_space = isa::Space::hbm;
  vmm.dst = {cache, 1, Request::past};
  vmm.dst_stride = at(kStride);
  vmm.signal = signal;
  return vmm;
}

static isa::AttentionScores scores() {
  isa::AttentionScores result;
  result.slice_rows = kSliceRows;
  result.heads = result.kv_heads = 1;
  result.head_blocks = kBlocks;
  result.scale = 4;
  result.keys = kKeys;
  result.key_stride = kStride;
  result.rows = result.src_stride = result.dst_stride = kTokens;
  result.columns = kContext;
  result.src = at(kInput);
  result.dst = at(kScores);
  result.wait = result.stream_wait = units({Unit::matrix});
  result.signal = units({Unit::vector});
  return result;
}

static isa::Softmax softmax() {
  isa::Softmax result;
  result.heads = 1;
  result.rows = result.src_stride = result.dst_stride = kTokens;
  result.columns = kContext;
  result.visible = {1, 1, Request::past};
  result.src = result.dst = at(kScores);
  result.wait = result.signal = units({Unit::attention});
  return result;
}

static isa::AttentionValues values() {
  isa::AttentionValues result;
  result.slice_rows = kSliceRows;
  result.heads = result.kv_heads = 1;
  result.head_blocks = kBlocks;
  result.values = kValues;
  result.value_stride = kStride;
  result.rows = result.src_stride = result.dst_stride = kTokens;
  result.columns = kContext;
  result.src = at(kScores);
  result.dst = at(kAttended);
  result.wait = units({Unit::vector});
  result.stream_wait = result.signal = units({Unit::matrix});
  return result;
}

/// Logits of the last position, or of all.
static isa::Vmm logits(bool all) {
  isa::Vmm vmm = product(TinyModel::vocabulary, at(kAttended));
  vmm.argmax = true;
  vmm.dst = at(kLogits);
  vmm.wait = units({Unit::attention});
  if (!all) {
    vmm.rows = vmm.dst_stride = at(1);
    vmm.src = {kAttended - 1, 1, Request::tokens};
  }
  return vmm;
}

template <typename... Instructions>
static std::vector<uint64_t> encodeAll(const Instructions &...instructions) {
  std::vector<uint64_t> code;
  auto append = [&](const auto &instruction) {
    size_t begin = code.size();
    code.resize(begin + instruction.words);
    isa::DecodeError error;
    if (!encode(instruction, &code[begin], error))
      fail("test program: ", error.field, " does not fit");
  };
  (append(instructions), ...);
  return code;
}

static std::vector<uint64_t> entryCode(const Program &program,
                                       const Entry &entry) {
  isa::Begin begin;
  begin.max_tokens = entry.maxTokens;
  begin.context = program.context;
  begin.ddr_packets = int64_t(program.ddrPackets);
  begin.hbm_packets = int64_t(program.hbmPackets);
  begin.chip_packets = int64_t(program.chipPackets);
  begin.sequence_packets = int64_t(program.sequencePackets);
  begin.sequences = program.sequences;
  return encodeAll(begin, toCache(kKeys, units({Unit::dma})),
                   toCache(kValues, units({Unit::dma, Unit::attention})),
                   scores(), softmax(), values(), logits(entry.logitsRows == 0),
                   isa::End());
}

Program AttendingModel::program() const {
  Program program = TinyModel::program();
  program.ddrPackets = kDdrPackets;
  program.hbmPackets = kWeightPackets + sequences * kSequencePackets;
  program.chipPackets = kChipPackets;
  program.sequencePackets = kSequencePackets;
  program.sequences = sequences;
  program.code.clear();
  uint32_t packet = program.codePacket();
  for (Entry &entry : program.entries) {
    std::vector<uint64_t> code = entryCode(program, entry);
    entry.firstPacket = packet;
    entry.packets = uint32_t(code.size() / isa::kPacketWords);
    entry.instructions = 8;
    entry.inputPacket = kInput;
    entry.logitsPacket = kLogits;
    packet += entry.packets;
    program.code.insert(program.code.end(), code.begin(), code.end());
  }
  return program;
}
