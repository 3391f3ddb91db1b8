//===- Losses.h - Why the HBM was not busy ----------------------*- C++ -*-===//
#ifndef EDGELLM_MODEL_TIMING_LOSSES_H
#define EDGELLM_MODEL_TIMING_LOSSES_H

#include "EdgeLLM/Model/Timing.h"
#include "Moment.h"

#include <map>

namespace edgellm::model {

/// What the array did, cycle by cycle, from the launch on: it worked on an
/// instruction or it waited for something. Its work is granted in program
/// order.
class ArrayTimeline {
public:
  struct Segment {
    double end;
    Cause cause;
  };

  /// The end of the work granted last.
  double free() const { return segments.empty() ? 0 : segments.back().end; }
  /// Work of `busy` cycles that ends at `end`; before it the array waited for
  /// the cause of `end`.
  void work(double busy, const Moment &end, std::string_view mnemonic);

  /// Calls action(cause, cycles) for what the array did from `from` to `to`.
  /// Both may not fall from call to call.
  template <typename Action>
  void between(double from, double to, Action action) {
    while (cursor < segments.size() && segments[cursor].end <= from)
      ++cursor;
    for (size_t i = cursor; from < to && i < segments.size(); ++i) {
      double until = std::min(to, segments[i].end);
      action(segments[i].cause, until - from);
      from = until;
    }
    if (from < to)
      action(Cause{}, to - from);
  }

private:
  void append(double end, Cause cause);

  std::vector<Segment> segments;
  size_t cursor = 0;
};

/// Adds up the cycles in which the HBM did not deliver at its full rate.
class LossLedger {
public:
  enum class Situation : uint8_t {
    port,       ///< it delivered, but more slowly
    stream,     ///< the DMA waited
    bufferFull, ///< the weight buffer was full, because the array ...
    tail,       ///< everything was read, and the array ...
  };
  void add(Situation situation, Cause cause, double cycles) {
    cyclesOf[{situation, cause}] += cycles;
  }
  /// A loss of the port has a name of its own.
  void addPort(const char *name, double cycles) {
    add(Situation::port, {Cause::Kind::none, name}, cycles);
  }

  /// Largest first; none of less than a thousandth of a cycle.
  std::vector<Loss> losses() const;

private:
  std::map<std::pair<Situation, Cause>, double> cyclesOf;
};

} // namespace edgellm::model

#endif // EDGELLM_MODEL_TIMING_LOSSES_H
