//===- Options.h - Command lines of the plain tools -------------*- C++ -*-===//
//
// A tool describes its command line as one table, CommandLine. Parsing, --help
// and --version follow from it.
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_SUPPORT_OPTIONS_H
#define EDGELLM_SUPPORT_OPTIONS_H

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace edgellm {

/// Where the value of an option goes. What was not given stays as it was, so
/// an empty optional means "not given".
struct Flag {
  bool *value;
};
struct Text {
  std::optional<std::string> *value;
};
struct Integer {
  std::optional<uint64_t> *value;
  uint64_t minimum, maximum; // both allowed
};
struct Real {
  std::optional<double> *value;
  double minimum, maximum; // both allowed
};
using OptionValue = std::variant<Flag, Text, Integer, Real>;

struct Option {
  std::string_view name;        // with its dashes: "--prompt", "-n"
  std::string_view placeholder; // "TEXT"; empty for a Flag
  std::string_view help;
  OptionValue value;
};

/// Every positional argument is required.
struct Positional {
  std::string_view name; // "PKG"
  std::string_view help;
  std::string *value;
};

struct Example {
  std::string_view command;
  std::string_view meaning;
};

struct CommandLine {
  std::string_view tool;    // "edgellm-run"
  std::string_view summary; // what the tool does, one sentence
  std::vector<Example> examples;
  std::vector<Positional> positionals;
  std::vector<Option> options;
};

/// What a command line asks for.
enum class Request { Run, Help, Version };

/// Reads the arguments that follow the program name into the table's targets.
/// Values are written `--x=v` or `--x v`; `--` ends the options; `--help`,
/// `-h` and `--version` win over whatever else is given. Throws Error for an
/// option that is unknown (naming the nearest one), given twice, without its
/// value or out of range, and for too few or too many positional arguments.
Request parseArguments(const CommandLine &line,
                       std::span<const char *const> arguments);

/// The text of --help: usage, examples, then one entry an option.
std::string helpText(const CommandLine &line);

/// A decimal number that is all of `text` and lies in [minimum, maximum], or an
/// Error that names `what`.
uint64_t parseInteger(std::string_view text, uint64_t minimum, uint64_t maximum,
                      std::string_view what);
double parseReal(std::string_view text, double minimum, double maximum,
                 std::string_view what);

} // namespace edgellm

#endif // EDGELLM_SUPPORT_OPTIONS_H
