//===- CompressBench.cpp - Speed of compressing a matrix ------------------===//
//
// compressMatrix on 4096 x 4096 weights with statistics of as many inputs, by
// the methods that need calibration; the statistics are not part of the time.
// items_per_second is weights a second.
//
//===----------------------------------------------------------------------===//
#include "EdgeLLM/Weights/Compress.h"

#include <benchmark/benchmark.h>

#include <random>

using namespace edgellm;

static constexpr int64_t kChannels = 4096;

static std::vector<float> normalMatrix(int64_t rows, int64_t columns) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal(0, 0.02f);
  std::vector<float> values(size_t(rows * columns));
  for (float &value : values)
    value = normal(random);
  return values;
}

/// Inputs of which neighbours go together: H_ij = 0.9^|i - j|.
static CalibrationStats neighbourly() {
  CalibrationStats stats{kChannels, kChannels,
                         std::vector<float>(size_t(kChannels * kChannels)),
                         std::vector<float>(size_t(kChannels), 1.0f)};
  std::vector<float> power = {1};
  for (int64_t i = 1; i < kChannels; ++i) // not into the slow subnormal numbers
    power.push_back(power.back() > 1e-30f ? 0.9f * power.back() : 0.0f);
  for (int64_t i = 0; i < kChannels; ++i)
    for (int64_t j = 0; j < kChannels; ++j)
      stats.hessian[size_t(i * kChannels + j)] = power[size_t(std::abs(i - j))];
  return stats;
}

static void compress(benchmark::State &state, Compression compression) {
  static const std::vector<float> weights = normalMatrix(kChannels, kChannels);
  static const CalibrationStats stats = neighbourly();
  for (auto _ : state)
    benchmark::DoNotOptimize(compressMatrix(weights, kChannels, kChannels,
                                            compression, &stats,
                                            unsigned(state.range(0))));
  state.SetItemsProcessed(state.iterations() * kChannels * kChannels);
}

static void add(const char *name, Compression compression) {
  benchmark::RegisterBenchmark(name, compress, compression)
      ->ArgName("threads")
      ->Arg(1)
      ->Arg(2)
      ->Unit(benchmark::kSecond)
      ->UseRealTime();
}

int main(int argc, char **argv) {
  using enum PruneMethod;
  using enum QuantizeMethod;
  add("gptq/dense", {8, magnitude, gptq});
  add("sparsegpt_gptq/4of8", {4, sparsegpt, gptq});
  add("sparsegpt_gptq/2of8", {2, sparsegpt, gptq});
  add("sparsegpt_search/2of8", {2, sparsegpt, scaleSearch});
  add("wanda_search/2of8", {2, wanda, scaleSearch});
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv))
    return 1;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
