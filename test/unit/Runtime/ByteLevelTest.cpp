//===- ByteLevelTest.cpp - Tokenizers of tokenizer.json files -------------===//
#include "../Testing.h"
#include "TinyTokenizer.h"

#include "EdgeLLM/Runtime/Utf8.h"

#include <random>

using namespace edgellm;
using namespace edgellm::testing;
using nlohmann::json;

namespace {

using Ids = std::vector<uint32_t>;
using Pieces = std::vector<std::string>;
using Place = Tokenizer::Place;

/// Tokens 256 to 260: "he", "ll", "hell", "hello", " w".
json helloTokenizer(json added = json::array()) {
  return tinyTokenizer(
      {{"h", "e"}, {"l", "l"}, {"he", "ll"}, {"hell", "o"}, {" ", "w"}},
      std::move(added));
}

Ids encode(const json &file, std::string_view text) {
  return readTokenizer(file).encode(text, "t");
}

/// The error of a file in which one field is replaced.
std::string errorWith(const char *field, const json &value,
                      json file = helloTokenizer()) {
  file[json::json_pointer(field)] = value;
  return errorOf([&] { readTokenizer(file); });
}

//===----------------------------------------------------------------------===//
// Words
//===----------------------------------------------------------------------===//

TEST(ByteLevel, EncodesAndDecodes) {
  Tokenizer tokenizer = readTokenizer(helloTokenizer());
  EXPECT_EQ(tokenizer.size(), 261u);
  Ids ids = tokenizer.encode("hello world", "t");
  EXPECT_EQ(ids, (Ids{259, 260, 'o', 'r', 'l', 'd'}));
  EXPECT_EQ(tokenizer.decode(ids), "hello world");
  EXPECT_EQ(tokenizer.encode("", "t"), Ids{});
}

TEST(ByteLevel, PrependsThePrefixToWholeTexts) {
  json file = helloTokenizer({addedToken(261, "<s>")});
  Tokenizer tokenizer = readTokenizer(file, {261});
  EXPECT_EQ(tokenizer.encode("hello", "t"), (Ids{261, 259}));
  EXPECT_EQ(tokenizer.encodePart("hello", Place::begins, "t"), (Ids{259}));
  EXPECT_EQ(errorOf([&] { readTokenizer(file, {262}); }),
            "t.json: texts begin with token 262, but there are 262");
}

TEST(ByteLevel, MergesComeInTwoForms) {
  json file = helloTokenizer();
  for (json &merge : file["model"]["merges"]) {
    std::string text = merge;
    size_t space = text.find(' ');
    merge = {text.substr(0, space), text.substr(space + 1)};
  }
  EXPECT_EQ(encode(file, "hello"), (Ids{259}));
}

/// "lo" is a token that no merge makes.
TEST(ByteLevel, WholeWordsComeFirstWhenMergesAreIgnored) {
  json file = helloTokenizer();
  file["model"]["vocab"]["lo"] = 261;
  EXPECT_EQ(encode(file, "lo"), (Ids{'l', 'o'}));
  file["model"]["ignore_merges"] = true;
  EXPECT_EQ(encode(file, "lo"), (Ids{261}));
  EXPECT_EQ(encode(file, "lot"), (Ids{'l', 'o', 't'}));
}

TEST(ByteLevel, ComposesCharactersWhenAsked) {
  json file = helloTokenizer();
  Ids apart = {'e', 0xCC, 0x81}, composed = {0xC3, 0xA9};
  EXPECT_EQ(encode(file, "e\u0301"), apart);
  for (json normalizer :
       {json{{"type", "NFC"}},
        json{{"type", "Sequence"}, {"normalizers", {{{"type", "NFC"}}}}}}) {
    file["normalizer"] = normalizer;
    EXPECT_EQ(encode(file, "e\u0301"), composed);
    EXPECT_EQ(encode(file, "\u00E9"), composed);
    EXPECT_EQ(encode(file, "hello"), (Ids{259}));
  }
}

TEST(ByteLevel, RefusesMoreMarksThanCanBeSorted) {
  json file = helloTokenizer();
  file["normalizer"] = {{"type", "NFC"}};
  auto marks = [](size_t count) {
    std::string text = "e";
    while (count-- > 0)
      text += "\u0316";
    return text;
  };
  EXPECT_EQ(encode(file, marks(256)).size(), 513u);
  EXPECT_EQ(errorOf([&] { encode(file, marks(257)); }),
            "t: more than 256 combining marks in a row at byte 513 of a text "
            "of 515");
}

TEST(ByteLevel, RefusesInvalidText) {
  EXPECT_EQ(errorOf([&] { encode(helloTokenizer(), "caf\xE9"); }),
            "t: byte 3 (0xe9) is not valid UTF-8");
}

//===----------------------------------------------------------------------===//
// Added tokens
//===----------------------------------------------------------------------===//

TEST(ByteLevel, FindsAddedTokensInWholeTexts) {
  json file = helloTokenizer({addedToken(261, "<a>"), addedToken(262, "<a><b>"),
                              addedToken(263, "<tool>", false)});
  Tokenizer tokenizer = readTokenizer(file);
  EXPECT_EQ(tokenizer.encode("<a>hello<a>", "t"), (Ids{261, 259, 261}));
  EXPECT_EQ(tokenizer.encode("<a><b><a><", "t"), (Ids{262, 261, '<'}));
  EXPECT_EQ(tokenizer.encode("<tool>", "t"), (Ids{263}));
}

TEST(ByteLevel, PartsOfTextsForgeNoSpecialToken) {
  json file = helloTokenizer(
      {addedToken(261, "<a>"), addedToken(262, "<tool>", false)});
  Tokenizer tokenizer = readTokenizer(file);
  EXPECT_EQ(tokenizer.encodePart("<a>", Place::begins, "t"),
            (Ids{'<', 'a', '>'}));
  EXPECT_EQ(tokenizer.encodePart("<tool>", Place::begins, "t"), (Ids{262}));
  EXPECT_EQ(tokenizer.specialToken("<a>"), 261u);
  EXPECT_EQ(tokenizer.specialToken("<tool>"), std::nullopt);
  EXPECT_EQ(tokenizer.specialToken("hello"), std::nullopt);
}

TEST(ByteLevel, AddedTokensTakeWhiteSpace) {
  json mask = addedToken(261, "<m>");
  mask["lstrip"] = true;
  EXPECT_EQ(encode(helloTokenizer({mask}), "a \u3000<m> b"),
            (Ids{'a', 261, ' ', 'b'}));
  mask["lstrip"] = false;
  mask["rstrip"] = true;
  EXPECT_EQ(encode(helloTokenizer({mask}), "a <m>\n\u3000<m> b"),
            (Ids{'a', ' ', 261, 261, 'b'}));
}

TEST(ByteLevel, NormalizedTokensAreFoundInNormalizedText) {
  json token = addedToken(261, "\u00E9\u00E9");
  json file = helloTokenizer({token});
  file["normalizer"] = {{"type", "NFC"}};
  std::string apart = "e\u0301e\u0301";
  EXPECT_EQ(encode(file, apart), (Ids{0xC3, 0xA9, 0xC3, 0xA9}));
  file["added_tokens"][0]["normalized"] = true;
  EXPECT_EQ(encode(file, apart), (Ids{261}));
}

TEST(ByteLevel, AddedTokensMayBeInTheVocabulary) {
  json file = helloTokenizer({addedToken(259, "hello")});
  EXPECT_EQ(encode(file, "ohello"), (Ids{'o', 259}));
  EXPECT_EQ(readTokenizer(file).decode(std::array{259u, 'o' + 0u}), "o");
}

TEST(ByteLevel, RefusesAddedTokensThatDisagree) {
  auto error = [](json token) {
    return errorOf([&] { readTokenizer(helloTokenizer({token})); });
  };
  EXPECT_EQ(error(addedToken(300, "hello")),
            "t.json: field 'added_tokens[0].id': found 300, expected 259, its "
            "id in vocab");
  EXPECT_EQ(error(addedToken(259, "<a>")),
            "t.json: field 'added_tokens[0].id': found 259, expected an id "
            "that no token of vocab has");
  EXPECT_EQ(error(addedToken(300, "")),
            "t.json: field 'added_tokens[0].content': found \"\", expected a "
            "string of 1 to 256 bytes");
  json word = addedToken(300, "<a>");
  word["single_word"] = true;
  EXPECT_EQ(error(word), "t.json: field 'added_tokens[0].single_word': found "
                         "true, expected false");
  EXPECT_EQ(errorOf([&] {
              readTokenizer(helloTokenizer(
                  {addedToken(300, "<a>"), addedToken(301, "<a>")}));
            }),
            "t.json: field 'added_tokens': token 301 is written like another");
}

//===----------------------------------------------------------------------===//
// Decoding
//===----------------------------------------------------------------------===//

/// What a stream gives, piece by piece; checks that each piece is whole and
/// that the pieces are what decoding all ids at once gives.
Pieces stream(const Tokenizer &tokenizer, const Ids &ids) {
  TextStream stream(tokenizer);
  Pieces pieces;
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

/// Token 256 ends inside of a character, 257 in the next one.
TEST(ByteLevel, CharactersAppearWhenComplete) {
  Tokenizer tokenizer =
      readTokenizer(tinyTokenizer({{"a", "\xE6"}, {"\xA2", "\xF0"}}));
  EXPECT_EQ(stream(tokenizer, {256, 0xBC, 257, 0x9F, 0x98, 0x80, 'b'}),
            (Pieces{"a", "", "漢", "", "", "😀", "b", ""}));
}

TEST(ByteLevel, WhatIsNoCharacterIsReplaced) {
  Tokenizer tokenizer = readTokenizer(tinyTokenizer());
  EXPECT_EQ(stream(tokenizer, {0xE6, 0xBC}), (Pieces{"", "", "\uFFFD"}));
  EXPECT_EQ(stream(tokenizer, {0xE6, 'a'}), (Pieces{"", "\uFFFDa", ""}));
  EXPECT_EQ(stream(tokenizer, {0xFF, 0x80}), (Pieces{"\uFFFD", "\uFFFD", ""}));
}

TEST(ByteLevel, SpecialTokensAreSilent) {
  Tokenizer tokenizer = readTokenizer(
      helloTokenizer({addedToken(261, "<a>"), addedToken(262, "<t>", false)}));
  EXPECT_EQ(stream(tokenizer, {261, 259, 262}),
            (Pieces{"", "hello", "<t>", ""}));
}

TEST(ByteLevel, AnyIdsStreamAsTheyDecode) {
  Tokenizer tokenizer = readTokenizer(helloTokenizer());
  std::mt19937 engine(1);
  for (int round = 0; round < 300; ++round) {
    Ids ids(40);
    for (uint32_t &id : ids)
      id = engine() % 4 ? 0x80 + engine() % 0x80 : engine() % tokenizer.size();
    stream(tokenizer, ids);
  }
}

TEST(ByteLevel, RefusesUnknownIds) {
  Tokenizer tokenizer = readTokenizer(helloTokenizer({addedToken(270, "<a>")}));
  EXPECT_EQ(errorOf([&] { tokenizer.decode(std::array{265u}); }),
            "token id 265 is no token of t.json, whose ids end at 270");
  EXPECT_THROW(tokenizer.decode(std::array{0xFFFFFFFFu}), Error);
}

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

TEST(ByteLevel, OldFilesSayLess) {
  json file = helloTokenizer();
  for (const char *key : {"version", "truncation", "padding", "added_tokens",
                          "normalizer", "post_processor"})
    file.erase(key);
  for (const char *key : {"type", "ignore_merges", "byte_fallback"})
    file["model"].erase(key);
  file["model"]["unk_token"] = "<|endoftext|>"; // nothing is unknown
  EXPECT_EQ(encode(file, "hello"), (Ids{259}));
}

TEST(ByteLevel, RefusesWhatItDoesNotSupport) {
  EXPECT_EQ(errorWith("/model/type", "Unigram"),
            "t.json: field 'model.type': found \"Unigram\", expected \"BPE\"");
  EXPECT_EQ(errorWith("/model/dropout", 0.1),
            "t.json: field 'model.dropout': found 0.1, expected 0.0");
  EXPECT_EQ(errorWith("/model/end_of_word_suffix", "</w>"),
            "t.json: field 'model.end_of_word_suffix': found \"</w>\", "
            "expected \"\"");
  EXPECT_EQ(errorWith("/normalizer", {{"type", "Lowercase"}}),
            "t.json: field 'normalizer.type': found \"Lowercase\", expected "
            "NFC or a Sequence of NFC");
  EXPECT_EQ(errorWith("/decoder", {{"type", "Metaspace"}}),
            "t.json: field 'decoder': found {\"type\":\"Metaspace\"}, expected "
            "type ByteLevel");
  EXPECT_EQ(errorWith("/truncation", {{"max_length", 8}}),
            "t.json: field 'truncation': found {\"max_length\":8}, expected "
            "null");
  EXPECT_EQ(errorWith("/post_processor", {{"type", "RobertaProcessing"}}),
            "t.json: field 'post_processor.type': found \"RobertaProcessing\", "
            "expected TemplateProcessing, ByteLevel or Sequence");
  EXPECT_EQ(errorWith("/surplus", 1), "t.json: field \"surplus\" is unknown");
}

TEST(ByteLevel, RefusesVocabulariesThatDisagree) {
  EXPECT_EQ(errorWith("/model/vocab/x y", -1),
            "t.json: field 'model.vocab': found \"x y\": -1, expected a token "
            "and its id from 0 to 2097151");
  EXPECT_EQ(errorWith("/model/vocab/xx", 97),
            "t.json: field 'model.vocab': found {\"xx\":97}, expected each "
            "token and each id once");
  EXPECT_EQ(errorWith("/model/vocab", {{"a", 0}}),
            "t.json: field 'model.vocab': found 1, expected a token for every "
            "byte, also for \u0100");
  EXPECT_EQ(errorWith("/model/vocab", 3),
            "t.json: field 'model.vocab': found 3, expected an object of "
            "tokens and their ids");
  EXPECT_EQ(errorWith("/model/merges/0", "a b c"),
            "t.json: field 'model.merges': found \"a b c\" as merge 0, "
            "expected \"a b\" or [\"a\", \"b\"]");
  EXPECT_EQ(errorWith("/model/merges/0", {"a"}),
            "t.json: field 'model.merges': found [] as merge 1, expected \"a "
            "b\" or [\"a\", \"b\"]");
  EXPECT_EQ(errorWith("/model/merges/0", "h o"),
            "t.json: field 'model.merges': found [\"h\",\"o\"], expected two "
            "tokens of vocab that together are a third");
  EXPECT_EQ(errorWith("/model/merges/4", "h e"),
            "t.json: field 'model.merges': found [\"h\",\"e\"], expected each "
            "pair once");
}

TEST(ByteLevel, RefusesWhatIsNoJson) {
  auto error = [](std::string text) {
    return errorOf(
        [&] { Tokenizer(std::as_bytes(std::span(text)), "t.json", {}); });
  };
  EXPECT_NE(error("{\"model\": ").find("t.json: not JSON: "),
            std::string::npos);
  EXPECT_NE(error("{\"a\": \"\xFF\"}").find("t.json: not JSON: "),
            std::string::npos);
  EXPECT_EQ(error("{\"a\": 1, \"a\": 2}"),
            "t.json: field \"a\" stands twice in one object");
  EXPECT_EQ(error("{}"), "t.json: field 'model' is missing");
  std::string deep = "{\"a\":";
  EXPECT_EQ(error(deep + std::string(100, '[')),
            "t.json: JSON nests deeper than 64 levels");
}

} // namespace
