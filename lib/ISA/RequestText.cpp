//===- RequestText.cpp - Words of assembly text ---------------------------===//
#include "RequestText.h"

#include "EdgeLLM/Support/Error.h"

#include <algorithm>
#include <array>
#include <charconv>

using namespace edgellm;
using namespace edgellm::isa;

//===----------------------------------------------------------------------===//
// Lexer
//===----------------------------------------------------------------------===//

static bool isWordCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c >= '0' && c <= '9') || c == '_';
}

void Lexer::skipBlanks() {
  while (position < line.size() &&
         (line[position] == ' ' || line[position] == '\t'))
    ++position;
}

std::string_view Lexer::peek() {
  skipBlanks();
  size_t end = position;
  while (end < line.size() && isWordCharacter(line[end]))
    ++end;
  if (end == position && end < line.size())
    ++end; // a sign
  return line.substr(position, end - position);
}

std::string_view Lexer::word() {
  std::string_view text = peek();
  position += text.size();
  return text;
}

bool Lexer::consume(std::string_view text) {
  if (peek() != text)
    return false;
  word();
  return true;
}

void Lexer::expect(std::string_view text) {
  std::string_view found = word();
  if (found != text)
    failBefore(found, "'" + std::string(text) + "'");
}

void Lexer::expectEnd() {
  std::string_view found = word();
  if (!found.empty())
    failBefore(found, "the end of the line");
}

std::string_view Lexer::number() {
  skipBlanks();
  size_t end = position;
  while (end < line.size() && (isWordCharacter(line[end]) || line[end] == '.' ||
                               line[end] == '-' || line[end] == '+'))
    ++end;
  std::string_view text = line.substr(position, end - position);
  position = end;
  return text;
}

int64_t Lexer::integer() {
  std::string_view text = number();
  int64_t value;
  auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    failBefore(text, "an integer of 64 bits");
  return value;
}

unsigned Lexer::oneOf(const std::vector<std::string_view> &names) {
  std::string_view found = word();
  auto name = std::ranges::find(names, found);
  if (name != names.end())
    return unsigned(name - names.begin());
  std::string expected = "one of";
  for (std::string_view candidate : names)
    expected.append(candidate == names.front() ? " " : ", ").append(candidate);
  failBefore(found, expected);
}

/// Messages are one line of text, whatever stood there.
static std::string printable(std::string_view text) {
  std::string result;
  for (char c : text) {
    unsigned char byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7F)
      result += c;
    else
      result.append("\\x").append(
          {"0123456789abcdef"[byte >> 4], "0123456789abcdef"[byte & 15]});
  }
  return result;
}

void Lexer::failBefore(std::string_view found,
                       std::string_view expected) const {
  size_t column = columnOf(found);
  if (column > line.size())
    fail("column ", column, ": the line ends, expected ", expected);
  if (found.empty()) // a number that no character belongs to
    found = line.substr(column - 1, 1);
  fail("column ", column, ": found '", printable(found), "', expected ",
       expected);
}

//===----------------------------------------------------------------------===//
// Expressions over a request
//===----------------------------------------------------------------------===//

namespace {

/// A sum of multiples: of 1, tokens, past, and of the number of 32-token groups
/// in tokens and in tokens + past.
enum Part { one, tokens, past, tokenGroups, contextGroups, parts };
using Sum = std::array<int64_t, parts>;

/// Recursive descent: sum = product {(+|-) product}, product = factor {(*
/// factor | ceildiv 32)}, factor = integer | tokens | past | ( sum ) | -
/// factor.
class ExpressionParser {
public:
  explicit ExpressionParser(Lexer &lexer) : lexer(lexer) {}

  Sum sum();

private:
  /// Deeper nesting is no address.
  static constexpr unsigned kDeepest = 32;

  Sum product();
  Sum factor();
  Sum groupsOf(const Sum &value);
  Sum scaled(const Sum &value, int64_t by);
  Sum added(const Sum &a, const Sum &b);
  [[noreturn]] void refuse(std::string_view expected) {
    lexer.failBefore(lexer.peek(), expected);
  }

  Lexer &lexer;
  unsigned depth = 0;
};

} // namespace

static bool isConstant(const Sum &value) {
  return std::all_of(value.begin() + 1, value.end(),
                     [](int64_t part) { return part == 0; });
}

Sum ExpressionParser::scaled(const Sum &value, int64_t by) {
  Sum result;
  for (unsigned i = 0; i < parts; ++i)
    if (__builtin_mul_overflow(value[i], by, &result[i]))
      refuse("an expression that fits 64 bits");
  return result;
}

Sum ExpressionParser::added(const Sum &a, const Sum &b) {
  Sum result;
  for (unsigned i = 0; i < parts; ++i)
    if (__builtin_add_overflow(a[i], b[i], &result[i]))
      refuse("an expression that fits 64 bits");
  return result;
}

Sum ExpressionParser::sum() {
  Sum result = product();
  for (;;) {
    if (lexer.consume("+"))
      result = added(result, product());
    else if (lexer.consume("-"))
      result = added(result, scaled(product(), -1));
    else
      return result;
  }
}

Sum ExpressionParser::product() {
  Sum result = factor();
  for (;;) {
    if (lexer.consume("*")) {
      Sum right = factor();
      if (!isConstant(result))
        std::swap(result, right);
      if (!isConstant(result))
        refuse("a product with a constant before it");
      result = scaled(right, result[one]);
    } else if (lexer.consume("ceildiv")) {
      lexer.expect("32");
      result = groupsOf(result);
    } else {
      return result;
    }
  }
}

Sum ExpressionParser::groupsOf(const Sum &value) {
  if (value == Sum{0, 1, 0, 0, 0})
    return {0, 0, 0, 1, 0};
  if (value == Sum{0, 1, 1, 0, 0})
    return {0, 0, 0, 0, 1};
  refuse("tokens or tokens + past before 'ceildiv 32'");
}

Sum ExpressionParser::factor() {
  if (++depth > kDeepest)
    refuse("fewer parentheses");
  Sum result{};
  if (lexer.consume("tokens")) {
    result[tokens] = 1;
  } else if (lexer.consume("past")) {
    result[past] = 1;
  } else if (lexer.consume("-")) {
    result = scaled(factor(), -1);
  } else if (lexer.consume("(")) {
    result = sum();
    lexer.expect(")");
  } else {
    std::string_view digits = lexer.word();
    auto [end, error] = std::from_chars(
        digits.data(), digits.data() + digits.size(), result[one]);
    if (error != std::errc() || end != digits.data() + digits.size())
      lexer.failBefore(digits, "tokens, past, an integer or '('");
  }
  --depth;
  return result;
}

/// The register that gives a sum, if one does.
static bool toRegister(const Sum &value, Affine &field) {
  int64_t groups = int64_t(kLanes);
  field = {value[one], 0, Request::zero};
  if (isConstant(value))
    return true;
  struct Candidate {
    Request request;
    Part part;
    Sum sum;
  };
  const Candidate candidates[] = {
      {Request::tokens, tokens, {0, 1, 0, 0, 0}},
      {Request::past, past, {0, 0, 1, 0, 0}},
      {Request::context, tokens, {0, 1, 1, 0, 0}},
      {Request::tokens_rounded, tokenGroups, {0, 0, 0, groups, 0}},
      {Request::context_rounded, contextGroups, {0, 0, 0, 0, groups}}};
  for (const Candidate &candidate : candidates) {
    int64_t factor = value[candidate.part] / candidate.sum[candidate.part];
    if (factor <= 0 || factor > 0xFFFF)
      continue;
    Sum expected{value[one]};
    for (unsigned i = 1; i < parts; ++i)
      expected[i] = candidate.sum[i] * factor;
    if (expected == value) {
      field = {value[one], factor, candidate.request};
      return true;
    }
  }
  return false;
}

Affine edgellm::isa::parseRequest(Lexer &lexer) {
  lexer.expect("<");
  std::string_view start = lexer.peek();
  Sum value = ExpressionParser(lexer).sum();
  Affine field;
  if (!toRegister(value, field))
    lexer.failBefore(start, "a constant plus a multiple (1 to 65535) of one "
                            "request register: tokens, past, tokens + past, "
                            "or one of the sums rounded up to 32");
  lexer.expect(">");
  return field;
}
