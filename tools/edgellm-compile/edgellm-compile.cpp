//===- edgellm-compile.cpp - From a checkpoint to a package ---------------===//
#include "EdgeLLM/Compile/Compile.h"
#include "EdgeLLM/Support/Error.h"
#include "EdgeLLM/Support/Tool.h"

#include <cstdio>
#include <unistd.h>

using namespace edgellm;

/// A line that is rewritten as matrices are packed, for people only.
static void showProgress(size_t done, size_t total) {
  if (!isatty(STDERR_FILENO))
    return;
  std::fprintf(stderr, "\rpacking weights: %zu of %zu matrices", done, total);
  if (done == total)
    std::fputs("\r\033[K", stderr);
}

/// The pass's name of a method that users call by its short one.
static std::string methodOf(const std::string &name) {
  if (name == "rtn")
    return "round_to_nearest";
  if (name == "search")
    return "scale_search";
  fail("--quantize is '", name, "', allowed are rtn and search");
}

int main(int argc, char **argv) {
  std::string checkpoint;
  std::optional<std::string> output, target, weights, quantize;
  CompileOptions options;
  CommandLine line{
      "edgellm-compile",
      "Compiles a Hugging Face checkpoint into a package for one machine.",
      {{"edgellm-compile models/demo -o demo.pkg",
        "INT4 weights for the default target, vcu128"},
       {"edgellm-compile models/demo --target=u280 --weights=fp16 -o demo.pkg",
        "exact weights, for a small model or as a reference"},
       {"edgellm-compile llama-2-7b --context 2048 -o llama.pkg",
        "a cache shorter than the model's context"},
       {"edgellm-compile models/configs/llama2-7b --program-only --context "
        "2048 -o llama.pkg",
        "the program without weights, to time it"}},
      {{"CKPT",
        "folder with config.json and safetensors files; config.json is enough "
        "with --program-only",
        &checkpoint}},
      {{"-o", "PKG", "the package folder to write", Text{&output}},
       {"--target", "NAME", "a machine of hw/targets, or a JSON file",
        Text{&target}},
       {"--weights", "FORMAT", "int4 (default) or fp16", Text{&weights}},
       {"--quantize", "METHOD",
        "scale of an INT4 block: search (default) or rtn, round to nearest",
        Text{&quantize}},
       {"--context", "N", "tokens of the cache, by default the model's",
        Integer{&options.context, 1, 1 << 24}},
       {"--program-only", "",
        "write manifest.json and program.bin alone; no weights are read",
        Flag{&options.programOnly}}}};
  return runTool(line, argc, argv, [&] {
    if (!output)
      fail("-o PKG is missing, the package folder to write");
    options.target = target.value_or(options.target);
    options.weights = weights.value_or(options.weights);
    options.method = methodOf(quantize.value_or("search"));
    compilePackage(checkpoint, *output, options, showProgress);
  });
}
