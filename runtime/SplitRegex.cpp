//===- SplitRegex.cpp - The patterns that split a text into words ---------===//
#define PCRE2_CODE_UNIT_WIDTH 8
#include "SplitRegex.h"

#include "EdgeLLM/Support/Error.h"

#include <algorithm>
#include <cctype>
#include <pcre2.h>
#include <vector>

using namespace edgellm;

static constexpr size_t kMaxPatternBytes = size_t(1) << 12;
/// Of {n,m}, whose repetitions below n are no steps.
static constexpr uint64_t kMaxRepetitions = 255;
/// Memory of one match.
static constexpr uint32_t kMaxHeapKiB = 64 << 10;
/// Steps of a match that cost nothing, and how many times more are tried when
/// they do not suffice.
static constexpr uint32_t kFreeSteps = 64;
static constexpr uint32_t kMoreSteps = 16;

//===----------------------------------------------------------------------===//
// From Oniguruma's syntax to PCRE2's
//===----------------------------------------------------------------------===//

namespace {

/// Copies a pattern part by part and refuses what the two understand in
/// different ways.
class Translation {
public:
  Translation(std::string_view pattern, const std::string &what)
      : pattern(pattern), what(what) {}

  std::string run();

private:
  void escape();
  void property();
  void openGroup();
  void openClass();
  void inClass();
  void outsideClass();
  void closeGroup();
  void quantifier();
  void count();
  bool follows(std::string_view text) const {
    return pattern.substr(position).starts_with(text);
  }
  void copy(size_t count) {
    result += pattern.substr(position, count);
    position += count;
  }
  [[noreturn]] void refuse(std::string_view part) const {
    fail(what, ": '", part, "' at byte ", position,
         " of the pattern is not supported");
  }

  std::string_view pattern;
  const std::string &what;
  size_t position = 0;
  bool isInClass = false;
  std::vector<bool> groups; // open ones: whether inside of lookaround
  std::string result;
};

} // namespace

/// The two give \s and the names of scripts slightly different meanings; the
/// property and the type of property are Oniguruma's.
void Translation::escape() {
  if (position + 1 == pattern.size())
    refuse("\\");
  char c = pattern[position + 1];
  if (c == 'p' || c == 'P')
    return property();
  if (c == 's' || c == 'S') {
    result += c == 's' ? "\\p{White_Space}" : "\\P{White_Space}";
    position += 2;
  } else if (std::string_view("dDrnt").find(c) != std::string_view::npos ||
             std::ispunct(static_cast<unsigned char>(c))) {
    copy(2);
  } else {
    refuse(pattern.substr(position, 2));
  }
}

void Translation::property() {
  size_t end = pattern.find('}', position);
  std::string_view whole =
      pattern.substr(position, end == pattern.npos ? end : end + 1 - position);
  bool isName =
      whole.size() > 4 && whole[2] == '{' && whole.back() == '}' &&
      std::ranges::all_of(whole.substr(3, whole.size() - 4),
                          [](unsigned char c) { return std::isalpha(c); });
  if (!isName)
    refuse(whole.substr(0, 40));
  std::string_view name = whole.substr(3, whole.size() - 4);
  bool isCategory = name.size() <= 2;
  result.append(whole.substr(0, 3))
      .append(isCategory ? "" : "sc:")
      .append(name)
      .append("}");
  position += whole.size();
}

void Translation::openGroup() {
  constexpr std::string_view around[] = {"(?=", "(?!", "(?<=", "(?<!"};
  constexpr std::string_view plain[] = {"(?:", "(?i:"};
  auto matches = [&](std::string_view known) { return follows(known); };
  bool looksAround = std::ranges::any_of(around, matches);
  if (!looksAround && follows("(?") && std::ranges::none_of(plain, matches))
    refuse(pattern.substr(position, 4));
  if (follows("(*"))
    refuse("(*");
  groups.push_back(looksAround || (!groups.empty() && groups.back()));
  copy(follows("(?") ? pattern.find_first_of(":=!", position) + 1 - position
                     : 1);
}

void Translation::closeGroup() {
  if (!groups.empty())
    groups.pop_back();
  copy(1);
  if (follows("?+"))
    refuse("possessive +");
  if (follows("{"))
    refuse("{ after a group");
}

void Translation::openClass() {
  isInClass = true;
  copy(1);
  if (follows("^"))
    copy(1);
  if (follows("]"))
    refuse("[]");
}

void Translation::inClass() {
  if (follows("[") || follows("&&"))
    refuse(follows("[") ? "[ in a class" : "&& in a class");
  isInClass = !follows("]");
  copy(1);
}

/// What gives nothing back, possessive or in lookaround, could scan a whole
/// text in one step. A single character is harmless.
void Translation::quantifier() {
  bool isSingle = follows("?");
  if (!isSingle && !groups.empty() && groups.back())
    refuse("a repetition in lookaround");
  copy(1);
  if (!follows("+"))
    return;
  if (!isSingle)
    refuse("possessive +");
  copy(1);
}

/// Up to the brace that ends it, which is a quantifier.
void Translation::count() {
  copy(1);
  for (uint64_t number = 0; position < pattern.size() && !follows("}");
       copy(1)) {
    unsigned char c = static_cast<unsigned char>(pattern[position]);
    if (c != ',' && !std::isdigit(c))
      refuse("{ without a number");
    number = c == ',' ? 0 : 10 * number + (c - '0');
    if (number > kMaxRepetitions)
      refuse("more than 255 repetitions");
  }
}

void Translation::outsideClass() {
  switch (pattern[position]) {
  case '(':
    return openGroup();
  case ')':
    return closeGroup();
  case '[':
    return openClass();
  case '{':
    return count();
  case '*':
  case '+':
  case '?':
  case '}':
    return quantifier();
  case '^':
  case '$':
    refuse(pattern.substr(position, 1));
  default:
    copy(1);
  }
}

std::string Translation::run() {
  while (position < pattern.size()) {
    if (pattern[position] == '\\')
      escape();
    else if (isInClass)
      inClass();
    else
      outsideClass();
  }
  return std::move(result);
}

//===----------------------------------------------------------------------===//
// SplitRegex
//===----------------------------------------------------------------------===//

void SplitRegex::Free::operator()(pcre2_real_code_8 *code) const {
  pcre2_code_free(code);
}

static std::string messageOf(int error) {
  PCRE2_UCHAR text[256];
  pcre2_get_error_message(error, text, sizeof text);
  return reinterpret_cast<const char *>(text);
}

SplitRegex::SplitRegex(std::string_view pattern, uint32_t options,
                       const std::string &what)
    : what(what) {
  if (pattern.size() > kMaxPatternBytes)
    fail(what, ": found a pattern of ", pattern.size(),
         " bytes, expected at most ", kMaxPatternBytes);
  int error = 0;
  PCRE2_SIZE offset = 0;
  // Auto-possessification would hide steps from the match limit.
  if (!(options & PCRE2_LITERAL))
    options |= PCRE2_UCP | PCRE2_NO_AUTO_POSSESS;
  code.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()),
                           pattern.size(), options | PCRE2_UTF, &error, &offset,
                           nullptr));
  if (!code)
    fail(what, ": not a pattern: ", messageOf(error));
}

SplitRegex::SplitRegex(std::string_view pattern, const std::string &what)
    : SplitRegex(Translation(pattern, what).run(), 0, what) {}

SplitRegex SplitRegex::literal(std::string_view text, const std::string &what) {
  return SplitRegex(text, PCRE2_LITERAL, what);
}

SplitRegex::~SplitRegex() = default;
SplitRegex::SplitRegex(SplitRegex &&) noexcept = default;

//===----------------------------------------------------------------------===//
// Search
//===----------------------------------------------------------------------===//

struct SplitRegex::Search::Scratch {
  explicit Scratch(const pcre2_code *code)
      : data(pcre2_match_data_create_from_pattern(code, nullptr)),
        context(pcre2_match_context_create(nullptr)) {
    if (!data || !context)
      throw std::bad_alloc();
    pcre2_set_heap_limit(context, kMaxHeapKiB);
  }
  ~Scratch() {
    pcre2_match_data_free(data);
    pcre2_match_context_free(context);
  }
  Scratch(const Scratch &) = delete;
  Scratch &operator=(const Scratch &) = delete;

  pcre2_match_data *data;
  pcre2_match_context *context;
};

SplitRegex::Search::Search(const SplitRegex &regex, std::string_view text,
                           MatchBudget &budget)
    : regex(regex), text(text), budget(budget),
      scratch(std::make_unique<Scratch>(regex.code.get())) {}

SplitRegex::Search::~Search() = default;

/// The library counts the steps from one beginning but does not say how many:
/// what a match may take is raised step by step, and paid for.
int SplitRegex::Search::matchAt(size_t offset) {
  for (uint64_t limit = kFreeSteps;; limit *= kMoreSteps) {
    limit = std::min<uint64_t>(limit, UINT32_MAX);
    pcre2_set_match_limit(scratch->context, uint32_t(limit));
    int result =
        pcre2_match(regex.code.get(), reinterpret_cast<PCRE2_SPTR>(text.data()),
                    text.size(), offset, PCRE2_NO_UTF_CHECK | PCRE2_ANCHORED,
                    scratch->data, scratch->context);
    if (result != PCRE2_ERROR_MATCHLIMIT)
      return result;
    if (limit * kMoreSteps > budget.steps)
      fail(regex.what, ": the pattern takes too many steps on a text of ",
           text.size(), " bytes");
    budget.steps -= limit * kMoreSteps;
  }
}

bool SplitRegex::Search::next(Match &match) {
  while (offset < text.size()) {
    int result = matchAt(offset);
    if (result < 0 && result != PCRE2_ERROR_NOMATCH)
      fail(regex.what, ": the pattern on a text of ", text.size(),
           " bytes: ", messageOf(result));
    match = {offset, pcre2_get_ovector_pointer(scratch->data)[1]};
    if (result > 0 && match.begin < match.end) {
      offset = match.end;
      return true;
    }
    for (++offset; offset < text.size() && (text[offset] & 0xC0) == 0x80;)
      ++offset;
  }
  return false;
}
