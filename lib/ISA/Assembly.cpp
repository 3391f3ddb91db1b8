//===- Assembly.cpp - Text to instructions --------------------------------===//
#include "EdgeLLM/ISA/Assembly.h"

#include "EdgeLLM/ISA/Disassembly.h"
#include "EdgeLLM/Support/Error.h"
#include "RequestText.h"

#include <algorithm>
#include <charconv>

using namespace edgellm;
using namespace edgellm::isa;

namespace {

/// Reads the fields of one instruction off a line.
class FieldParser {
public:
  explicit FieldParser(Lexer &lexer) : lexer(lexer) {}

  /// "name = value", with a comma before all but the first.
  template <typename Value>
  void operator()(const FieldInfo &field, Value &value) {
    if (!first)
      lexer.expect(",");
    first = false;
    lexer.expect(field.name);
    lexer.expect("=");
    columns.emplace_back(field.name, lexer.columnOf(lexer.peek()));
    parse(value);
  }
  template <typename Enumeration>
  void operator()(const FieldInfo &, Set<Enumeration> &) {}

  /// Where the value of a field begins.
  size_t columnOf(std::string_view field) const {
    auto here = std::ranges::find(columns, field, &FieldColumn::first);
    return here == columns.end() ? 1 : here->second;
  }

private:
  using FieldColumn = std::pair<std::string_view, size_t>;

  void parse(int64_t &value) { value = lexer.integer(); }
  void parse(bool &value) { value = lexer.oneOf({"false", "true"}) == 1; }
  void parse(float &value) {
    std::string_view text = lexer.number();
    auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size())
      lexer.failBefore(text, "a real number");
  }
  void parse(Affine &value) { value = parseRequest(lexer); }
  template <typename Enumeration>
  auto parse(Enumeration &value) -> decltype(nameOf(value), void()) {
    value = Enumeration(lexer.oneOf(namesOf<Enumeration>()));
  }

  Lexer &lexer;
  bool first = true;
  std::vector<FieldColumn> columns;
};

/// Reads "name <case, case>" for each set that is there.
class SetParser {
public:
  explicit SetParser(Lexer &lexer) : lexer(lexer) {}

  template <typename Value> void operator()(const FieldInfo &, Value &) {}
  template <typename Enumeration>
  void operator()(const FieldInfo &field, Set<Enumeration> &set) {
    if (!lexer.consume(field.name))
      return;
    lexer.expect("<");
    do
      insert(set);
    while (lexer.consume(","));
    lexer.expect(">");
  }

private:
  template <typename Enumeration> void insert(Set<Enumeration> &set) {
    std::string_view text = lexer.peek();
    Enumeration value = Enumeration(lexer.oneOf(namesOf<Enumeration>()));
    if (set.contains(value))
      lexer.failBefore(text, "each name once");
    set.insert(value);
  }

  Lexer &lexer;
};

} // namespace

template <typename Instruction>
static std::vector<uint64_t> parseFields(Lexer &lexer) {
  Instruction instruction;
  FieldParser fields(lexer);
  Instruction::forEachField(instruction, fields);
  Instruction::forEachField(instruction, SetParser(lexer));
  lexer.expectEnd();
  std::vector<uint64_t> words(Instruction::words);
  DecodeError error;
  if (!encode(instruction, words.data(), error))
    fail("column ", fields.columnOf(error.field), ": ", describe(error));
  return words;
}

std::vector<uint64_t> edgellm::isa::assemble(std::string_view line) {
  Lexer lexer(line);
  std::string_view mnemonic = lexer.word();
  std::vector<uint64_t> words;
  forEachInstruction([&](auto prototype) {
    if (mnemonic == prototype.mnemonic)
      words = parseFields<decltype(prototype)>(lexer);
  });
  if (words.empty())
    lexer.failBefore(mnemonic, "the mnemonic of an instruction");
  return words;
}
