//===- NumericsErrorTest.cpp - Errors are what the document says ----------===//
#include "ErrorMeasurement.h"
#include <gtest/gtest.h>

using namespace edgellm::numerics;

namespace {

TEST(NumericsErrorTest, int4StaysBelowThePapersError) {
  ErrorMeasurement measure(5);
  EXPECT_LE(measure.int4(kBlock, 4000), kInt4ErrorLimit);
  EXPECT_LE(measure.int4(4096, 200), kInt4ErrorLimit);
}

TEST(NumericsErrorTest, fp16StaysBelowThePapersError) {
  ErrorMeasurement measure(6);
  EXPECT_LE(measure.fp16(kGroup, 16000), kFp16ErrorLimit);
  EXPECT_LE(measure.fp16(4096, 200), kFp16ErrorLimit);
}

/// The figures of hw/numerics.md, which leave room below the paper's.
TEST(NumericsErrorTest, errorIsWhatTheDocumentSays) {
  ErrorMeasurement measure(7);
  EXPECT_NEAR(measure.int4(kBlock, 20000), 0.0000170, 0.000001);
  EXPECT_NEAR(measure.fp16(kGroup, 80000), 0.0000148, 0.000001);
  EXPECT_NEAR(measure.layerNorm(1024, 0, 200), 0.000176, 0.000003);
  EXPECT_NEAR(measure.layerNorm(1024, 100, 200), 0.000176, 0.000003);
  EXPECT_NEAR(measure.gelu(200000), 0.000146, 0.000003);
}

} // namespace
