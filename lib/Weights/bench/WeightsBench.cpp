//===- WeightsBench.cpp - Speed of compressing and packing ----------------===//
//
// Packs a matrix of a safetensors file as edgellm-compile does, from the page
// cache, and drops the images. items_per_second is weights a second.
//
//===----------------------------------------------------------------------===//
#include "EdgeLLM/Support/Half.h"
#include "EdgeLLM/Weights/Pack.h"
#include "EdgeLLM/Weights/SafeTensors.h"

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <random>

using namespace edgellm;

static constexpr int64_t kRows = 4096, kColumns = 16384; // 128 MiB of FP16

namespace {

/// A file of normally distributed FP16 weights, removed at the end.
class SampleFile {
public:
  SampleFile() {
    std::string folder =
        (std::filesystem::temp_directory_path() / "weights-bench-XXXXXX")
            .string();
    if (!mkdtemp(folder.data())) {
      std::cerr << "error: " << folder << ": cannot be created\n";
      std::exit(1);
    }
    directory = folder;
    write();
  }
  ~SampleFile() { std::filesystem::remove_all(directory); }

  std::filesystem::path path() const { return directory / "m.safetensors"; }

private:
  void write() const;

  std::filesystem::path directory;
};

} // namespace

void SampleFile::write() const {
  std::string header = R"({"m":{"dtype":"F16","shape":[)" +
                       std::to_string(kRows) + "," + std::to_string(kColumns) +
                       R"(],"data_offsets":[0,)" +
                       std::to_string(2 * kRows * kColumns) + "]}}";
  uint64_t length = header.size();
  std::ofstream file(path(), std::ios::binary);
  file.write(reinterpret_cast<const char *>(&length), sizeof length);
  file << header;
  std::mt19937 random(1);
  std::normal_distribution<float> normal(0, 0.02f);
  std::vector<uint16_t> sample(1 << 20);
  for (uint16_t &half : sample)
    half = floatToHalf(normal(random));
  for (int64_t left = kRows * kColumns; left > 0; left -= 1 << 20)
    file.write(reinterpret_cast<const char *>(sample.data()), 2 << 20);
}

static const Tensor &sampleTensor() {
  static SampleFile file;
  static TensorFile tensors = openSafeTensors(file.path());
  return *tensors.find("m");
}

static void pack(benchmark::State &state, WeightFormat format,
                 QuantizeMethod method) {
  MatrixView matrix = viewOf(sampleTensor());
  WeightLayout layout{format, kRows, kColumns, 32};
  Compression compression{unsigned(isa::codingOf(format).keep),
                          PruneMethod::magnitude, method};
  PackLoss loss;
  for (auto _ : state)
    loss = packMatrix(
        matrix, ChannelMap::identity(kRows), ChannelMap::identity(kColumns),
        layout, compression,
        [](unsigned, std::span<const std::byte> bytes) {
          benchmark::DoNotOptimize(bytes.data());
        },
        unsigned(state.range(0)));
  state.SetItemsProcessed(state.iterations() * kRows * kColumns);
  state.counters["relative_error"] = loss.relativeError();
}

static void registerAll() {
  struct Method {
    const char *name;
    QuantizeMethod value;
  };
  for (WeightFormat format :
       {WeightFormat::int4, WeightFormat::int4_4of8, WeightFormat::int4_2of8,
        WeightFormat::int4_1of8_padded, WeightFormat::int4_1of8})
    for (Method method :
         {Method{"round_to_nearest", QuantizeMethod::roundToNearest},
          Method{"scale_search", QuantizeMethod::scaleSearch}})
      benchmark::RegisterBenchmark(
          (std::string("pack/") + isa::nameOf(format) + "/" + method.name)
              .c_str(),
          pack, format, method.value)
          ->ArgName("threads")
          ->Arg(1)
          ->Arg(2)
          ->Unit(benchmark::kMillisecond)
          ->UseRealTime();
}

int main(int argc, char **argv) {
  registerAll();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv))
    return 1;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
