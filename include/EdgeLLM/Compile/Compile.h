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
  std::string weights = "int4";        ///< int4 or fp16
  std::string method = "scale_search"; ///< see edgellm-quantize
  /// Tokens of the cache; the model's own context when absent.
  std::optional<uint64_t> context;
  /// A package of the program alone, made from config.json alone.
  bool programOnly = false;
};

/// What a long compilation reports: matrices packed, of how many.
using Progress = std::function<void(size_t done, size_t total)>;

/// Compiles a checkpoint into a package folder, which appears whole or not at
/// all. With programOnly the checkpoint may be a config.json, and weights
/// beside it are not looked at. Throws Error; diagnostics of the compiler
/// become its message.
void compilePackage(const std::filesystem::path &checkpoint,
                    const std::filesystem::path &package,
                    const CompileOptions &options, const Progress &progress);

} // namespace edgellm

#endif // EDGELLM_COMPILE_COMPILE_H
