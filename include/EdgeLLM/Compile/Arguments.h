//===- Arguments.h - What a user says about a compilation -------*- C++ -*-===//
#ifndef EDGELLM_COMPILE_ARGUMENTS_H
#define EDGELLM_COMPILE_ARGUMENTS_H

#include "EdgeLLM/Compile/Compile.h"
#include "EdgeLLM/Support/Options.h"

namespace edgellm {

/// What is not given has a default.
struct CompileArguments {
  std::optional<std::string> target, weights, density, strategy, prune,
      quantize, calibration;
  std::optional<uint64_t> context, sequences;
  std::optional<double> tokensPerSecond, maxPerplexityIncrease;
  bool programOnly = false;
};

/// The options that set them: names, ranges and help.
std::vector<Option> compileOptions(CompileArguments &arguments);

/// What is not given keeps its default. A calibration text is there to be used.
CompileOptions makeOptions(const CompileArguments &arguments);

} // namespace edgellm

#endif // EDGELLM_COMPILE_ARGUMENTS_H
