//===- SplitRegex.h - The patterns that split a text into words -*- C++ -*-===//
#ifndef EDGELLM_LIB_RUNTIME_SPLITREGEX_H
#define EDGELLM_LIB_RUNTIME_SPLITREGEX_H

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct pcre2_real_code_8;

namespace edgellm {

/// Steps that matching may take, so that no pattern on any text takes longer
/// than its length lets expect. Simple patterns take a few steps a byte.
struct MatchBudget {
  explicit MatchBudget(size_t textBytes)
      : steps((uint64_t(1) << 20) + 256 * uint64_t(textBytes)) {}
  uint64_t steps;
};

/// A regular expression of a tokenizer.json, which is written for Oniguruma.
///
/// Allowed is what Oniguruma and PCRE2 understand alike and what can be matched
/// within a budget: alternatives, classes without sets in them, groups (?:...)
/// and (?i:...), lookaround, quantifiers that may give back, \s \S \d \D \p{..}
/// \P{..} \r \n \t and punctuation after a backslash. Anything else is an
/// Error, which names it.
class SplitRegex {
public:
  /// `what` names the pattern in errors: file and field.
  SplitRegex(std::string_view pattern, const std::string &what);
  /// A pattern that stands for itself.
  static SplitRegex literal(std::string_view text, const std::string &what);
  ~SplitRegex();
  SplitRegex(SplitRegex &&) noexcept;

  struct Match {
    size_t begin, end; // offsets in the text, begin < end
  };

  /// Looks for matches in one text, which is valid UTF-8 and outlives it.
  class Search {
  public:
    Search(const SplitRegex &regex, std::string_view text, MatchBudget &budget);
    ~Search();
    /// The next match that is not empty. Returns false when there is none;
    /// throws Error when the budget is spent.
    bool next(Match &match);

  private:
    int matchAt(size_t offset);

    const SplitRegex &regex;
    std::string_view text;
    MatchBudget &budget;
    size_t offset = 0;
    struct Scratch;
    std::unique_ptr<Scratch> scratch;
  };

private:
  SplitRegex(std::string_view pattern, uint32_t options,
             const std::string &what);

  struct Free {
    void operator()(pcre2_real_code_8 *code) const;
  };
  std::unique_ptr<pcre2_real_code_8, Free> code;
  std::string what;
};

} // namespace edgellm

#endif // EDGELLM_LIB_RUNTIME_SPLITREGEX_H
