//===- Analysis.h - Figures that the outputs share --------------*- C++ -*-===//
#ifndef EDGELLM_PERF_ANALYSIS_H
#define EDGELLM_PERF_ANALYSIS_H

#include "EdgeLLM/Perf/Perf.h"

#include <algorithm>
#include <numeric>
#include <optional>

namespace edgellm::perf {

/// The indexes 0 to count - 1 by rising key, those of equal keys in order.
template <typename Key>
std::vector<size_t> orderBy(size_t count, const Key &key) {
  std::vector<size_t> order(count);
  std::iota(order.begin(), order.end(), 0);
  std::ranges::sort(order, {}, [&](size_t i) { return std::pair(key(i), i); });
  return order;
}

/// "decode: 1 new token after 128 cached, every technique on"
std::string requestOf(const Study &study);

/// Nothing where the ratio has no finite value.
std::optional<double> ratio(double part, double whole);

/// Time on the HBM at full rate, in core cycles.
double hbmBusyCycles(const model::PassTiming &pass);

/// Seconds of a number of core cycles.
std::optional<double> seconds(const model::PassTiming &pass, double cycles);

/// Bytes the ports deliver in a second at full rate.
double hbmPeakBytesPerSecond(const model::PassTiming &pass);

/// Tokens, multiply-accumulates or bytes a second.
std::optional<double> perSecond(const model::PassTiming &pass, double amount);

/// A source without the number of its layer and what stands before it:
/// "model.layers.3.mlp.up_proj" is "mlp.up_proj".
std::string kindOf(std::string_view source);

/// The layer in a source, if it names one.
std::optional<uint64_t> layerOf(std::string_view source);

/// How many steps a layer has; nothing when there are no layers, or not alike.
std::optional<size_t> stepsPerLayer(const model::PassTiming &pass);

/// What a step is called: its source, or the mnemonic and the index.
std::string nameOf(const model::StepTiming &step);

/// "matrix", or "sequencer" for what no unit executes.
std::string_view unitOf(const model::StepTiming &step);

/// For each step the cycles by which it moved the end of the pass: from the
/// end that came before to its own. Every cycle up to the last end belongs to
/// exactly one step, however much they overlap.
std::vector<double> advances(const model::PassTiming &pass);

/// The steps of one kind, over all layers.
struct StepGroup {
  std::string kind, mnemonic;
  isa::Unit unit = {};
  bool isControl = false;
  unsigned steps = 0;
  double advance = 0;     ///< cycles, see advances()
  double busy = 0;        ///< cycles of the stream or unit, the longer one
  uint64_t hbmBytes = 0;  ///< read and written
  uint64_t readBytes = 0; ///< of HBM
  uint64_t macs = 0;
};

/// In the order of their first steps.
std::vector<StepGroup> groupSteps(const model::PassTiming &pass);

} // namespace edgellm::perf

#endif // EDGELLM_PERF_ANALYSIS_H
