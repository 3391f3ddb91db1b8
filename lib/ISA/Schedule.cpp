//===- Schedule.cpp - No entry deadlocks or races -------------------------===//
#include "EdgeLLM/ISA/Schedule.h"

#include "EdgeLLM/Support/Error.h"

#include <queue>

using namespace edgellm;
using namespace edgellm::isa;

namespace {

/// Goes over one entry in program order, matching tokens with their takers.
class ScheduleChecker {
public:
  ScheduleChecker(const Program &program, const Entry &entry,
                  const std::string &where)
      : program(program), entry(entry), where(where),
        limits{int64_t(entry.maxTokens), int64_t(program.context)},
        order(limits) {}

  void run();

private:
  using Queue = std::queue<uint32_t>;
  /// Tokens on their way, by who put them and for whom.
  using Queues = std::array<std::array<Queue, kUnits>, kUnits>;

  void check(const ScheduledInstruction &instruction);
  void takeTokens(const ScheduledInstruction &instruction);
  void putTokens(const ScheduledInstruction &instruction);
  void checkUnits(const ScheduledInstruction &instruction);
  void checkWork(const ScheduledInstruction &instruction);
  PacketExtent roomOf(const Operand &operand) const;
  void checkBounds(const ScheduledInstruction &instruction);
  uint32_t take(Queues &queues, Unit from, Unit to, const char *field);
  void follow(uint32_t leader);
  void checkNoneLeft(const Queues &queues, const char *field);
  [[noreturn]] void failRace(const ExecutionOrder::Race &race);

  /// "instruction 12 (softmax, model.layers.0.self_attn)"
  std::string nameOf(uint32_t number) const;
  std::string here() const { return where + ": " + nameOf(order.size()); }

  const Program &program;
  const Entry &entry;
  const std::string &where;
  RequestLimits limits;
  ExecutionOrder order;
  Queues tokens, chains;
  std::vector<const char *> mnemonics;
};

} // namespace

template <typename Action> static void forEachUnit(Set<Unit> set, Action act) {
  for (unsigned i = 0; i < kUnits; ++i)
    if (set.contains(Unit(i)))
      act(Unit(i));
}

std::string ScheduleChecker::nameOf(uint32_t number) const {
  std::string name = "instruction " + std::to_string(number);
  name += std::string(" (") + mnemonics[number];
  const std::string &source = program.sourceOf(entry, number);
  return name + (source.empty() ? ")" : ", " + source + ")");
}

//===----------------------------------------------------------------------===//
// Tokens
//===----------------------------------------------------------------------===//

/// The DMA takes tokens for its streams; it puts none and has no blocks that
/// anyone could follow.
void ScheduleChecker::checkUnits(const ScheduledInstruction &instruction) {
  std::pair<const char *, Set<Unit>> sets[] = {
      {"wait", instruction.wait},
      {"stream_wait", instruction.streamWait},
      {"follow", instruction.follow},
      {"lead", instruction.lead}};
  for (auto [field, set] : sets)
    if (set.contains(Unit::dma))
      fail(here(), ": field '", field,
           "' names the dma, which takes tokens and puts none");
}

uint32_t ScheduleChecker::take(Queues &queues, Unit from, Unit to,
                               const char *field) {
  Queue &queue = queues[unsigned(from)][unsigned(to)];
  if (queue.empty())
    fail(here(), ": field '", field, "' takes a token of the ",
         isa::nameOf(from), " unit that no earlier instruction puts for the ",
         isa::nameOf(to), " unit: it would wait for ever");
  uint32_t putter = queue.front();
  queue.pop();
  return putter;
}

void ScheduleChecker::follow(uint32_t leader) {
  if (!order.isInFlight(leader))
    fail(here(), ": follows ", nameOf(leader), ", which ended ", kWindow,
         " instructions ago at the latest");
  if (!order.canFollow(leader))
    fail(here(), ": cannot follow ", nameOf(leader),
         entry.maxTokens == 1
             ? ": it reads nothing that is the other's result in the "
               "activation buffer, block for block"
             : ": chains are for entries of one token a pass");
  order.follow(leader);
}

void ScheduleChecker::takeTokens(const ScheduledInstruction &instruction) {
  Unit unit = *instruction.unit;
  forEachUnit(instruction.wait, [&](Unit from) {
    order.waitFor(take(tokens, from, unit, "wait"));
  });
  forEachUnit(instruction.streamWait, [&](Unit from) {
    order.streamWaitFor(take(tokens, from, Unit::dma, "stream_wait"));
  });
  forEachUnit(instruction.follow,
              [&](Unit from) { follow(take(chains, from, unit, "follow")); });
}

void ScheduleChecker::putTokens(const ScheduledInstruction &instruction) {
  unsigned unit = unsigned(*instruction.unit);
  forEachUnit(instruction.signal,
              [&](Unit to) { tokens[unit][unsigned(to)].push(order.size()); });
  forEachUnit(instruction.lead,
              [&](Unit to) { chains[unit][unsigned(to)].push(order.size()); });
}

void ScheduleChecker::checkNoneLeft(const Queues &queues, const char *field) {
  for (unsigned from = 0; from < kUnits; ++from)
    for (unsigned to = 0; to < kUnits; ++to)
      if (!queues[from][to].empty())
        fail(where, ": ", nameOf(queues[from][to].front()), ": field '", field,
             "' puts a token for the ", isa::nameOf(Unit(to)),
             " unit that nothing takes");
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

/// An input in ddr needs room on chip for its slices; one on chip needs none.
void ScheduleChecker::checkWork(const ScheduledInstruction &instruction) {
  for (const Operand &operand : instruction.operands)
    if (operand.access == Access::work &&
        operand.region.rows.value == constant(0))
      fail(here(), ": field 'slice_rows' is 0 with the input in ddr, expected "
                   "how many rows are on chip at a time");
}

/// Where an operand may lie. Packet 0 of the ddr buffer is the status. In HBM
/// weights end where the KV memory begins, and only that of sequence 0 is
/// named.
PacketExtent ScheduleChecker::roomOf(const Operand &operand) const {
  int64_t ports = program.ports;
  int64_t weights = int64_t(program.firstSequencePacket()) * ports;
  switch (operand.region.space) {
  case Space::ddr:
    return {1, int64_t(program.ddrPackets) - 1};
  case Space::chip:
    return {0, int64_t(program.chipPackets) - 1};
  case Space::hbm:
    break;
  }
  if (isInKVMemory(operand))
    return {weights, weights + int64_t(program.sequencePackets) * ports - 1};
  return {0, weights - 1};
}

/// No request that the entry admits reaches past a buffer.
void ScheduleChecker::checkBounds(const ScheduledInstruction &instruction) {
  for (const Operand &operand : instruction.operands) {
    PacketExtent room = roomOf(operand);
    PacketExtent extent = extentOf(operand.region, limits);
    if (extent.first < room.first || extent.last > room.last)
      fail(here(), ": field '", operand.field, "' reaches from packet ",
           extent.first, " to ", extent.last, " of ",
           isa::nameOf(operand.region.space), " at some request, allowed are ",
           room.first, " to ", room.last);
  }
}

void ScheduleChecker::failRace(const ExecutionOrder::Race &race) {
  fail(here(), ": field '", race.operand->field, "' (",
       isa::nameOf(race.operand->region.space), ") races with field '",
       race.earlierOperand->field, "' of ", nameOf(race.earlier),
       ": no token orders them");
}

void ScheduleChecker::check(const ScheduledInstruction &instruction) {
  mnemonics.push_back(instruction.mnemonic);
  order.open(instruction);
  if (instruction.unit) {
    checkUnits(instruction);
    takeTokens(instruction);
    checkWork(instruction);
    checkBounds(instruction);
  }
  if (std::optional<ExecutionOrder::Race> race = order.findRace())
    failRace(*race);
  if (instruction.unit)
    putTokens(instruction);
  order.commit();
}

void ScheduleChecker::run() {
  std::span<const uint64_t> code = program.codeOf(entry);
  DecodeError error;
  for (size_t position = 0; position < code.size();)
    position += decodeAndApply(
        &code[position], code.size() - position,
        [&](const auto &instruction) {
          check(scheduledInstruction(instruction, program.ports));
        },
        error);
  checkNoneLeft(tokens, "signal");
  checkNoneLeft(chains, "lead");
}

void edgellm::checkSchedule(const Program &program, const Entry &entry,
                            const std::string &where) {
  ScheduleChecker(program, entry, where).run();
}
