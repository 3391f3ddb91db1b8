//===- Json.cpp - A study as JSON -----------------------------------------===//
#include "Analysis.h"

#include <nlohmann/json.hpp>

using namespace edgellm;
using namespace edgellm::perf;
using model::PassTiming, model::StepTiming;
using json = nlohmann::ordered_json;

static json orNull(std::optional<double> value) {
  return value ? json(*value) : json();
}

static json units(const PassTiming &pass) {
  json object = json::object();
  auto add = [&](const char *name, double busy) {
    object[name] = {{"busy_cycles", busy},
                    {"busy_share", orNull(ratio(busy, pass.cycles))}};
  };
  for (unsigned unit = 0; unit < isa::kUnits; ++unit)
    add(isa::nameOf(isa::Unit(unit)), pass.unitBusy[unit]);
  add("array", pass.arrayBusy);
  add("ddr", pass.ddrBusy);
  return object;
}

static json losses(const PassTiming &pass) {
  json list = json::array();
  for (const model::Loss &loss : pass.losses)
    list.push_back({{"cause", loss.cause},
                    {"cycles", loss.cycles},
                    {"share", orNull(ratio(loss.cycles, pass.cycles))}});
  return list;
}

static json describe(const PassTiming &pass, const StepTiming &step) {
  json object;
  object["index"] = step.index;
  object["source"] = step.source;
  object["instruction"] = step.mnemonic;
  object["unit"] = unitOf(step);
  object["dispatched_cycle"] = step.dispatched;
  object["start_cycle"] = step.start;
  object["issued_cycle"] = step.issued;
  object["end_cycle"] = step.end;
  object["start_seconds"] = orNull(seconds(pass, step.start));
  object["end_seconds"] = orNull(seconds(pass, step.end));
  object["stream_start_cycle"] = step.streams ? json(step.streamStart) : json();
  object["stream_end_cycle"] = step.streams ? json(step.streamEnd) : json();
  object["hbm_bytes"] = step.hbmReadBytes;
  object["hbm_write_bytes"] = step.hbmWriteBytes;
  object["ddr_bytes"] = step.ddrBytes;
  object["macs"] = step.macs;
  object["array_cycles"] = step.arrayCycles;
  object["hbm_cycles"] = step.hbmCycles;
  object["bound"] = step.bound;
  return object;
}

static json comparisons(const Study &study) {
  json list = json::array();
  for (const Comparison &row : study.comparisons)
    list.push_back({{"configuration", row.name},
                    {"switched_off", switchedOff(row.options)},
                    {"token_per_second", row.tokensPerSecond},
                    {"hbm_utilization", row.hbmUtilization}});
  return list;
}

static json speeds(const Study &study) {
  json list = json::array();
  for (const SpeedPoint &point : study.speeds)
    list.push_back(
        {{"past", point.past}, {"token_per_second", point.tokensPerSecond}});
  return list;
}

static void addTotals(json &object, const PassTiming &pass) {
  object["seconds"] = orNull(seconds(pass, pass.cycles));
  object["cycles"] = pass.cycles;
  object["core_mhz"] = pass.coreMHz;
  object["token_per_second"] = orNull(perSecond(pass, pass.tokens));
  object["hbm_bytes"] = pass.hbmBytes;
  object["hbm_bytes_per_second"] =
      orNull(perSecond(pass, double(pass.hbmBytes)));
  object["hbm_peak_bytes_per_second"] = hbmPeakBytesPerSecond(pass);
  object["hbm_busy_cycles"] = hbmBusyCycles(pass);
  object["hbm_utilization"] = orNull(ratio(hbmBusyCycles(pass), pass.cycles));
  object["losses"] = losses(pass);
  object["ddr_bytes"] = pass.ddrBytes;
  object["macs"] = pass.macs;
  object["units"] = units(pass);
}

void perf::writeJson(std::ostream &os, const Study &study) {
  json object;
  object["kind"] = "modelled";
  object["model"] = study.model;
  object["target"] = study.pass.target;
  object["entry"] = study.pass.entry;
  object["tokens"] = study.pass.tokens;
  object["past"] = study.pass.past;
  object["switched_off"] = switchedOff(study.options);
  object["instructions"] = study.pass.steps.size();
  std::optional<size_t> perBlock = stepsPerLayer(study.pass);
  object["instructions_per_block"] = perBlock ? json(*perBlock) : json();
  object["program_bytes"] = study.programBytes;
  addTotals(object, study.pass);
  if (!study.comparisons.empty())
    object["comparisons"] = comparisons(study);
  if (!study.speeds.empty())
    object["decode_speeds"] = speeds(study);
  json &steps = object["steps"] = json::array();
  for (const StepTiming &step : study.pass.steps)
    steps.push_back(describe(study.pass, step));
  os << object.dump(-1, ' ', false, json::error_handler_t::replace) << '\n';
}
