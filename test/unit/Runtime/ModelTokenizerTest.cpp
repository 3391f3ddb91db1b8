//===- ModelTokenizerTest.cpp - Tokenizers inside of model files ----------===//
#include "EdgeLLM/Runtime/Tokenizer.h"

#include "../Weights/GGUFBytes.h"

using namespace edgellm;
using edgellm::testing::bytesOf;
using File = edgellm::testing::GGUFBytes;
using Ids = std::vector<uint32_t>;

namespace {

class ModelTokenizerTest : public edgellm::testing::FilesTest {
protected:
  /// The tokenizer of a small LLaMA with these keys; the vocabulary is 264.
  Tokenizer tokenizerWith(const std::map<std::string, std::string> &keys) {
    File file;
    file.key("general.architecture", File::text("llama"))
        .key("llama.context_length", File::u32(8))
        .key("llama.embedding_length", File::u32(2))
        .key("llama.feed_forward_length", File::u32(2))
        .key("llama.block_count", File::u32(1))
        .key("llama.attention.head_count", File::u32(1))
        .key("llama.attention.layer_norm_rms_epsilon", File::f32(1e-5f))
        .tensor("token_embd.weight", 0, {2, 264}, std::string(264 * 8, '\0'));
    for (const auto &[key, value] : keys)
      file.key("tokenizer." + key, value);
    auto path = write("m.gguf", file.bytes());
    return std::move(*loadTokenizer(ModelShapes::open(path)));
  }
};

} // namespace

/// Three special pieces, all bytes, then text.
static std::map<std::string, std::string> sentencePieceKeys() {
  std::vector<std::string> pieces = {"<unk>", "<s>", "</s>"};
  std::vector<float> scores(264, 0);
  std::vector<int32_t> kinds = {2, 3, 3};
  for (int byte = 0; byte < 256; ++byte) {
    char text[8];
    std::snprintf(text, sizeof text, "<0x%02X>", unsigned(byte));
    pieces.push_back(text);
    kinds.push_back(6);
  }
  for (const char *piece : {"\u2581", "a", "b", "ab", "\u2581ab"}) {
    pieces.push_back(piece);
    kinds.push_back(1);
    scores[pieces.size() - 1] = float(pieces.size());
  }
  return {{"ggml.model", File::text("llama")},
          {"ggml.tokens", File::texts(pieces)},
          {"ggml.scores", File::array(6, scores.size(), bytesOf(scores))},
          {"ggml.token_type", File::array(5, kinds.size(), bytesOf(kinds))},
          {"ggml.bos_token_id", File::u32(1)}};
}

TEST_F(ModelTokenizerTest, SentencePieceMergesByScore) {
  Tokenizer tokenizer = tokenizerWith(sentencePieceKeys());
  EXPECT_EQ(tokenizer.size(), 264u);
  EXPECT_EQ(tokenizer.encode("ab", "t"), (Ids{1, 263}));
  // Two spaces stay two, and no special piece is found in a text.
  EXPECT_EQ(tokenizer.encode("a  b", "t"), (Ids{1, 259, 260, 259, 259, 261}));
  EXPECT_EQ(tokenizer.encode("\u00e6", "t"), (Ids{1, 259, 3 + 0xC3, 3 + 0xA6}));
  EXPECT_EQ(tokenizer.decode(Ids{263, 259, 262}), "ab ab");
}

TEST_F(ModelTokenizerTest, KeysSayWhatGoesBeforeATextAndBos) {
  auto keys = sentencePieceKeys();
  keys["ggml.add_space_prefix"] = File::boolean(0);
  keys["ggml.add_bos_token"] = File::boolean(0);
  EXPECT_EQ(tokenizerWith(keys).encode("ab ab", "t"), (Ids{262, 263}));
}
