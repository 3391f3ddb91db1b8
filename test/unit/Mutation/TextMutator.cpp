//===- TextMutator.cpp - Texts with a few words changed -------------------===//
#include "TextMutator.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstddef>
#include <numeric>

using namespace edgellm::testing;

static bool isDigit(char c) { return c >= '0' && c <= '9'; }

static bool isWordCharacter(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.';
}

static bool isNumber(std::string_view word) { return isDigit(word[0]); }

/// How long the number, name, sign or run of blanks is that a text begins with.
/// The x between two extents of a shape stands alone.
static size_t wordLength(std::string_view text, bool afterNumber) {
  if (isDigit(text[0])) {
    size_t end = std::min(text.find_first_not_of("0123456789."), text.size());
    bool exponent = text.substr(end).starts_with("e-");
    return exponent ? std::min(text.find_first_not_of("0123456789", end + 2),
                               text.size())
                    : end;
  }
  if (!isWordCharacter(text[0]) || (afterNumber && text[0] == 'x'))
    return 1;
  return size_t(std::ranges::find_if_not(text, isWordCharacter) - text.begin());
}

TextMutator::TextMutator(std::string_view text) {
  while (!text.empty()) {
    bool afterNumber = !original.empty() && isNumber(original.back());
    size_t length = wordLength(text, afterNumber);
    original.emplace_back(text.substr(0, length));
    text.remove_prefix(length);
  }
}

std::string TextMutator::otherNumber(std::string_view number, Random &random) {
  static constexpr const char *kLimits[] = {"0",
                                            "1",
                                            "-1",
                                            "255",
                                            "256",
                                            "65535",
                                            "65536",
                                            "2147483647",
                                            "2147483648",
                                            "4294967295",
                                            "4294967296",
                                            "549755813887",
                                            "1099511627775",
                                            "1099511627776",
                                            "9223372036854775807",
                                            "9223372036854775808",
                                            "-9223372036854775808",
                                            "18446744073709551615",
                                            "99999999999999999999999",
                                            "0.0",
                                            "1.0e-45",
                                            "3.5e38",
                                            "1.0e400",
                                            "0x7FC00000",
                                            "0xFF80"};
  uint32_t value = 0;
  std::from_chars(number.data(), number.data() + number.size(), value);
  switch (random() % 5) {
  case 0:
    return std::to_string(uint64_t(value) + 1);
  case 1:
    return std::to_string(int64_t(value) - 1);
  case 2:
    return std::to_string(uint64_t(value) * 2);
  default:
    return kLimits[random() % std::size(kLimits)];
  }
}

bool TextMutator::isName(const Words &words, size_t at) {
  return isWordCharacter(words[at][0]) && !isNumber(words[at]);
}

/// Another number, or another name that stands behind the same sign.
void TextMutator::changeWord(Words &words, Random &random) const {
  constexpr unsigned tries = 200;
  size_t at = random() % words.size();
  bool wantsNumber = random() % 3;
  for (unsigned i = 0; i < tries; ++i, at = random() % words.size()) {
    if (wantsNumber && isNumber(words[at])) {
      words[at] = otherNumber(words[at], random);
      return;
    }
    size_t from = random() % original.size();
    if (wantsNumber || at == 0 || from == 0 || !isName(words, at) ||
        !isName(original, from) || words[at - 1] != original[from - 1] ||
        words[at] == original[from])
      continue;
    words[at] = original[from];
    return;
  }
}

/// Leaves a word out, repeats it, or gives it any byte.
void TextMutator::breakWord(Words &words, Random &random) {
  size_t at = random() % words.size();
  auto place = words.begin() + std::ptrdiff_t(at);
  switch (random() % 3) {
  case 0:
    words.erase(place);
    break;
  case 1:
    words.insert(place, std::string(words[at]));
    break;
  default:
    words[at][random() % words[at].size()] = char(random());
  }
}

/// Leaves a line out, repeats it, or puts it elsewhere.
void TextMutator::changeLine(Words &words, Random &random) {
  std::vector<size_t> starts = {0};
  for (size_t i = 0; i + 1 < words.size(); ++i)
    if (words[i] == "\n")
      starts.push_back(i + 1);
  size_t line = random() % starts.size();
  auto begin = words.begin() + std::ptrdiff_t(starts[line]);
  auto end = line + 1 < starts.size()
                 ? words.begin() + std::ptrdiff_t(starts[line + 1])
                 : words.end();
  Words moved(begin, end);
  unsigned kind = random() % 3;
  if (kind != 1)
    words.erase(begin, end);
  if (kind == 0 || words.empty())
    return;
  size_t to = std::min(starts[random() % starts.size()], words.size());
  words.insert(words.begin() + std::ptrdiff_t(to), moved.begin(), moved.end());
}

std::string TextMutator::mutate(uint64_t seed) const {
  Random random(seed);
  Words words = original;
  do {
    unsigned kind = random() % 16;
    if (kind == 0)
      breakWord(words, random);
    else if (kind < 3)
      changeLine(words, random);
    else
      changeWord(words, random);
  } while (random() % 3 == 0 && !words.empty());
  return std::accumulate(words.begin(), words.end(), std::string());
}
