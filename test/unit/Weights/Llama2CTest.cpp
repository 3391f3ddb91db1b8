//===- Llama2CTest.cpp - Good and hostile llama2.c files ------------------===//
#include "EdgeLLM/Weights/Llama2C.h"

#include "EdgeLLM/Weights/Checkpoint.h"
#include "TestFiles.h"

#include <numeric>

using namespace edgellm;
using edgellm::testing::bytesOf;
using edgellm::testing::errorOf;

static constexpr int32_t kMagic = 0x616B3432;

/// Sizes of a small model: two heads of 4 channels share one KV head.
struct Sizes {
  int32_t hidden = 8, intermediate = 12, layers = 2, heads = 2, kvHeads = 1,
          vocabulary = 5, context = 6;

  std::string bytes() const {
    return bytesOf<int32_t>(
        {hidden, intermediate, layers, heads, kvHeads, vocabulary, context});
  }
};

/// Numbers 0, 1, 2, ... so that a tensor's first one says where it lies.
static std::string numbers(size_t count) {
  std::vector<float> values(count);
  std::iota(values.begin(), values.end(), 0.0f);
  return bytesOf(values);
}

static std::string version1(Sizes sizes, char tied, size_t count) {
  std::string head = bytesOf<int32_t>({kMagic, 1}) + sizes.bytes() + tied;
  head.resize(256);
  return head + numbers(count);
}

static constexpr size_t kEmbedding = 5 * 8, kAttention = 64 + 32 + 32 + 64,
                        kFeedForward = 3 * 12 * 8, kTurns = 2 * 6 * 2;
static constexpr size_t kCount =
    kEmbedding + 2 * (8 + kAttention + 8 + kFeedForward) + 8;

static Llama2CContent read(std::string_view bytes) {
  return parseLlama2C(std::as_bytes(std::span(bytes)), "m.bin");
}

static float firstOf(const Llama2CContent &content, const char *name) {
  const Tensor &tensor = content.tensors.at(name);
  std::vector<float> row(size_t(tensor.columns()));
  readRow(tensor, 0, row);
  return row[0];
}

static std::string errorOfBytes(std::string_view bytes) {
  std::string message = errorOf([&] { read(bytes); });
  EXPECT_TRUE(message.starts_with("m.bin: ")) << message;
  return message.substr(7);
}

TEST(Llama2C, ReadsTheFirstFormat) {
  std::string bytes = Sizes().bytes() + numbers(kCount + kTurns);
  Llama2CContent content = read(bytes);
  const ModelConfig &config = content.config;
  EXPECT_EQ(config.hidden, 8);
  EXPECT_EQ(config.kvHeads, 1);
  EXPECT_EQ(config.headSize, 4);
  EXPECT_EQ(config.vocabulary, 5);
  EXPECT_EQ(config.context, 6);
  EXPECT_EQ(config.pairing, RotaryPairing::adjacent);
  EXPECT_TRUE(config.tiedEmbeddings);
  EXPECT_EQ(config.bosToken, 1);
  EXPECT_EQ(config.eosTokens, (std::vector<int>{1, 2}));
  EXPECT_EQ(firstOf(content, "model.embed_tokens.weight"), 0);
  EXPECT_EQ(firstOf(content, "model.layers.1.input_layernorm.weight"), 48);
  EXPECT_EQ(firstOf(content, "model.layers.0.self_attn.q_proj.weight"), 56);
  EXPECT_EQ(firstOf(content, "model.layers.1.self_attn.q_proj.weight"), 120);
  EXPECT_EQ(firstOf(content, "model.layers.0.mlp.down_proj.weight"),
            40 + 16 + 2 * kAttention + 16 + 2 * 96);
  EXPECT_EQ(firstOf(content, "model.norm.weight"), kCount - 8);
  EXPECT_EQ(firstOf(content, "freqs_cos"), kCount);
  EXPECT_EQ(content.tensors.at("freqs_sin").shape,
            (std::vector<int64_t>{6, 2}));
}

TEST(Llama2C, AVocabularyBelowZeroMeansAnOutputLayer) {
  Sizes sizes;
  sizes.vocabulary = -5;
  Llama2CContent content =
      read(sizes.bytes() + numbers(kCount + kTurns + kEmbedding));
  EXPECT_EQ(content.config.vocabulary, 5);
  EXPECT_FALSE(content.config.tiedEmbeddings);
  EXPECT_EQ(firstOf(content, "lm_head.weight"), kCount + kTurns);
}

TEST(Llama2C, ReadsVersion1) {
  Llama2CContent content = read(version1({}, 1, kCount));
  EXPECT_TRUE(content.config.tiedEmbeddings);
  EXPECT_EQ(firstOf(content, "model.layers.0.input_layernorm.weight"), 0);
  EXPECT_EQ(firstOf(content, "model.norm.weight"), 32);
  EXPECT_EQ(firstOf(content, "model.embed_tokens.weight"), 40);
  EXPECT_EQ(firstOf(content, "model.layers.0.mlp.up_proj.weight"),
            kCount - 2 * 96);
  content = read(version1({}, 0, kCount + kEmbedding));
  EXPECT_FALSE(content.config.tiedEmbeddings);
  EXPECT_EQ(firstOf(content, "lm_head.weight"), kCount);
}

TEST(Llama2C, RefusesOtherVersions) {
  EXPECT_EQ(errorOfBytes(bytesOf<int32_t>({kMagic, 2})),
            "version 2 of llama2.c's format, expected 1, or the first format, "
            "which has no version");
  EXPECT_EQ(errorOfBytes(version1({}, 2, kCount)),
            "found flag 2 for a shared output layer, expected 0 or 1");
}

TEST(Llama2C, RefusesBadSizes) {
  auto errorOfSize = [](int32_t Sizes::*size, int32_t value) {
    Sizes sizes;
    sizes.*size = value;
    return errorOfBytes(sizes.bytes() + numbers(kCount + kTurns));
  };
  EXPECT_EQ(errorOfSize(&Sizes::hidden, 0),
            "found hidden size 0, a llama2.c file has 1 to 16777216");
  EXPECT_EQ(errorOfSize(&Sizes::layers, 1025),
            "found layers 1025, a llama2.c file has 1 to 1024");
  EXPECT_EQ(errorOfSize(&Sizes::heads, 3),
            "hidden size 8 is no multiple of 3 heads");
  EXPECT_EQ(errorOfSize(&Sizes::kvHeads, -1),
            "found key-value heads -1, a llama2.c file has 1 to 16777216");
  constexpr int32_t least = std::numeric_limits<int32_t>::min();
  for (int32_t vocabulary : {0, 2, -2, 16777217, -16777217, least})
    EXPECT_EQ(errorOfSize(&Sizes::vocabulary, vocabulary),
              "found vocabulary " + std::to_string(vocabulary) +
                  ", a llama2.c file has 3 to 16777216");
  Sizes sizes;
  sizes.vocabulary = -5; // which only the first format has
  EXPECT_EQ(errorOfBytes(version1(sizes, 1, kCount)),
            "found vocabulary -5, a llama2.c file has 3 to 16777216");
}

TEST(Llama2C, TheFileIsAsLongAsItsHeadSays) {
  std::string bytes = Sizes().bytes() + numbers(kCount + kTurns);
  EXPECT_EQ(errorOfBytes(bytes + "1"), "1 bytes follow the last tensor");
  for (size_t size = 0; size < bytes.size(); size += 5)
    EXPECT_TRUE(errorOfBytes(bytes.substr(0, size)).find("is cut off: ") !=
                std::string::npos);
  Sizes huge{1 << 24, 1 << 24, 1024, 1, 1, 1 << 24, 1 << 24};
  EXPECT_EQ(errorOfBytes(huge.bytes()),
            "tensor 'model.embed_tokens.weight' is cut off: 1125899906842624 "
            "bytes from byte 28 of 28");
}

//===----------------------------------------------------------------------===//
// tokenizer.bin
//===----------------------------------------------------------------------===//

static std::string token(float score, std::string_view text) {
  return bytesOf<float>({score})
      .append(bytesOf<uint32_t>({uint32_t(text.size())}))
      .append(text);
}

static std::string errorOfTokenizer(std::string_view bytes) {
  return errorOf([&] {
    parseLlama2CTokenizer(std::as_bytes(std::span(bytes)), 4, "t.bin");
  });
}

TEST(Llama2C, RefusesBadTokenizers) {
  std::string head = bytesOf<uint32_t>({6});
  std::string special =
      head + token(0, "<unk>") + token(0, "\n<s>\n") + token(0, "</s>");
  EXPECT_EQ(errorOfTokenizer(special),
            "t.bin: token 3 is cut off: 4 bytes from byte 42 of 42");
  EXPECT_EQ(errorOfTokenizer(special + token(0, "a") + "1"),
            "t.bin: 1 bytes follow token 3, the model's last");
  EXPECT_EQ(errorOfTokenizer(special + token(0, "1234567")),
            "t.bin: token 3 has score 0 and 7 bytes, expected a finite score "
            "and at most 6 bytes");
  EXPECT_EQ(errorOfTokenizer(special + token(0, "<s>")),
            "t.bin: token 3 is the same as one before it");
  EXPECT_EQ(errorOfTokenizer(special + token(0, "")),
            "t.bin: token 3 is empty");
  EXPECT_EQ(errorOfTokenizer(special + token(0, "<0x0A>")),
            "t.bin: 1 tokens of single bytes, expected none or 256");
}
