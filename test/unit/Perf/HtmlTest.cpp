//===- HtmlTest.cpp - Text, numbers and axes of the report ----------------===//
#include "Html.h"

#include <gtest/gtest.h>

using namespace edgellm::perf;

TEST(Html, TextCannotLeaveItsElementOrAttribute) {
  EXPECT_EQ(escaped("<b a=\"1\" c='2'>&amp;"),
            "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;amp;");
  EXPECT_EQ(escaped("µ ×"), "µ ×");
  EXPECT_EQ(escaped("a\xFF\x80z"), "a\uFFFD\uFFFDz");
  EXPECT_EQ(escaped(std::string_view("a\0b\n\x7F", 5)), "a b  ");
}

TEST(Html, NumbersHaveThreeDigits) {
  EXPECT_EQ(shown(0), "0");
  EXPECT_EQ(shown(0.0012345), "0.00123");
  EXPECT_EQ(shown(9.876), "9.88");
  EXPECT_EQ(shown(123456), "123456");
  EXPECT_EQ(shown(286.72e9, "B/s"), "287 GB/s");
  EXPECT_EQ(shown(999.6, "B"), "1.00 kB");
  EXPECT_EQ(shown(std::nullopt, "B/s"), "–");
  EXPECT_EQ(shownTick(50), "50");
  EXPECT_EQ(shownTick(0.2), "0.2");
}

TEST(Html, TimesHaveAFittingUnit) {
  EXPECT_EQ(shownTime(72.3e-9), "72.3 ns");
  EXPECT_EQ(shownTime(45e-6), "45.0 µs");
  EXPECT_EQ(shownTime(0.99996e-3), "1.00 ms");
  EXPECT_EQ(shownTime(1.5), "1.50 s");
  EXPECT_EQ(shownTime(std::nullopt), "–");
}

TEST(Html, SharesAreNeitherNothingNorAllUnlessTheyAre) {
  EXPECT_EQ(shownShare(0.9312), "93.1 %");
  EXPECT_EQ(shownShare(0.0001), "< 0.1 %");
  EXPECT_EQ(shownShare(0), "0.0 %");
  EXPECT_EQ(shownShare(0.99991), "> 99.9 %");
  EXPECT_EQ(shownShare(1), "100.0 %");
}

TEST(Axis, TicksAreRound) {
  using Ticks = std::vector<double>;
  Axis linear(Axis::Scale::linear, 0, 94, 0, 100);
  EXPECT_EQ(linear.ticks(6), (Ticks{0, 20, 40, 60, 80}));
  Axis logarithmic(Axis::Scale::logarithmic, 1, 20, 0, 100);
  EXPECT_EQ(logarithmic.ticks(9), (Ticks{1, 2, 5, 10, 20}));
  EXPECT_EQ(logarithmic.ticks(3), (Ticks{1, 10}));
}

TEST(Axis, MapsItsRangeToPixels) {
  Axis logarithmic(Axis::Scale::logarithmic, 1, 100, 10, 30);
  EXPECT_DOUBLE_EQ(logarithmic(10), 20);
  Axis upwards(Axis::Scale::linear, 0, 4, 100, 0);
  EXPECT_DOUBLE_EQ(upwards(1), 75);
}

TEST(Axis, AnEmptyRangeIsWidened) {
  EXPECT_DOUBLE_EQ(Axis(Axis::Scale::linear, 3, 3, 0, 10)(4), 10);
  EXPECT_DOUBLE_EQ(Axis(Axis::Scale::logarithmic, 0, 0, 0, 10)(10), 10);
}
