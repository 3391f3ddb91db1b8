//===- sequencer.cpp - Fetches, decodes and issues a pass -----------------===//
#include "sequencer.h"
#include "tokens.h"

namespace edgellm::kernels {
namespace {

/// Words of the longest instruction that can be fetched.
constexpr unsigned kLongest = 64;

/// Packets of code, each eight words.
struct Fetched {
  uint64_t words[kLongest];

  void fetch(const Packet *program, ap_uint<33> packet, unsigned first,
             unsigned packets) {
  Packets:
    for (unsigned i = first; i < packets; ++i) {
      Packet code = program[packet + i];
    Words:
      for (unsigned word = 0; word < isa::kPacketWords; ++word) {
#pragma HLS UNROLL
        words[isa::kPacketWords * i + word] =
            ap_uint<64>(code.range(64 * word + 63, 64 * word)).to_uint64();
      }
    }
  }
};

/// The instructions in flight: whose they are, the oldest first.
struct Window {
  ap_uint<1> isVector[isa::kWindow];
  ap_uint<5> oldest = 0;
  ap_uint<6> count = 0;
  static_assert(isa::kWindow == 32, "places are numbers of five bits");

  bool isFull() const { return count == isa::kWindow; }
  void push(bool vector) {
    isVector[ap_uint<5>(oldest + count)] = vector;
    ++count;
  }
  bool pop() {
    bool vector = isVector[oldest];
    ++oldest;
    --count;
    return vector;
  }
};

/// What the sequencer knows of a pass.
struct State {
  Pass pass;
  Fault fault;
  ap_uint<32> instruction = 0; ///< index in the entry
  ap_uint<32> packet = 0;      ///< of that instruction
  ap_uint<32> completed = 0;
  ap_uint<32> argmaxIndex = 0;
  Half argmaxValue = 0;
  bool hasEnded = false;
  Window window;
  TokenCounts tokens, chains;

  bool isRunning() const { return !hasEnded && fault.code == StatusCode::ok; }
};

//===----------------------------------------------------------------------===//
// Completion
//===----------------------------------------------------------------------===//

/// Waits for the oldest instruction in flight. A process completes its commands
/// in order, so the next completion of its owner is the one.
void retireOldest(State &state, CompletionStream &vectorCompletions,
                  CompletionStream &arrayCompletions) {
  Completion completion =
      state.window.pop() ? vectorCompletions.read() : arrayCompletions.read();
  if (completion.hasArgmax) {
    state.argmaxIndex = completion.argmaxIndex;
    state.argmaxValue = completion.argmaxValue;
  }
}

//===----------------------------------------------------------------------===//
// Issue
//===----------------------------------------------------------------------===//

bool refuse(StatusCode code, ap_int<64> found, ap_int<64> limit, State &state) {
  state.fault.code = code;
  state.fault.found = found;
  state.fault.limit = limit;
  return false;
}

bool requireBegun(isa::Opcode opcode, State &state) {
  return state.instruction > 0 ||
         refuse(StatusCode::illegal_instruction, unsigned(opcode),
                unsigned(isa::Opcode::begin), state);
}

bool refuse(const isa::DecodeError &error, State &state) {
  return refuse(StatusCode::illegal_instruction, error.found,
                error.found < error.min ? error.min : error.max, state);
}

template <typename Instruction>
bool takeTokens(const Instruction &instruction, State &state) {
  constexpr unsigned wait = positionOf(Instruction::opcode, "wait");
  constexpr unsigned follow = positionOf(Instruction::opcode, "follow");
  return state.tokens.take(instruction.wait, Instruction::unit, wait,
                           state.fault) &&
         state.chains.take(instruction.follow, Instruction::unit, follow,
                           state.fault);
}

template <typename Instruction>
bool putTokens(const Instruction &instruction, State &state) {
  constexpr unsigned signal = positionOf(Instruction::opcode, "signal");
  constexpr unsigned lead = positionOf(Instruction::opcode, "lead");
  return state.tokens.put(instruction.signal, Instruction::unit, signal,
                          state.fault) &&
         state.chains.put(instruction.lead, Instruction::unit, lead,
                          state.fault);
}

/// Those of an instruction that go through FIFOs.
template <typename Instruction>
Tokens tokensOf(const Instruction &instruction) {
  constexpr unsigned own =
      ~othersOf(Instruction::unit) & ~(1u << unsigned(isa::Unit::dma));
  return {instruction.wait.bits & ~own, instruction.follow.bits & ~own,
          instruction.signal.bits & ~own, instruction.lead.bits & ~own};
}

template <typename Instruction>
bool issueVector(const Instruction &instruction, State &state,
                 VectorQueue &vectorQueue) {
  VectorCommand command = {};
  command.opcode = unsigned(Instruction::opcode);
  command.tokens = tokensOf(instruction);
  if (!requireBegun(Instruction::opcode, state) ||
      !takeTokens(instruction, state) ||
      !resolve(instruction, state.pass, command, state.fault) ||
      !putTokens(instruction, state))
    return false;
  vectorQueue.write(command);
  state.window.push(true);
  return true;
}

template <typename Instruction>
bool takeStreamTokens(const Instruction &instruction, State &state) {
  constexpr unsigned field = positionOf(Instruction::opcode, "stream_wait");
  return state.tokens.take(instruction.stream_wait, isa::Unit::dma, field,
                           state.fault);
}

/// The DMA gets its half first: it may begin to stream.
template <typename Instruction>
bool issueArray(const Instruction &instruction, State &state,
                ArrayQueue &arrayQueue, ArrayQueue &dmaQueue) {
  ArrayCommand command = {};
  command.opcode = unsigned(Instruction::opcode);
  command.unit = unsigned(Instruction::unit);
  command.sliceRows = instruction.slice_rows;
  command.work = instruction.work;
  if (!requireBegun(Instruction::opcode, state) ||
      !takeTokens(instruction, state) ||
      !takeStreamTokens(instruction, state) ||
      !resolve(instruction, state.pass, command, state.fault) ||
      !putTokens(instruction, state))
    return false;
  command.tokens = {instruction.stream_wait.bits, 0, 0, 0};
  dmaQueue.write(command);
  command.tokens = tokensOf(instruction);
  arrayQueue.write(command);
  state.window.push(false);
  return true;
}

bool begin(const isa::Begin &begin, State &state) {
  if (state.instruction > 0) // another entry follows
    return refuse(StatusCode::no_end, 0, 0, state);
  return resolve(begin, state.pass, state.fault);
}

bool end(State &state) {
  state.hasEnded = requireBegun(isa::Opcode::end, state);
  return state.hasEnded;
}

//===----------------------------------------------------------------------===//
// Decoding
//===----------------------------------------------------------------------===//

/// Fetches the rest of an instruction, of which the first packet is there.
template <typename Instruction>
bool decode(const Packet *program, Fetched &code, Instruction &instruction,
            State &state) {
  static_assert(Instruction::words <= kLongest);
  code.fetch(program, state.packet, 1, Instruction::words / isa::kPacketWords);
  isa::DecodeError error;
  return isa::decode(code.words, instruction, error) || refuse(error, state);
}

/// Executes one instruction and returns its length in words, 0 for a fault.
template <typename Instruction> unsigned executed(bool isGood) {
  return isGood ? Instruction::words : 0;
}

/// One instruction: its length in words, or 0 and a fault.
unsigned step(const Packet *program, State &state, VectorQueue &vectorQueue,
              ArrayQueue &arrayQueue, ArrayQueue &dmaQueue) {
  Fetched code;
  code.fetch(program, state.packet, 0, 1);
  auto onVector = [&](auto instruction) {
    return executed<decltype(instruction)>(
        decode(program, code, instruction, state) &&
        issueVector(instruction, state, vectorQueue));
  };
  auto onArray = [&](auto instruction) {
    return executed<decltype(instruction)>(
        decode(program, code, instruction, state) &&
        issueArray(instruction, state, arrayQueue, dmaQueue));
  };
  switch (isa::Opcode(code.words[0] & 0xFF)) {
  case isa::Opcode::begin: {
    isa::Begin instruction;
    return executed<isa::Begin>(decode(program, code, instruction, state) &&
                                begin(instruction, state));
  }
  case isa::Opcode::end: {
    isa::End instruction;
    return executed<isa::End>(decode(program, code, instruction, state) &&
                              end(state));
  }
  case isa::Opcode::vmm:
    return onArray(isa::Vmm());
  case isa::Opcode::attention_scores:
    return onArray(isa::AttentionScores());
  case isa::Opcode::attention_values:
    return onArray(isa::AttentionValues());
  case isa::Opcode::softmax:
    return onVector(isa::Softmax());
  case isa::Opcode::rms_norm:
    return onVector(isa::RmsNorm());
  case isa::Opcode::rope:
    return onVector(isa::Rope());
  case isa::Opcode::activation:
    return onVector(isa::Activation());
  case isa::Opcode::layer_norm:
    return onVector(isa::LayerNorm());
  }
  refuse(StatusCode::illegal_instruction, code.words[0] & 0xFF, 0, state);
  return 0;
}

//===----------------------------------------------------------------------===//
// End of a pass
//===----------------------------------------------------------------------===//

/// FIFOs last from one run to the next: a program that ended early must leave
/// none of its tokens to the next one.
void drain(isa::Unit unit, State &state, Tokens &tokens) {
  tokens = {state.tokens.takeLeft(unit), 0, 0, 0};
  tokens.follow = state.chains.takeLeft(unit);
}

void drainTokens(State &state, VectorQueue &vectorQueue, ArrayQueue &arrayQueue,
                 ArrayQueue &dmaQueue) {
Drain:
  for (bool found = true; found;) {
    found = false;
    VectorCommand vector = {};
    drain(isa::Unit::vector, state, vector.tokens);
    if (vector.tokens.wait != 0 || vector.tokens.follow != 0) {
      vectorQueue.write(vector);
      found = true;
    }
  Units:
    for (isa::Unit unit :
         {isa::Unit::matrix, isa::Unit::attention, isa::Unit::dma}) {
      ArrayCommand array = {};
      array.unit = unsigned(unit);
      drain(unit, state, array.tokens);
      if (array.tokens.wait == 0 && array.tokens.follow == 0)
        continue;
      if (unit == isa::Unit::dma)
        dmaQueue.write(array);
      else
        arrayQueue.write(array);
      found = true;
    }
  }
}

/// As in ISA/Status.h.
Packet statusOf(const State &state) {
  Packet status = 0;
  status.range(31, 0) = unsigned(state.fault.code);
  status.range(63, 32) = state.instruction;
  status.range(95, 64) = state.packet;
  status.range(127, 96) = state.fault.field;
  status.range(191, 128) = state.fault.found;
  status.range(255, 192) = state.fault.limit;
  status.range(287, 256) = state.argmaxIndex;
  status.range(319, 288) = state.argmaxValue;
  status.range(351, 320) = state.completed;
  return status;
}

} // namespace

void sequencer(const Packet *program, ap_uint<32> entry, ap_uint<32> tokens,
               ap_uint<32> past, ap_uint<32> sequence, VectorQueue &vectorQueue,
               ArrayQueue &arrayQueue, ArrayQueue &dmaQueue,
               CompletionStream &vectorCompletions,
               CompletionStream &arrayCompletions, PacketStream &statusPackets,
               WriteRequestStream &statusWrites, DoneStream &statusDone) {
  State state;
  state.pass.tokens = tokens;
  state.pass.past = past;
  state.pass.sequence = sequence;
  state.packet = entry;
  state.tokens.clear();
  state.chains.clear();
Instructions:
  while (state.isRunning()) {
    if (state.window.isFull())
      retireOldest(state, vectorCompletions, arrayCompletions);
    unsigned words = step(program, state, vectorQueue, arrayQueue, dmaQueue);
    if (words > 0)
      ++state.completed;
    if (words > 0 && !state.hasEnded) {
      ++state.instruction;
      state.packet += words / isa::kPacketWords;
    }
  }
Retire:
  while (state.window.count > 0)
    retireOldest(state, vectorCompletions, arrayCompletions);
  drainTokens(state, vectorQueue, arrayQueue, dmaQueue);
  statusPackets.write(statusOf(state));
  statusWrites.write({0, 1, 1});
  statusWrites.write({0, 0, 0});
  statusDone.read();
}

} // namespace edgellm::kernels
