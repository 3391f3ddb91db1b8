//===- GGUFTokenizerTest.cpp - Tokenizers in GGUF files -------------------===//
#include "GGUFTokenizer.h"

#include "TestFiles.h"

using namespace edgellm;
using edgellm::testing::errorOf;
using nlohmann::json;

/// Two bytes' tokens, what they merge to, a special one and a filling one.
static json byteLevel() {
  return {{"tokenizer.ggml.model", "gpt2"},
          {"tokenizer.ggml.pre", "gpt-2"},
          {"tokenizer.ggml.tokens",
           {"a", "\u0120", "\u0120a", "<|end|>", "<tool>", "[PAD5]"}},
          {"tokenizer.ggml.token_type", {1u, 1u, 1u, 3u, 4u, 5u}},
          {"tokenizer.ggml.merges", {"\u0120 a"}},
          {"tokenizer.ggml.bos_token_id", 3u}};
}

static json sentencePiece() {
  return {{"tokenizer.ggml.model", "llama"},
          {"tokenizer.ggml.tokens", {"<unk>", "<s>", "\u2581a"}},
          {"tokenizer.ggml.scores", {0.0, 0.0, -1.5}},
          {"tokenizer.ggml.token_type", {2u, 3u, 1u}},
          {"tokenizer.ggml.bos_token_id", 1u}};
}

static TokenizerFile fileOf(const json &metadata) {
  return *makeGGUFTokenizer(metadata, "m.gguf")->file();
}

/// The Error that the metadata give when `change` has been set in them.
static std::string errorWith(json metadata, const json &change) {
  metadata.update(change);
  return errorOf([&] { fileOf(metadata); });
}

static std::string errorWithout(json metadata, const char *key) {
  metadata.erase(key);
  return errorOf([&] { fileOf(metadata); });
}

TEST(GGUFTokenizer, WritesByteLevelTokensAsTokenizerJson) {
  TokenizerFile file = fileOf(byteLevel());
  EXPECT_EQ(file.name, "tokenizer.json");
  EXPECT_TRUE(file.prefix.empty());
  json root = json::parse(file.content);
  EXPECT_EQ(root["model"]["type"], "BPE");
  EXPECT_EQ(root["model"]["vocab"],
            (json{{"a", 0}, {"\u0120", 1}, {"\u0120a", 2}}));
  EXPECT_EQ(root["model"]["merges"], json::array({"\u0120 a"}));
  EXPECT_EQ(root["model"]["ignore_merges"], false);
  EXPECT_EQ(root["normalizer"], nullptr);
  ASSERT_EQ(root["added_tokens"].size(), 2u);
  EXPECT_EQ(root["added_tokens"][0]["content"], "<|end|>");
  EXPECT_EQ(root["added_tokens"][0]["special"], true);
  EXPECT_EQ(root["added_tokens"][1]["id"], 4);
  EXPECT_EQ(root["added_tokens"][1]["special"], false);
  json parts = root["pre_tokenizer"]["pretokenizers"];
  EXPECT_EQ(parts[0]["pattern"]["Regex"],
            "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+"
            "|\\s+(?!\\S)|\\s+");
  EXPECT_EQ(parts[1]["use_regex"], false);
}

TEST(GGUFTokenizer, PreTokenizersDifferInMoreThanTheRegex) {
  auto rootOf = [](const char *pre) {
    json metadata = byteLevel();
    metadata["tokenizer.ggml.pre"] = pre;
    return json::parse(fileOf(metadata).content);
  };
  EXPECT_EQ(rootOf("llama-bpe")["model"]["ignore_merges"], true);
  EXPECT_EQ(rootOf("llama-bpe")["normalizer"], nullptr);
  EXPECT_EQ(rootOf("qwen2")["model"]["ignore_merges"], false);
  EXPECT_EQ(rootOf("qwen2")["normalizer"]["type"], "NFC");
  EXPECT_NE(rootOf("qwen2")["pre_tokenizer"],
            rootOf("llama-bpe")["pre_tokenizer"]);
  EXPECT_EQ(rootOf("chatglm-bpe")["pre_tokenizer"],
            rootOf("llama-bpe")["pre_tokenizer"]);
  EXPECT_EQ(errorWith(byteLevel(), {{"tokenizer.ggml.pre", "falcon"}}),
            "m.gguf: field 'tokenizer.ggml.pre': found \"falcon\", expected "
            "one of gpt-2, llama-bpe, llama3, llama-v3, qwen2, chatglm-bpe, "
            "glm4, tekken");
  EXPECT_EQ(errorWithout(byteLevel(), "tokenizer.ggml.pre"),
            "m.gguf: field 'tokenizer.ggml.pre' is missing");
}

TEST(GGUFTokenizer, TextsBeginWithTheBosTokenIfTheyDo) {
  using Prefix = std::vector<uint32_t>;
  auto prefixOf = [](json metadata, const json &change) {
    metadata.update(change);
    return fileOf(metadata).prefix;
  };
  json yes = {{"tokenizer.ggml.add_bos_token", true}};
  json no = {{"tokenizer.ggml.add_bos_token", false}};
  EXPECT_EQ(prefixOf(sentencePiece(), json::object()), Prefix{1});
  EXPECT_EQ(prefixOf(sentencePiece(), no), Prefix{});
  EXPECT_EQ(prefixOf(byteLevel(), yes), Prefix{3});
  EXPECT_EQ(prefixOf(byteLevel(), {{"tokenizer.ggml.pre", "llama-bpe"}}),
            Prefix{3});
  json none = byteLevel();
  none.erase("tokenizer.ggml.bos_token_id");
  EXPECT_EQ(prefixOf(none, yes), Prefix{});
}

TEST(GGUFTokenizer, MayBeAbsent) {
  auto hasFile = [](const json &metadata) {
    return makeGGUFTokenizer(metadata, "m.gguf")->file().has_value();
  };
  EXPECT_FALSE(hasFile(json::object()));
  EXPECT_FALSE(hasFile({{"tokenizer.ggml.model", "none"}}));
  EXPECT_EQ(errorWith(byteLevel(), {{"tokenizer.ggml.model", "t5"}}),
            "m.gguf: field 'tokenizer.ggml.model': found \"t5\", expected "
            "llama, gpt2 or none");
}

TEST(GGUFTokenizer, HandsOverTheChatTemplate) {
  auto scriptOf = [](const json &metadata) {
    return makeGGUFTokenizer(metadata, "m.gguf")->chatScript();
  };
  EXPECT_EQ(scriptOf(json::object()), "");
  EXPECT_EQ(scriptOf({{"tokenizer.chat_template", "{{ x }}\n"}}), "{{ x }}\n");
}

TEST(GGUFTokenizer, RefusesTokensThatDoNotFitTogether) {
  EXPECT_EQ(errorWith(byteLevel(), {{"tokenizer.ggml.token_type", {1u}}}),
            "m.gguf: field 'tokenizer.ggml.token_type' has 1 elements, "
            "'tokenizer.ggml.tokens' has 6");
  EXPECT_EQ(errorWith(byteLevel(), {{"tokenizer.ggml.token_type",
                                     {1u, 1u, 1u, 3u, 4u, 7u}}}),
            "m.gguf: field 'tokenizer.ggml.token_type': found 7, expected "
            "numbers from 1 to 6");
  EXPECT_EQ(errorWith(byteLevel(), {{"tokenizer.ggml.tokens",
                                     {"a", "a", "b", "c", "d", "e"}}}),
            "m.gguf: token 1 is the same as one before it");
  EXPECT_EQ(errorWith(byteLevel(), {{"tokenizer.ggml.tokens",
                                     {"a", "b", "c", 1u, "d", "e"}}}),
            "m.gguf: field 'tokenizer.ggml.tokens': found 1, expected strings");
  EXPECT_EQ(errorWith(byteLevel(), {{"tokenizer.ggml.merges", {1u}}}),
            "m.gguf: field 'tokenizer.ggml.merges': found 1, expected strings");
}

TEST(GGUFTokenizer, RefusesPiecesThatNoModelHas) {
  EXPECT_EQ(
      errorWith(sentencePiece(), {{"tokenizer.ggml.token_type", {1u, 3u, 1u}}}),
      "m.gguf: 0 tokens stand for the unknown, expected one");
  EXPECT_EQ(
      errorWith(sentencePiece(), {{"tokenizer.ggml.token_type", {2u, 3u, 6u}}}),
      "m.gguf: 1 tokens of single bytes, expected none or 256");
  EXPECT_EQ(errorWith(sentencePiece(),
                      {{"tokenizer.ggml.tokens", {"<unk>", "", "a"}}}),
            "m.gguf: token 1 is empty");
  EXPECT_EQ(errorWith(sentencePiece(),
                      {{"tokenizer.ggml.scores", {0.0, 0.0, 1e300}}}),
            "m.gguf: field 'tokenizer.ggml.scores': found 1e+300, expected "
            "finite numbers");
  EXPECT_EQ(errorWithout(sentencePiece(), "tokenizer.ggml.scores"),
            "m.gguf: field 'tokenizer.ggml.scores' is missing");
  EXPECT_EQ(errorWith(sentencePiece(),
                      {{"tokenizer.ggml.precompiled_charsmap", {1u}}}),
            "m.gguf: field 'tokenizer.ggml.precompiled_charsmap': texts that "
            "are normalised first are not supported");
}
