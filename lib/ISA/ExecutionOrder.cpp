//===- ExecutionOrder.cpp - What is known of the order in time ------------===//
#include "EdgeLLM/ISA/Schedule.h"

#include <algorithm>
#include <limits>

using namespace edgellm::isa;

// Sums of products of resolved fields, each below 2^50.
__extension__ typedef __int128 Wide;

static int64_t clampWide(Wide value) {
  using Limits = std::numeric_limits<int64_t>;
  return int64_t(std::clamp<Wide>(value, Limits::min(), Limits::max()));
}

//===----------------------------------------------------------------------===//
// Extents over all requests
//===----------------------------------------------------------------------===//

/// Affine fields never fall when tokens or past grow, so their least value is
/// that of the smallest request; the greatest takes each register by itself.
static int64_t leastOf(const Affine &field) { return resolve(field, 1, 0); }

static int64_t greatestOf(const Affine &field, const RequestLimits &limits) {
  uint32_t tokens = uint32_t(limits.maxTokens);
  uint32_t context = uint32_t(limits.context);
  switch (field.request) {
  case Request::zero:
  case Request::tokens:
  case Request::tokens_rounded:
    return resolve(field, tokens, 0);
  case Request::past:
    return resolve(field, 1, context - 1);
  case Request::context:
  case Request::context_rounded:
    return resolve(field, 1, context - 1);
  }
  return 0;
}

static int64_t greatestOf(const Count &count, const RequestLimits &limits) {
  return resolve(Count{constant(greatestOf(count.value, limits)), count.group,
                       count.inGroups},
                 1, 0);
}

static bool isConstant(const Affine &field) {
  return field.request == Request::zero;
}

static bool isFixed(const Steps &steps) {
  return isConstant(steps.count.value) && isConstant(steps.stride);
}

/// base + rows at most, where the rows of this pass begin after the cached
/// ones: their sum is less than the two greatest values added up.
static Wide greatestEnd(const OperandRegion &region,
                        const RequestLimits &limits) {
  bool appends = region.base.request == Request::past &&
                 region.rows.value.request == Request::tokens &&
                 region.rows.group == 1 && isFixed(region.outer) &&
                 isFixed(region.inner);
  if (!appends)
    return Wide(greatestOf(region.base, limits)) +
           greatestOf(region.rows, limits);
  // Linear in tokens on the line tokens + past = context: greatest at an end.
  auto end = [&](int64_t tokens) {
    uint32_t past = uint32_t(limits.context - tokens);
    return Wide(resolve(region.base, uint32_t(tokens), past)) +
           resolve(region.rows, uint32_t(tokens), past);
  };
  return std::max(end(1), end(limits.maxTokens));
}

PacketExtent edgellm::isa::extentOf(const OperandRegion &region,
                                    const RequestLimits &limits) {
  Wide first = leastOf(region.base);
  Wide last = greatestEnd(region, limits) - 1;
  for (const Steps &steps : {region.outer, region.inner}) {
    Wide most = greatestOf(steps.count, limits) - 1;
    first += std::min<Wide>(most * leastOf(steps.stride), 0);
    last += std::max<Wide>(most * greatestOf(steps.stride, limits), 0);
  }
  return {clampWide(first), clampWide(last)};
}

//===----------------------------------------------------------------------===//
// Clocks
//===----------------------------------------------------------------------===//

void ExecutionOrder::Clock::join(const Clock &other) {
  for (unsigned unit = 0; unit < kOrderedUnits; ++unit) {
    ended[unit] = std::max(ended[unit], other.ended[unit]);
    issued[unit] = std::max(issued[unit], other.issued[unit]);
  }
}

void ExecutionOrder::open(const ScheduledInstruction &instruction) {
  if (window.size() == kWindow)
    retireOldest();
  opened = {};
  opened.instruction = instruction;
  size_t index = 0;
  for (const Operand &operand : instruction.operands)
    opened.extents[index++] = extentOf(operand.region, limits);
  opened.start = retiredClock;
  opened.stream = retiredClock;
  opened.stream.join(lastStream);
  if (instruction.unit)
    opened.start.join(lastIssue[unsigned(*instruction.unit)]);
}

void ExecutionOrder::retireOldest() {
  const Node &oldest = window.front();
  if (oldest.instruction.unit) {
    unsigned unit = unsigned(*oldest.instruction.unit);
    retiredClock.ended[unit] = oldest.position;
    retiredClock.issued[unit] = oldest.position;
  }
  window.pop_front();
  ++retired;
}

void ExecutionOrder::waitFor(uint32_t earlier) {
  if (isInFlight(earlier))
    opened.start.join(node(earlier).end);
}

void ExecutionOrder::streamWaitFor(uint32_t earlier) {
  if (isInFlight(earlier))
    opened.stream.join(node(earlier).end);
}

void ExecutionOrder::follow(uint32_t earlier) {
  if (!isInFlight(earlier))
    return;
  opened.start.join(node(earlier).start);
  opened.leaders.push_back(earlier);
}

void ExecutionOrder::commit() {
  opened.issue = opened.start;
  if (opened.instruction.streams) {
    opened.issue.join(opened.stream);
    lastStream = opened.stream;
  }
  for (uint32_t leader : opened.leaders)
    opened.issue.join(node(leader).end);
  opened.end = opened.issue;
  if (opened.instruction.unit) {
    unsigned unit = unsigned(*opened.instruction.unit);
    opened.position = ++counts[unit];
    opened.issue.issued[unit] = opened.position;
    opened.end.join(lastEnd[unit]);
    opened.end.issued[unit] = opened.position;
    opened.end.ended[unit] = opened.position;
    lastIssue[unit] = opened.issue;
    lastEnd[unit] = opened.end;
  }
  window.push_back(opened);
}

bool ExecutionOrder::hasEnded(uint32_t earlier, const Clock &clock) const {
  const Node &other = node(earlier);
  return clock.ended[unsigned(*other.instruction.unit)] >= other.position;
}

bool ExecutionOrder::hasIssued(uint32_t earlier, const Clock &clock) const {
  const Node &other = node(earlier);
  return clock.issued[unsigned(*other.instruction.unit)] >= other.position;
}

//===----------------------------------------------------------------------===//
// Races
//===----------------------------------------------------------------------===//

/// Excludes any other use at the same time.
static bool isExclusive(Access access) {
  return access == Access::write || access == Access::work;
}

static const Operand *resultOf(const ScheduledInstruction &instruction) {
  for (const Operand &operand : instruction.operands)
    if (operand.access == Access::write)
      return &operand;
  return nullptr;
}

/// One bit of the field `follow` is one chain token.
bool ExecutionOrder::followsUnit(Unit unit) const {
  return std::ranges::any_of(opened.leaders, [&](uint32_t leader) {
    return node(leader).instruction.unit == unit;
  });
}

bool ExecutionOrder::canFollow(uint32_t earlier) const {
  const ScheduledInstruction &other = node(earlier).instruction;
  const Operand *result = resultOf(other);
  if (limits.maxTokens != 1 || !result || result->region.space != Space::chip ||
      other.unit == opened.instruction.unit || followsUnit(*other.unit))
    return false;
  return std::ranges::any_of(opened.instruction.operands,
                             [&](const Operand &operand) {
                               return operand.access == Access::read &&
                                      operand.region == result->region;
                             });
}

/// `before` is what `earlier` writes.
bool ExecutionOrder::isOrderedAfterWrite(uint32_t earlier,
                                         const Operand &before,
                                         const Operand &now) const {
  bool isStream = now.access == Access::stream;
  if (hasEnded(earlier, isStream ? opened.stream : opened.start))
    return true;
  bool sameUnit = node(earlier).instruction.unit == opened.instruction.unit;
  if (before.access == Access::write && now.access == Access::write && sameUnit)
    return true;
  if (isStream || now.access == Access::work)
    return false;
  // A leader that writes the very region comes after all earlier writers of
  // it, and block by block before this instruction.
  return std::ranges::any_of(opened.leaders, [&](uint32_t leader) {
    const Operand *result = resultOf(node(leader).instruction);
    return leader >= earlier && result && result->region == now.region;
  });
}

bool ExecutionOrder::isOrdered(uint32_t earlier, const Operand &before,
                               const Operand &now) const {
  if (!isExclusive(before.access) && !isExclusive(now.access))
    return true;
  if (before.access == Access::write)
    return isOrderedAfterWrite(earlier, before, now);
  return hasIssued(earlier,
                   now.access == Access::stream ? opened.stream : opened.start);
}

std::optional<ExecutionOrder::Race>
ExecutionOrder::findRaceWith(uint32_t earlier) const {
  const Node &other = node(earlier);
  size_t i = 0;
  for (const Operand &now : opened.instruction.operands) {
    const PacketExtent &mine = opened.extents[i++];
    size_t j = 0;
    for (const Operand &before : other.instruction.operands) {
      const PacketExtent &theirs = other.extents[j++];
      if (now.region.space == before.region.space &&
          mine.first <= theirs.last && theirs.first <= mine.last &&
          !isOrdered(earlier, before, now))
        return Race{earlier, &before, &now};
    }
  }
  return std::nullopt;
}

std::optional<ExecutionOrder::Race> ExecutionOrder::findRace() const {
  for (uint32_t earlier = size(); earlier > retired;)
    if (std::optional<Race> race = findRaceWith(--earlier))
      return race;
  return std::nullopt;
}
