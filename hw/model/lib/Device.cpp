//===- Device.cpp - The functional model of the accelerator ---------------===//
#include "EdgeLLM/Model/Device.h"
#include "EdgeLLM/Model/FloatingPoint.h"
#include "Machine.h"
#include <algorithm>
#include <array>
#include <cstring>
#include <new>

namespace edgellm::model {
namespace {

/// Fetches, decodes and issues the instructions of one entry.
class Sequencer final : isa::Visitor {
public:
  Sequencer(const Launch &launch, ThreadPool &pool)
      : launch(launch), machine(launch, pool) {}

  Status run();

private:
  /// The longest instruction that can be fetched.
  static constexpr uint64_t kWindowWords = 64;

  void step();
  [[noreturn]] void refuse(const isa::DecodeError &error) const;

  void visit(const isa::Begin &begin) override;
  void visit(const isa::End &end) override;
  void visit(const isa::Vmm &i) override { issue(i); }
  void visit(const isa::AttentionScores &i) override { issue(i); }
  void visit(const isa::Softmax &i) override { issue(i); }
  void visit(const isa::AttentionValues &i) override { issue(i); }
  void visit(const isa::RmsNorm &i) override { issue(i); }
  void visit(const isa::LayerNorm &i) override { issue(i); }
  void visit(const isa::Rope &i) override { issue(i); }
  void visit(const isa::Activation &i) override { issue(i); }

  template <typename Instruction> void issue(const Instruction &instruction) {
    static_assert(Instruction::words <= kWindowWords);
    requireBegun(Instruction::opcode);
    constexpr isa::Unit unit = Instruction::unit;
    take(instruction.wait, unit, tokens, "wait");
    take(instruction.follow, unit, chains, "follow");
    if constexpr (requires { instruction.stream_wait; })
      take(instruction.stream_wait, isa::Unit::dma, tokens, "stream_wait");
    execute(instruction, machine);
    put(instruction.signal, unit, tokens);
    put(instruction.lead, unit, chains);
  }

  /// Tokens on their way, by who put them and for whom.
  using Tokens = std::array<std::array<uint32_t, isa::kUnits>, isa::kUnits>;

  /// A token that is not there now would never come: only later instructions
  /// could put it.
  static void take(isa::Set<isa::Unit> from, isa::Unit to, Tokens &tokens,
                   const char *field) {
    for (unsigned unit = 0; unit < isa::kUnits; ++unit)
      if (from.contains(isa::Unit(unit)) && tokens[unit][unsigned(to)]-- == 0)
        throw Fault{StatusCode::missing_token, field, unit, 0};
  }
  static void put(isa::Set<isa::Unit> to, isa::Unit from, Tokens &tokens) {
    for (unsigned unit = 0; unit < isa::kUnits; ++unit)
      if (to.contains(isa::Unit(unit)))
        ++tokens[unsigned(from)][unit];
  }

  void requireBegun(isa::Opcode opcode) const {
    if (status.instruction == 0)
      throw Fault{StatusCode::illegal_instruction, "", int64_t(opcode),
                  int64_t(isa::Opcode::begin)};
  }

  const Launch &launch;
  Machine machine;
  Status status;
  Tokens tokens{}, chains{};
  bool ended = false;
};

void Sequencer::visit(const isa::Begin &begin) {
  if (status.instruction != 0) // another entry follows
    throw Fault{StatusCode::no_end, "", 0, 0};
  int64_t context = int64_t(machine.tokens) + machine.past;
  machine.maxTokens = begin.max_tokens;
  machine.context = begin.context;
  machine.count({0, 1, isa::Request::tokens}, "max_tokens", 1,
                begin.max_tokens);
  if (context > begin.context)
    throw Fault{StatusCode::request_range, "context", context, begin.context};
  if (launch.sequence >= begin.sequences)
    throw Fault{StatusCode::request_range, "sequences", launch.sequence,
                begin.sequences - 1};
  machine.memory.begin(begin, launch.sequence);
}

void Sequencer::visit(const isa::End &end) {
  requireBegun(end.opcode);
  ended = true;
}

void Sequencer::refuse(const isa::DecodeError &error) const {
  using isa::DecodeErrorKind;
  if (error.kind == DecodeErrorKind::truncated)
    throw Fault{StatusCode::no_end, "", error.found, error.min};
  int64_t limit = error.found < error.min ? error.min : error.max;
  throw Fault{StatusCode::illegal_instruction, "", error.found, limit};
}

void Sequencer::step() {
  uint64_t packets = launch.program.size() / isa::kPacketBytes;
  if (status.instruction == 0 && status.packet >= packets)
    throw Fault{StatusCode::out_of_bounds, "", status.packet,
                int64_t(packets) - 1};
  uint64_t words[kWindowWords];
  uint64_t available = std::min<uint64_t>(
      (packets - status.packet) * isa::kPacketWords, kWindowWords);
  std::memcpy(words,
              launch.program.data() +
                  uint64_t(status.packet) * isa::kPacketBytes,
              available * sizeof(uint64_t));
  isa::DecodeError error;
  unsigned used = isa::decodeAndVisit(words, available, *this, error);
  if (used == 0)
    refuse(error);
  ++status.completed;
  if (ended)
    return;
  ++status.instruction;
  status.packet += used / isa::kPacketWords;
}

Status Sequencer::run() {
  status.packet = launch.entry;
  try {
    while (!ended)
      step();
  } catch (const Fault &fault) {
    status.code = fault.code;
    status.field =
        isa::fieldPosition(launch.program, status.packet, fault.field);
    status.found = fault.found;
    status.limit = fault.limit;
  }
  status.argmaxIndex = machine.argmaxIndex;
  status.argmaxValue = machine.argmaxValue;
  return status;
}

} // namespace

bool execute(const Launch &launch, ThreadPool &pool) {
  if (launch.ddr.size() < isa::kStatusBytes)
    return false;
  DefaultFloatingPoint guard;
  try {
    Status status = Sequencer(launch, pool).run();
    isa::writeStatus(status, launch.ddr.first<isa::kStatusBytes>());
    return true;
  } catch (const std::bad_alloc &) {
    return false;
  }
}

bool execute(const Launch &launch) {
  return execute(launch, ThreadPool::shared());
}

} // namespace edgellm::model
