//===- Utf8Test.cpp -------------------------------------------------------===//
#include "EdgeLLM/Runtime/Utf8.h"

#include "../Testing.h"

using namespace edgellm;
using edgellm::testing::errorOf;

namespace {

TEST(Utf8, AcceptsWellFormedText) {
  for (const char *text : {"", "abc", "é", "漢字", "😀", "\x7F", "\xED\x9F\xBF",
                           "\xEE\x80\x80", "\xF4\x8F\xBF\xBF"})
    EXPECT_EQ(findInvalidUtf8(text), std::nullopt) << text;
}

TEST(Utf8, FindsTheFirstBadByte) {
  EXPECT_EQ(findInvalidUtf8("ab\xFF"), 2u);
  EXPECT_EQ(findInvalidUtf8("\x80"), 0u);             // continuation alone
  EXPECT_EQ(findInvalidUtf8("é\xC3"), 2u);            // cut short
  EXPECT_EQ(findInvalidUtf8("\xE6\xBC"), 0u);         // cut short
  EXPECT_EQ(findInvalidUtf8("\xE6\xBC-"), 0u);        // interrupted
  EXPECT_EQ(findInvalidUtf8("\xC0\x80"), 0u);         // overlong
  EXPECT_EQ(findInvalidUtf8("\xE0\x80\x80"), 0u);     // overlong
  EXPECT_EQ(findInvalidUtf8("\xED\xA0\x80"), 0u);     // surrogate
  EXPECT_EQ(findInvalidUtf8("\xF4\x90\x80\x80"), 0u); // past U+10FFFF
  EXPECT_EQ(findInvalidUtf8("\xF5\x80\x80\x80"), 0u);
}

TEST(Utf8, ErrorsNameTheByte) {
  EXPECT_EQ(errorOf([] { requireUtf8("caf\xE9!", "--prompt"); }),
            "--prompt: byte 3 (0xe9) is not valid UTF-8");
}

TEST(Utf8, KnowsUnfinishedCharacters) {
  for (const char *bytes : {"\xC3", "a\xE6", "\xE6\xBC", "\xF0\x9F\x98"})
    EXPECT_TRUE(endsInsideCharacter(bytes)) << bytes;
  for (const char *bytes : {"", "a", "é", "漢", "😀", "\x80", "\xFF",
                            "\x80\x80\x80\x80", "\xE0\x80", "\xC3\xA9\xA9"})
    EXPECT_FALSE(endsInsideCharacter(bytes)) << bytes;
}

TEST(Utf8, CountsCharacters) { EXPECT_EQ(countCharacters("aé漢😀"), 4u); }

} // namespace
