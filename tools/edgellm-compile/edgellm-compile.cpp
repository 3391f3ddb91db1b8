//===- edgellm-compile.cpp - From a checkpoint to a package ---------------===//
#include "EdgeLLM/Compile/Compile.h"
#include "EdgeLLM/Support/Error.h"
#include "EdgeLLM/Support/Tool.h"

#include <chrono>
#include <cstdio>
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
  std::optional<std::string> output, target, weights, density, strategy, prune,
      quantize, calibration;
  std::optional<uint64_t> context;
  std::optional<double> tokensPerSecond, maxPerplexityIncrease;
  bool programOnly = false;
};

} // namespace

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
      {{"-o", "PKG", "the package folder to write", Text{&a.output}},
       {"--target", "NAME", "a machine of hw/targets, or a JSON file",
        Text{&a.target}},
       {"--weights", "FORMAT", "int4 (default) or fp16", Text{&a.weights}},
       {"--density", "N/8",
        "weights kept of each 8 neighbouring inputs: 8/8 (default), 4/8, 2/8 "
        "or 1/8, in all matrices but the output layer's",
        Text{&a.density}},
       {"--strategy", "NAME|FILE",
        "density, method and format by the name of the matrix: a preset of "
        "models/strategies or a JSON file",
        Text{&a.strategy}},
       {"--prune", "METHOD",
        "which weights are kept: magnitude, or on a calibration text wanda or "
        "sparsegpt (default there)",
        Text{&a.prune}},
       {"--quantize", "METHOD",
        "how INT4 values are found: rtn, search (default), or on a calibration "
        "text gptq (default there)",
        Text{&a.quantize}},
       {"--calibration", "FILE",
        "a text like those that the model is for; needs the tokenizer",
        Text{&a.calibration}},
       {"--tokens-per-second", "N",
        "choose densities by measured losses so that decoding is this fast by "
        "the timing model, after 128 cached tokens",
        Real{&a.tokensPerSecond, 1e-3, 1e9}},
       {"--max-perplexity-increase", "P",
        "choose the sparsest densities that raise the perplexity of the "
        "calibration text by at most P percent",
        Real{&a.maxPerplexityIncrease, 0, 1e6}},
       {"--context", "N", "tokens of the cache, by default the model's",
        Integer{&a.context, 1, 1 << 24}},
       {"--program-only", "",
        "write manifest.json and program.bin alone; no weights are read",
        Flag{&a.programOnly}}}};
}

/// What is not given keeps its default. A calibration text is there to be used.
static CompileOptions optionsOf(const Arguments &a) {
  CompileOptions options;
  options.target = a.target.value_or(options.target);
  options.weights = a.weights.value_or(options.weights);
  options.density = a.density.value_or(options.density);
  options.strategy = a.strategy.value_or("");
  options.prune = a.prune.value_or(a.calibration ? "sparsegpt" : "magnitude");
  options.quantize = a.quantize.value_or(a.calibration ? "gptq" : "search");
  options.calibration = a.calibration.value_or("");
  options.tokensPerSecond = a.tokensPerSecond;
  options.maxPerplexityIncrease = a.maxPerplexityIncrease;
  options.context = a.context;
  options.programOnly = a.programOnly;
  return options;
}

int main(int argc, char **argv) {
  Arguments arguments;
  return runTool(commandLine(arguments), argc, argv, [&] {
    if (!arguments.output)
      fail("-o PKG is missing, the package folder to write");
    compilePackage(arguments.checkpoint, *arguments.output,
                   optionsOf(arguments), showProgress);
  });
}
