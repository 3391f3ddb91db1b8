//===- Analysis.cpp - Figures that the outputs share ----------------------===//
#include "Analysis.h"
#include "Format.h"

#include <charconv>
#include <cmath>
#include <map>

using namespace edgellm;
using namespace edgellm::perf;
using model::PassTiming, model::StepTiming, model::TimingOptions;

//===----------------------------------------------------------------------===//
// Techniques
//===----------------------------------------------------------------------===//

static constexpr Technique kTechniques[] = {
    {"prefetch", "--no-prefetch", &TimingOptions::prefetch,
     "a stream starts when its instruction does"},
    {"overlap", "--no-overlap", &TimingOptions::overlap,
     "an instruction starts when the one before has ended"},
    {"chaining", "--no-chaining", &TimingOptions::chaining,
     "an instruction starts when its producer has ended"},
    {"lookahead", "--no-lookahead", &TimingOptions::lookahead,
     "an instruction is fetched when the one before has ended"},
    {"deep-bursts", "--no-deep-bursts", &TimingOptions::deepBursts,
     "as few bursts in flight as on the paper's machine"},
};

std::span<const Technique> perf::techniques() { return kTechniques; }

TimingOptions perf::unpipelined() {
  TimingOptions options;
  for (const Technique &technique : kTechniques)
    options.*technique.enabled = false;
  return options;
}

std::vector<std::string_view> perf::switchedOff(const TimingOptions &options) {
  std::vector<std::string_view> names;
  for (const Technique &technique : kTechniques)
    if (!(options.*technique.enabled))
      names.push_back(technique.name);
  return names;
}

std::vector<Comparison> perf::compareTechniques(const TimeWith &time) {
  std::vector<Comparison> rows;
  auto add = [&](std::string name, const TimingOptions &options) {
    PassTiming pass = time(options);
    rows.push_back({std::move(name), options,
                    perSecond(pass, pass.tokens).value_or(0),
                    ratio(hbmBusyCycles(pass), pass.cycles).value_or(0)});
  };
  add("everything on", {});
  for (const Technique &technique : kTechniques) {
    TimingOptions options;
    options.*technique.enabled = false;
    add("no " + std::string(technique.name), options);
  }
  add("everything off", unpipelined());
  return rows;
}

std::vector<SpeedPoint> perf::speedByPast(const TimeAfter &time,
                                          uint32_t mostPast) {
  uint64_t step = uint64_t(mostPast) / 8 + 1;
  std::vector<SpeedPoint> points;
  for (uint64_t i = 0; points.empty() || points.back().past < mostPast; ++i) {
    uint32_t past = uint32_t(std::min<uint64_t>(i * step, mostPast));
    PassTiming pass = time(past);
    points.push_back({past, perSecond(pass, pass.tokens).value_or(0)});
  }
  return points;
}

static std::string describe(const TimingOptions &options) {
  std::string list;
  for (std::string_view name : switchedOff(options))
    list += (list.empty() ? "without " : ", ") + std::string(name);
  return list.empty() ? "every technique on" : list;
}

std::string perf::requestOf(const Study &study) {
  return study.pass.entry + ": " + plural(study.pass.tokens, "new token") +
         " after " + std::to_string(study.pass.past) + " cached, " +
         describe(study.options);
}

//===----------------------------------------------------------------------===//
// Rates
//===----------------------------------------------------------------------===//

std::optional<double> perf::ratio(double part, double whole) {
  double value = part / whole;
  return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

double perf::hbmBusyCycles(const PassTiming &pass) {
  return ratio(double(pass.hbmBytes), pass.hbmPeakBytesPerCycle).value_or(0);
}

std::optional<double> perf::seconds(const PassTiming &pass, double cycles) {
  return ratio(cycles, pass.coreMHz * 1e6);
}

double perf::hbmPeakBytesPerSecond(const PassTiming &pass) {
  return pass.hbmPeakBytesPerCycle * pass.coreMHz * 1e6;
}

std::optional<double> perf::perSecond(const PassTiming &pass, double amount) {
  return ratio(amount * pass.coreMHz * 1e6, pass.cycles);
}

//===----------------------------------------------------------------------===//
// Steps
//===----------------------------------------------------------------------===//

namespace {

/// Where the number of the layer stands in a source.
struct LayerNumber {
  size_t end; // one past its last digit
  uint64_t value;
};

} // namespace

/// The first part between dots that is a number: "blk.3.attn_q".
static std::optional<LayerNumber> findLayer(std::string_view source) {
  for (size_t begin = 0; begin < source.size();) {
    size_t end = std::min(source.find('.', begin), source.size());
    uint64_t value;
    const char *last = source.data() + end;
    auto [stop, error] = std::from_chars(source.data() + begin, last, value);
    if (error == std::errc() && stop == last)
      return LayerNumber{end, value};
    begin = end + 1;
  }
  return std::nullopt;
}

std::string perf::kindOf(std::string_view source) {
  std::optional<LayerNumber> layer = findLayer(source);
  if (!layer)
    return std::string(source);
  if (layer->end == source.size())
    return "layer";
  return std::string(source.substr(layer->end + 1));
}

std::optional<uint64_t> perf::layerOf(std::string_view source) {
  std::optional<LayerNumber> layer = findLayer(source);
  return layer ? std::optional(layer->value) : std::nullopt;
}

std::optional<size_t> perf::stepsPerLayer(const PassTiming &pass) {
  std::map<uint64_t, size_t> steps;
  for (const StepTiming &step : pass.steps)
    if (std::optional<uint64_t> layer = layerOf(step.source))
      ++steps[*layer];
  for (auto [layer, count] : steps)
    if (count != steps.begin()->second)
      return std::nullopt;
  return steps.empty() ? std::nullopt : std::optional(steps.begin()->second);
}

std::string perf::nameOf(const StepTiming &step) {
  if (!step.source.empty())
    return step.source;
  return step.mnemonic + " " + std::to_string(step.index);
}

std::string_view perf::unitOf(const StepTiming &step) {
  return step.isControl ? "sequencer" : isa::nameOf(step.unit);
}

std::vector<double> perf::advances(const PassTiming &pass) {
  std::vector<double> result(pass.steps.size());
  double before = 0;
  for (size_t i : orderBy(pass.steps.size(),
                          [&](size_t i) { return pass.steps[i].end; })) {
    result[i] = std::max(pass.steps[i].end - before, 0.0);
    before = std::max(pass.steps[i].end, before);
  }
  return result;
}

static StepGroup &groupOf(std::vector<StepGroup> &groups,
                          const StepTiming &step) {
  std::string kind = step.source.empty() ? step.mnemonic : kindOf(step.source);
  auto found = std::ranges::find_if(groups, [&](const StepGroup &group) {
    return group.kind == kind && group.mnemonic == step.mnemonic;
  });
  if (found != groups.end())
    return *found;
  groups.push_back({kind, step.mnemonic, step.unit, step.isControl});
  return groups.back();
}

std::vector<StepGroup> perf::groupSteps(const PassTiming &pass) {
  std::vector<double> advance = advances(pass);
  std::vector<StepGroup> groups;
  for (size_t i = 0; i < pass.steps.size(); ++i) {
    const StepTiming &step = pass.steps[i];
    StepGroup &group = groupOf(groups, step);
    ++group.steps;
    group.advance += advance[i];
    group.busy +=
        std::max(step.end - step.start,
                 step.streams ? step.streamEnd - step.streamStart : 0);
    group.hbmBytes += step.hbmReadBytes + step.hbmWriteBytes;
    group.readBytes += step.hbmReadBytes;
    group.macs += step.macs;
  }
  return groups;
}
