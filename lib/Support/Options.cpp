//===- Options.cpp - Command lines of the plain tools ---------------------===//
#include "EdgeLLM/Support/Options.h"

#include "EdgeLLM/Support/Error.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>
#include <set>

using namespace edgellm;

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

/// All of `text` as a number, or nothing.
template <typename T>
static std::optional<T> wholeNumber(std::string_view text) {
  T value;
  const char *end = text.data() + text.size();
  auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end)
    return std::nullopt;
  return value;
}

uint64_t edgellm::parseInteger(std::string_view text, uint64_t minimum,
                               uint64_t maximum, std::string_view what) {
  std::optional<uint64_t> value = wholeNumber<uint64_t>(text);
  if (!value || *value < minimum || *value > maximum)
    fail(what, ": found '", text, "', expected an integer from ", minimum,
         " to ", maximum);
  return *value;
}

double edgellm::parseReal(std::string_view text, double minimum, double maximum,
                          std::string_view what) {
  std::optional<double> value = wholeNumber<double>(text);
  // The comparison is written so that a NaN fails it.
  if (!value || !(*value >= minimum && *value <= maximum))
    fail(what, ": found '", text, "', expected a number from ", minimum, " to ",
         maximum);
  return *value;
}

namespace {

/// Stores the text of a value; the option's name goes into the error.
struct Store {
  std::string_view name, text;

  void operator()(const Flag &flag) const { *flag.value = true; }
  void operator()(const Text &target) const {
    *target.value = std::string(text);
  }
  void operator()(const Integer &target) const {
    *target.value = parseInteger(text, target.minimum, target.maximum, name);
  }
  void operator()(const Real &target) const {
    *target.value = parseReal(text, target.minimum, target.maximum, name);
  }
};

} // namespace

static bool takesValue(const Option &option) {
  return !std::holds_alternative<Flag>(option.value);
}

//===----------------------------------------------------------------------===//
// Unknown options
//===----------------------------------------------------------------------===//

/// Levenshtein distance: insertions, deletions and replacements.
static size_t editDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t(0));
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      size_t replaced = diagonal + (a[i] != b[j]);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row[b.size()];
}

/// The option that the user most likely meant, empty when none is near.
static std::string_view nearestOption(const CommandLine &line,
                                      std::string_view name) {
  std::string_view nearest;
  size_t best = name.size() / 3 + 1; // farther away is a guess, not a typo
  for (const Option &option : line.options) {
    bool begun = name.size() > 3 && option.name.starts_with(name);
    size_t distance = begun ? 0 : editDistance(name, option.name);
    if (distance < best) {
      best = distance;
      nearest = option.name;
    }
  }
  return nearest;
}

[[noreturn]] static void failUnknown(const CommandLine &line,
                                     std::string_view name) {
  std::string_view nearest = nearestOption(line, name);
  if (nearest.empty())
    fail("unknown option '", name, "'; ", line.tool, " --help lists them");
  fail("unknown option '", name, "', did you mean '", nearest, "'?");
}

//===----------------------------------------------------------------------===//
// Parsing
//===----------------------------------------------------------------------===//

namespace {

class Parser {
public:
  Parser(const CommandLine &line, std::span<const char *const> arguments)
      : line(line), rest(arguments) {}

  void run();

private:
  std::string_view next();
  void takeOption(std::string_view argument);
  void takePositional(std::string_view argument);

  const CommandLine &line;
  std::span<const char *const> rest;
  std::set<std::string_view> given;
  size_t positionals = 0;
};

} // namespace

std::string_view Parser::next() {
  std::string_view argument = rest.front();
  rest = rest.subspan(1);
  return argument;
}

void Parser::run() {
  bool optionsEnded = false;
  while (!rest.empty()) {
    std::string_view argument = next();
    if (!optionsEnded && argument == "--")
      optionsEnded = true;
    else if (!optionsEnded && argument.size() > 1 && argument[0] == '-')
      takeOption(argument);
    else
      takePositional(argument);
  }
  if (positionals < line.positionals.size())
    fail(line.positionals[positionals].name, " is missing; ", line.tool,
         " --help shows examples");
}

void Parser::takeOption(std::string_view argument) {
  size_t equals = argument.find('=');
  std::string_view name = argument.substr(0, equals);
  auto option = std::ranges::find(line.options, name, &Option::name);
  if (option == line.options.end())
    failUnknown(line, name);
  if (!given.insert(option->name).second)
    fail(name, " is given twice");
  std::string_view text;
  if (equals != std::string_view::npos) {
    if (!takesValue(*option))
      fail(name, " takes no value, found '", argument.substr(equals + 1), "'");
    text = argument.substr(equals + 1);
  } else if (takesValue(*option)) {
    if (rest.empty())
      fail(name, " needs a value: ", name, " ", option->placeholder);
    text = next();
  }
  std::visit(Store{name, text}, option->value);
}

void Parser::takePositional(std::string_view argument) {
  if (positionals == line.positionals.size())
    fail("unexpected argument '", argument, "'; ", line.tool, " takes ",
         positionals, positionals == 1 ? " argument" : " arguments",
         " besides its options");
  *line.positionals[positionals++].value = argument;
}

Request edgellm::parseArguments(const CommandLine &line,
                                std::span<const char *const> arguments) {
  for (std::string_view argument : arguments) {
    if (argument == "--")
      break;
    if (argument == "--help" || argument == "-h")
      return Request::Help;
    if (argument == "--version")
      return Request::Version;
  }
  Parser(line, arguments).run();
  return Request::Run;
}

//===----------------------------------------------------------------------===//
// Help
//===----------------------------------------------------------------------===//

/// Appends `text` broken between words at column 80, every line indented.
static void appendWrapped(std::string &out, std::string_view text,
                          size_t indent) {
  size_t column = 0;
  while (!text.empty()) {
    size_t end = std::min(text.find(' '), text.size());
    std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    bool fits = column != 0 && column + 1 + word.size() <= 80;
    if (column != 0)
      out += fits ? ' ' : '\n';
    if (!fits)
      out.append(indent, ' ');
    out += word;
    column = (fits ? column + 1 : indent) + word.size();
  }
  out += '\n';
}

/// Name in the left column, help in the right one.
static void appendEntry(std::string &out, const std::string &left,
                        std::string_view help) {
  constexpr size_t column = 24;
  std::string right;
  appendWrapped(right, help, column);
  if (left.size() + 4 > column)
    out += "  " + left + "\n" + right;
  else
    out += "  " + left + right.substr(left.size() + 2);
}

std::string edgellm::helpText(const CommandLine &line) {
  std::string out;
  appendWrapped(out, line.summary, 0);
  out += "\nUsage: " + std::string(line.tool);
  for (const Positional &positional : line.positionals)
    out += " " + std::string(positional.name);
  out += " [options]\n\nExamples:\n";
  for (const Example &example : line.examples) {
    out += "  " + std::string(example.command) + "\n";
    appendWrapped(out, example.meaning, 6);
  }
  if (!line.positionals.empty())
    out += "\nArguments:\n";
  for (const Positional &positional : line.positionals)
    appendEntry(out, std::string(positional.name), positional.help);
  out += "\nOptions:\n";
  for (const Option &option : line.options) {
    std::string left(option.name);
    if (!option.placeholder.empty())
      left += " " + std::string(option.placeholder);
    appendEntry(out, left, option.help);
  }
  appendEntry(out, "--help, -h", "show this text");
  appendEntry(out, "--version", "show the version");
  return out;
}
