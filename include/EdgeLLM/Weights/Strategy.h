//===- Strategy.h - Which matrix is compressed how --------------*- C++ -*-===//
//
// A strategy is a JSON file, described by
// models/strategies/strategy.schema.json:
//
//   {
//     "description": "feed-forward layers half as dense",
//     "rules": [
//       {"match": ["*.mlp.*"], "density": "4/8"},
//       {"match": ["*.self_attn.o_proj"], "density": "4/8", "prune": "wanda"},
//       {"match": ["lm_head"], "weights": "fp16"}
//     ]
//   }
//
// Matrices are called as the importer calls their operators: the name in the
// checkpoint without ".weight". `*` stands for any text, `?` for one character.
// The first rule with a pattern that matches holds; what no rule matches, and
// what a rule leaves open, is dense INT4 by the compiler's default methods.
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_WEIGHTS_STRATEGY_H
#define EDGELLM_WEIGHTS_STRATEGY_H

#include "EdgeLLM/Weights/Compress.h"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace edgellm {

struct StrategyRule {
  std::vector<std::string> match; ///< patterns, at least one
  bool fp16 = false;              ///< "weights": "fp16"; then dense
  unsigned keep = kPruneGroup;    ///< "density": "4/8" keeps 4 of 8
  /// "index": "padded"; only with 1/8, which else is stored unpadded.
  bool paddedIndex = false;
  std::optional<PruneMethod> prune;
  std::optional<QuantizeMethod> quantize;
};

struct Strategy {
  std::string description;
  std::vector<StrategyRule> rules;

  /// The first rule that matches, or null.
  const StrategyRule *ruleFor(std::string_view matrix) const;
};

/// Whether `text` matches a pattern with * and ?. Linear in practice: a star
/// never backtracks past the next.
bool matchesPattern(std::string_view pattern, std::string_view text);

/// Reads the text of a strategy; `origin` names it in errors. Throws Error for
/// unknown fields, values and combinations that the machine has not.
Strategy parseStrategy(std::string_view text, const std::string &origin);

/// The text that parseStrategy reads back.
std::string formatStrategy(const Strategy &strategy);

/// A preset by name ("strategy-1", read from `presets`) or, when the text ends
/// in .json or holds a slash, a file; a text that begins with '{' is a strategy
/// itself. Throws Error that lists the presets.
Strategy findStrategy(std::string_view nameOrPath,
                      const std::filesystem::path &presets);

//===----------------------------------------------------------------------===//
// Words of users
//===----------------------------------------------------------------------===//

/// "8/8", "4/8", "2/8" and "1/8" as weights kept of 8. Throws Error, prefixed
/// with `what`.
unsigned parseDensity(std::string_view text, std::string_view what);
std::string formatDensity(unsigned keep);

/// "magnitude", "wanda", "sparsegpt".
PruneMethod parsePruneMethod(std::string_view text, std::string_view what);
std::string_view nameOf(PruneMethod method);

/// "rtn", "search", "gptq".
QuantizeMethod parseQuantizeMethod(std::string_view text,
                                   std::string_view what);
std::string_view nameOf(QuantizeMethod method);

} // namespace edgellm

#endif // EDGELLM_WEIGHTS_STRATEGY_H
