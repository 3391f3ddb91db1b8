//===- EventGraph.cpp - The order of events, the slow and plain way -------===//
#include "EventGraph.h"

#include <algorithm>

using namespace edgellm;
using namespace edgellm::isa;
using namespace edgellm::testing;

EventGraph::EventGraph(std::vector<ScheduledInstruction> list)
    : program(std::move(list)), ancestors(program.size() * events),
      leaders(program.size()) {
  for (size_t n = 0; n < program.size(); ++n)
    addInstruction(n);
}

//===----------------------------------------------------------------------===//
// Edges
//===----------------------------------------------------------------------===//

/// All edges lead to a later instruction or a later event of the same, so each
/// set of ancestors is complete when it is used.
void EventGraph::addInstruction(size_t n) {
  const ScheduledInstruction &now = program[n];
  for (size_t m = 0; m < n; ++m) {
    if (n - m >= kWindow)
      before(m, end, n, start), before(m, end, n, stream);
    if (now.unit && program[m].unit == now.unit)
      before(m, issue, n, start);
    if (now.streams && program[m].streams)
      before(m, stream, n, stream);
  }
  takeTokens(n);
  before(n, start, n, issue);
  if (now.streams)
    before(n, stream, n, issue);
  before(n, issue, n, end);
  for (size_t m = 0; m < n; ++m)
    if (now.unit && program[m].unit == now.unit)
      before(m, end, n, end);
}

void EventGraph::takeTokens(size_t n) {
  const ScheduledInstruction &now = program[n];
  if (!now.unit)
    return;
  unsigned unit = unsigned(*now.unit), dma = unsigned(Unit::dma);
  auto take = [](std::deque<size_t> &queue) {
    size_t putter = queue.at(0);
    queue.pop_front();
    return putter;
  };
  for (unsigned from = 0; from < kUnits; ++from) {
    if (now.wait.contains(Unit(from)))
      before(take(tokens[from][unit]), end, n, start);
    if (now.streamWait.contains(Unit(from)))
      before(take(tokens[from][dma]), end, n, stream);
    if (now.follow.contains(Unit(from))) {
      size_t leader = take(chains[from][unit]);
      before(leader, start, n, start);
      before(leader, end, n, issue);
      leaders[n].push_back(leader);
    }
  }
  for (unsigned to = 0; to < kUnits; ++to) {
    if (now.signal.contains(Unit(to)))
      tokens[unit][to].push_back(n);
    if (now.lead.contains(Unit(to)))
      chains[unit][to].push_back(n);
  }
}

//===----------------------------------------------------------------------===//
// Races
//===----------------------------------------------------------------------===//

EventGraph::Packets EventGraph::packetsOf(const OperandRegion &region,
                                          uint32_t tokens, uint32_t past) {
  auto resolved = [&](const auto &field) {
    return resolve(field, tokens, past);
  };
  Packets packets;
  for (int64_t i = 0; i < resolved(region.outer.count); ++i)
    for (int64_t j = 0; j < resolved(region.inner.count); ++j)
      for (int64_t row = 0; row < resolved(region.rows); ++row)
        packets.insert(resolved(region.base) +
                       i * resolved(region.outer.stride) +
                       j * resolved(region.inner.stride) + row);
  return packets;
}

static bool isExclusive(const Operand &operand) {
  return operand.access == Access::write || operand.access == Access::work;
}

static bool isSubset(const std::set<int64_t> &part,
                     const std::set<int64_t> &whole) {
  return std::ranges::includes(whole, part);
}

/// The instruction follows one, no earlier than `earlier`, that writes all of
/// these packets and reads them block by block; that the leader writes after
/// `earlier` is another pair's matter.
bool EventGraph::comesThroughLeader(size_t earlier, size_t later,
                                    const Packets &packets, uint32_t tokens,
                                    uint32_t past) const {
  auto uses = [&](size_t n, Access access) {
    for (const Operand &operand : program[n].operands)
      if (operand.access == access && operand.region.space == Space::chip &&
          isSubset(packets, packetsOf(operand.region, tokens, past)))
        return true;
    return false;
  };
  return std::ranges::any_of(leaders[later], [&](size_t leader) {
    return leader >= earlier && uses(leader, Access::write) &&
           uses(later, Access::read);
  });
}

bool EventGraph::isOrdered(size_t earlier, const Operand &before, size_t later,
                           const Operand &now, uint32_t tokens,
                           uint32_t past) const {
  if (!isExclusive(before) && !isExclusive(now))
    return true;
  Event begins = now.access == Access::stream ? stream : start;
  if (before.access != Access::write)
    return isBefore(earlier, issue, later, begins);
  if (isBefore(earlier, end, later, begins))
    return true;
  if (now.access == Access::write &&
      program[earlier].unit == program[later].unit)
    return true;
  Packets both, left = packetsOf(before.region, tokens, past),
                right = packetsOf(now.region, tokens, past);
  std::ranges::set_intersection(left, right, std::inserter(both, both.end()));
  return now.access != Access::stream && now.access != Access::work &&
         comesThroughLeader(earlier, later, both, tokens, past);
}

std::string EventGraph::findRace(uint32_t tokens, uint32_t past) const {
  for (size_t later = 0; later < program.size(); ++later)
    for (const Operand &now : program[later].operands) {
      Packets mine = packetsOf(now.region, tokens, past);
      for (size_t earlier = 0; earlier < later; ++earlier)
        for (const Operand &before : program[earlier].operands) {
          if (before.region.space != now.region.space ||
              isOrdered(earlier, before, later, now, tokens, past))
            continue;
          Packets theirs = packetsOf(before.region, tokens, past), both;
          std::ranges::set_intersection(mine, theirs,
                                        std::inserter(both, both.end()));
          if (!both.empty())
            return std::to_string(earlier) + "." + before.field + ", " +
                   std::to_string(later) + "." + now.field;
        }
    }
  return "";
}
