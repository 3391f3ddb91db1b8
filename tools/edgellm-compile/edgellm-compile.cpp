//===- edgellm-compile.cpp - From a checkpoint to a package ---------------===//
#include "EdgeLLM/Compile/Arguments.h"
#include "EdgeLLM/Support/Error.h"
#include "EdgeLLM/Support/Tool.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <iterator>
#include <string_view>
#include <unistd.h>

using namespace edgellm;

/// A line that is rewritten as the work goes on, for people only: share, rate
/// and time left of the present phase.
static void showProgress(const char *phase, uint64_t done, uint64_t total) {
  using Clock = std::chrono::steady_clock;
  static Clock::time_point start;
  if (!isatty(STDERR_FILENO) || total == 0)
    return;
  if (done == 0)
    start = Clock::now();
  double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  double rate = seconds > 0 ? double(done) / seconds : 0;
  std::fprintf(stderr, "\r\033[K%s %3.0f %%", phase,
               100.0 * double(done) / double(total));
  if (rate > 0) {
    bool isWeights = std::string_view(phase) == "packing";
    std::fprintf(stderr, "  %.*f %s  %.0f s left", isWeights ? 0 : 1,
                 isWeights ? rate / 1e6 : rate,
                 isWeights ? "M weights/s" : "matrices/s",
                 double(total - done) / rate);
  }
  if (done == total)
    std::fputs("\r\033[K", stderr);
}

namespace {

struct Arguments {
  std::string checkpoint;
  std::optional<std::string> output;
  CompileArguments compilation;
};

} // namespace

static std::vector<Option> options(Arguments &a) {
  std::vector<Option> list = {
      {"-o", "PKG", "the package folder to write", Text{&a.output}}};
  std::ranges::move(compileOptions(a.compilation), std::back_inserter(list));
  return list;
}

static CommandLine commandLine(Arguments &a) {
  return {
      "edgellm-compile",
      "Compiles a checkpoint - a Hugging Face folder, a GGUF or a llama2.c "
      "file - into a package for one machine.",
      {{"edgellm-compile models/demo -o demo.pkg",
        "INT4 weights for the default target, vcu128"},
       {"edgellm-compile models/demo --target=u280 --weights=fp16 -o demo.pkg",
        "exact weights, for a small model or as a reference"},
       {"edgellm-compile models/demo --density=4/8 --calibration text.txt -o "
        "demo.pkg",
        "every other weight, chosen and corrected on a text"},
       {"edgellm-compile models/demo --strategy strategy-3 --calibration "
        "text.txt -o demo.pkg",
        "sparser where it matters less; models/strategies has more"},
       {"edgellm-compile models/demo --max-perplexity-increase 10 "
        "--calibration text.txt -o demo.pkg",
        "as sparse as ten percent of perplexity allow"},
       {"edgellm-compile llama-2-7b --context 2048 -o llama.pkg",
        "a cache shorter than the model's context"},
       {"edgellm-compile llama-3.2-1b.Q8_0.gguf --context 2048 -o llama.pkg",
        "weights, shape and tokenizer from one file"},
       {"edgellm-compile models/configs/llama2-7b --program-only --context "
        "2048 -o llama.pkg",
        "the program without weights, to time it"}},
      {{"CKPT",
        "folder with config.json and safetensors files, or a .gguf or .bin "
        "file; config.json is enough with --program-only",
        &a.checkpoint}},
      options(a)};
}

int main(int argc, char **argv) {
  Arguments arguments;
  return runTool(commandLine(arguments), argc, argv, [&] {
    if (!arguments.output)
      fail("-o PKG is missing, the package folder to write");
    compilePackage(arguments.checkpoint, *arguments.output,
                   makeOptions(arguments.compilation), showProgress);
  });
}
