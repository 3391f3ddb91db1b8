//===- TextMutator.h - Texts with a few words changed -----------*- C++ -*-===//
#ifndef EDGELLM_TEST_UNIT_MUTATION_TEXTMUTATOR_H
#define EDGELLM_TEST_UNIT_MUTATION_TEXTMUTATOR_H

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace edgellm::testing {

/// Makes variants of a text that look much like it: numbers become others or
/// the limits of integers and floats, words others of the text, lines are left
/// out, repeated and moved. The same seed makes the same variant.
class TextMutator {
public:
  explicit TextMutator(std::string_view text);

  /// One change, or a few.
  std::string mutate(uint64_t seed) const;

private:
  using Words = std::vector<std::string>;
  using Random = std::mt19937_64;

  void changeWord(Words &words, Random &random) const;
  static bool isName(const Words &words, size_t at);
  static void breakWord(Words &words, Random &random);
  static void changeLine(Words &words, Random &random);
  static std::string otherNumber(std::string_view number, Random &random);

  /// The whole text: names, numbers and single characters.
  Words original;
};

} // namespace edgellm::testing

#endif // EDGELLM_TEST_UNIT_MUTATION_TEXTMUTATOR_H
