//===- ErrorTest.cpp ------------------------------------------------------===//
#include "../Testing.h"

using namespace edgellm;
using edgellm::testing::errorOf;

namespace {

TEST(Error, IsWhatWasStreamed) {
  EXPECT_EQ(errorOf([] { fail("f.json: ", 3, " bytes, expected ", 4); }),
            "f.json: 3 bytes, expected 4");
}

TEST(Error, IsOneLine) {
  EXPECT_EQ(errorOf([] { fail("tag 'a\nb\x7F", "c'\n"); }), "tag 'a b c'");
}

TEST(Error, LongOnesLoseTheirMiddle) {
  std::string fits(Error::kLongest, 'x');
  EXPECT_EQ(errorOf([&] { fail(fits); }), fits);
  std::string error = errorOf(
      [&] { fail("f: found ", std::string(100000, 'x'), ", expected y"); });
  EXPECT_LE(error.size(), Error::kLongest);
  EXPECT_TRUE(error.starts_with("f: found xxx")) << error;
  EXPECT_NE(error.find("xxx ... xxx"), error.npos) << error;
  EXPECT_TRUE(error.ends_with("xxx, expected y")) << error;
}

TEST(Error, IsNotCutWithinACharacter) {
  for (std::string prefix : {"", "a", "aa"}) {
    std::string text = prefix;
    for (int i = 0; i < 1000; ++i)
      text += "\xE2\x82\xAC";
    std::string error = errorOf([&] { fail(text); });
    size_t gap = error.find(" ... ");
    EXPECT_EQ((gap - prefix.size()) % 3, 0u) << error;
    EXPECT_EQ((error.size() - gap - 5) % 3, 0u) << error;
  }
}

TEST(OneLine, KeepsOtherCharacters) {
  EXPECT_EQ(oneLine("a\x01"
                    "b\x7F\xC3\xA9\r\n"),
            "a b \xC3\xA9");
}

} // namespace
