//===- ModelBench.cpp - Speed of the functional model ---------------------===//
//
// Times one 4096 x 4096 VMM instruction as programs contain it, in every weight
// format, for one vector (decode) and for 32 (prefill). Every run goes through
// execute(), with its fetch, checks and threads.
//
//===----------------------------------------------------------------------===//
#include "EdgeLLM/Model/Device.h"
#include "EdgeLLM/Model/ThreadPool.h"
#include "EdgeLLM/Support/Error.h"
#include "EdgeLLM/Weights/Pack.h"
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <random>

using namespace edgellm;

namespace {

constexpr int64_t kPorts = 32;
constexpr int64_t kChannels = 4096;
constexpr int64_t kMaxTokens = 32;
constexpr int64_t kBlocks = kChannels / isa::kLanes;
constexpr int64_t kSliceRows = 8; // two slices of them are on chip at a time
constexpr int64_t kChipPackets = 2 * kSliceRows * kBlocks;

std::vector<std::byte> randomHalves(size_t bytes, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<std::byte> data(bytes);
  for (size_t i = 0; i < bytes; i += 2) {
    uint16_t half = uint16_t(random() & 0xB7FF);
    std::memcpy(&data[i], &half, sizeof half);
  }
  return data;
}

/// The port images of a matrix of normal weights.
std::vector<std::vector<std::byte>> packedWeights(isa::WeightFormat format) {
  std::mt19937 random(2);
  std::normal_distribution<float> normal(0, 0.02f);
  std::vector<float> weights(kChannels * kChannels);
  for (float &weight : weights)
    weight = normal(random);
  std::vector<std::vector<std::byte>> ports(kPorts);
  ChannelMap channels = ChannelMap::identity(kChannels);
  Compression compression{.keep = unsigned(isa::codingOf(format).keep)};
  packMatrix(viewOf("weights", kChannels, kChannels, weights), channels,
             channels, {format, kChannels, kChannels, kPorts}, compression,
             [&](unsigned port, std::span<const std::byte> bytes) {
               ports[port].insert(ports[port].end(), bytes.begin(),
                                  bytes.end());
             });
  return ports;
}

template <typename Instruction>
void append(std::vector<std::byte> &program, const Instruction &instruction) {
  uint64_t words[Instruction::words];
  isa::DecodeError error;
  if (!isa::encode(instruction, words, error))
    fail(error.instruction, ": field '", error.field, "' does not encode");
  const std::byte *bytes = reinterpret_cast<const std::byte *>(words);
  program.insert(program.end(), bytes, bytes + sizeof words);
}

std::vector<std::byte> programFor(isa::WeightFormat format, int64_t ddrPackets,
                                  int64_t hbmPackets) {
  std::vector<std::byte> program;
  append(program, isa::Begin{.max_tokens = kMaxTokens,
                             .context = kMaxTokens,
                             .ddr_packets = ddrPackets,
                             .hbm_packets = hbmPackets,
                             .chip_packets = kChipPackets,
                             .sequences = 1});
  isa::Affine tokens{0, 1, isa::Request::tokens};
  isa::Vmm vmm;
  vmm.weight_format = format;
  vmm.slice_rows = kSliceRows;
  vmm.in_channels = vmm.out_channels = kChannels;
  vmm.rows = vmm.src_stride = vmm.dst_stride = tokens;
  vmm.src = {1, 0, isa::Request::zero};
  vmm.dst = {1 + kBlocks * kMaxTokens, 0, isa::Request::zero};
  append(program, vmm);
  append(program, isa::End{});
  return program;
}

/// Median seconds of a launch.
double measure(const model::Launch &launch, model::ThreadPool &pool) {
  std::vector<double> seconds;
  auto start = std::chrono::steady_clock::now();
  do {
    auto before = std::chrono::steady_clock::now();
    if (!model::execute(launch, pool))
      fail("the device model could not run");
    auto after = std::chrono::steady_clock::now();
    seconds.push_back(std::chrono::duration<double>(after - before).count());
  } while (std::chrono::steady_clock::now() - start < std::chrono::seconds(1));
  std::ranges::nth_element(seconds, seconds.begin() + seconds.size() / 2);
  return seconds[seconds.size() / 2];
}

void run(isa::WeightFormat format, uint32_t tokens, model::ThreadPool &pool) {
  std::vector<std::vector<std::byte>> ports = packedWeights(format);
  size_t portBytes = ports[0].size();
  int64_t ddrPackets = 1 + 2 * kBlocks * kMaxTokens;
  auto program =
      programFor(format, ddrPackets, int64_t(portBytes / isa::kPacketBytes));
  auto ddr = randomHalves(ddrPackets * isa::kPacketBytes, 1);
  std::vector<std::byte> chip(kChipPackets * isa::kPacketBytes);
  model::Launch launch{
      .program = program, .ddr = ddr, .tokens = tokens, .chip = chip};
  launch.hbm.assign(ports.begin(), ports.end());

  double seconds = measure(launch, pool);
  isa::Status status = isa::readStatus(launch.ddr.first<isa::kStatusBytes>());
  if (status.code != isa::StatusCode::ok)
    fail(isa::describe(status, program));
  double weightBytes = double(portBytes) * kPorts;
  double products = double(kChannels) * kChannels * tokens;
  std::printf("%-16s %3u row%s %9.3f ms %8.2f GB/s weights %8.2f GMAC/s\n",
              isa::nameOf(format), tokens, tokens == 1 ? " " : "s",
              seconds * 1e3, weightBytes / seconds * 1e-9,
              products / seconds * 1e-9);
}

} // namespace

int main() {
  try {
    model::ThreadPool &pool = model::ThreadPool::shared();
    std::printf("VMM %d x %d, %u thread(s)\n", int(kChannels), int(kChannels),
                pool.threads());
    for (unsigned i = 0; i < isa::kWeightFormats; ++i)
      for (uint32_t tokens : {1u, 32u})
        run(isa::WeightFormat(i), tokens, pool);
  } catch (const Error &error) {
    std::cerr << "error: " << error.what() << '\n';
    return 1;
  }
}
