//===- ReportTest.cpp - A study as one HTML page --------------------------===//
#include "EdgeLLM/Perf/Perf.h"
#include "SamplePass.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <regex>

using namespace edgellm;
using namespace edgellm::perf;

static std::string written(const Study &study) {
  std::ostringstream os;
  writeReport(os, study);
  return os.str();
}

static size_t count(const std::string &text, std::string_view piece) {
  size_t found = 0;
  for (size_t at = text.find(piece); at != text.npos;
       at = text.find(piece, at + 1))
    ++found;
  return found;
}

static std::string sample() { return written(sampleStudy(32)); }

TEST(PerfReport, HeadlinesSayThatTheyAreModelled) {
  std::string page = sample();
  EXPECT_NE(page.find("<title>Llama-2-7b (int4) on vcu128 (modelled)</title>"),
            page.npos);
  EXPECT_NE(page.find("modelled speed of the pass"), page.npos);
  EXPECT_NE(page.find("HBM busy, modelled"), page.npos);
  EXPECT_NE(page.find("none is measured"), page.npos);
}

TEST(PerfReport, HasEverySection) {
  std::string page = sample();
  for (const char *title :
       {"Where the time of the HBM goes", "What the units do during layer 16",
        "Roofline", "Steps of the pass, by kind", "Decode speed as the cache",
        "What each technique is worth", "The slowest steps"})
    EXPECT_EQ(count(page, std::string("<h2>") + title), 1u) << title;
  EXPECT_EQ(count(page, "<svg"), 3u);
}

TEST(PerfReport, NeedsNothingFromElsewhere) {
  std::string page = sample();
  for (const char *reference :
       {"http", "<script", "<link", "<img", "src=", "url(", "@import", "href"})
    EXPECT_EQ(count(page, reference), 0u) << reference;
}

TEST(PerfReport, ElementsAreClosed) {
  std::string page = sample();
  for (std::string element : {"section", "table", "svg", "div", "ul", "li",
                              "text", "rect", "circle", "title", "main"})
    EXPECT_EQ(count(page, "<" + element + " ") +
                  count(page, "<" + element + ">") +
                  count(page, "<" + element + "\n"),
              count(page, "</" + element + ">"))
        << element;
}

TEST(PerfReport, LayersAreSummed) {
  std::string page = sample();
  EXPECT_NE(page.find("<td>mlp.up_proj<small>vmm</small></td><td "
                      "class=number>32</td>"),
            page.npos);
}

TEST(PerfReport, EveryLossIsNamedWithItsShare) {
  Study study = sampleStudy();
  std::string page = written(study);
  for (const model::Loss &loss : study.pass.losses)
    EXPECT_EQ(count(page, "<span>" + loss.cause + "</span>"), 1u) << loss.cause;
}

// Labels are placed one by one, each where nothing is yet.
TEST(PerfReport, LabelsOfTheRooflineDoNotOverlap) {
  std::string page = sample();
  std::regex label("<text class=\"label\" x=\"([0-9.]+)\" y=\"([0-9.]+)\" "
                   "text-anchor=\"(start|end)\">([^<]*)<");
  struct Box {
    double left, right, y;
  };
  std::vector<Box> boxes;
  for (std::sregex_iterator it(page.begin(), page.end(), label), end; it != end;
       ++it) {
    double x = std::stod((*it)[1]), width = 6 * double((*it)[4].length());
    bool isStart = (*it)[3] == "start";
    boxes.push_back({isStart ? x : x - width, isStart ? x + width : x,
                     std::stod((*it)[2])});
  }
  ASSERT_EQ(boxes.size(), 10u); // seven products, the head, scores and values
  for (size_t i = 0; i < boxes.size(); ++i)
    for (size_t j = 0; j < i; ++j)
      EXPECT_TRUE(std::fabs(boxes[i].y - boxes[j].y) >= 14 ||
                  boxes[i].right < boxes[j].left ||
                  boxes[j].right < boxes[i].left);
}

TEST(PerfReport, HostileStringsStayText) {
  Study study = sampleStudy(1);
  std::string hostile = "</style><script>alert('1')</script>\"\xFF";
  study.model = study.pass.target = study.pass.entry = hostile;
  for (model::StepTiming &step : study.pass.steps)
    step.source = step.mnemonic = step.bound = hostile;
  study.pass.losses.push_back({hostile, 1});
  study.comparisons[1].name = hostile;
  std::string page = written(study);
  EXPECT_EQ(count(page, "<script"), 0u);
  EXPECT_EQ(count(page, "alert('"), 0u);
  EXPECT_EQ(count(page, "\xFF"), 0u);
  EXPECT_EQ(count(page, "</style>"), 1u);
}

TEST(PerfReport, NothingGivesAPageWithDashes) {
  std::string page = written({});
  EXPECT_NE(page.find("<strong>–</strong><span>modelled speed"), page.npos);
  EXPECT_EQ(count(page, "nan"), 0u);
  EXPECT_EQ(count(page, "inf"), 0u);
  EXPECT_EQ(count(page, "<svg"), 0u);
}

TEST(PerfReport, StepsWithoutSourcesAreShownByInstruction) {
  Study study = sampleStudy(1);
  for (model::StepTiming &step : study.pass.steps)
    step.source.clear();
  std::string page = written(study);
  EXPECT_EQ(count(page, "<h2>What the units do during the pass"), 1u);
  EXPECT_NE(page.find("<td>vmm</td><td class=number>8</td>"), page.npos);
}
