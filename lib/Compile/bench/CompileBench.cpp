//===- CompileBench.cpp - How compiling a program scales ------------------===//
//
// CPU time and peak memory of edgellm-compile --program-only, each run a
// process of its own: by the number of layers, by the context, and for whole
// models. Times are the least of some runs.
//
//===----------------------------------------------------------------------===//
#include "EdgeLLM/Support/AtomicFile.h"
#include "EdgeLLM/Support/Error.h"
#include "EdgeLLM/Support/Installation.h"
#include "EdgeLLM/Support/JsonObject.h"
#include "EdgeLLM/Support/MappedFile.h"
#include "EdgeLLM/Support/Tool.h"
#include "EdgeLLM/Weights/ModelConfig.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>

using namespace edgellm;
namespace fs = std::filesystem;

/// The shape and the machine of which layers and contexts are varied.
static constexpr char kShape[] = "llama-1.1b";
static constexpr char kMachine[] = "vcu128.json";
static constexpr uint64_t kContext = 2048;
static constexpr uint64_t kMostLayers = 128, kMostContext = 32768;

namespace {

struct Cost {
  double milliseconds; // of the CPU
  double megabytes;    // peak resident set
  uint64_t bytes;      // of the program
};

/// A folder for the time of the benchmark.
class Scratch {
public:
  Scratch() {
    std::string name = fs::temp_directory_path() / "compile-bench-XXXXXX";
    if (!::mkdtemp(name.data()))
      fail(name, ": cannot be created");
    path = name;
  }
  ~Scratch() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }

  fs::path path;
};

} // namespace

//===----------------------------------------------------------------------===//
// One compilation
//===----------------------------------------------------------------------===//

static double milliseconds(const timeval &time) {
  return double(time.tv_sec) * 1e3 + double(time.tv_usec) / 1e3;
}

/// Runs the compiler beside this tool; what it uses, to its end.
static rusage run(const fs::path &shape, const fs::path &target,
                  uint64_t context, const fs::path &package) {
  std::string tool =
      fs::read_symlink("/proc/self/exe").parent_path() / "edgellm-compile";
  std::vector<std::string> words = {tool,
                                    shape,
                                    "--program-only",
                                    "--target=" + target.string(),
                                    "--context=" + std::to_string(context),
                                    "-o",
                                    package};
  std::vector<char *> arguments;
  for (std::string &word : words)
    arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t process;
  if (::posix_spawn(&process, tool.c_str(), nullptr, nullptr, arguments.data(),
                    environ) != 0)
    fail(tool, ": cannot be started");
  int status = 0;
  rusage used;
  if (::wait4(process, &status, 0, &used) != process || status != 0)
    fail(shape.string(), " with a context of ", context, " does not compile");
  return used;
}

static Cost measure(const fs::path &shape, const fs::path &target,
                    uint64_t context, uint64_t runs) {
  Scratch scratch;
  fs::path package = scratch.path / "package";
  Cost cost{INFINITY, 0, 0};
  for (uint64_t i = 0; i < runs; ++i) {
    rusage used = run(shape, target, context, package);
    double time = milliseconds(used.ru_utime) + milliseconds(used.ru_stime);
    cost.milliseconds = std::min(cost.milliseconds, time);
    cost.megabytes = std::max(cost.megabytes, double(used.ru_maxrss) / 1024);
  }
  cost.bytes = fs::file_size(package / "program.bin");
  return cost;
}

/// Copies a JSON file with other values for some fields.
static void change(const fs::path &from, const fs::path &to,
                   const nlohmann::json &values) {
  nlohmann::json object = parseJson(readTextFile(from), from.string());
  object.merge_patch(values);
  AtomicFile file(to);
  file.write(object.dump());
  file.commit();
}

/// The shape with other numbers, on the machine with room for every context:
/// its attention scores alone are 64 GiB at the longest.
static Cost measureVaried(const fs::path &configs, const nlohmann::json &shape,
                          uint64_t context, uint64_t runs) {
  Scratch scratch;
  fs::path target = scratch.path / kMachine;
  change(configs / kShape / "config.json", scratch.path / "config.json", shape);
  change(shareDirectory() / "targets" / kMachine, target,
         {{"limits", {{"tokens", kMostContext}}}, {"ddr", {{"mib", 1 << 18}}}});
  return measure(scratch.path, target, context, runs);
}

//===----------------------------------------------------------------------===//
// Tables
//===----------------------------------------------------------------------===//

static void printRow(const std::string &name, const Cost &cost,
                     const char *more = "") {
  std::printf("%-12s %8.1f ms %7.1f MB %9llu bytes%s\n", name.c_str(),
              cost.milliseconds, cost.megabytes,
              static_cast<unsigned long long>(cost.bytes), more);
  std::fflush(stdout);
}

/// The line of least squares through (x, y), and how far the points are off it,
/// relative to it.
static void printFit(const std::vector<double> &x,
                     const std::vector<double> &y) {
  double n = double(x.size()), sx = 0, sy = 0, sxx = 0, sxy = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    sx += x[i];
    sy += y[i];
    sxx += x[i] * x[i];
    sxy += x[i] * y[i];
  }
  double slope = (n * sxy - sx * sy) / (n * sxx - sx * sx);
  double start = (sy - slope * sx) / n, worst = 0;
  for (size_t i = 0; i < x.size(); ++i)
    worst = std::max(worst, std::abs(y[i] / (start + slope * x[i]) - 1));
  std::printf("fit          %.1f ms + %.2f ms a layer, at most %.0f %% off\n",
              start, slope, worst * 100);
}

static void benchLayers(const fs::path &configs, uint64_t runs) {
  std::printf("%s by layers, context %llu\n", kShape,
              static_cast<unsigned long long>(kContext));
  std::vector<double> layers, times;
  for (uint64_t count = 1; count <= kMostLayers; count *= 2) {
    Cost cost =
        measureVaried(configs, {{"num_hidden_layers", count}}, kContext, runs);
    layers.push_back(double(count));
    times.push_back(cost.milliseconds);
    char more[64];
    std::snprintf(more, sizeof more, " %7.2f ms a layer",
                  cost.milliseconds / double(count));
    printRow(std::to_string(count), cost, more);
  }
  printFit(layers, times);
}

static void benchContexts(const fs::path &configs, uint64_t runs) {
  std::printf("\n%s by context\n", kShape);
  for (uint64_t context = 128; context <= kMostContext; context *= 4)
    printRow(std::to_string(context),
             measureVaried(configs, {{"max_position_embeddings", kMostContext}},
                           context, runs));
}

/// kContext, or what the model allows where that is less.
static uint64_t contextOf(const fs::path &shape) {
  uint64_t most = uint64_t(readModelConfig(shape / "config.json").context);
  return std::min(kContext, most);
}

static void benchShapes(const fs::path &configs, uint64_t runs) {
  std::printf("\nmodels, context %llu or all they have\n",
              static_cast<unsigned long long>(kContext));
  std::vector<fs::path> shapes;
  for (const fs::directory_entry &entry : fs::directory_iterator(configs))
    if (fs::exists(entry.path() / "config.json"))
      shapes.push_back(entry.path());
  std::ranges::sort(shapes);
  for (const fs::path &shape : shapes)
    printRow(shape.filename(),
             measure(shape, "vcu128", contextOf(shape), runs));
}

int main(int argc, char **argv) {
  std::string configs;
  std::optional<uint64_t> runs;
  CommandLine line{
      "edgellm-compile-bench",
      "CPU time and peak memory of edgellm-compile --program-only: by layers, "
      "by context, and of whole models.",
      {{"edgellm-compile-bench models/configs", "all three tables"}},
      {{"CONFIGS", "the folder models/configs", &configs}},
      {{"--runs", "N", "runs of which the fastest counts; 5 by default",
        Integer{&runs, 1, 1000}}}};
  return runTool(line, argc, argv, [&] {
    benchLayers(configs, runs.value_or(5));
    benchContexts(configs, runs.value_or(5));
    benchShapes(configs, runs.value_or(5));
  });
}
