//===- TimingTesting.h - Machines and programs to be timed ------*- C++ -*-===//
#ifndef EDGELLM_TEST_UNIT_TIMING_TIMINGTESTING_H
#define EDGELLM_TEST_UNIT_TIMING_TIMINGTESTING_H

#include "EdgeLLM/Model/Timing.h"
#include "EdgeLLM/Support/Installation.h"
#include "TimedPrograms.h"

#include <gtest/gtest.h>

namespace edgellm::test {

inline Target targetOf(const std::string &name) {
  return findTarget(name, shareDirectory() / "targets");
}

/// Busy cycles of the HBM and its losses: all cycles of a pass.
inline double accountedCycles(const model::PassTiming &timing) {
  double cycles = double(timing.hbmBytes) / timing.hbmPeakBytesPerCycle;
  for (const model::Loss &loss : timing.losses)
    cycles += loss.cycles;
  return cycles;
}

inline double lossOf(const model::PassTiming &timing,
                     const std::string &cause) {
  for (const model::Loss &loss : timing.losses)
    if (loss.cause == cause)
      return loss.cycles;
  return 0;
}

} // namespace edgellm::test

#endif // EDGELLM_TEST_UNIT_TIMING_TIMINGTESTING_H
