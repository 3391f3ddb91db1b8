//===- options.cpp - Command lines ----------------------------------------===//
#include "EdgeLLM/Support/Options.h"
#include "Fuzzing.h"

#include <cmath>
#include <string>

using namespace edgellm;

/// The input's lines are the arguments.
static std::vector<std::string> linesOf(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    size_t end = std::min(text.find('\n'), text.size());
    // As the system passes arguments: up to the first zero.
    lines.emplace_back(std::string(text.substr(0, end)).c_str());
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::string package;
  std::optional<std::string> prompt;
  std::optional<uint64_t> count;
  std::optional<double> temperature;
  bool json = false;
  CommandLine line{"tool",
                   "Does something.",
                   {},
                   {{"PKG", "a folder", &package}},
                   {{"--prompt", "TEXT", "a text", Text{&prompt}},
                    {"-n", "N", "how many", Integer{&count, 1, 100}},
                    {"--temperature", "T", "heat", Real{&temperature, 0, 2}},
                    {"--json", "", "as JSON", Flag{&json}}}};
  std::vector<std::string> lines = linesOf(fuzz::textOf(data, size));
  std::vector<const char *> arguments;
  for (const std::string &text : lines)
    arguments.push_back(text.c_str());
  fuzz::mayFail([&] { parseArguments(line, arguments); });
  fuzz::require(!count || (*count >= 1 && *count <= 100), "counts in range");
  fuzz::require(!temperature || (*temperature >= 0 && *temperature <= 2),
                "reals in range");
  return 0;
}
