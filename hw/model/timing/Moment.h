//===- Moment.h - A time and what it waited for -----------------*- C++ -*-===//
//
// The timing model is a max-plus system: every event happens at the latest of
// the times it waits for, plus a duration. A Moment keeps beside such a maximum
// the term that attained it, so that each stall has a name.
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_MODEL_TIMING_MOMENT_H
#define EDGELLM_MODEL_TIMING_MOMENT_H

#include <compare>
#include <cstdint>
#include <string_view>

namespace edgellm::model {

/// What something waited for.
struct Cause {
  enum class Kind : uint8_t {
    none,
    startUp,     ///< the first instruction
    issue,       ///< fetch, decode and resolve
    window,      ///< an instruction too far back had not ended
    unit,        ///< the instruction before on the same unit
    noOverlap,   ///< the instruction before on any unit, overlap being off
    noLookahead, ///< the same for its fetch, lookahead being off
    noPrefetch,  ///< the compute half, prefetch being off
    instruction, ///< the results of another instruction
    weights,     ///< bytes from HBM
    ddr,         ///< activations or constants from DDR
    work,        ///< nothing: it was working
  };
  Kind kind = Kind::none;
  std::string_view mnemonic{}; ///< of the instruction: constant data

  auto operator<=>(const Cause &) const = default;
};

struct Moment {
  double time = 0; ///< core cycles since the launch
  Cause cause{};

  void atLeast(double other, Cause reason) {
    if (other > time)
      *this = {other, reason};
  }
  void atLeast(const Moment &other) { atLeast(other.time, other.cause); }
  Moment after(double duration) const { return {time + duration, cause}; }
};

} // namespace edgellm::model

#endif // EDGELLM_MODEL_TIMING_MOMENT_H
