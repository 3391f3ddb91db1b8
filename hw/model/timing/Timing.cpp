//===- Timing.cpp - A pass, instruction by instruction --------------------===//
//
// Every token is put by an instruction that stands before the one that takes it
// (ISA/Schedule.h), so all times follow in program order, each as the maximum
// of times known already: no queue of events is needed.
//
//===----------------------------------------------------------------------===//
#include "EdgeLLM/Model/Timing.h"

#include "EdgeLLM/Support/Error.h"
#include "Machine.h"

#include <algorithm>

using namespace edgellm;
using namespace edgellm::model;

namespace {

/// What a token says of the instruction that put it.
struct Token {
  double start, end;
  Cause cause;
};

class Pass final : public isa::Visitor {
public:
  Pass(const Program &program, const Entry &entry, const Target &target,
       uint32_t tokens, uint32_t past, const TimingOptions &options)
      : program(program), entry(entry),
        machine(program, target, tokens, past, options) {}

  PassTiming run();

  void visit(const isa::Begin &begin) override { control(begin); }
  void visit(const isa::End &end) override;
  void visit(const isa::Vmm &vmm) override { unit(vmm); }
  void visit(const isa::AttentionScores &scores) override { unit(scores); }
  void visit(const isa::Softmax &softmax) override { unit(softmax); }
  void visit(const isa::AttentionValues &values) override { unit(values); }
  void visit(const isa::RmsNorm &norm) override { unit(norm); }
  void visit(const isa::LayerNorm &norm) override { unit(norm); }
  void visit(const isa::Rope &rope) override { unit(rope); }
  void visit(const isa::Activation &activation) override { unit(activation); }

private:
  using Queues = std::deque<Token>[isa::kUnits][isa::kUnits];

  template <typename Instruction> void control(const Instruction &);
  template <typename Instruction> void unit(const Instruction &instruction);

  Moment dispatch(unsigned words);
  Moment window() const;
  Token take(Queues &queues, isa::Unit from, isa::Unit to);
  template <typename Action> static void forEach(isa::Set<isa::Unit>, Action);
  template <typename Instruction>
  Moment startOf(const Instruction &instruction, const Run &run,
                 double &producersEnd);
  template <typename Instruction>
  Moment streamOf(const Instruction &instruction, const Run &run);
  void putTokens(Queues &queues, isa::Unit from, isa::Set<isa::Unit> to,
                 const Run &run);
  void record(const Run &run, isa::Unit unit, bool streams);
  StepTiming &addStep(const char *mnemonic);
  PassTiming summary();

  const Program &program;
  const Entry &entry;
  TimedMachine machine;
  PassTiming result;

  Queues ended, chained;
  double issued[isa::kUnits] = {};    ///< of the unit's last instruction
  double endOfUnit[isa::kUnits] = {}; ///< likewise
  double dispatched = 0, lastEnd = 0;
  std::vector<double> allEnded; ///< by instruction: it and all before it
};

} // namespace

//===----------------------------------------------------------------------===//
// Sequencer
//===----------------------------------------------------------------------===//

/// All instructions that are too far back to be in flight have ended.
Moment Pass::window() const {
  if (allEnded.size() < isa::kWindow)
    return {};
  return {allEnded[allEnded.size() - isa::kWindow], {Cause::Kind::window}};
}

Moment Pass::dispatch(unsigned words) {
  double earliest = machine.options.lookahead ? 0 : lastEnd;
  double arrival =
      machine.ddr.read(Ddr::sequencer, earliest, words * sizeof(uint64_t));
  dispatched =
      std::max(dispatched, arrival) + machine.target.timing.issueCycles;
  Cause::Kind kind = Cause::Kind::issue;
  if (machine.stream.lastDelivered() == 0)
    kind = Cause::Kind::startUp;
  else if (!machine.options.lookahead)
    kind = Cause::Kind::noLookahead;
  Moment moment{dispatched, {kind}};
  moment.atLeast(window());
  dispatched = moment.time;
  return moment;
}

StepTiming &Pass::addStep(const char *mnemonic) {
  StepTiming step;
  step.index = uint32_t(result.steps.size());
  step.mnemonic = mnemonic;
  step.source = program.sourceOf(entry, step.index);
  return result.steps.emplace_back(std::move(step));
}

template <typename Instruction> void Pass::control(const Instruction &) {
  StepTiming &step = addStep(Instruction::mnemonic);
  step.isControl = true;
  step.bound = "issue";
  step.ddrBytes = Instruction::words * sizeof(uint64_t);
  step.dispatched = step.start = step.issued = step.end =
      dispatch(Instruction::words).time;
  lastEnd = std::max(lastEnd, step.end);
  allEnded.push_back(lastEnd);
}

void Pass::visit(const isa::End &end) {
  control(end);
  StepTiming &step = result.steps.back();
  step.start = step.issued = lastEnd;
  step.end = machine.ddr.write(Ddr::sequencer, lastEnd, isa::kPacketBytes);
  step.ddrBytes += isa::kPacketBytes;
  lastEnd = step.end;
}

//===----------------------------------------------------------------------===//
// Tokens
//===----------------------------------------------------------------------===//

template <typename Action>
void Pass::forEach(isa::Set<isa::Unit> units, Action action) {
  for (unsigned u = 0; u < isa::kUnits; ++u)
    if (units.contains(isa::Unit(u)))
      action(isa::Unit(u));
}

Token Pass::take(Queues &queues, isa::Unit from, isa::Unit to) {
  std::deque<Token> &queue = queues[unsigned(from)][unsigned(to)];
  if (queue.empty())
    fail("entry '", entry.name, "', instruction ", result.steps.size() - 1,
         " waits for a token of ", nameOf(from), " that no instruction puts");
  Token token = queue.front();
  queue.pop_front();
  return token;
}

void Pass::putTokens(Queues &queues, isa::Unit from, isa::Set<isa::Unit> to,
                     const Run &run) {
  forEach(to, [&](isa::Unit unit) {
    queues[unsigned(from)][unsigned(unit)].push_back(
        {run.start.time,
         run.end.time,
         {Cause::Kind::instruction, run.mnemonic}});
  });
}

/// When the compute half begins; `producersEnd` is when all it follows have
/// ended.
template <typename Instruction>
Moment Pass::startOf(const Instruction &instruction, const Run &run,
                     double &producersEnd) {
  constexpr isa::Unit unit = Instruction::unit;
  Moment start = run.dispatched;
  start.atLeast(issued[unsigned(unit)], {Cause::Kind::unit});
  if (!machine.options.overlap)
    start.atLeast(lastEnd, {Cause::Kind::noOverlap});
  forEach(instruction.wait, [&](isa::Unit from) {
    Token token = take(ended, from, unit);
    start.atLeast(token.end, token.cause);
  });
  forEach(instruction.follow, [&](isa::Unit from) {
    Token token = take(chained, from, unit);
    producersEnd = std::max(producersEnd, token.end);
    start.atLeast(machine.options.chaining ? token.start : token.end,
                  token.cause);
  });
  return start;
}

/// When the DMA may begin.
template <typename Instruction>
Moment Pass::streamOf(const Instruction &instruction, const Run &run) {
  Moment stream = run.dispatched;
  if constexpr (requires { instruction.stream_wait; })
    forEach(instruction.stream_wait, [&](isa::Unit from) {
      Token token = take(ended, from, isa::Unit::dma);
      stream.atLeast(token.end, token.cause);
    });
  if (!machine.options.prefetch)
    stream.atLeast(run.start.time, {Cause::Kind::noPrefetch});
  return stream;
}

//===----------------------------------------------------------------------===//
// Instructions
//===----------------------------------------------------------------------===//

/// The column "bound" of a step.
static const char *boundOf(const Run &run, isa::Unit unit) {
  switch (run.end.cause.kind) {
  case Cause::Kind::weights:
    return "hbm";
  case Cause::Kind::ddr:
    return "ddr";
  case Cause::Kind::startUp:
  case Cause::Kind::issue:
  case Cause::Kind::window:
  case Cause::Kind::noLookahead:
    return "issue";
  default:
    return unit == isa::Unit::vector ? "vector" : "array";
  }
}

void Pass::record(const Run &run, isa::Unit unit, bool streams) {
  const unsigned ports = machine.target.hbm.ports;
  StepTiming &step = result.steps.back();
  step.unit = unit;
  step.dispatched = run.dispatched.time;
  step.start = run.start.time;
  step.issued = run.issued;
  step.end = run.end.time;
  step.streams = streams;
  step.streamStart = run.streamStart;
  step.streamEnd = run.streamEnd;
  step.hbmReadBytes = uint64_t(run.portBytes * ports + 0.5);
  step.hbmWriteBytes = run.hbmWriteBytes;
  step.ddrBytes += run.ddrBytes;
  step.macs = run.macs;
  step.arrayCycles = streams ? run.working : 0;
  step.hbmCycles = run.portBytes / machine.port.peak;
  step.bound = boundOf(run, unit);
  result.unitBusy[unsigned(unit)] += run.working;
  result.unitBusy[unsigned(isa::Unit::dma)] += step.hbmCycles;
}

template <typename Instruction>
void Pass::unit(const Instruction &instruction) {
  constexpr unsigned unit = unsigned(Instruction::unit);
  constexpr bool streams = requires { instruction.stream_wait; };
  StepTiming &step = addStep(Instruction::mnemonic);
  step.ddrBytes = Instruction::words * sizeof(uint64_t);

  Run run;
  run.mnemonic = Instruction::mnemonic;
  run.dispatched = dispatch(Instruction::words);
  double producersEnd = 0;
  run.start = startOf(instruction, run, producersEnd);
  run.stream = streamOf(instruction, run);
  time(instruction, machine, run);
  // A follower has read its operands only when they were all written, and a
  // unit's results are complete in program order.
  run.read(producersEnd);
  run.end.atLeast(run.issued, run.end.cause);
  run.end.atLeast(endOfUnit[unit], run.end.cause);

  putTokens(ended, Instruction::unit, instruction.signal, run);
  putTokens(chained, Instruction::unit, instruction.lead, run);
  issued[unit] = run.issued;
  endOfUnit[unit] = run.end.time;
  lastEnd = std::max(lastEnd, run.end.time);
  allEnded.push_back(lastEnd);
  record(run, Instruction::unit, streams);
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

PassTiming Pass::summary() {
  const Target &target = machine.target;
  machine.stream.finish(lastEnd);
  result.target = target.name;
  result.entry = entry.name;
  result.tokens = machine.tokens;
  result.past = machine.past;
  result.coreMHz = target.clocks.coreMHz;
  result.cycles = lastEnd;
  for (const StepTiming &step : result.steps) {
    result.hbmBytes += step.hbmReadBytes;
    result.ddrBytes += step.ddrBytes;
    result.macs += step.macs;
    result.arrayBusy += step.arrayCycles;
  }
  result.hbmPeakBytesPerCycle = machine.port.peak * target.hbm.ports;
  result.int4MacsPerCycle = target.array.int4Inputs * target.array.outputs;
  result.fp16MacsPerCycle = target.array.fp16Inputs * target.array.outputs;
  result.ddrBusy = machine.ddr.bytes / machine.ddr.rate;
  result.losses = machine.losses.losses();
  return std::move(result);
}

PassTiming Pass::run() {
  std::span<const uint64_t> code = program.codeOf(entry);
  while (!code.empty()) {
    isa::DecodeError error;
    unsigned used = isa::decodeAndVisit(code.data(), code.size(), *this, error);
    if (used == 0)
      fail("entry '", entry.name, "', instruction ", result.steps.size(),
           ": illegal ", error.instruction);
    code = code.subspan(used);
  }
  return summary();
}

//===----------------------------------------------------------------------===//
// Requests
//===----------------------------------------------------------------------===//

static void checkMachine(const Program &program, const Target &target) {
  if (program.ports != target.hbm.ports)
    fail("the program deals its weights over ", program.ports,
         " HBM ports, target ", target.name, " has ", target.hbm.ports);
  uint64_t packets = target.buffers.activationBits / 8 / isa::kPacketBytes;
  if (program.chipPackets > packets)
    fail("the program uses ", program.chipPackets,
         " packets of the activation buffer, target ", target.name, " has ",
         packets);
}

static void checkRequest(const Program &program, const Entry &entry,
                         uint32_t tokens, uint32_t past) {
  if (tokens < 1 || tokens > entry.maxTokens)
    fail("entry '", entry.name, "': a pass of ", tokens,
         " tokens, allowed are 1 to ", entry.maxTokens);
  if (uint64_t(tokens) + past > program.context)
    fail("entry '", entry.name, "': ", past, " tokens in the cache and ",
         tokens, " new ones, the program's context is ", program.context);
}

PassTiming model::timePass(const Program &program, const Entry &entry,
                           const Target &target, uint32_t tokens, uint32_t past,
                           const TimingOptions &options) {
  checkMachine(program, target);
  checkRequest(program, entry, tokens, past);
  return Pass(program, entry, target, tokens, past, options).run();
}
