//===- TextTest.cpp - A study in a few lines ------------------------------===//
#include "EdgeLLM/Perf/Perf.h"
#include "SamplePass.h"

#include <gtest/gtest.h>

#include <sstream>

using namespace edgellm;
using namespace edgellm::perf;

/// 100 cycles at 100 MHz: 64 of them busy.
static Study smallStudy() {
  Study study;
  study.model = "demo (int4)";
  study.pass.target = "tiny";
  study.pass.entry = "decode";
  study.pass.tokens = 1;
  study.pass.past = 5;
  study.programBytes = 128;
  study.pass.coreMHz = 100;
  study.pass.cycles = 100;
  study.pass.hbmBytes = 6400;
  study.pass.hbmPeakBytesPerCycle = 100;
  study.pass.unitBusy = {50, 10, 20, 64};
  study.pass.losses = {{"gaps between bursts", 30}, {"start", 6}};
  return study;
}

TEST(PerfText, SummaryFitsOnAScreen) {
  std::ostringstream os;
  writeSummary(os, smallStudy());
  EXPECT_EQ(
      os.str(),
      "modelled  demo (int4) for target tiny; nothing is measured\n"
      "pass      decode: 1 new token after 5 cached, every technique on\n"
      "program   0 instructions in 128 bytes, the same for every request; "
      "one launch a pass\n"
      "speed     1000000 token/s, 1.00 µs the pass\n"
      "HBM       64.0 % busy: 6.40 kB read at 6.40 GB/s of 10.0 GB/s\n"
      "lost      30.0 % gaps between bursts\n"
      "          6.0 % start\n"
      "units     matrix 50.0 %, attention 10.0 %, vector 20.0 %, "
      "dma 64.0 %, ddr 0.0 %\n");
}

TEST(PerfText, ManyTokensHaveATimeEach) {
  Study study = smallStudy();
  study.pass.tokens = 4;
  study.options.prefetch = study.options.overlap = false;
  std::ostringstream os;
  writeSummary(os, study);
  EXPECT_NE(os.str().find("4 new tokens after 5 cached, without prefetch, "
                          "overlap\n"),
            std::string::npos);
  EXPECT_NE(os.str().find("1.00 µs the pass, 250 ns a token\n"),
            std::string::npos);
}

TEST(PerfText, ComparisonsAreATable) {
  Study study = smallStudy();
  study.comparisons = {{"everything on", {}, 79.7, 0.966},
                       {"no prefetch", {}, 9.5, 0.5}};
  std::ostringstream os;
  writeComparisons(os, study);
  EXPECT_EQ(os.str(), "modelled             token/s    HBM busy\n"
                      "everything on           79.7      96.6 %\n"
                      "no prefetch             9.50      50.0 %\n");
}

TEST(PerfText, NothingIsShownAsDashes) {
  std::ostringstream os;
  writeSummary(os, {});
  EXPECT_NE(os.str().find("speed     – token/s, – the pass\n"),
            std::string::npos);
}
