//===- Strategy.cpp - Which matrix is compressed how ----------------------===//
#include "EdgeLLM/Weights/Strategy.h"

#include "EdgeLLM/Support/Error.h"
#include "EdgeLLM/Support/Installation.h"
#include "EdgeLLM/Support/JsonObject.h"
#include "EdgeLLM/Support/MappedFile.h"

#include <algorithm>

using namespace edgellm;
using nlohmann::json;
namespace fs = std::filesystem;

//===----------------------------------------------------------------------===//
// Words of users
//===----------------------------------------------------------------------===//

namespace {

template <typename Value> struct Word {
  std::string_view text;
  Value value;
};

} // namespace

static constexpr Word<unsigned> kDensities[] = {
    {"8/8", 8}, {"4/8", 4}, {"2/8", 2}, {"1/8", 1}};
static constexpr Word<PruneMethod> kPruneMethods[] = {
    {"magnitude", PruneMethod::magnitude},
    {"wanda", PruneMethod::wanda},
    {"sparsegpt", PruneMethod::sparsegpt}};
static constexpr Word<QuantizeMethod> kQuantizeMethods[] = {
    {"rtn", QuantizeMethod::roundToNearest},
    {"search", QuantizeMethod::scaleSearch},
    {"gptq", QuantizeMethod::gptq}};

/// Calls refuse(text that lists the words) for a text that is none of them.
template <typename Words, typename Refuse>
static auto parseWord(const Words &words, std::string_view text,
                      Refuse &&refuse) {
  std::string expected = "one of";
  for (const auto &word : words) {
    if (word.text == text)
      return word.value;
    expected.append(&word == &words[0] ? " " : ", ").append(word.text);
  }
  refuse(expected);
  return words[0].value; // never: refuse throws
}

/// The same for a word on a command line.
template <typename Words>
static auto parseOption(const Words &words, std::string_view text,
                        std::string_view what) {
  return parseWord(words, text, [&](const std::string &expected) {
    fail(what, ": found '", text, "', expected ", expected);
  });
}

/// The same for a field of a strategy.
template <typename Words>
static auto parseField(const Words &words, JsonObject &rule, const char *key) {
  std::string text = rule.string(key);
  return parseWord(words, text, [&](const std::string &expected) {
    rule.failField(key, text, expected);
  });
}

/// Every value of the enumerations has a word.
template <typename Words, typename Value>
static std::string_view wordOf(const Words &words, Value value) {
  auto found = std::ranges::find_if(
      words, [&](const auto &word) { return word.value == value; });
  return found->text;
}

unsigned edgellm::parseDensity(std::string_view text, std::string_view what) {
  return parseOption(kDensities, text, what);
}

std::string edgellm::formatDensity(unsigned keep) {
  return std::to_string(keep) + "/" + std::to_string(kPruneGroup);
}

PruneMethod edgellm::parsePruneMethod(std::string_view text,
                                      std::string_view what) {
  return parseOption(kPruneMethods, text, what);
}

std::string_view edgellm::nameOf(PruneMethod method) {
  return wordOf(kPruneMethods, method);
}

QuantizeMethod edgellm::parseQuantizeMethod(std::string_view text,
                                            std::string_view what) {
  return parseOption(kQuantizeMethods, text, what);
}

std::string_view edgellm::nameOf(QuantizeMethod method) {
  return wordOf(kQuantizeMethods, method);
}

//===----------------------------------------------------------------------===//
// Patterns
//===----------------------------------------------------------------------===//

bool edgellm::matchesPattern(std::string_view pattern, std::string_view text) {
  size_t p = 0, t = 0;
  // Where the last star stands and how much text it has taken.
  size_t star = pattern.npos, taken = 0;
  while (t < text.size()) {
    if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t]) &&
        pattern[p] != '*') {
      ++p, ++t;
    } else if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      taken = t;
    } else if (star != pattern.npos) {
      p = star + 1;
      t = ++taken;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == pattern.npos;
}

const StrategyRule *Strategy::ruleFor(std::string_view matrix) const {
  for (const StrategyRule &rule : rules)
    for (const std::string &pattern : rule.match)
      if (matchesPattern(pattern, matrix))
        return &rule;
  return nullptr;
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

static std::vector<std::string> readPatterns(JsonObject &rule) {
  std::vector<std::string> patterns;
  for (const json &pattern : rule.array("match", 1)) {
    if (!isPlainString(pattern))
      rule.failField("match", pattern, "patterns of names");
    patterns.push_back(pattern.get<std::string>());
  }
  return patterns;
}

/// FP16 matrices are dense: the machine has no sparse form of them.
static void requireAlone(JsonObject &rule) {
  for (const char *key : {"density", "index", "prune", "quantize"})
    if (rule.has(key))
      rule.failField(key, rule.take(key), "no such field beside fp16 weights");
}

static void readIndexForm(JsonObject &rule, StrategyRule &result) {
  if (!rule.has("index"))
    return;
  std::string form = rule.string("index");
  if (form != "padded" && form != "unpadded")
    rule.failField("index", form, "padded or unpadded");
  result.paddedIndex = form == "padded";
  if (result.keep != 1)
    rule.failField("index", form, "no such field but with density 1/8");
}

static StrategyRule readRule(JsonObject rule) {
  StrategyRule result;
  result.match = readPatterns(rule);
  if (rule.has("weights")) {
    std::string weights = rule.string("weights");
    if (weights != "int4" && weights != "fp16")
      rule.failField("weights", weights, "int4 or fp16");
    result.fp16 = weights == "fp16";
  }
  if (result.fp16)
    requireAlone(rule);
  if (rule.has("density"))
    result.keep = parseField(kDensities, rule, "density");
  readIndexForm(rule, result);
  if (rule.has("prune"))
    result.prune = parseField(kPruneMethods, rule, "prune");
  if (rule.has("quantize"))
    result.quantize = parseField(kQuantizeMethods, rule, "quantize");
  rule.finish();
  return result;
}

Strategy edgellm::parseStrategy(std::string_view text,
                                const std::string &origin) {
  json root = parseJson(text, origin);
  JsonObject top(root, origin);
  Strategy strategy;
  strategy.description = top.string("description");
  size_t rules = top.array("rules").size();
  for (size_t i = 0; i < rules; ++i)
    strategy.rules.push_back(readRule(top.element("rules", i)));
  top.finish();
  return strategy;
}

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

static nlohmann::ordered_json formatRule(const StrategyRule &rule) {
  nlohmann::ordered_json object;
  object["match"] = rule.match;
  if (rule.fp16) {
    object["weights"] = "fp16";
    return object;
  }
  object["density"] = formatDensity(rule.keep);
  if (rule.paddedIndex)
    object["index"] = "padded";
  if (rule.prune)
    object["prune"] = nameOf(*rule.prune);
  if (rule.quantize)
    object["quantize"] = nameOf(*rule.quantize);
  return object;
}

std::string edgellm::formatStrategy(const Strategy &strategy) {
  nlohmann::ordered_json description = strategy.description;
  std::string text =
      "{\n  \"description\": " + description.dump() + ",\n  \"rules\": [";
  const char *separator = "\n    ";
  for (const StrategyRule &rule : strategy.rules) {
    text += separator + formatRule(rule).dump();
    separator = ",\n    ";
  }
  return text + "\n  ]\n}\n";
}

//===----------------------------------------------------------------------===//
// Presets
//===----------------------------------------------------------------------===//

static constexpr std::string_view kSchema = "strategy.schema.json";

static std::string knownPresets(const fs::path &presets) {
  std::string list;
  for (const std::string &name : presetNames(presets))
    list += (list.empty() ? "" : ", ") + name;
  return list;
}

Strategy edgellm::findStrategy(std::string_view nameOrPath,
                               const fs::path &presets) {
  if (nameOrPath.starts_with('{'))
    return parseStrategy(nameOrPath, "strategy");
  fs::path file = nameOrPath;
  bool isPath = nameOrPath.ends_with(".json") ||
                nameOrPath.find('/') != std::string_view::npos;
  if (!isPath) {
    file = presets / (std::string(nameOrPath) + ".json");
    if (!fs::exists(file) || file.filename() == kSchema)
      fail("unknown strategy '", nameOrPath, "'; known are ",
           knownPresets(presets), ", or the path of a .json file");
  }
  return parseStrategy(readTextFile(file), file.string());
}
