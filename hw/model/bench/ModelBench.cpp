//===- ModelBench.cpp - Speed of the functional model ---------------------===//
//
// Times one VMM instruction of 16384 x 4096 as programs contain it, in every
// weight format, for one vector (decode) and for 32 (prefill). Every run goes
// through execute(), with its fetch, checks and threads. Beside it, how fast
// the same threads read memory: the bound of decode.
//
//===----------------------------------------------------------------------===//
#include "EdgeLLM/Model/Device.h"
#include "EdgeLLM/Model/ThreadPool.h"
#include "EdgeLLM/Support/Error.h"
#include "EdgeLLM/Weights/Pack.h"
#include <benchmark/benchmark.h>
#include <cstring>
#include <iostream>
#include <map>
#include <numeric>
#include <random>

using namespace edgellm;

namespace {

constexpr int64_t kPorts = 32;
constexpr int64_t kChannels = 4096;
constexpr int64_t kOutputs = 16384; // more than the caches hold
constexpr int64_t kMaxTokens = 32;
constexpr int64_t kBlocks = kChannels / isa::kLanes;
constexpr int64_t kOutputBlocks = kOutputs / isa::kLanes;
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
  std::vector<float> weights(kOutputs * kChannels);
  for (float &weight : weights)
    weight = normal(random);
  std::vector<std::vector<std::byte>> ports(kPorts);
  Compression compression{.keep = unsigned(isa::codingOf(format).keep)};
  packMatrix(viewOf("weights", kOutputs, kChannels, weights),
             ChannelMap::identity(kOutputs), ChannelMap::identity(kChannels),
             {format, kOutputs, kChannels, kPorts}, compression,
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
  vmm.in_channels = kChannels;
  vmm.out_channels = kOutputs;
  vmm.rows = vmm.src_stride = vmm.dst_stride = tokens;
  vmm.src = {1, 0, isa::Request::zero};
  vmm.dst = {1 + kBlocks * kMaxTokens, 0, isa::Request::zero};
  append(program, vmm);
  append(program, isa::End{});
  return program;
}

void vmm(benchmark::State &state, isa::WeightFormat format, uint32_t tokens) {
  // Once, not for each of the measurements that find the number of iterations.
  static std::map<isa::WeightFormat, std::vector<std::vector<std::byte>>> all;
  std::vector<std::vector<std::byte>> &ports = all[format];
  if (ports.empty())
    ports = packedWeights(format);
  size_t portBytes = ports[0].size();
  int64_t ddrPackets = 1 + (kBlocks + kOutputBlocks) * kMaxTokens;
  auto program =
      programFor(format, ddrPackets, int64_t(portBytes / isa::kPacketBytes));
  auto ddr = randomHalves(ddrPackets * isa::kPacketBytes, 1);
  std::vector<std::byte> chip(kChipPackets * isa::kPacketBytes);
  model::Launch launch{
      .program = program, .ddr = ddr, .tokens = tokens, .chip = chip};
  launch.hbm.assign(ports.begin(), ports.end());
  for (auto _ : state)
    if (!model::execute(launch))
      fail("the device model could not run");
  isa::Status status = isa::readStatus(launch.ddr.first<isa::kStatusBytes>());
  if (status.code != isa::StatusCode::ok)
    fail(isa::describe(status, program));
  using benchmark::Counter;
  auto rate = [](double each) {
    return Counter(each, Counter::kIsIterationInvariantRate);
  };
  state.counters["weight_bytes/s"] = rate(double(portBytes) * kPorts);
  state.counters["MAC/s"] = rate(double(kChannels) * kOutputs * tokens);
}

/// All threads together sum a stretch of memory far beyond the caches.
void readMemory(benchmark::State &state) {
  constexpr size_t pieces = 256, pieceWords = size_t(1) << 18;
  std::vector<uint64_t> words(pieces * pieceWords, 1);
  std::vector<uint64_t> sums(pieces);
  for (auto _ : state) {
    model::ThreadPool::shared().parallelFor(
        pieces, pieceWords, [&](size_t piece) {
          const uint64_t *first = &words[piece * pieceWords];
          sums[piece] = std::accumulate(first, first + pieceWords, uint64_t(0));
        });
    benchmark::DoNotOptimize(sums.data());
  }
  state.SetBytesProcessed(int64_t(state.iterations() * words.size() * 8));
}

} // namespace

int main(int argc, char **argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv))
    return 1;
  auto prepare = [](benchmark::internal::Benchmark *made) {
    made->UseRealTime()->Unit(benchmark::kMillisecond);
  };
  prepare(benchmark::RegisterBenchmark("read memory", readMemory));
  for (unsigned i = 0; i < isa::kWeightFormats; ++i)
    for (uint32_t tokens : {1u, 32u}) {
      auto format = isa::WeightFormat(i);
      std::string name =
          std::string(isa::nameOf(format)) + " x " + std::to_string(tokens);
      prepare(benchmark::RegisterBenchmark(name.c_str(), vmm, format, tokens));
    }
  try {
    benchmark::RunSpecifiedBenchmarks();
  } catch (const Error &error) {
    std::cerr << "error: " << error.what() << '\n';
    return 1;
  }
}
