//===- CheckpointTokenizerTest.cpp - Tokenizers of checkpoint folders -----===//
#include "../Testing.h"
#include "TinyTokenizer.h"

using namespace edgellm;
using namespace edgellm::testing;
using nlohmann::json;

namespace {

using Ids = std::vector<uint32_t>;
using Place = Tokenizer::Place;
constexpr int kBos = 1;
constexpr uint32_t kPieces = 2048; // of the demo model's tokenizer

class CheckpointTokenizer : public ::testing::Test {
protected:
  void copySentencePiece() {
    std::filesystem::copy(std::string(EDGELLM_DEMO_MODEL) + "/tokenizer.model",
                          folder / "tokenizer.model");
  }
  void configure(const json &config) {
    writeFile(folder / "tokenizer_config.json", config.dump());
  }
  void writeJson(const json &file) {
    writeFile(folder / "tokenizer.json", file.dump());
  }
  TokenizerFile file() { return *readTokenizerFile(folder.path(), kBos); }
  Tokenizer load() {
    TokenizerFile read = file();
    return Tokenizer(std::as_bytes(std::span(read.content)), read.name,
                     read.prefix);
  }
  std::string error() {
    return errorOf([&] { readTokenizerFile(folder.path(), kBos); });
  }

  TemporaryFolder folder;
};

TEST_F(CheckpointTokenizer, MayBeAbsent) {
  EXPECT_FALSE(readTokenizerFile(folder.path(), kBos));
}

TEST_F(CheckpointTokenizer, ASentencePieceModelIsCopiedAsItIs) {
  copySentencePiece();
  writeJson({}); // is not looked at
  EXPECT_EQ(file().name, "tokenizer.model");
  EXPECT_EQ(file().content, readFile(folder / "tokenizer.model"));
  EXPECT_EQ(file().prefix, Ids{kBos});
  configure({{"add_bos_token", false}});
  EXPECT_EQ(file().prefix, Ids{});
  configure({{"add_bos_token", nullptr}});
  EXPECT_EQ(file().prefix, Ids{kBos});
  EXPECT_EQ(readTokenizerFile(folder.path(), -1)->prefix, Ids{});
}

TEST_F(CheckpointTokenizer, PartsThatContinueGetNoSpaceBefore) {
  copySentencePiece();
  Tokenizer tokenizer = load();
  Ids begins = tokenizer.encodePart("And he", Place::begins, "t");
  Ids continues = tokenizer.encodePart("And he", Place::continues, "t");
  EXPECT_NE(begins, continues);
  Ids word = tokenizer.encodePart("Lo", Place::begins, "t");
  continues.insert(continues.begin(), word.begin(), word.end());
  EXPECT_EQ(tokenizer.decode(continues), "LoAnd he");
  EXPECT_EQ(tokenizer.specialToken("</s>"), 2u);
  EXPECT_EQ(tokenizer.specialToken("<unk>"), std::nullopt);
  EXPECT_EQ(tokenizer.specialToken("nothing"), std::nullopt);
}

TEST_F(CheckpointTokenizer, ConfiguredTokensAreAddedToTheModel) {
  copySentencePiece();
  configure({{"added_tokens_decoder",
              {{"2", {{"content", "</s>"}}},
               {"2049", {{"content", "<|im_end|>"}}},
               {"2048", {{"content", "<|im_start|>"}}}}}});
  Tokenizer tokenizer = load();
  EXPECT_EQ(tokenizer.size(), kPieces + 2);
  EXPECT_EQ(tokenizer.specialToken("<|im_start|>"), kPieces);
  EXPECT_EQ(tokenizer.specialToken("<|im_end|>"), kPieces + 1);
  EXPECT_EQ(tokenizer.decode(Ids{kPieces, 1, kPieces + 1}), "");
  for (uint32_t id : tokenizer.encode("<|im_start|>", "t"))
    EXPECT_LT(id, kPieces); // in text it is text
}

TEST_F(CheckpointTokenizer, RefusesAddedTokensThatDisagree) {
  copySentencePiece();
  std::string model = (folder / "tokenizer.model").string();
  auto add = [&](const char *id, const char *content) {
    configure({{"added_tokens_decoder", {{id, {{"content", content}}}}}});
  };
  add("2049", "<a>");
  EXPECT_EQ(error(), model + ": has 2048 tokens with those added, so that "
                             "'<a>' cannot be token 2049");
  add("2", "<a>");
  EXPECT_EQ(error(),
            model + ": token 2 is '</s>', but '<a>' by tokenizer_config.json");
  add("two", "<a>");
  EXPECT_NE(error().find("added_tokens_decoder.two: id"), std::string::npos);
}

/// Its class adds tokens that no file names, and two of them to every text.
TEST_F(CheckpointTokenizer, ChatGlmsTokensFollowThePieces) {
  copySentencePiece();
  configure({{"tokenizer_class", "ChatGLMTokenizer"}});
  EXPECT_EQ(file().prefix, (Ids{kPieces + 1, kPieces + 3}));
  Tokenizer tokenizer = load();
  EXPECT_EQ(tokenizer.size(), kPieces + 9);
  EXPECT_EQ(tokenizer.specialToken("[gMASK]"), kPieces + 1);
  EXPECT_EQ(tokenizer.specialToken("sop"), kPieces + 3);
  EXPECT_EQ(tokenizer.specialToken("<|user|>"), kPieces + 6);
  Ids ids = tokenizer.encode("And", "t");
  EXPECT_EQ(ids[0], kPieces + 1);
  EXPECT_EQ(ids[1], kPieces + 3);
  EXPECT_EQ(tokenizer.decode(ids), "And");
  configure({{"tokenizer_class", "ChatGLMTokenizer"},
             {"added_tokens_decoder", {{"2049", {{"content", "sop"}}}}}});
  EXPECT_NE(error().find("token 2049 is 'sop', but '[gMASK]' for a "
                         "ChatGLMTokenizer"),
            std::string::npos);
}

TEST_F(CheckpointTokenizer, ATokenizerJsonSaysWhatGoesBefore) {
  json file = tinyTokenizer({}, {addedToken(256, "<s>")});
  writeJson(file);
  EXPECT_EQ(this->file().name, "tokenizer.json");
  EXPECT_EQ(this->file().prefix, Ids{});
  json sequence = {{"Sequence", {{"id", "A"}, {"type_id", 0}}}};
  json bos = {{"SpecialToken", {{"id", "<s>"}, {"type_id", 0}}}};
  json processor = {
      {"type", "TemplateProcessing"},
      {"single", {bos, sequence}},
      {"pair", json::array()},
      {"special_tokens", {{"<s>", {{"id", "<s>"}, {"ids", {256}}}}}}};
  file["post_processor"] = {{"type", "Sequence"},
                            {"processors", {gpt2PreTokenizer(), processor}}};
  writeJson(file);
  EXPECT_EQ(this->file().prefix, Ids{256});
  EXPECT_EQ(load().encode("a", "t"), (Ids{256, 'a'}));

  file["post_processor"]["processors"][1]["single"] = {sequence, bos};
  writeJson(file);
  EXPECT_NE(error().find("expected special tokens and then the text"),
            std::string::npos);
}

TEST_F(CheckpointTokenizer, RefusesATokenizerJsonItCannotFollow) {
  json file = tinyTokenizer();
  file["normalizer"] = {{"type", "Prepend"}};
  writeJson(file);
  EXPECT_NE(error().find("tokenizer.json: field 'normalizer.type': found "
                         "\"Prepend\""),
            std::string::npos);
}

} // namespace
