//===- TestProgram.h - Programs written instruction by instruction --------===//
#ifndef EDGELLM_TEST_UNIT_ISA_TESTPROGRAM_H
#define EDGELLM_TEST_UNIT_ISA_TESTPROGRAM_H

#include "../Testing.h"
#include "EdgeLLM/ISA/Instructions.h"
#include "EdgeLLM/ISA/Program.h"

#include <vector>

namespace edgellm::testing {

/// One entry, without its `begin` and `end`. Instructions are numbered from 1.
class TestProgram {
public:
  static constexpr uint32_t kPorts = 8, kContext = 64, kHidden = 32,
                            kVocabulary = 32;
  static constexpr uint64_t kDdrPackets = 4096, kHbmPackets = 512,
                            kChipPackets = 256, kSequencePackets = 504;

  explicit TestProgram(uint32_t maxTokens = 1) : maxTokens(maxTokens) {
    append(isa::Begin{maxTokens, kContext, kDdrPackets, kHbmPackets,
                      kChipPackets, kSequencePackets, 1},
           "");
  }

  template <typename Instruction>
  TestProgram &add(const Instruction &instruction, std::string source = "") {
    append(instruction, std::move(source));
    return *this;
  }

  Program program() const {
    TestProgram whole = *this;
    whole.append(isa::End{}, "");
    Program result;
    result.ports = kPorts;
    result.context = kContext;
    result.hidden = kHidden;
    result.vocabulary = kVocabulary;
    result.ddrPackets = kDdrPackets;
    result.hbmPackets = kHbmPackets;
    result.chipPackets = kChipPackets;
    result.sequencePackets = kSequencePackets;
    result.entries = {{"decode", 3,
                       uint32_t(whole.code.size() / isa::kPacketWords),
                       uint32_t(whole.sources.size()), maxTokens, 1, 1, 1}};
    result.code = whole.code;
    if (whole.hasSources)
      result.sources = whole.sources;
    return result;
  }

  /// What checkProgram refuses it with, without the name of the entry.
  std::string error() const {
    std::string message = errorOf([&] { checkProgram(program(), "p"); });
    std::string where = "p: entry 'decode': ";
    return message.starts_with(where) ? message.substr(where.size()) : message;
  }
  void expectLegal() const { EXPECT_NO_THROW(checkProgram(program(), "p")); }

private:
  template <typename Instruction>
  void append(const Instruction &instruction, std::string source) {
    code.resize(code.size() + Instruction::words);
    isa::DecodeError error;
    ASSERT_TRUE(
        encode(instruction, &code[code.size() - Instruction::words], error))
        << error.instruction << ": " << error.field;
    hasSources |= !source.empty();
    sources.push_back(std::move(source));
  }

  uint32_t maxTokens;
  std::vector<uint64_t> code;
  std::vector<std::string> sources;
  bool hasSources = false;
};

inline isa::Affine fixed(int64_t value) {
  return {value, 0, isa::Request::zero};
}
inline isa::Affine times(isa::Request request, int64_t offset = 0) {
  return {offset, 1, request};
}

/// The token sets of an instruction.
struct Tokens {
  std::vector<isa::Unit> wait = {}, follow = {}, signal = {}, lead = {},
                         streamWait = {};
};

template <typename Instruction>
Instruction with(Instruction instruction, const Tokens &tokens) {
  auto fill = [](isa::Set<isa::Unit> &set, const std::vector<isa::Unit> &from) {
    for (isa::Unit unit : from)
      set.insert(unit);
  };
  fill(instruction.wait, tokens.wait);
  fill(instruction.follow, tokens.follow);
  fill(instruction.signal, tokens.signal);
  fill(instruction.lead, tokens.lead);
  if constexpr (requires { instruction.stream_wait; })
    fill(instruction.stream_wait, tokens.streamWait);
  return instruction;
}

/// One row and one block, from one packet of the activation buffer to another.
inline isa::Activation silu(int64_t src, int64_t dst) {
  isa::Activation result;
  result.src_space = result.dst_space = isa::ActivationSpace::chip;
  result.channels = 32;
  result.rows = fixed(1);
  result.src = fixed(src);
  result.dst = fixed(dst);
  return result;
}

/// The same by a matrix, whose weights are packets 0..31 of the HBM.
inline isa::Vmm vmm(int64_t src, int64_t dst) {
  isa::Vmm result;
  result.weight_format = isa::WeightFormat::fp16;
  result.src_space = isa::ActivationSpace::chip;
  result.dst_space = isa::Space::chip;
  result.in_channels = result.out_channels = 32;
  result.rows = fixed(1);
  result.src = fixed(src);
  result.dst = fixed(dst);
  return result;
}

/// Scores of one head of one block over up to 64 cached keys: from one packet
/// of the activation buffer to packets dst and dst + 1.
inline isa::AttentionScores scores(int64_t src, int64_t dst, int64_t keys) {
  isa::AttentionScores result;
  result.src_space = result.dst_space = isa::ActivationSpace::chip;
  result.heads = result.kv_heads = result.head_blocks = 1;
  result.scale = 1;
  result.key_stride = 64;
  result.keys = keys;
  result.rows = fixed(1);
  result.columns = times(isa::Request::context);
  result.src = fixed(src);
  result.dst = fixed(dst);
  result.dst_stride = fixed(1);
  return result;
}

/// Softmax of such scores.
inline isa::Softmax softmax(int64_t src, int64_t dst) {
  isa::Softmax result;
  result.src_space = result.dst_space = isa::ActivationSpace::chip;
  result.heads = 1;
  result.rows = fixed(1);
  result.columns = times(isa::Request::context);
  result.visible = times(isa::Request::context);
  result.src = fixed(src);
  result.dst = fixed(dst);
  result.src_stride = result.dst_stride = fixed(1);
  return result;
}

/// Such probabilities times cached values, to one packet.
inline isa::AttentionValues values(int64_t src, int64_t dst, int64_t cache) {
  isa::AttentionValues result;
  result.src_space = result.dst_space = isa::ActivationSpace::chip;
  result.heads = result.kv_heads = result.head_blocks = 1;
  result.value_stride = 64;
  result.values = cache;
  result.rows = fixed(1);
  result.columns = times(isa::Request::context);
  result.src = fixed(src);
  result.src_stride = fixed(1);
  result.dst = fixed(dst);
  return result;
}

/// Rotates the new keys, from the activation buffer to the cache at packet
/// `cache` of the HBM, behind those of the tokens before.
inline isa::Rope ropeToCache(int64_t src, int64_t cache) {
  isa::Rope result;
  result.src_space = isa::ActivationSpace::chip;
  result.dst_space = isa::Space::hbm;
  result.heads = result.head_blocks = 1;
  result.table = times(isa::Request::past, 1000);
  result.table_stride = 64;
  result.rows = times(isa::Request::tokens);
  result.src = fixed(src);
  result.dst = times(isa::Request::past, cache);
  return result;
}

} // namespace edgellm::testing

#endif // EDGELLM_TEST_UNIT_ISA_TESTPROGRAM_H
