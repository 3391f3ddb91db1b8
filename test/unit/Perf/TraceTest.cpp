//===- TraceTest.cpp - A pass as a trace ----------------------------------===//
#include "EdgeLLM/Perf/Perf.h"
#include "SamplePass.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <map>

using namespace edgellm;
using namespace edgellm::perf;
using model::StepTiming;
using nlohmann::json;

static json eventsOf(const Study &study) {
  std::ostringstream os;
  writeTrace(os, study);
  return json::parse(os.str())["traceEvents"];
}

/// Nanoseconds as Perfetto reads them.
static int64_t nanoseconds(const json &microseconds) {
  return int64_t(microseconds.get<double>() * 1000);
}

static std::map<int, std::string> trackNames(const json &events) {
  std::map<int, std::string> names;
  for (const json &event : events)
    if (event["name"] == "thread_name")
      names[event["tid"]] = event["args"]["name"];
  return names;
}

static std::vector<json> onTrack(const json &events, std::string_view track) {
  std::map<int, std::string> names = trackNames(events);
  std::vector<json> found;
  for (const json &event : events)
    if (event["ph"] == "X" && names.at(event["tid"]) == track)
      found.push_back(event);
  return found;
}

TEST(PerfTrace, HasATrackForEachUnit) {
  std::map<int, std::string> names = trackNames(eventsOf(sampleStudy()));
  for (const char *wanted :
       {"sequencer", "matrix", "attention", "vector", "dma: HBM stream"})
    EXPECT_EQ(
        std::ranges::count(names, wanted,
                           [](const auto &track) { return track.second; }),
        1)
        << wanted;
}

TEST(PerfTrace, EventsAreSortedAndNeverOverlapOnATrack) {
  for (uint32_t tokens : {1u, 128u}) {
    json events = eventsOf(sampleStudy(4, tokens));
    std::map<int, int64_t> freeFrom;
    double before = 0;
    for (const json &event : events) {
      if (event["ph"] == "M")
        continue;
      EXPECT_GE(event["ts"], before);
      before = event["ts"];
      if (event["ph"] != "X")
        continue;
      EXPECT_GE(event["dur"], 0);
      int64_t start = nanoseconds(event["ts"]);
      int64_t &free = freeFrom[event["tid"]];
      EXPECT_GE(start, free) << event;
      free = start + nanoseconds(event["dur"]);
    }
  }
}

TEST(PerfTrace, EveryStepIsThereWithItsTime) {
  Study study = sampleStudy(1);
  json events = eventsOf(study);
  std::vector<json> streams = onTrack(events, "dma: HBM stream");
  size_t next = 0;
  for (const StepTiming &step : study.pass.steps) {
    if (!step.streams)
      continue;
    const json &event = streams.at(next++);
    EXPECT_EQ(event["name"], step.source);
    EXPECT_NEAR(event["ts"], step.streamStart / 140, 0.001);
    EXPECT_NEAR(event["dur"], (step.streamEnd - step.streamStart) / 140, 0.002);
    EXPECT_EQ(event["args"]["hbm_bytes"], step.hbmReadBytes);
    EXPECT_EQ(event["args"]["bound"], step.bound);
  }
  EXPECT_EQ(next, streams.size());
}

/// A step of the vector unit from `start` to `end`.
static StepTiming step(uint32_t index, double start, double end) {
  StepTiming result;
  result.index = index;
  result.mnemonic = "rope";
  result.unit = isa::Unit::vector;
  result.start = start;
  result.end = end;
  return result;
}

// The second is taken while the first still writes its results.
TEST(PerfTrace, OverlappingStepsGetASecondTrack) {
  Study study;
  study.pass.coreMHz = 100;
  study.pass.cycles = 40;
  study.pass.steps = {step(0, 0, 20), step(1, 10, 30), step(2, 20, 40)};
  json events = eventsOf(study);
  std::vector<json> first = onTrack(events, "vector");
  std::vector<json> second = onTrack(events, "vector (overlapping, 2)");
  ASSERT_EQ(first.size(), 2u);
  ASSERT_EQ(second.size(), 1u);
  EXPECT_EQ(first[0]["name"], "rope 0");
  EXPECT_EQ(second[0]["name"], "rope 1");
  EXPECT_EQ(first[1]["name"], "rope 2");
}

TEST(PerfTrace, SaysThatItIsModelled) {
  std::ostringstream os;
  writeTrace(os, sampleStudy(1));
  EXPECT_EQ(json::parse(os.str())["otherData"]["kind"], "modelled");
}

TEST(PerfTrace, NothingHasNamesOnly) {
  for (const json &event : eventsOf({}))
    EXPECT_EQ(event["ph"], "M");
}

TEST(PerfTrace, HostileStringsAreEscaped) {
  Study study;
  study.pass.coreMHz = 100;
  study.pass.steps = {step(0, 0, 1)};
  study.pass.steps[0].source = "\"\n\xC0";
  EXPECT_EQ(onTrack(eventsOf(study), "vector").at(0)["name"], "\"\n\uFFFD");
}
