//===- CalibrationTest.cpp - The timing model beside measurements ---------===//
#include "Calibration.h"
#include "Memories.h"
#include "TimingTesting.h"

using namespace edgellm;
using namespace edgellm::bench;
using namespace edgellm::test;

TEST(Calibration, ThePapersProduct) {
  Target target = targetOf("vcu128");
  double modelled = timeProduct(target, 4096, 4096).microseconds;
  EXPECT_NEAR(modelled, kPapersProductMicroseconds,
              0.05 * kPapersProductMicroseconds);
  // No other number of bursts comes near.
  for (unsigned other : {2u, 4u}) {
    target.timing.unpipelinedBurstsInFlight = other;
    modelled = timeProduct(target, 4096, 4096).microseconds;
    EXPECT_GT(std::abs(modelled - kPapersProductMicroseconds),
              0.1 * kPapersProductMicroseconds);
  }
}

TEST(Calibration, ThePapersAverageUtilization) {
  // The seven products of a block of ChatGLM2-6B; the paper says about 75 %.
  Target target = targetOf("vcu128");
  auto utilization = [&](int64_t inputs, int64_t outputs) {
    return timeProduct(target, inputs, outputs).utilization();
  };
  double average = (2 * utilization(4096, 4096) + 2 * utilization(4096, 256) +
                    2 * utilization(4096, 13696) + utilization(13696, 4096)) /
                   7;
  EXPECT_NEAR(average, kPapersUtilization, 0.03);
}

TEST(Calibration, TheMeasuredHbm) {
  // Shuhai: 425 GB/s of 460 with all ports at 450 MHz.
  Target target = targetOf("vcu128");
  target.clocks = {.hbmMHz = 450, .coreMHz = 225};
  model::PortModel port(target, target.timing.burstsInFlight);
  double bandwidth = port.rate * target.clocks.coreMHz * 1e6 * 32;
  EXPECT_NEAR(bandwidth, 425e9, 2e9);
}

TEST(PortModel, InFlightBytesOverRoundTrip) {
  // vcu128: 512 bytes take 57.14 ns at 8.96 GB/s, after 138 ns.
  Target target = targetOf("vcu128");
  target.timing.refreshNs = 0;
  model::PortModel port(target, 1);
  double bytesPerNs = 512 / (138 + 512 / 8.96);
  EXPECT_NEAR(port.rate, bytesPerNs * 1e3 / 140, 1e-9);
  EXPECT_NEAR(port.peak, 64, 1e-9);
  EXPECT_EQ(port.rowLoss, 0);
  EXPECT_NEAR(1 / port.rate, 1 / port.peak + port.burstLoss, 1e-12);
}

TEST(PortModel, BytesInFlightHideRefreshes) {
  Target target = targetOf("vcu128");
  // 8 bursts last 457 ns at the port's rate, 195 of which are the round trip:
  // more than a refresh of 260 remains.
  EXPECT_EQ(model::PortModel(target, 8).refreshLoss, 0);
  EXPECT_NEAR(model::PortModel(target, 8).rate, 64, 1e-9);
  // 7 last 400 ns: 260 - (400 - 195.14) = 55.14 of 3900 are lost.
  model::PortModel seven(target, 7);
  EXPECT_NEAR(seven.rate, 64 * (1 - 55.142857 / 3900), 1e-6);
  EXPECT_NEAR(1 / seven.rate, 1 / seven.peak + seven.refreshLoss, 1e-12);
}

TEST(PortModel, WritesShareTheDramsRefreshes) {
  // vhk158's ports ask for all that the DRAM has.
  Target target = targetOf("vhk158");
  model::PortModel port(target, target.timing.burstsInFlight);
  EXPECT_NEAR(port.writeRate / port.peak, 0.988 * (1 - 350 / 3900.), 1e-9);
  EXPECT_NEAR(port.rate, port.writeRate, 1e-9);
}

TEST(Ddr, WritesTakeTheirShareButHoldNoReadUp) {
  // tiny: 96 bytes a cycle for the array, 10.7 cycles of latency.
  Target target = targetOf("tiny");
  model::Ddr ddr(target, model::PortModel(target, 16));
  EXPECT_NEAR(ddr.write(model::Ddr::array, 100, 960), 110 + 10.7, 1e-9);
  EXPECT_NEAR(ddr.read(model::Ddr::array, 0, 96), 10 + 1 + 10.7, 1e-9);
  EXPECT_NEAR(ddr.read(model::Ddr::vector, 0, 96), 1 + 10.7, 1e-9);
  EXPECT_NEAR(ddr.write(model::Ddr::array, 0, 96), 111 + 10.7, 1e-9);
  EXPECT_EQ(ddr.bytes, 960 + 3 * 96);
}

TEST(Decode, ChatGlm2KeepsTheHbmBusy) {
  Target target = targetOf("vcu128");
  Program program = DecoderBuilder(kChatGlm2, target, 1, 2048).build();
  model::PassTiming timing =
      model::timePass(program, program.entries[0], target, 1, 128);
  EXPECT_NEAR(accountedCycles(timing), timing.cycles, 1e-3 * timing.cycles);
  // Bound: 5.98 G weights at 4.125 bit are 10.7 ms.
  EXPECT_GT(timing.seconds(), 10.7e-3);
  EXPECT_GE(timing.hbmUtilization(), 0.95);
  EXPECT_GT(lossOf(timing, "weight buffer full, array waits for rms_norm"), 0);
}
