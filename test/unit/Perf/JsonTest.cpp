//===- JsonTest.cpp - A study as JSON -------------------------------------===//
#include "EdgeLLM/Perf/Perf.h"
#include "SamplePass.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <set>

using namespace edgellm;
using namespace edgellm::perf;
using nlohmann::json;

static json written(const Study &study) {
  std::ostringstream os;
  writeJson(os, study);
  EXPECT_EQ(os.str().find('\n'), os.str().size() - 1) << "more than a line";
  return json::parse(os.str());
}

TEST(PerfJson, SaysWhatWasModelled) {
  json object = written(sampleStudy());
  EXPECT_EQ(object["kind"], "modelled");
  EXPECT_EQ(object["model"], "Llama-2-7b (int4)");
  EXPECT_EQ(object["target"], "vcu128");
  EXPECT_EQ(object["entry"], "decode");
  EXPECT_EQ(object["tokens"], 1);
  EXPECT_EQ(object["past"], 128);
  EXPECT_EQ(object["switched_off"], json::array());
}

TEST(PerfJson, BusyAndLossesMakeUpTheCycles) {
  json object = written(sampleStudy());
  double cycles = object["hbm_busy_cycles"], shares = object["hbm_utilization"];
  for (const json &loss : object["losses"]) {
    cycles += loss["cycles"].get<double>();
    shares += loss["share"].get<double>();
  }
  EXPECT_NEAR(cycles, object["cycles"].get<double>(), 1e-6 * cycles);
  EXPECT_NEAR(shares, 1, 1e-9);
}

TEST(PerfJson, RatesFollowFromTheTotals) {
  json object = written(sampleStudy());
  double seconds = object["cycles"].get<double>() / 140e6;
  EXPECT_DOUBLE_EQ(object["seconds"], seconds);
  EXPECT_NEAR(object["token_per_second"], 1 / seconds, 1e-9 / seconds);
  double bytes = object["hbm_bytes"];
  EXPECT_NEAR(object["hbm_bytes_per_second"], bytes / seconds, 1);
  EXPECT_DOUBLE_EQ(object["hbm_peak_bytes_per_second"], 2048 * 140e6);
  EXPECT_EQ(object["units"].size(), 6u); // four, the array and the DDR
}

TEST(PerfJson, StepsAddUpToTheTotals) {
  Study study = sampleStudy();
  json object = written(study);
  uint64_t bytes = 0, macs = 0;
  for (const json &step : object["steps"]) {
    bytes += step["hbm_bytes"].get<uint64_t>();
    macs += step["macs"].get<uint64_t>();
    EXPECT_LE(step["start_cycle"], step["end_cycle"]);
  }
  EXPECT_EQ(bytes, object["hbm_bytes"]);
  EXPECT_EQ(macs, object["macs"]);
  ASSERT_EQ(object["steps"].size(), study.pass.steps.size());
  EXPECT_EQ(object["steps"][0]["unit"], "sequencer");
  EXPECT_EQ(object["steps"][0]["stream_start_cycle"], nullptr);
  EXPECT_EQ(object["steps"][2]["source"], "model.layers.0.self_attn.q_proj");
  EXPECT_EQ(object["steps"][2]["unit"], "matrix");
  EXPECT_TRUE(object["steps"][2]["stream_start_cycle"].is_number());
}

TEST(PerfJson, SwitchedOffTechniquesAreNamed) {
  Study study = sampleStudy(1);
  study.options.overlap = study.options.deepBursts = false;
  EXPECT_EQ(written(study)["switched_off"], json({"overlap", "deep-bursts"}));
  EXPECT_EQ(written(study)["comparisons"].size(), 7u);
  study.comparisons.clear();
  EXPECT_FALSE(written(study).contains("comparisons"));
}

TEST(PerfJson, NothingHasNoRates) {
  json object = written({});
  for (const char *rate : {"seconds", "token_per_second", "hbm_utilization",
                           "hbm_bytes_per_second"})
    EXPECT_EQ(object[rate], nullptr) << rate;
  EXPECT_EQ(object["steps"], json::array());
  EXPECT_EQ(object["cycles"], 0);
}

TEST(PerfJson, HostileStringsAreEscaped) {
  Study study = sampleStudy(1);
  study.model = "\"}]\n\x01</script>";
  study.pass.steps[1].source = "\xFF\"";
  json object = written(study);
  EXPECT_EQ(object["model"], study.model);
  EXPECT_EQ(object["steps"][1]["source"], "\uFFFD\"");
}

/// The names of all fields below a value; objects named by unit are skipped.
static void collect(const json &value, std::set<std::string> &names) {
  if (!value.is_structured()) // its items() would be itself
    return;
  for (const auto &[key, field] : value.items()) {
    if (value.is_object() && !field.is_object())
      names.insert(key);
    collect(field, names);
  }
}

TEST(PerfJson, EveryFieldIsDocumented) {
  std::ifstream page(EDGELLM_PERFORMANCE_PAGE);
  std::string text{std::istreambuf_iterator<char>(page), {}};
  std::set<std::string> names;
  collect(written(sampleStudy()), names);
  EXPECT_GT(names.size(), 30u);
  for (const std::string &name : names)
    EXPECT_NE(text.find("`" + name + "`"), std::string::npos) << name;
}
