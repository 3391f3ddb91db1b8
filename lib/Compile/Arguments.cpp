//===- Arguments.cpp - What a user says about a compilation ---------------===//
#include "EdgeLLM/Compile/Arguments.h"

using namespace edgellm;

std::vector<Option> edgellm::compileOptions(CompileArguments &a) {
  return {
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
      {"--sequences", "N",
       "texts that the device keeps at the same time, 1 by default; each takes "
       "the memory of a cache",
       Integer{&a.sequences, 1, (1 << 16) - 1}},
      {"--program-only", "",
       "write manifest.json and program.bin alone; no weights are read",
       Flag{&a.programOnly}}};
}

CompileOptions edgellm::makeOptions(const CompileArguments &a) {
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
  options.sequences = a.sequences.value_or(options.sequences);
  options.programOnly = a.programOnly;
  return options;
}
