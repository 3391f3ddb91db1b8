//===- DeviceTest.cpp - Launches as a whole -------------------------------===//
#include "TestDevice.h"
#include <xmmintrin.h>

using namespace edgellm;
using namespace edgellm::test;
using isa::Request;
using isa::Status;
using isa::StatusCode;

namespace {

isa::Activation siluFrom(int64_t src, int64_t dst) {
  isa::Activation activation;
  activation.channels = 32;
  activation.rows = times(Request::tokens);
  activation.src = constant(src);
  activation.src_stride = constant(0);
  activation.dst = constant(dst);
  activation.dst_stride = constant(0);
  return activation;
}

TEST(DeviceTest, statusOfACompletedRun) {
  TestDevice device(1, 10, 1);
  Values values(51);
  device.scramble(values);
  device.append(isa::End{}); // another entry's rest
  device.append(device.begin);
  device.append(siluFrom(1, 5));
  device.append(isa::End{});
  Status status = device.launch(2, 7, 1);
  EXPECT_EQ(status.code, StatusCode::ok);
  EXPECT_EQ(status.completed, 3u);
  EXPECT_EQ(status.instruction, 2u);
  EXPECT_EQ(status.packet, 3u);
  EXPECT_EQ(status.argmaxIndex, 0u);
  std::vector<std::byte> rest(device.ddr.begin() + 44, device.ddr.begin() + 64);
  EXPECT_EQ(rest, std::vector<std::byte>(20)) << "unused words";
}

TEST(DeviceTest, instructionsSeeEarlierResults) {
  TestDevice device(1, 10, 1);
  Values values(52);
  Matrix input = randomMatrix(values, 2, 32);
  device.writeDdr(1, 2, input);
  EXPECT_COMPLETED(device, device.run(2, 0, siluFrom(1, 3), siluFrom(3, 5)));
  Matrix once = device.readDdr(3, 2, 2, 32),
         twice = device.readDdr(5, 2, 2, 32);
  EXPECT_NE(once.halves, twice.halves);
  EXPECT_COMPLETED(device, device.run(2, 0, siluFrom(3, 7)));
  EXPECT_EQ(device.readDdr(7, 2, 2, 32).halves, twice.halves);
}

/// Everything before a failing instruction has happened.
TEST(DeviceTest, earlierResultsOfAFailedRunRemain) {
  TestDevice device(1, 10, 1);
  Values values(53);
  device.writeDdr(1, 2, randomMatrix(values, 2, 32));
  EXPECT_COMPLETED(device, device.run(2, 0, siluFrom(1, 3)));
  Matrix result = device.readDdr(3, 2, 2, 32);
  Status status = device.run(2, 0, siluFrom(1, 5), siluFrom(1, 9));
  EXPECT_EQ(status.code, StatusCode::out_of_bounds);
  EXPECT_EQ(status.instruction, 2u);
  EXPECT_EQ(device.readDdr(5, 2, 2, 32).halves, result.halves);
}

TEST(DeviceTest, noStatusWithoutRoomForIt) {
  std::vector<std::byte> ddr(63);
  model::Launch launch{.ddr = ddr, .tokens = 1};
  EXPECT_FALSE(model::execute(launch));
  ddr.resize(64);
  launch.ddr = ddr;
  EXPECT_TRUE(model::execute(launch));
  EXPECT_EQ(isa::readStatus(launch.ddr.first<64>()).code,
            StatusCode::out_of_bounds);
}

/// Buffers at odd addresses, followed by bytes that are no packet.
TEST(DeviceTest, buffersNeedNoAlignment) {
  Values values(54);
  TestDevice device(3, 3000, 64);
  device.scramble(values);
  isa::Vmm vmm;
  vmm.weight_format = isa::WeightFormat::fp16;
  vmm.slice_rows = 5;
  vmm.in_channels = vmm.out_channels = 64;
  vmm.rows = vmm.src_stride = vmm.dst_stride = times(Request::tokens);
  vmm.src = constant(1);
  vmm.dst = constant(100);
  isa::Activation silu = siluFrom(100, 200);
  auto before = device.ddr;
  EXPECT_COMPLETED(device, device.run(5, 0, vmm, silu));

  auto shifted = [](const std::vector<std::byte> &bytes) {
    std::vector<std::byte> result(1, std::byte(0xCC));
    result.insert(result.end(), bytes.begin(), bytes.end());
    result.resize(result.size() + 17, std::byte(0xCC));
    return result;
  };
  auto program = shifted(device.program), ddr = shifted(before),
       chip = shifted(device.chip);
  std::vector<std::vector<std::byte>> ports;
  for (auto &port : device.hbm)
    ports.push_back(shifted(port));
  model::Launch launch{.program = std::span(program).subspan(1),
                       .ddr = std::span(ddr).subspan(1),
                       .tokens = 5};
  for (auto &port : ports)
    launch.hbm.push_back(std::span(port).subspan(1));
  launch.chip = std::span(chip).subspan(1);
  EXPECT_TRUE(model::execute(launch, TestDevice::pool(2)));
  EXPECT_EQ(ddr, shifted(device.ddr));
}

/// The caller's floating-point modes neither matter nor change.
TEST(DeviceTest, floatingPointModesOfTheCallerDoNotMatter) {
  Values values(55);
  values.wildly = true;
  TestDevice device(4, 3000, 300);
  device.scramble(values);
  isa::Vmm vmm;
  vmm.slice_rows = 8;
  vmm.in_channels = 256;
  vmm.out_channels = 128;
  vmm.rows = vmm.src_stride = vmm.dst_stride = times(Request::tokens);
  vmm.src = constant(1);
  vmm.dst = constant(1000);
  auto before = device.ddr;
  EXPECT_COMPLETED(device, device.run(20, 0, vmm, siluFrom(1000, 2000)));
  auto after = device.ddr;
  device.ddr = before;
  unsigned saved = _mm_getcsr();
  unsigned odd = saved | 0x8040 | 0x6000; // flush subnormals, truncate
  _mm_setcsr(odd);
  device.run(20, 0, vmm, siluFrom(1000, 2000));
  unsigned found = _mm_getcsr();
  _mm_setcsr(saved);
  EXPECT_EQ(found & 0xFFC0, odd & 0xFFC0);
  EXPECT_TRUE(device.ddr == after);
}

TEST(DeviceTest, concurrentLaunchesShareThePool) {
  Values values(56);
  std::vector<TestDevice> devices(3, TestDevice(4, 3000, 300));
  isa::Vmm vmm;
  vmm.slice_rows = 8;
  vmm.in_channels = vmm.out_channels = 256;
  vmm.rows = vmm.src_stride = vmm.dst_stride = times(Request::tokens);
  vmm.src = constant(1);
  vmm.dst = constant(1000);
  for (TestDevice &device : devices) {
    Values same(57);
    device.scramble(same);
    device.append(device.begin);
    device.append(vmm);
    device.append(isa::End{});
  }
  devices[0].launch(20, 0);
  std::vector<std::thread> threads;
  for (TestDevice &device : std::span(devices).subspan(1))
    threads.emplace_back(
        [&device] { EXPECT_TRUE(model::execute(device.launchOf(20, 0))); });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_TRUE(devices[1].ddr == devices[0].ddr);
  EXPECT_TRUE(devices[2].ddr == devices[0].ddr);
}

} // namespace
