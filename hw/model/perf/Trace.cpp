//===- Trace.cpp - A pass as a trace --------------------------------------===//
//
// The JSON form of the Trace Event Format, which ui.perfetto.dev and
// chrome://tracing read. Both take events of one track for calls of each other
// when they overlap, so a track holds events that do not.
//
//===----------------------------------------------------------------------===//
#include "Analysis.h"

#include <cmath>
#include <nlohmann/json.hpp>

using namespace edgellm;
using namespace edgellm::perf;
using model::PassTiming, model::StepTiming;
using json = nlohmann::ordered_json;

namespace {

using Nanoseconds = int64_t;

/// One bar.
struct Event {
  std::string name;
  Nanoseconds begin, end;
  json arguments;
};

/// A line of the picture, and the further lines its overlapping bars need.
struct Track {
  std::string name;
  std::vector<Event> events{};
};

class TraceWriter {
public:
  explicit TraceWriter(const PassTiming &pass);
  json events(const std::string &processName);

private:
  Nanoseconds at(double cycle) const;
  void addDispatch(const StepTiming &step, double previous);
  void addExecution(const StepTiming &step);
  void addStream(const StepTiming &step);
  void emit(Track &track);
  void emitName(const std::string &name);
  void emitStreamRate();

  const PassTiming &pass;
  Track sequencer{"sequencer"};
  std::array<Track, isa::kUnits> units;
  json metadata = json::array();
  std::vector<json> timed;
  unsigned threads = 0;
};

} // namespace

/// A time in the format's microseconds. Perfetto multiplies by 1000 and cuts
/// the rest off; the smallest number that survives this keeps the nanosecond.
static double micros(Nanoseconds time) {
  double value = double(time) / 1000;
  if (Nanoseconds(value * 1000) < time)
    value = std::nextafter(value, HUGE_VAL);
  return value;
}

static json argumentsOf(const StepTiming &step) {
  return {{"instruction", step.mnemonic},
          {"index", step.index},
          {"hbm_bytes", step.hbmReadBytes},
          {"hbm_write_bytes", step.hbmWriteBytes},
          {"ddr_bytes", step.ddrBytes},
          {"macs", step.macs},
          {"bound", step.bound}};
}

TraceWriter::TraceWriter(const PassTiming &pass) : pass(pass) {
  for (unsigned unit = 0; unit < isa::kUnits; ++unit)
    units[unit].name = isa::nameOf(isa::Unit(unit));
  units[unsigned(isa::Unit::dma)].name += ": HBM stream";
  double previous = 0;
  for (const StepTiming &step : pass.steps) {
    if (!step.isControl)
      addDispatch(step, previous);
    addExecution(step);
    if (step.streams)
      addStream(step);
    previous = step.dispatched;
  }
}

Nanoseconds TraceWriter::at(double cycle) const {
  return std::llround(seconds(pass, cycle).value_or(0) * 1e9);
}

/// The sequencer has only the end of its work on an instruction in the timing;
/// what lies before is fetching, decoding and waiting for room.
void TraceWriter::addDispatch(const StepTiming &step, double previous) {
  sequencer.events.push_back({"dispatch " + nameOf(step),
                              at(std::min(previous, step.dispatched)),
                              at(step.dispatched), argumentsOf(step)});
}

void TraceWriter::addExecution(const StepTiming &step) {
  Track &track = step.isControl ? sequencer : units[unsigned(step.unit)];
  json arguments = argumentsOf(step);
  arguments["issued_us"] = micros(at(step.issued));
  track.events.push_back({step.isControl ? step.mnemonic : nameOf(step),
                          at(step.start), at(step.end), std::move(arguments)});
}

void TraceWriter::addStream(const StepTiming &step) {
  units[unsigned(isa::Unit::dma)].events.push_back(
      {nameOf(step), at(step.streamStart), at(step.streamEnd),
       argumentsOf(step)});
}

/// A thread of the trace; they are listed in the order of their numbers.
void TraceWriter::emitName(const std::string &name) {
  ++threads;
  metadata.push_back({{"name", "thread_name"},
                      {"ph", "M"},
                      {"pid", 1},
                      {"tid", threads},
                      {"args", {{"name", name}}}});
  metadata.push_back({{"name", "thread_sort_index"},
                      {"ph", "M"},
                      {"pid", 1},
                      {"tid", threads},
                      {"args", {{"sort_index", threads}}}});
}

/// Puts each event on the first line of the track that is free.
void TraceWriter::emit(Track &track) {
  unsigned first = threads + 1;
  std::vector<Nanoseconds> freeFrom;
  for (size_t i : orderBy(track.events.size(), [&](size_t i) {
         return std::pair(track.events[i].begin, track.events[i].end);
       })) {
    const Event &event = track.events[i];
    auto line = std::ranges::find_if(
        freeFrom, [&](Nanoseconds time) { return time <= event.begin; });
    size_t number = size_t(line - freeFrom.begin());
    if (line == freeFrom.end())
      freeFrom.push_back(0);
    freeFrom[number] = std::max(event.begin, event.end);
    timed.push_back(
        {{"name", event.name},
         {"cat", track.name},
         {"ph", "X"},
         {"ts", micros(event.begin)},
         {"dur", micros(std::max(event.end - event.begin, Nanoseconds(0)))},
         {"pid", 1},
         {"tid", first + number},
         {"args", event.arguments}});
  }
  for (size_t line = 0; line < std::max<size_t>(freeFrom.size(), 1); ++line)
    emitName(line == 0 ? track.name
                       : track.name + " (overlapping, " +
                             std::to_string(line + 1) + ")");
}

/// The mean rate of each stream, and zero between streams.
void TraceWriter::emitStreamRate() {
  auto add = [&](Nanoseconds time, double rate) {
    timed.push_back({{"name", "HBM read, GB/s"},
                     {"ph", "C"},
                     {"ts", micros(time)},
                     {"pid", 1},
                     {"args", {{"rate", rate}}}});
  };
  for (const StepTiming &step : pass.steps) {
    Nanoseconds begin = at(step.streamStart), end = at(step.streamEnd);
    if (!step.streams || end <= begin)
      continue;
    add(begin, double(step.hbmReadBytes) / double(end - begin));
    add(end, 0);
  }
}

json TraceWriter::events(const std::string &processName) {
  metadata.push_back({{"name", "process_name"},
                      {"ph", "M"},
                      {"pid", 1},
                      {"args", {{"name", processName}}}});
  emit(sequencer);
  for (Track &track : units)
    emit(track);
  emitStreamRate();
  json all = std::move(metadata);
  for (size_t i : orderBy(timed.size(), [&](size_t i) {
         return timed[i]["ts"].get<double>();
       }))
    all.push_back(std::move(timed[i]));
  return all;
}

void perf::writeTrace(std::ostream &os, const Study &study) {
  const PassTiming &pass = study.pass;
  json trace;
  trace["displayTimeUnit"] = "ns";
  trace["otherData"] = {{"kind", "modelled"},
                        {"model", study.model},
                        {"target", pass.target},
                        {"entry", pass.entry},
                        {"tokens", pass.tokens},
                        {"past", pass.past},
                        {"switched_off", switchedOff(study.options)}};
  trace["traceEvents"] = TraceWriter(pass).events(
      "modelled: " + study.model + " on " + pass.target + ", " + pass.entry);
  os << trace.dump(-1, ' ', false, json::error_handler_t::replace) << '\n';
}
