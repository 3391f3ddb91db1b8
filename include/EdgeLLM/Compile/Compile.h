//===- Compile.h - From a checkpoint to a package ---------------*- C++ -*-===//
#ifndef EDGELLM_COMPILE_COMPILE_H
#define EDGELLM_COMPILE_COMPILE_H

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

namespace edgellm {

struct CompileOptions {
  std::string target = "vcu128";
  // The options of edgellm-sparsify and edgellm-quantize by their names.
  std::string weights = "int4";
  std::string density = "8/8";
  std::string prune = "magnitude";
  std::string quantize = "search";
  std::string strategy;
  /// A text on which methods that need one see the model's inputs.
  std::filesystem::path calibration;
  // At most one goal for which densities are chosen (Weights/DensitySearch.h):
  /// modelled speed of decoding after 128 cached tokens,
  std::optional<double> tokensPerSecond;
  /// or percent that the calibration text's perplexity may rise.
  std::optional<double> maxPerplexityIncrease;
  /// Tokens of the cache; the model's own context when absent.
  std::optional<uint64_t> context;
  /// Sequences of tokens that have caches of their own.
  uint64_t sequences = 1;
  /// A package of the program alone, made from the model's shape alone.
  bool programOnly = false;
};

/// What a long compilation reports: what it does, how far it is. `done` and
/// `total` count matrices while calibrating and weights while packing.
using Progress =
    std::function<void(const char *phase, uint64_t done, uint64_t total)>;

/// Compiles a checkpoint (see Weights/ModelSource.h) into a package folder,
/// which appears whole or not at all. With programOnly the checkpoint may be a
/// config.json, and weights beside it are not looked at. Throws Error; diagnostics of the compiler
/// become its message.
void compilePackage(const std::filesystem::path &checkpoint,
                    const std::filesystem::path &package,
                    const CompileOptions &options, const Progress &progress);

} // namespace edgellm

#endif // EDGELLM_COMPILE_COMPILE_H
