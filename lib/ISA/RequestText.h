//===- RequestText.h - Words of assembly text -------------------*- C++ -*-===//
#ifndef EDGELLM_LIB_ISA_REQUESTTEXT_H
#define EDGELLM_LIB_ISA_REQUESTTEXT_H

#include "EdgeLLM/ISA/Instructions.h"

#include <string>
#include <string_view>
#include <vector>

namespace edgellm::isa {

/// Takes one line apart. Every failure throws Error with the column, counted
/// from 1, what was found and what was expected.
class Lexer {
public:
  explicit Lexer(std::string_view line) : line(line) {}

  /// The next word, number or sign, which stays; empty at the end.
  std::string_view peek();
  std::string_view word();
  bool consume(std::string_view text);
  void expect(std::string_view text);
  void expectEnd();
  /// Digits, sign, point and exponent.
  std::string_view number();
  int64_t integer();
  /// The position of the next word among `names`.
  unsigned oneOf(const std::vector<std::string_view> &names);

  /// Where a part of the line begins, counted from 1.
  size_t columnOf(std::string_view part) const {
    return size_t(part.data() - line.data()) + 1;
  }

  /// `found` is the part of the line that was read last.
  [[noreturn]] void failBefore(std::string_view found,
                               std::string_view expected) const;

private:
  void skipBlanks();

  std::string_view line;
  size_t position = 0;
};

template <typename Enumeration> std::vector<std::string_view> namesOf() {
  std::vector<std::string_view> names;
  for (unsigned i = 0; i < casesOf(Enumeration()); ++i)
    names.push_back(nameOf(Enumeration(i)));
  return names;
}

/// "<expression>" as an affine field.
Affine parseRequest(Lexer &lexer);

} // namespace edgellm::isa

#endif // EDGELLM_LIB_ISA_REQUESTTEXT_H
