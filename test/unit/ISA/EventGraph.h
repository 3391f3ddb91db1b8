//===- EventGraph.h - The order of events, the slow and plain way ---------===//
//
// ISA/Schedule.h lists what holds for every timing of the machine. Here each
// rule is an edge between two events, "a before b" is a path, and operands are
// the very packets of one request. ExecutionOrder knows the same by a few
// numbers; the tests compare.
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_TEST_UNIT_ISA_EVENTGRAPH_H
#define EDGELLM_TEST_UNIT_ISA_EVENTGRAPH_H

#include "EdgeLLM/ISA/Schedule.h"

#include <bitset>
#include <deque>
#include <set>
#include <string>
#include <vector>

namespace edgellm::testing {

class EventGraph {
public:
  static constexpr size_t kMost = 128; ///< instructions

  /// Instructions with their tokens; the first may have no unit (`begin`).
  explicit EventGraph(std::vector<isa::ScheduledInstruction> program);

  /// The first pair of uses of a packet, if any, that races in a pass of
  /// `tokens` new tokens after `past`: "3.dst, 7.src".
  std::string findRace(uint32_t tokens, uint32_t past) const;

private:
  enum Event { stream, start, issue, end, events };
  using Set = std::bitset<kMost * events>;
  using Packets = std::set<int64_t>;

  static size_t at(size_t instruction, Event event) {
    return instruction * events + event;
  }
  void before(size_t earlier, Event a, size_t later, Event b) {
    ancestors[at(later, b)] |= ancestors[at(earlier, a)];
    ancestors[at(later, b)].set(at(earlier, a));
  }
  bool isBefore(size_t earlier, Event a, size_t later, Event b) const {
    return ancestors[at(later, b)].test(at(earlier, a));
  }
  void addInstruction(size_t n);
  void takeTokens(size_t n);
  bool isOrdered(size_t earlier, const isa::Operand &before, size_t later,
                 const isa::Operand &now, uint32_t tokens, uint32_t past) const;
  bool comesThroughLeader(size_t earlier, size_t later, const Packets &packets,
                          uint32_t tokens, uint32_t past) const;
  static Packets packetsOf(const isa::OperandRegion &region, uint32_t tokens,
                           uint32_t past);

  std::vector<isa::ScheduledInstruction> program;
  std::vector<Set> ancestors;
  std::vector<std::vector<size_t>> leaders;
  std::deque<size_t> tokens[isa::kUnits][isa::kUnits],
      chains[isa::kUnits][isa::kUnits];
};

} // namespace edgellm::testing

#endif // EDGELLM_TEST_UNIT_ISA_EVENTGRAPH_H
