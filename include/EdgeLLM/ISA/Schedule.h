//===- Schedule.h - Who waits for whom --------------------------*- C++ -*-===//
//
// Units work at the same time, so a program is right only if its tokens order
// what must be ordered. Here is what that means, for the pass that inserts the
// tokens and for the check of every program that is loaded.
//
// Each instruction has four events:
//
//   stream   the DMA may begin to read what the instruction streams from HBM
//   start    its unit begins
//   issue    all its operands have been read; the unit takes the next one
//   end      all its results are written
//
// and these hold for every timing of the machine (a -> b: a before b):
//
//   start(n) -> issue(n) -> end(n),  stream(n) -> issue(n)
//   m before n in a unit:        issue(m) -> start(n), end(m) -> end(n)
//   m before n in the DMA:       stream(m) -> stream(n)
//   n waits for a token of m:    end(m) -> start(n)
//   its DMA half does:           end(m) -> stream(n)
//   n follows m:                 start(m) -> start(n), end(m) -> issue(n)
//   n - m >= kWindow:            end(m) -> start(n), end(m) -> stream(n)
//
// Two instructions race when they use a packet in an order that these do not
// give: reading what another writes before it has ended (unless the reader
// follows the writer on that very operand), writing what another still reads,
// or writing what another unit writes.
//
// All of this is said of sequence 0, the only one that a program names. It
// holds for each: operands in KV memory stay inside that of sequence 0 and are
// moved by the same distance in every instruction of a pass, so any two of them
// meet in the same packets as before, and never meet weights, which lie before
// all of it.
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_ISA_SCHEDULE_H
#define EDGELLM_ISA_SCHEDULE_H

#include "EdgeLLM/ISA/Operands.h"
#include "EdgeLLM/ISA/Program.h"

#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace edgellm::isa {

/// What the schedule of an instruction depends on.
struct ScheduledInstruction {
  const char *mnemonic = "";
  std::optional<Unit> unit; ///< none for control instructions
  bool streams = false;
  Set<Unit> wait, follow, signal, lead, streamWait;
  Operands operands;
};

template <typename Instruction>
ScheduledInstruction scheduledInstruction(const Instruction &instruction,
                                          int64_t ports) {
  ScheduledInstruction result;
  result.mnemonic = instruction.mnemonic;
  result.operands = operandsOf(instruction, ports);
  if constexpr (requires { instruction.unit; }) {
    result.unit = instruction.unit;
    result.wait = instruction.wait;
    result.follow = instruction.follow;
    result.signal = instruction.signal;
    result.lead = instruction.lead;
  }
  if constexpr (requires { instruction.stream_wait; }) {
    result.streams = true;
    result.streamWait = instruction.stream_wait;
  }
  return result;
}

/// The requests that an entry admits.
struct RequestLimits {
  int64_t maxTokens = 1; ///< 1 <= tokens <= maxTokens
  int64_t context = 1;   ///< tokens + past <= context
};

/// Packets from the first to the last that a region may touch, over all
/// requests that the limits admit; may be more than any single request touches
/// where sizes depend on it in several ways.
struct PacketExtent {
  int64_t first = 0, last = -1;
};
PacketExtent extentOf(const OperandRegion &region, const RequestLimits &limits);

/// Instructions in program order with what is known of their order in time.
/// Numbers of instructions are their positions, 0 for the first.
class ExecutionOrder {
public:
  explicit ExecutionOrder(RequestLimits limits) : limits(limits) {}

  /// Opens the next instruction. The functions below speak of it until
  /// commit().
  void open(const ScheduledInstruction &instruction);
  void waitFor(uint32_t earlier);
  void streamWaitFor(uint32_t earlier);
  void follow(uint32_t earlier);
  void commit();

  /// The number that the next instruction gets.
  uint32_t size() const { return retired + uint32_t(window.size()); }
  /// Whether an earlier instruction may still be in flight; the others have
  /// ended and are forgotten.
  bool isInFlight(uint32_t number) const { return number >= retired; }

  /// A pair of operands that race.
  struct Race {
    uint32_t earlier;
    const Operand *earlierOperand;
    const Operand *operand; ///< of the open instruction
    /// The operand is the DMA's, so it is the DMA that has to wait.
    bool ofStream() const { return operand->access == Access::stream; }
  };
  /// The race of the open instruction with the latest earlier one, if any.
  std::optional<Race> findRace() const;

  /// Whether the open instruction may follow `earlier`, which is in flight: in
  /// another unit that it does not follow yet, it reads just what the other
  /// writes, on chip, in a pass of one token.
  bool canFollow(uint32_t earlier) const;

private:
  static constexpr unsigned kOrderedUnits = 3; // the DMA has streams only
  /// Positions within each unit, counted from 1, of the last instruction that
  /// has surely ended, or been issued.
  struct Clock {
    std::array<uint32_t, kOrderedUnits> ended{}, issued{};
    void join(const Clock &other);
  };
  struct Node {
    ScheduledInstruction instruction;
    std::array<PacketExtent, Operands::kMost> extents; // of its operands
    uint32_t position = 0;                             // in its unit, from 1
    Clock stream, start, issue, end;
    std::vector<uint32_t> leaders; // instructions it follows
  };

  const Node &node(uint32_t number) const { return window[number - retired]; }
  bool hasEnded(uint32_t earlier, const Clock &clock) const;
  bool hasIssued(uint32_t earlier, const Clock &clock) const;
  std::optional<Race> findRaceWith(uint32_t earlier) const;
  bool isOrdered(uint32_t earlier, const Operand &before,
                 const Operand &now) const;
  bool isOrderedAfterWrite(uint32_t earlier, const Operand &before,
                           const Operand &now) const;
  bool followsUnit(Unit unit) const;
  void retireOldest();

  RequestLimits limits;
  /// Instructions that may be in flight beside the open one; number `retired`
  /// is the first.
  std::deque<Node> window;
  uint32_t retired = 0;
  Clock retiredClock;
  Node opened;
  std::array<uint32_t, kOrderedUnits> counts{};
  /// Events of the last instruction of each unit, and of the last stream.
  std::array<Clock, kOrderedUnits> lastIssue, lastEnd;
  Clock lastStream;
};

} // namespace edgellm::isa

namespace edgellm {

/// Proves for one entry of a program, whose code decodes, that it can neither
/// deadlock nor race: every token is put by an earlier instruction, none is
/// left over, chains are legal, all conflicting uses of memory are ordered, and
/// all of them lie inside the program's buffers, whichever sequence runs.
/// Throws Error, prefixed with `where`, naming the instructions, their sources
/// and operands.
void checkSchedule(const Program &program, const Entry &entry,
                   const std::string &where);

} // namespace edgellm

#endif // EDGELLM_ISA_SCHEDULE_H
