//===- SequenceTest.cpp - Each sequence has KV memory of its own ----------===//
#include "DeviceErrors.h"

using namespace edgellm;
using namespace edgellm::test;
using isa::Status;
using isa::StatusCode;

namespace {

/// Four sequences of 50 packets a port; the sample weights stay below.
class SequenceTest : public DeviceErrors {
protected:
  static constexpr int64_t kPackets = 25, kSequences = 4;

  SequenceTest() {
    device.begin.sequence_packets = kPackets;
    device.begin.sequences = kSequences;
    samples.scores.key_stride = samples.values.value_stride = 12;
  }

  std::vector<std::byte> portBytes(size_t port, int64_t packet,
                                   int64_t packets) {
    auto first = device.hbm[port].begin() + packet * 64;
    return {first, first + packets * 64};
  }
  std::vector<std::byte> kvMemory(size_t port, int64_t sequence) {
    return portBytes(port, kWeights + sequence * kPackets, kPackets);
  }
  void copyKVMemory(int64_t from, int64_t to) {
    for (auto &port : device.hbm)
      std::copy_n(port.begin() + (kWeights + from * kPackets) * 64,
                  kPackets * 64,
                  port.begin() + (kWeights + to * kPackets) * 64);
  }

  /// Writes the cache and reads it.
  Status runAll(uint32_t sequence) {
    device.sequence = sequence;
    isa::Rope write = samples.rope;
    write.dst_space = isa::Space::hbm;
    write.dst = times(Request::past, 1, kCache - 35);
    write.dst_stride = constant(12);
    isa::Vmm product = samples.vmm;
    product.dst_space = isa::Space::hbm;
    product.dst = constant(kCache + 60);
    product.dst_stride = constant(7);
    isa::AttentionValues values = samples.values;
    values.src = samples.scores.dst;
    values.dst = constant(1500);
    return device.run(3, 40, write, product, samples.scores, values);
  }
};

TEST_F(SequenceTest, AreMovedCopiesOfTheFirst) {
  auto ddr = device.ddr;
  auto hbm = device.hbm;
  EXPECT_COMPLETED(device, runAll(0));
  auto expected = device.ddr;
  std::vector<std::byte> expectedKV[kPorts];
  for (size_t port = 0; port < kPorts; ++port)
    expectedKV[port] = kvMemory(port, 0);
  for (uint32_t sequence = 1; sequence < kSequences; ++sequence) {
    device.ddr = ddr;
    device.hbm = hbm;
    copyKVMemory(0, sequence);
    for (auto &port : device.hbm) // nobody else's is read
      std::fill_n(port.begin() + kWeights * 64, kPackets * 64, std::byte(0x3C));
    auto before = device.hbm;
    EXPECT_COMPLETED(device, runAll(sequence));
    EXPECT_EQ(device.ddr, expected) << sequence;
    for (size_t port = 0; port < kPorts; ++port) {
      EXPECT_EQ(kvMemory(port, sequence), expectedKV[port]) << sequence;
      auto at =
          device.hbm[port].begin() + (kWeights + sequence * kPackets) * 64;
      std::copy_n(before[port].begin() + (kWeights + sequence * kPackets) * 64,
                  kPackets * 64, at);
      EXPECT_EQ(device.hbm[port], before[port]) << "nothing else is written";
    }
  }
}

TEST_F(SequenceTest, ThereAreAsManyAsTheProgramSays) {
  device.sequence = kSequences - 1;
  expectStatus(device, device.run(1, 0), StatusCode::ok, "");
  for (uint32_t sequence : {uint32_t(kSequences), 0xFFFFFFFFu}) {
    device.sequence = sequence;
    Status status = device.run(1, 0);
    expectStatus(device, status, StatusCode::request_range, "sequences");
    EXPECT_EQ(status.found, sequence);
    EXPECT_EQ(status.limit, kSequences - 1);
  }
}

TEST_F(SequenceTest, FitIntoThePortsBuffer) {
  device.begin.sequence_packets = kHbm / kSequences;
  expectStatus(device, device.run(1, 0), StatusCode::ok, "");
  ++device.begin.sequence_packets;
  Status status = device.run(1, 0);
  expectStatus(device, status, StatusCode::out_of_bounds, "sequence_packets");
  EXPECT_EQ(status.found, kHbm + kSequences);
  EXPECT_EQ(status.limit, kHbm);
  device.begin.sequence_packets = 0xFFFFFFFF;
  device.begin.sequences = 0xFFFF;
  expectStatus(device, device.run(1, 0), StatusCode::out_of_bounds,
               "sequence_packets");
}

/// Whichever sequence runs, the program names packets of the first.
TEST_F(SequenceTest, AProgramReachesNoOther) {
  isa::Rope rope = samples.rope;
  rope.dst_space = isa::Space::hbm;
  for (uint32_t sequence = 0; sequence < kSequences; ++sequence) {
    device.sequence = sequence;
    expectBounds(rope, &isa::Rope::dst, "dst", 4 * 3,
                 kCache + kPackets * kPorts, kCache);
  }
}

} // namespace
