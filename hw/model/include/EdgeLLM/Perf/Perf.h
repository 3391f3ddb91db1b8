//===- Perf.h - What the timing model found, for people and tools -*- C++ -*-=//
//
// Four forms of one study: a summary for the terminal, JSON for scripts, a
// trace for ui.perfetto.dev, and a report as one HTML file. docs/performance.md
// describes all of them. Each says of itself that it is modelled; nothing here
// is measured.
//
// The writers throw nothing of their own and accept every PassTiming, also one
// without steps, tokens or cycles: a ratio that has no value is null in JSON
// and a dash elsewhere. Text that is no UTF-8 is repaired.
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_PERF_PERF_H
#define EDGELLM_PERF_PERF_H

#include "EdgeLLM/Model/Timing.h"

#include <functional>
#include <ostream>
#include <string_view>

namespace edgellm::perf {

/// A technique of TimingOptions that can be switched off.
struct Technique {
  std::string_view name;   ///< "deep-bursts"
  std::string_view option; ///< "--no-deep-bursts"
  bool model::TimingOptions::*enabled;
  std::string_view without; ///< what happens when it is off, a clause
};

/// All of them, in the order of TimingOptions.
std::span<const Technique> techniques();

/// The machine of the paper: every technique off.
model::TimingOptions unpipelined();

/// Names of the techniques that are off.
std::vector<std::string_view> switchedOff(const model::TimingOptions &options);

/// How fast the same pass is with other techniques.
struct Comparison {
  std::string name; ///< "everything on", "no prefetch", "everything off"
  model::TimingOptions options;
  double tokensPerSecond = 0, hbmUtilization = 0;
};

/// Speed of a pass after `past` cached tokens.
struct SpeedPoint {
  uint32_t past = 0;
  double tokensPerSecond = 0;
};

/// A pass and what it is compared with.
struct Study {
  std::string model;         ///< "Llama-2-7b (int4)"
  uint64_t programBytes = 0; ///< code of the entry
  model::PassTiming pass;
  model::TimingOptions options;
  std::vector<Comparison> comparisons; ///< empty: not asked for
  std::vector<SpeedPoint> speeds;      ///< of decode, by rising past
};

using TimeWith = std::function<model::PassTiming(const model::TimingOptions &)>;
using TimeAfter = std::function<model::PassTiming(uint32_t past)>;

/// Everything on, each technique off alone, everything off.
std::vector<Comparison> compareTechniques(const TimeWith &time);

/// Passes of one token after 0 to `mostPast` cached tokens: nine, in steps of
/// an eighth of the context, or as many as the context has.
std::vector<SpeedPoint> speedByPast(const TimeAfter &time, uint32_t mostPast);

/// A few lines for a person; the first says that the rest is modelled.
void writeSummary(std::ostream &os, const Study &study);

/// The comparisons as a table.
void writeComparisons(std::ostream &os, const Study &study);

/// One JSON object, a line.
void writeJson(std::ostream &os, const Study &study);

/// Trace Event Format: a track for the sequencer, for each unit and for the
/// HBM stream, and a counter of the stream's rate. Events of one track never
/// overlap: where a unit takes an instruction before it has written the results
/// of the one before, the later one lies on a second track.
void writeTrace(std::ostream &os, const Study &study);

/// One HTML page that needs no other file and no network.
void writeReport(std::ostream &os, const Study &study);

} // namespace edgellm::perf

#endif // EDGELLM_PERF_PERF_H
