//===- tokens.h - The sequencer's account of tokens -----------------------===//
#ifndef EDGELLM_HW_KERNELS_TOKENS_H
#define EDGELLM_HW_KERNELS_TOKENS_H

#include "resolve.h"

namespace edgellm::kernels {

/// The units that a process executes; the array executes two.
constexpr unsigned kArrayMask =
    1u << unsigned(isa::Unit::matrix) | 1u << unsigned(isa::Unit::attention);
constexpr unsigned kVectorMask = 1u << unsigned(isa::Unit::vector);

/// Units whose tokens reach the process of `unit` through a FIFO: all but its
/// own, which it needs no token of because it works in program order.
constexpr unsigned othersOf(isa::Unit unit) {
  return unit == isa::Unit::vector ? kArrayMask
         : unit == isa::Unit::dma  ? kArrayMask | kVectorMask
                                   : kVectorMask;
}

/// Tokens of one kind that have been put and not taken, in program order.
struct TokenCounts {
  ap_uint<16> underway[isa::kUnits][isa::kUnits]; // by who put it, for whom

  void clear() {
  Putters:
    for (unsigned from = 0; from < isa::kUnits; ++from)
    Takers:
      for (unsigned to = 0; to < isa::kUnits; ++to)
        underway[from][to] = 0;
  }

  /// A token that is not there now would never come: only later instructions
  /// could put it.
  bool take(isa::Set<isa::Unit> from, isa::Unit to, unsigned field,
            Fault &fault) {
  Take:
    for (unsigned unit = 0; unit < isa::kUnits; ++unit) {
      if (!(from.bits >> unit & 1))
        continue;
      if (underway[unit][unsigned(to)] == 0)
        return refuseToken(StatusCode::missing_token, field, unit, 0, fault);
      --underway[unit][unsigned(to)];
    }
    return true;
  }

  /// More than a FIFO holds would stop the unit that puts them for ever.
  bool put(isa::Set<isa::Unit> to, isa::Unit from, unsigned field,
           Fault &fault) {
  Put:
    for (unsigned unit = 0; unit < isa::kUnits; ++unit) {
      if (!(to.bits >> unit & 1))
        continue;
      if (underway[unsigned(from)][unit] == kTokenDepth)
        return refuseToken(StatusCode::illegal_instruction, field,
                           kTokenDepth + 1, kTokenDepth, fault);
      ++underway[unsigned(from)][unit];
    }
    return true;
  }

  /// Takes one token of each unit that has one for `to` in a FIFO.
  Units takeLeft(isa::Unit to) {
    Units found = 0;
  Left:
    for (unsigned unit = 0; unit < isa::kUnits; ++unit)
      if (othersOf(to) >> unit & 1 && underway[unit][unsigned(to)] > 0) {
        --underway[unit][unsigned(to)];
        found[unit] = 1;
      }
    return found;
  }

private:
  static bool refuseToken(StatusCode code, unsigned field, unsigned found,
                          unsigned limit, Fault &fault) {
    fault.code = code;
    fault.field = field;
    fault.found = found;
    fault.limit = limit;
    return false;
  }
};

} // namespace edgellm::kernels

#endif // EDGELLM_HW_KERNELS_TOKENS_H
