//===- PreTokenizerTest.cpp - Texts as words ------------------------------===//
#include "PreTokenizer.h"

#include "../Testing.h"
#include "TinyTokenizer.h"

using namespace edgellm;
using namespace edgellm::testing;
using nlohmann::json;

namespace {

using Words = std::vector<std::string>;

Words splitBy(const json &preTokenizer, std::string_view text) {
  json file = {{"pre_tokenizer", preTokenizer}};
  JsonObject top(file, "t.json");
  PreTokenizer reader(top, "t.json");
  Words words;
  MatchBudget budget(text.size());
  reader.split(text, budget,
               [&](std::string_view word) { words.emplace_back(word); });
  return words;
}

std::string errorBy(const json &preTokenizer, std::string_view text = "x") {
  return errorOf([&] { splitBy(preTokenizer, text); });
}

constexpr const char *kText = "I've 12345 cats\n\n  x";
constexpr const char *kSigns = "don'T stop!!!\r\n\t(a_b) é漢字3٣ 。";

TEST(PreTokenizer, SplitsAsGpt2Does) {
  json gpt2 = gpt2PreTokenizer();
  EXPECT_EQ(splitBy(gpt2, kText),
            (Words{"I", "'ve", " 12345", " cats", "\n\n ", " x"}));
  EXPECT_EQ(splitBy(gpt2, kSigns),
            (Words{"don", "'", "T", " stop", "!!!", "\r\n", "\t", "(", "a", "_",
                   "b", ")", " é漢字", "3٣", " 。"}));
  EXPECT_EQ(splitBy(gpt2, "   "), Words{"   "});
  EXPECT_EQ(splitBy(gpt2, ""), Words{});
}

TEST(PreTokenizer, SplitsAsLlama3Does) {
  json llama3 = splitPreTokenizer(kLlama3Pattern);
  EXPECT_EQ(splitBy(llama3, kText),
            (Words{"I", "'ve", " ", "123", "45", " cats", "\n\n", " ", " x"}));
  EXPECT_EQ(splitBy(llama3, kSigns),
            (Words{"don", "'T", " stop", "!!!\r\n", "\t", "(a", "_b", ")",
                   " é漢字", "3٣", " 。"}));
}

TEST(PreTokenizer, SplitsAsQwen2Does) {
  json qwen2 = splitPreTokenizer(kQwen2Pattern);
  EXPECT_EQ(splitBy(qwen2, kText), (Words{"I", "'ve", " ", "1", "2", "3", "4",
                                          "5", " cats", "\n\n", " ", " x"}));
}

/// PCRE2's own \s has U+180E, which Unicode took out of White_Space.
TEST(PreTokenizer, WhiteSpaceIsUnicodes) {
  json pattern = splitPreTokenizer("\\s");
  EXPECT_EQ(splitBy(pattern, "a\u00A0b\u3000c\u180Ed"),
            (Words{"a", "\u00A0", "b", "\u3000", "c\u180Ed"}));
}

TEST(PreTokenizer, AddsASpaceBeforeATextWithoutOne) {
  json spaced = gpt2PreTokenizer(true);
  EXPECT_EQ(splitBy(spaced, "a b"), (Words{" a", " b"}));
  EXPECT_EQ(splitBy(spaced, " a"), (Words{" a"}));
  EXPECT_EQ(splitBy(spaced, "\ta"), (Words{" ", "\t", "a"}));
}

TEST(PreTokenizer, SplitsOffDigits) {
  json digits = {{"type", "Digits"}, {"individual_digits", true}};
  json steps = {{"type", "Sequence"},
                {"pretokenizers", {digits, gpt2PreTokenizer()}}};
  EXPECT_EQ(splitBy(steps, "a 12b"), (Words{"a", " ", "1", "2", "b"}));
  steps["pretokenizers"][0]["individual_digits"] = false;
  EXPECT_EQ(splitBy(steps, "a 12b"), (Words{"a", " ", "12", "b"}));
}

TEST(PreTokenizer, DropsWhatIsRemoved) {
  json steps = splitPreTokenizer("[a-z]+");
  json &split = steps["pretokenizers"][0];
  EXPECT_EQ(splitBy(steps, "1ab2"), (Words{"1", "ab", "2"}));
  split["behavior"] = "Removed";
  EXPECT_EQ(splitBy(steps, "1ab2"), (Words{"1", "2"}));
  split["invert"] = true;
  EXPECT_EQ(splitBy(steps, "1ab2"), (Words{"ab"}));
}

TEST(PreTokenizer, LiteralPatternsAreNoRegexes) {
  json steps = splitPreTokenizer("");
  steps["pretokenizers"][0]["pattern"] = {{"String", ".+"}};
  EXPECT_EQ(splitBy(steps, "a.+b"), (Words{"a", ".+", "b"}));
}

TEST(PreTokenizer, RefusesOtherSteps) {
  EXPECT_EQ(errorBy(nullptr), "t.json: field 'pre_tokenizer': found null, "
                              "expected ByteLevel or a Sequence with it");
  EXPECT_EQ(errorBy({{"type", "Metaspace"}}),
            "t.json: field 'pre_tokenizer.type': found \"Metaspace\", expected "
            "Split, Digits, ByteLevel or Sequence");
  json steps = splitPreTokenizer("a");
  steps["pretokenizers"].push_back(gpt2PreTokenizer());
  EXPECT_EQ(errorBy(steps),
            "t.json: field 'pre_tokenizer.pretokenizers[2].type': found "
            "\"ByteLevel\", expected nothing after ByteLevel");
  steps["pretokenizers"] = {steps["pretokenizers"][0]};
  EXPECT_NE(errorBy(steps).find("expected ByteLevel as the last step"),
            std::string::npos);
  steps["pretokenizers"][0]["behavior"] = "MergedWithNext";
  EXPECT_NE(errorBy(steps).find(".behavior': found \"MergedWithNext\", "
                                "expected Isolated or Removed"),
            std::string::npos);
}

/// What Oniguruma and PCRE2 would read differently, or cannot be bounded.
TEST(PreTokenizer, RefusesOtherPatterns) {
  struct Case {
    const char *pattern, *part;
  };
  for (const Case &c : std::initializer_list<Case>{
           {R"(\h)", R"('\h' at byte 0)"},
           {R"(a\w)", R"('\w' at byte 1)"},
           {R"((a)\1)", R"('\1' at byte 3)"},
           {R"(\p{^L})", R"('\p{^L}' at byte 0)"},
           {"[a[b]]", "'[ in a class' at byte 2"},
           {"[a&&b]", "'&& in a class' at byte 2"},
           {"[]a]", "'[]' at byte 1"},
           {"^a", "'^' at byte 0"},
           {"a$", "'$' at byte 1"},
           {"a*+", "'possessive +' at byte 2"},
           {"(?:a*)?+", "'possessive +' at byte 6"},
           {"a(?=b*)", "'a repetition in lookaround' at byte 5"},
           {"a{1,256}", "'more than 255 repetitions' at byte 6"},
           {"a{b}", "'{ without a number' at byte 2"},
           {"(?:a){2}", "'{ after a group' at byte 5"},
           {"(?>a)", "'(?>a' at byte 0"},
           {"(*ACCEPT)", "'(*' at byte 0"}}) {
    EXPECT_EQ(errorBy(splitPreTokenizer(c.pattern)),
              "t.json: field 'pre_tokenizer.pretokenizers[0].pattern.Regex': " +
                  std::string(c.part) + " of the pattern is not supported");
  }
  EXPECT_NE(errorBy(splitPreTokenizer("(a")).find("not a pattern: missing"),
            std::string::npos);
  EXPECT_NE(errorBy(splitPreTokenizer("\\p{Klingon}")).find("not a pattern: "),
            std::string::npos);
}

TEST(PreTokenizer, HostilePatternsEndInAnError) {
  std::string text(100000, 'a');
  for (const char *pattern : {"(?:a|a)*b", "a*b|a", "(?:a*)*b", "(a+)+b|a"}) {
    std::string error = errorBy(splitPreTokenizer(pattern), text);
    EXPECT_TRUE(error.find("takes too many steps on a text of 100000 bytes") !=
                    error.npos ||
                error.find("heap limit") != error.npos)
        << error;
  }
}

TEST(PreTokenizer, LongRunsTakeNoLongerThanTheirLength) {
  for (const char *pattern : {kLlama3Pattern, kQwen2Pattern})
    for (char c : {' ', 'a', '1', '!', '\n'}) {
      std::string text = "x" + std::string(1000000, c) + "x";
      std::string joined;
      for (const std::string &word : splitBy(splitPreTokenizer(pattern), text))
        joined += word;
      EXPECT_EQ(joined, text);
    }
}

} // namespace
