//===- TimedPrograms.h - Programs written by hand, to be timed --*- C++ -*-===//
//
// Single products, for the calibration, and whole decoders of LLaMA's shape in
// the order and with the tokens that hw/timing.md discusses. They hold no
// weights and compute nothing; checkProgram accepts them. The timing model's
// tests and benchmark share them.
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_MODEL_BENCH_TIMEDPROGRAMS_H
#define EDGELLM_MODEL_BENCH_TIMEDPROGRAMS_H

#include "EdgeLLM/ISA/Operands.h"
#include "EdgeLLM/ISA/Program.h"
#include "EdgeLLM/Support/Error.h"
#include "EdgeLLM/Target/Target.h"

#include <algorithm>

namespace edgellm::bench {

using isa::constant;

/// Affine fields.
inline isa::Affine tokensTimes(int64_t factor, int64_t offset = 0) {
  return {offset, factor, isa::Request::tokens};
}
inline isa::Affine plusPast(int64_t offset) {
  return {offset, 1, isa::Request::past};
}
inline isa::Affine contextTokens() { return {0, 1, isa::Request::context}; }

inline isa::Set<isa::Unit> units(std::initializer_list<isa::Unit> list) {
  isa::Set<isa::Unit> set;
  for (isa::Unit unit : list)
    set.insert(unit);
  return set;
}

/// Collects the instructions of one entry.
class ProgramBuilder {
public:
  ProgramBuilder(const Target &target, uint32_t maxTokens, uint32_t context)
      : maxTokens(maxTokens) {
    program.ports = target.hbm.ports;
    program.context = context;
    program.hidden = program.vocabulary = 1;
    program.chipPackets = target.buffers.activationBits / 8 / isa::kPacketBytes;
    program.hbmPackets = target.hbm.portBytes / isa::kPacketBytes;
    program.sequencePackets = program.hbmPackets / 2; // and half for weights
    program.ddrPackets = target.activationBytes() / isa::kPacketBytes / 2;
  }

  template <typename Instruction>
  void add(const Instruction &instruction,
           const std::string &source = "model") {
    uint64_t words[Instruction::words];
    isa::DecodeError error;
    if (!isa::encode(instruction, words, error))
      fail(error.instruction, ": field '", error.field, "' does not encode");
    code.insert(code.end(), words, words + Instruction::words);
    program.sources.push_back(source);
  }

  /// Adds begin and end, checks, and returns the program.
  Program finish(const std::string &name = "decode") {
    std::vector<uint64_t> body = std::move(code);
    std::vector<std::string> sources = std::move(program.sources);
    code.clear();
    program.sources.clear();
    add(isa::Begin{.max_tokens = maxTokens,
                   .context = program.context,
                   .ddr_packets = int64_t(program.ddrPackets),
                   .hbm_packets = int64_t(program.hbmPackets),
                   .chip_packets = int64_t(program.chipPackets),
                   .sequence_packets = int64_t(program.sequencePackets),
                   .sequences = program.sequences},
        "");
    code.insert(code.end(), body.begin(), body.end());
    program.sources.insert(program.sources.end(), sources.begin(),
                           sources.end());
    add(isa::End{}, "");
    program.code = code;
    Entry entry;
    entry.name = name;
    entry.maxTokens = maxTokens;
    entry.instructions = uint32_t(program.sources.size());
    entry.packets = uint32_t(code.size() / isa::kPacketWords);
    entry.inputPacket = entry.logitsPacket = 1;
    entry.logitsRows = 1;
    program.entries = {entry};
    program.entries[0].firstPacket = program.codePacket();
    checkProgram(program, name);
    return program;
  }

  /// The first packet of the KV memory, dealt over the ports.
  int64_t firstCache() const {
    return int64_t(program.firstSequencePacket()) * program.ports;
  }

  Program program;

private:
  uint32_t maxTokens;
  std::vector<uint64_t> code;
};

/// One product of one vector, input and output in DDR.
inline Program
productProgram(const Target &target, int64_t inputs, int64_t outputs,
               isa::WeightFormat format = isa::WeightFormat::int4) {
  ProgramBuilder builder(target, 1, 32);
  isa::Vmm vmm;
  vmm.weight_format = format;
  vmm.in_channels = inputs;
  vmm.out_channels = outputs;
  vmm.slice_rows = 1;
  vmm.rows = constant(1);
  vmm.src = constant(1);
  vmm.src_stride = vmm.dst_stride = constant(1);
  vmm.dst = constant(1 + isa::ceilDivide(inputs, isa::kLanes));
  builder.add(vmm, "product");
  return builder.finish();
}

/// The shape of a decoder; heads have 128 channels.
struct ModelShape {
  int64_t layers, hidden, heads, kvHeads, feedForward, vocabulary;
  bool hasBias;
};
inline constexpr ModelShape kChatGlm2{28, 4096, 32, 2, 13696, 65024, true};
inline constexpr ModelShape kLlama2{32, 4096, 32, 32, 11008, 32000, false};

/// Writes a decoder: of one token, with chains and activations on chip, or of
/// many, with tokens and activations in DDR.
class DecoderBuilder {
public:
  DecoderBuilder(const ModelShape &shape, const Target &target,
                 uint32_t maxTokens, uint32_t context)
      : shape(shape), context(context), isDecode(maxTokens == 1),
        builder(target, maxTokens, context),
        chipPackets(int64_t(builder.program.chipPackets)) {
    layOut(maxTokens);
  }

  Program build() {
    for (int64_t layer = 0; layer < shape.layers; ++layer)
      addBlock(layer);
    addHead();
    return builder.finish(isDecode ? "decode" : "generate");
  }

private:
  using Unit = isa::Unit;
  static constexpr int64_t kHeadBlocks = 4;

  int64_t blocks(int64_t channels) const { return channels / isa::kLanes; }
  isa::ActivationSpace space() const {
    return isDecode ? isa::ActivationSpace::chip : isa::ActivationSpace::ddr;
  }
  isa::Affine rows() const { return isDecode ? constant(1) : tokensTimes(1); }
  isa::Affine stride() const { return rows(); }

  /// Places an activation of some blocks.
  int64_t place(int64_t blockCount, int64_t rows) {
    int64_t packet = nextActivation;
    nextActivation += blockCount * rows;
    return packet;
  }

  void layOut(int64_t maxTokens) {
    nextActivation = isDecode ? 0 : 1;
    x = place(blocks(shape.hidden), maxTokens);
    y = place(blocks(shape.hidden), maxTokens);
    normed = place(blocks(shape.hidden), maxTokens);
    k = place(shape.kvHeads * kHeadBlocks, maxTokens);
    q = place(blocks(shape.hidden), maxTokens);
    rotated = place(blocks(shape.hidden), maxTokens);
    scoreBlocks = isa::ceilDivide(context, isa::kLanes);
    scores = place(shape.heads * scoreBlocks, maxTokens);
    attended = place(blocks(shape.hidden), maxTokens);
    gate = place(blocks(shape.feedForward), maxTokens);
    up = place(blocks(shape.feedForward), maxTokens);
    ropeTable = int64_t(builder.program.ddrPackets) - kHeadBlocks * context;
    constants = (isDecode ? 1 + blocks(shape.hidden) : nextActivation) +
                blocks(shape.vocabulary);
  }

  /// A matrix in all ports.
  int64_t matrix(int64_t inputs, int64_t outputs) {
    int64_t packet = nextWeights;
    nextWeights += isa::matrixPackets(isa::WeightFormat::int4, outputs, inputs,
                                      builder.program.ports);
    return packet;
  }
  /// A cache of keys or values, as a packet dealt over the ports.
  int64_t cache() {
    int64_t packets = shape.kvHeads * kHeadBlocks * context;
    int64_t packet = builder.firstCache() + nextCache;
    nextCache +=
        isa::ceilDivide(packets, builder.program.ports) * builder.program.ports;
    return packet;
  }
  int64_t constantRow(int64_t channels) {
    int64_t packet = constants;
    constants += blocks(channels);
    return packet;
  }

  /// Lets `consumer` take what `producer`, added before it, writes.
  template <typename Instruction>
  void leads(Instruction &producer, Unit consumer) {
    (isDecode ? producer.lead : producer.signal).insert(consumer);
  }
  template <typename Instruction>
  void follows(Instruction &consumer, Unit producer) {
    (isDecode ? consumer.follow : consumer.wait).insert(producer);
  }

  isa::RmsNorm norm(int64_t src) {
    isa::RmsNorm norm;
    norm.src_space = space();
    norm.dst_space = isa::Space(space());
    norm.heads = 1;
    norm.channels = shape.hidden;
    norm.epsilon = 1e-5f;
    norm.inverse_channels = 1.0f / float(shape.hidden);
    norm.weight = constantRow(shape.hidden);
    norm.rows = rows();
    norm.src = constant(src);
    norm.dst = constant(normed);
    norm.src_stride = norm.dst_stride = stride();
    leads(norm, Unit::matrix);
    return norm;
  }

  isa::Vmm product(int64_t inputs, int64_t outputs, int64_t src, int64_t dst) {
    isa::Vmm vmm;
    vmm.src_space = space();
    vmm.aux_space = space();
    vmm.dst_space = isa::Space(space());
    vmm.in_channels = inputs;
    vmm.out_channels = outputs;
    vmm.weights = matrix(inputs, outputs);
    vmm.rows = rows();
    vmm.src = constant(src);
    vmm.dst = constant(dst);
    vmm.src_stride = vmm.dst_stride = vmm.aux_stride = stride();
    if (!isDecode)
      vmm.slice_rows = chipPackets / (2 * blocks(inputs));
    return vmm;
  }

  isa::Rope rope(int64_t heads, int64_t src) {
    isa::Rope rope;
    rope.src_space = space();
    rope.heads = heads;
    rope.head_blocks = kHeadBlocks;
    rope.table_stride = context;
    rope.table = plusPast(ropeTable);
    rope.rows = rows();
    rope.src = constant(src);
    rope.src_stride = rope.dst_stride = stride();
    follows(rope, Unit::matrix);
    return rope;
  }

  /// Keys and values into the cache, rotated queries.
  void addProjections(const std::string &name, int64_t keys, int64_t values) {
    int64_t kvChannels = shape.kvHeads * kHeadBlocks * isa::kLanes;
    auto biased = [&](isa::Vmm vmm) {
      vmm.has_bias = shape.hasBias;
      if (vmm.has_bias)
        vmm.bias = constantRow(vmm.out_channels);
      return vmm;
    };
    isa::Vmm v = biased(product(shape.hidden, kvChannels, normed, 0));
    v.dst_space = isa::Space::hbm;
    v.dst = plusPast(values);
    v.dst_stride = constant(context);
    follows(v, Unit::vector);
    v.signal.insert(Unit::dma);
    builder.add(v, name + ".v_proj");

    isa::Vmm kProduct = biased(product(shape.hidden, kvChannels, normed, k));
    leads(kProduct, Unit::vector);
    builder.add(kProduct, name + ".k_proj");
    isa::Rope ropeK = rope(shape.kvHeads, k);
    ropeK.dst_space = isa::Space::hbm;
    ropeK.dst = plusPast(keys);
    ropeK.dst_stride = constant(context);
    ropeK.signal.insert(Unit::dma);
    builder.add(ropeK, name + ".k_rope");

    isa::Vmm qProduct = biased(product(shape.hidden, shape.hidden, normed, q));
    leads(qProduct, Unit::vector);
    builder.add(qProduct, name + ".q_proj");
    isa::Rope ropeQ = rope(shape.heads, q);
    ropeQ.dst_space = isa::Space(space());
    ropeQ.dst = constant(rotated);
    leads(ropeQ, Unit::attention);
    builder.add(ropeQ, name + ".q_rope");
  }

  void addAttention(const std::string &name, int64_t keys, int64_t values) {
    isa::Affine headStride =
        isDecode ? constant(scoreBlocks) : tokensTimes(scoreBlocks);
    isa::AttentionScores s;
    s.src_space = s.dst_space = space();
    s.heads = shape.heads;
    s.kv_heads = shape.kvHeads;
    s.head_blocks = kHeadBlocks;
    s.scale = 0.088388f;
    s.key_stride = context;
    s.keys = keys;
    s.rows = rows();
    s.columns = contextTokens();
    s.src = constant(rotated);
    s.dst = constant(scores);
    s.src_stride = s.dst_stride = stride();
    s.dst_head_stride = headStride;
    s.slice_rows = isDecode ? 0 : chipPackets / (2 * kHeadBlocks);
    follows(s, Unit::vector);
    s.stream_wait.insert(Unit::vector);
    leads(s, Unit::vector);
    builder.add(s, name + ".scores");

    isa::Softmax softmax;
    softmax.src_space = softmax.dst_space = space();
    softmax.heads = shape.heads;
    softmax.rows = rows();
    softmax.columns = contextTokens();
    softmax.visible = {1, 1, isa::Request::past};
    softmax.src = softmax.dst = constant(scores);
    softmax.src_stride = softmax.dst_stride = stride();
    softmax.src_head_stride = softmax.dst_head_stride = headStride;
    follows(softmax, Unit::attention);
    leads(softmax, Unit::attention);
    builder.add(softmax, name + ".softmax");

    isa::AttentionValues v;
    v.src_space = v.dst_space = space();
    v.heads = shape.heads;
    v.kv_heads = shape.kvHeads;
    v.head_blocks = kHeadBlocks;
    v.value_stride = context;
    v.values = values;
    v.rows = rows();
    v.columns = contextTokens();
    v.src = constant(scores);
    v.dst = constant(attended);
    v.src_stride = v.dst_stride = stride();
    v.src_head_stride = headStride;
    v.slice_rows = isDecode ? 0 : chipPackets / (2 * scoreBlocks);
    follows(v, Unit::vector);
    v.stream_wait.insert(Unit::matrix);
    leads(v, Unit::matrix);
    builder.add(v, name + ".values");
  }

  void addFeedForward(const std::string &name) {
    isa::Vmm gateProduct =
        product(shape.hidden, shape.feedForward, normed, gate);
    follows(gateProduct, Unit::vector);
    leads(gateProduct, Unit::vector);
    builder.add(gateProduct, name + ".gate_proj");

    isa::Activation silu;
    silu.src_space = silu.dst_space = space();
    silu.channels = shape.feedForward;
    silu.rows = rows();
    silu.src = silu.dst = constant(gate);
    silu.src_stride = silu.dst_stride = stride();
    follows(silu, Unit::matrix);
    leads(silu, Unit::matrix);
    builder.add(silu, name + ".silu");

    isa::Vmm upProduct = product(shape.hidden, shape.feedForward, normed, up);
    upProduct.epilogue = isa::Epilogue::multiply;
    upProduct.aux = constant(gate);
    follows(upProduct, Unit::vector);
    upProduct.signal.insert(Unit::matrix);
    builder.add(upProduct, name + ".up_proj");

    isa::Vmm down = product(shape.feedForward, shape.hidden, up, x);
    down.epilogue = isa::Epilogue::add;
    down.aux = constant(y);
    down.wait.insert(Unit::matrix);
    leads(down, Unit::vector);
    builder.add(down, name + ".down_proj");
  }

  void addBlock(int64_t layer) {
    std::string name = "layers." + std::to_string(layer);
    int64_t keys = cache(), values = cache();
    isa::RmsNorm first = norm(x);
    if (layer == 0 && isDecode) { // the embedding comes from DDR
      first.src_space = isa::ActivationSpace::ddr;
      first.src = constant(1);
    }
    if (layer > 0)
      follows(first, Unit::matrix);
    builder.add(first, name + ".input_norm");
    addProjections(name, keys, values);
    addAttention(name, keys, values);

    isa::Vmm o = product(shape.hidden, shape.hidden, attended, y);
    o.epilogue = isa::Epilogue::add;
    o.aux = constant(x);
    if (layer == 0 && isDecode) {
      o.aux_space = isa::ActivationSpace::ddr;
      o.aux = constant(1);
    }
    follows(o, Unit::attention);
    leads(o, Unit::vector);
    builder.add(o, name + ".o_proj");

    isa::RmsNorm second = norm(y);
    follows(second, Unit::matrix);
    builder.add(second, name + ".post_norm");
    addFeedForward(name);
  }

  /// The last token's logits.
  void addHead() {
    isa::RmsNorm last = norm(x);
    last.rows = constant(1);
    if (!isDecode)
      last.src = {x - 1, 1, isa::Request::tokens};
    last.dst_stride = constant(1);
    follows(last, Unit::matrix);
    builder.add(last, "norm");
    isa::Vmm head = product(shape.hidden, shape.vocabulary, normed, 0);
    head.rows = constant(1);
    head.src_stride = head.dst_stride = constant(1);
    head.dst_space = isa::Space::ddr;
    head.dst = constant(isDecode ? 1 + blocks(shape.hidden) : scores);
    head.argmax = true;
    follows(head, Unit::vector);
    builder.add(head, "lm_head");
  }

  const ModelShape &shape;
  int64_t context;
  bool isDecode;
  ProgramBuilder builder;
  int64_t chipPackets;
  int64_t nextActivation = 0, nextWeights = 0, nextCache = 0, constants = 0;
  int64_t x, y, normed, k, q, rotated, scores, scoreBlocks, attended, gate, up;
  int64_t ropeTable; ///< the last packets of DDR
};

} // namespace edgellm::bench

#endif // EDGELLM_MODEL_BENCH_TIMEDPROGRAMS_H
