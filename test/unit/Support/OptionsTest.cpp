//===- OptionsTest.cpp ----------------------------------------------------===//
#include "EdgeLLM/Support/Options.h"

#include "../Testing.h"

using namespace edgellm;
using edgellm::testing::errorOf;

namespace {

/// A small tool's command line.
class OptionsTest : public ::testing::Test {
protected:
  Request parse(std::vector<const char *> arguments) {
    return parseArguments(line, arguments);
  }
  std::string errorFor(std::vector<const char *> arguments) {
    return errorOf([&] { parse(arguments); });
  }

  std::string package;
  std::optional<std::string> prompt;
  std::optional<uint64_t> count;
  std::optional<double> temperature;
  bool json = false;
  CommandLine line{"tool",
                   "Does something.",
                   {{"tool x.pkg -n 3", "three of it"}},
                   {{"PKG", "a folder", &package}},
                   {{"--prompt", "TEXT", "a text", Text{&prompt}},
                    {"-n", "N", "how many", Integer{&count, 1, 100}},
                    {"--temperature", "T", "heat", Real{&temperature, 0, 2}},
                    {"--json", "", "as JSON", Flag{&json}}}};
};

TEST_F(OptionsTest, ReadsBothForms) {
  EXPECT_EQ(parse({"a.pkg", "--prompt=x=y", "-n", "7", "--temperature=0.5",
                   "--json"}),
            Request::Run);
  EXPECT_EQ(package, "a.pkg");
  EXPECT_EQ(prompt, "x=y");
  EXPECT_EQ(count, 7u);
  EXPECT_EQ(temperature, 0.5);
  EXPECT_TRUE(json);
}

TEST_F(OptionsTest, WhatIsNotGivenStaysEmpty) {
  parse({"a.pkg"});
  EXPECT_FALSE(prompt || count || temperature || json);
}

TEST_F(OptionsTest, AValueMayBeEmptyOrLookLikeAnOption) {
  parse({"a.pkg", "--prompt=", "-n=1"});
  EXPECT_EQ(prompt, "");
  parse({"a.pkg", "--prompt", "--json"});
  EXPECT_EQ(prompt, "--json");
  EXPECT_FALSE(json);
}

TEST_F(OptionsTest, DashDashEndsOptions) {
  parse({"--json", "--", "--prompt"});
  EXPECT_EQ(package, "--prompt");
}

TEST_F(OptionsTest, HelpAndVersionWin) {
  EXPECT_EQ(parse({"--nonsense", "--help"}), Request::Help);
  EXPECT_EQ(parse({"-h"}), Request::Help);
  EXPECT_EQ(parse({"--version"}), Request::Version);
}

TEST_F(OptionsTest, UnknownOptionsSuggest) {
  EXPECT_EQ(errorFor({"a", "--promt=x"}),
            "unknown option '--promt', did you mean '--prompt'?");
  EXPECT_EQ(errorFor({"a", "--temp"}),
            "unknown option '--temp', did you mean '--temperature'?");
  EXPECT_EQ(errorFor({"a", "--frobnicate"}),
            "unknown option '--frobnicate'; tool --help lists them");
}

TEST_F(OptionsTest, RefusesWrongUse) {
  EXPECT_EQ(errorFor({}), "PKG is missing; tool --help shows examples");
  EXPECT_EQ(errorFor({"a", "b"}), "unexpected argument 'b'; tool takes 1 "
                                  "argument besides its options");
  EXPECT_EQ(errorFor({"a", "--json", "--json"}), "--json is given twice");
  EXPECT_EQ(errorFor({"a", "--json=1"}), "--json takes no value, found '1'");
  EXPECT_EQ(errorFor({"a", "-n"}), "-n needs a value: -n N");
}

TEST_F(OptionsTest, RefusesValuesOutOfRange) {
  for (const char *value : {"0", "101", "x", "3x", "-1", "", "1.5", "+1",
                            "99999999999999999999999"})
    EXPECT_EQ(errorFor({"a", "-n", value}),
              "-n: found '" + std::string(value) +
                  "', expected an integer from 1 to 100");
  for (const char *value : {"-0.1", "2.1", "nan", "inf", "one", ""})
    EXPECT_EQ(errorFor({"a", "--temperature", value}),
              "--temperature: found '" + std::string(value) +
                  "', expected a number from 0 to 2");
}

TEST_F(OptionsTest, HelpTeachesByExample) {
  std::string help = helpText(line);
  EXPECT_NE(help.find("Usage: tool PKG [options]\n"), help.npos) << help;
  EXPECT_NE(help.find("  tool x.pkg -n 3\n      three of it\n"), help.npos);
  EXPECT_NE(help.find("  --prompt TEXT         a text\n"), help.npos) << help;
  EXPECT_LT(help.find("Examples:"), help.find("Options:"));
}

TEST_F(OptionsTest, HelpFitsATerminal) {
  std::string words;
  for (int i = 0; i < 60; ++i)
    words += "word ";
  line.options[0].help = words;
  std::string help = helpText(line);
  for (size_t begin = 0; begin < help.size();) {
    size_t end = help.find('\n', begin);
    EXPECT_LE(end - begin, 80u) << help.substr(begin, end - begin);
    begin = end + 1;
  }
}

} // namespace
