//===- Assembly.cpp - Text to instructions --------------------------------===//
#include "EdgeLLM/ISA/Assembly.h"

#include "EdgeLLM/ISA/Disassembly.h"
#include "EdgeLLM/Support/Error.h"
#include "RequestText.h"

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
    parse(value);
  }
  template <typename Enumeration>
  void operator()(const FieldInfo &, Set<Enumeration> &) {}

private:
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
      set.insert(Enumeration(lexer.oneOf(namesOf<Enumeration>())));
    while (lexer.consume(","));
    lexer.expect(">");
  }

private:
  Lexer &lexer;
};

} // namespace

template <typename Instruction>
static std::vector<uint64_t> parseFields(Lexer &lexer) {
  Instruction instruction;
  Instruction::forEachField(instruction, FieldParser(lexer));
  Instruction::forEachField(instruction, SetParser(lexer));
  lexer.expectEnd();
  std::vector<uint64_t> words(Instruction::words);
  DecodeError error;
  if (!encode(instruction, words.data(), error))
    fail(describe(error));
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
