//===- TokenizerTest.cpp - on the demo model's tokenizer ------------------===//
#include "EdgeLLM/Runtime/Tokenizer.h"

#include "../Testing.h"
#include "EdgeLLM/Runtime/Utf8.h"

#include <random>

using namespace edgellm;
using edgellm::testing::errorOf;

namespace {

Tokenizer demoTokenizer(std::vector<uint32_t> prefix = {}) {
  MappedFile model(std::string(EDGELLM_DEMO_MODEL) + "/tokenizer.model");
  return Tokenizer(model.bytes(), "tokenizer.model", prefix);
}

/// Id of the byte-fallback piece of a byte: they follow the three controls.
uint32_t byteId(unsigned char byte) { return 3u + byte; }

class TokenizerTest : public ::testing::Test {
protected:
  /// What a stream gives, piece by piece; checks that each piece is whole and
  /// that the pieces are what decoding all ids at once gives.
  std::vector<std::string> stream(const std::vector<uint32_t> &ids) {
    TextStream stream(tokenizer);
    std::vector<std::string> pieces;
    for (uint32_t id : ids)
      pieces.push_back(stream.add(id));
    pieces.push_back(stream.finish());
    std::string joined;
    for (const std::string &piece : pieces) {
      EXPECT_EQ(findInvalidUtf8(piece), std::nullopt) << piece;
      joined += piece;
    }
    EXPECT_EQ(joined, tokenizer.decode(ids));
    return pieces;
  }

  Tokenizer tokenizer = demoTokenizer();
};

using Pieces = std::vector<std::string>;

TEST_F(TokenizerTest, EncodesAndDecodes) {
  EXPECT_EQ(tokenizer.size(), 2048u);
  std::string text = "In the beginning God created the heaven";
  EXPECT_EQ(tokenizer.decode(tokenizer.encode(text, "t")), text);
  EXPECT_TRUE(tokenizer.encode("", "t").empty());
}

TEST_F(TokenizerTest, PrependsThePrefix) {
  std::vector<uint32_t> plain = tokenizer.encode("Jonah", "t");
  std::vector<uint32_t> begun = demoTokenizer({1}).encode("Jonah", "t");
  ASSERT_EQ(begun.size(), plain.size() + 1);
  EXPECT_EQ(begun[0], 1u);
  EXPECT_EQ(demoTokenizer({1}).encode("", "t"), std::vector<uint32_t>{1});
}

TEST_F(TokenizerTest, ControlPiecesInTextAreText) {
  for (uint32_t id : tokenizer.encode("</s>", "t"))
    EXPECT_NE(id, 2u);
}

TEST_F(TokenizerTest, RefusesInvalidText) {
  EXPECT_EQ(errorOf([&] { tokenizer.encode("caf\xE9", "p.txt"); }),
            "p.txt: byte 3 (0xe9) is not valid UTF-8");
}

TEST_F(TokenizerTest, RefusesUnknownIds) {
  std::string expected =
      "token id 2048 is no piece of tokenizer.model, which has 2048";
  EXPECT_EQ(errorOf([&] { tokenizer.decode(std::array{2048u}); }), expected);
  EXPECT_EQ(errorOf([&] { TextStream(tokenizer).add(2048); }), expected);
  EXPECT_THROW(tokenizer.decode(std::array{0xFFFFFFFFu}), Error);
}

TEST_F(TokenizerTest, RefusesWhatIsNoModel) {
  for (std::string content : {"", "not a model", "\xFF\xFF\xFF\xFF"})
    EXPECT_NE(errorOf([&] {
                Tokenizer(std::as_bytes(std::span(content)), "t.model", {});
              }).find("t.model: not a SentencePiece model"),
              std::string::npos);
}

TEST_F(TokenizerTest, StreamsWords) {
  Pieces pieces = stream(tokenizer.encode("Hello world", "t"));
  EXPECT_EQ(pieces.front(), "H"); // no space at the front of the text
  EXPECT_EQ(pieces[pieces.size() - 2], " world");
}

TEST_F(TokenizerTest, StreamsCharactersWhenComplete) {
  EXPECT_EQ(stream({byteId(0xE6), byteId(0xBC), byteId(0xA2)}),
            (Pieces{"", "", "漢", ""}));
  EXPECT_EQ(stream({byteId('a'), byteId(0xF0), byteId(0x9F), byteId(0x98),
                    byteId(0x80), byteId('b')}),
            (Pieces{"a", "", "", "", "😀", "b", ""}));
}

TEST_F(TokenizerTest, UnfinishedCharactersAreReplaced) {
  EXPECT_EQ(stream({byteId(0xE6), byteId(0xBC)}),
            (Pieces{"", "", "\uFFFD\uFFFD"}));
  EXPECT_EQ(stream({byteId(0xE6), byteId('a')}), (Pieces{"", "\uFFFDa", ""}));
  EXPECT_EQ(stream({byteId(0xFF)}), (Pieces{"\uFFFD", ""}));
}

TEST_F(TokenizerTest, ControlPiecesAreSilent) {
  uint32_t word = tokenizer.encode("And", "t").at(0);
  EXPECT_EQ(stream({1, word, 2, word}), (Pieces{"", "And", "", " And", ""}));
}

TEST_F(TokenizerTest, AnyIdsStreamAsTheyDecode) {
  std::mt19937 engine(1);
  for (int round = 0; round < 300; ++round) {
    // Half of the rounds favour bytes, where the difficulties are.
    uint32_t limit = round % 2 ? tokenizer.size() : 300;
    std::vector<uint32_t> ids(40);
    for (uint32_t &id : ids)
      id = engine() % limit;
    stream(ids);
  }
}

TEST_F(TokenizerTest, TextsStreamAsTheyDecode) {
  for (const char *text :
       {"漢字 and 😀 é", "a  b\tc", " leading", "trailing ", "ﬁ①", "\n\n"})
    stream(tokenizer.encode(text, "t"));
}

} // namespace
