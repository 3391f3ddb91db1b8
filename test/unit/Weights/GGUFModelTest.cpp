//===- GGUFModelTest.cpp - Models in GGUF files ---------------------------===//
#include "EdgeLLM/Weights/Checkpoint.h"

#include "GGUFBytes.h"

using namespace edgellm;
using edgellm::testing::bytesOf;
using edgellm::testing::errorOf;
using edgellm::testing::numberBytes;
using File = edgellm::testing::GGUFBytes;

static constexpr uint32_t kF32 = 0;

/// Keys of an architecture, the values as they stand in the file.
using Keys = std::map<std::string, std::string>;

static const Keys kKeys = {
    {"context_length", File::u32(128)},
    {"embedding_length", File::u32(64)},
    {"feed_forward_length", File::u32(96)},
    {"block_count", File::u32(2)},
    {"attention.head_count", File::u32(4)},
    {"attention.head_count_kv", File::u32(2)},
    {"attention.layer_norm_rms_epsilon", File::f32(1e-5f)},
};

namespace {

class GGUFModelTest : public edgellm::testing::FilesTest {
protected:
  /// A file of kKeys, changed by `keys`, an empty one being left out. It has
  /// the embedding alone, which no reader of configs minds.
  File file(const std::string &architecture, const Keys &keys = {}) {
    Keys all = keys;
    all.insert(kKeys.begin(), kKeys.end());
    File file;
    file.key("general.architecture", File::text(architecture));
    for (const auto &[key, value] : all)
      if (!value.empty())
        file.key(architecture + "." + key, value);
    file.tensor("token_embd.weight", kF32, {64, 3},
                std::string(64 * 3 * 4, '\0'));
    return file;
  }

  static File &addVector(File &file, std::string_view name) {
    return file.tensor(name, kF32, {1}, bytesOf<float>({1}));
  }

  ModelConfig configOf(const File &file) {
    return ModelShapes::open(write("m.gguf", file.bytes())).config();
  }

  std::string errorOfFile(const File &file) {
    auto path = write("m.gguf", file.bytes());
    std::string message = errorOf([&] { ModelShapes::open(path); });
    std::string prefix = path.string() + ": ";
    EXPECT_TRUE(message.starts_with(prefix)) << message;
    return message.substr(prefix.size());
  }
};

} // namespace

TEST_F(GGUFModelTest, ReadsLlama) {
  File bytes = file("llama");
  bytes.key("tokenizer.ggml.bos_token_id", File::u32(1))
      .key("tokenizer.ggml.eos_token_id", File::u32(2))
      .key("tokenizer.ggml.eot_token_id", File::u32(0))
      .key("tokenizer.ggml.eom_token_id", File::u32(2));
  ModelConfig config = configOf(bytes);
  EXPECT_EQ(config.architecture, "LlamaForCausalLM");
  EXPECT_EQ(config.modelType, "llama");
  EXPECT_EQ(config.hidden, 64);
  EXPECT_EQ(config.intermediate, 96);
  EXPECT_EQ(config.layers, 2);
  EXPECT_EQ(config.heads, 4);
  EXPECT_EQ(config.kvHeads, 2);
  EXPECT_EQ(config.headSize, 16);
  EXPECT_EQ(config.vocabulary, 3);
  EXPECT_EQ(config.context, 128);
  EXPECT_EQ(float(config.normEpsilon), 1e-5f);
  EXPECT_EQ(config.ropeTheta, 10000);
  EXPECT_EQ(config.rotary, 16);
  EXPECT_EQ(config.pairing, RotaryPairing::adjacent);
  EXPECT_EQ(config.ropeScaling, RopeScaling());
  EXPECT_TRUE(config.tiedEmbeddings);
  EXPECT_FALSE(config.qkvBias);
  EXPECT_FALSE(config.attentionOutputBias);
  EXPECT_TRUE(config.gated);
  EXPECT_EQ(config.bosToken, 1);
  EXPECT_EQ(config.eosTokens, (std::vector<int>{2, 0}));
  EXPECT_EQ(config.names.query, "attn_q");
}

TEST_F(GGUFModelTest, TensorsTellWhatKeysDoNot) {
  File bytes = file("llama");
  for (const char *name : {"output.weight", "blk.0.attn_q.bias",
                           "blk.0.attn_output.bias", "blk.1.ffn_down.weight"})
    addVector(bytes, name);
  ModelConfig config = configOf(bytes);
  EXPECT_FALSE(config.tiedEmbeddings);
  EXPECT_TRUE(config.qkvBias);
  EXPECT_TRUE(config.attentionOutputBias);
  EXPECT_FALSE(config.feedForwardBias);
}

TEST_F(GGUFModelTest, ReadsWhatOtherArchitecturesDoDifferently) {
  ModelConfig qwen2 = configOf(file("qwen2"));
  EXPECT_EQ(qwen2.architecture, "Qwen2ForCausalLM");
  EXPECT_EQ(qwen2.pairing, RotaryPairing::half);
  EXPECT_FALSE(qwen2.queryKeyNorm);

  ModelConfig qwen3 =
      configOf(file("qwen3", {{"attention.key_length", File::u32(32)},
                              {"attention.value_length", File::u32(32)}}));
  EXPECT_TRUE(qwen3.queryKeyNorm);
  EXPECT_EQ(qwen3.headSize, 32);
  EXPECT_EQ(qwen3.rotary, 32);

  ModelConfig chatglm =
      configOf(file("chatglm", {{"rope.dimension_count", File::u32(8)},
                                {"rope.freq_base", File::f32(500000)}}));
  EXPECT_EQ(chatglm.rotary, 8);
  EXPECT_EQ(chatglm.ropeTheta, 500000);
  EXPECT_EQ(chatglm.pairing, RotaryPairing::adjacent);
  EXPECT_EQ(chatglm.names.query, "attn_qkv");
  EXPECT_EQ(chatglm.names.gate, chatglm.names.up);

  ModelConfig gpt2 = configOf(
      file("gpt2", {{"attention.head_count_kv", ""},
                    {"attention.layer_norm_rms_epsilon", ""},
                    {"attention.layer_norm_epsilon", File::f32(1e-5f)}}));
  EXPECT_EQ(gpt2.norm, NormKind::layer);
  EXPECT_EQ(gpt2.activation, ActivationKind::gelu);
  EXPECT_EQ(gpt2.kvHeads, 4);
  EXPECT_EQ(gpt2.rotary, 0);
  EXPECT_EQ(gpt2.names.positions, "position_embd");
  EXPECT_FALSE(gpt2.gated);
  EXPECT_FALSE(gpt2.transposed);
}

TEST_F(GGUFModelTest, ContextsEndAtTheWindow) {
  auto contextOf = [&](uint32_t window) {
    return configOf(
               file("llama", {{"attention.sliding_window", File::u32(window)}}))
        .context;
  };
  EXPECT_EQ(contextOf(0), 128);
  EXPECT_EQ(contextOf(127), 127);
  EXPECT_EQ(contextOf(128), 128);
}

TEST_F(GGUFModelTest, RefusesOtherArchitectures) {
  EXPECT_EQ(errorOfFile(file("mamba")),
            "field 'general.architecture': found \"mamba\", expected one of "
            "llama, qwen2, qwen3, chatglm, gpt2");
  EXPECT_EQ(errorOfFile(File()), "field 'general.architecture' is missing");
}

TEST_F(GGUFModelTest, RefusesBadShapes) {
  auto errorOfKey = [&](const std::string &key, const std::string &value) {
    return errorOfFile(file("llama", {{key, value}}));
  };
  EXPECT_EQ(errorOfKey("block_count", ""),
            "field 'llama.block_count' is missing");
  EXPECT_EQ(errorOfKey("block_count", File::u32(1025)),
            "field 'llama.block_count': found 1025, expected an integer from 1 "
            "to 1024");
  EXPECT_EQ(errorOfKey("attention.head_count_kv", File::array(5, 0, "")),
            "field 'llama.attention.head_count_kv': found [], expected an "
            "integer from 1 to 16777216");
  EXPECT_EQ(errorOfKey("attention.head_count", File::u32(5)),
            "64 channels are no multiple of 5 heads, and key "
            "'llama.attention.key_length' is missing");
  EXPECT_EQ(errorOfKey("attention.value_length", File::u32(8)),
            "field 'llama.attention.value_length': found 8, expected that of "
            "keys, 16");
  EXPECT_EQ(errorOfKey("rope.dimension_count", File::u32(18)),
            "field 'llama.rope.dimension_count': found 18, expected at most a "
            "head's 16");
  EXPECT_EQ(errorOfKey("attention.head_count_kv", File::u32(3)),
            "4 attention heads cannot share 3 key-value heads evenly");
}

TEST_F(GGUFModelTest, RefusesWhatItDoesNotKnow) {
  EXPECT_EQ(errorOfFile(file("llama", {{"expert_count", File::u32(8)}})),
            "field 'llama.expert_count': found 8, expected an integer from 0 "
            "to 0");
  EXPECT_EQ(errorOfFile(file("llama", {{"logit_scale", File::f32(2)}})),
            "field \"llama.logit_scale\" is unknown");
  for (std::string name :
       {"blk.0.ffn_gate_inp.weight", "blk.1.attn_q.bias",
        "blk.0.attn_norm.bias", "token_embd_norm.weight", "blk.0.attn_q.scale",
        "blk.weight", "blk.2.attn_q.weight", "blk.01.attn_q.weight"}) {
    File bytes = file("llama");
    EXPECT_EQ(errorOfFile(addVector(bytes, name)),
              "tensor '" + name +
                  "' has no place in a model of architecture 'llama'");
  }
}

TEST_F(GGUFModelTest, RefusesTokensBeyondTheVocabulary) {
  File bytes = file("llama");
  bytes.key("tokenizer.ggml.bos_token_id", File::u32(3));
  EXPECT_EQ(errorOfFile(bytes),
            "field 'tokenizer.ggml.bos_token_id': found 3, expected an integer "
            "from 0 to 2");
}

//===----------------------------------------------------------------------===//
// Scaled rotary embeddings
//===----------------------------------------------------------------------===//

TEST_F(GGUFModelTest, ReadsScalingByKeys) {
  auto scalingOf = [&](Keys keys) {
    return configOf(file("qwen2", keys)).ropeScaling;
  };
  EXPECT_EQ(scalingOf({{"rope.scaling.type", File::text("none")}}),
            RopeScaling());
  EXPECT_EQ(scalingOf({{"rope.scaling.type", File::text("linear")},
                       {"rope.scaling.factor", File::f32(4)}}),
            (RopeScaling{.kind = RopeScalingKind::linear, .factor = 4}));
  EXPECT_EQ(
      scalingOf({{"rope.scaling.type", File::text("yarn")},
                 {"rope.scaling.factor", File::f32(4)},
                 {"rope.scaling.finetuned", File::boolean(1)},
                 {"rope.scaling.original_context_length", File::u32(32768)}}),
      (RopeScaling{.kind = RopeScalingKind::yarn,
                   .factor = 4,
                   .original = 32768,
                   .low = 1,
                   .high = 32,
                   .attention = yarnAttention(4)}));
}

TEST_F(GGUFModelTest, RefusesOtherScaling) {
  EXPECT_EQ(errorOfFile(
                file("llama", {{"rope.scaling.type", File::text("longrope")}})),
            "field 'llama.rope.scaling.type': found \"longrope\", expected "
            "none, linear or yarn");
  EXPECT_EQ(
      errorOfFile(file("llama", {{"rope.scaling.type", File::text("linear")},
                                 {"rope.scaling.factor", File::f32(0.5f)}})),
      "field 'llama.rope.scaling.factor': found 0.5, expected a number "
      "from 1 to 1e+06");
}

/// What LLaMA 3 divides the frequencies of heads of 128 by.
static std::vector<float> llama3Divisors(double factor, double high = 4) {
  RotaryTable plain(500000, 128, {});
  RotaryTable scaled(500000, 128,
                     {.kind = RopeScalingKind::llama3,
                      .factor = factor,
                      .original = 8192,
                      .low = 1,
                      .high = high});
  std::vector<float> divisors;
  for (int64_t pair = 0; pair < plain.pairs(); ++pair)
    divisors.push_back(float(plain.frequency(pair) / scaled.frequency(pair)));
  return divisors;
}

namespace {

class GGUFRopeFreqsTest : public GGUFModelTest {
protected:
  File fileWith(const std::vector<float> &divisors, Keys keys = {}) {
    keys["attention.key_length"] = keys["attention.value_length"] =
        File::u32(128);
    keys["rope.freq_base"] = File::f32(500000);
    File bytes = file("llama", keys);
    return bytes.tensor("rope_freqs.weight", kF32, {divisors.size()},
                        bytesOf(divisors));
  }
};

} // namespace

TEST_F(GGUFRopeFreqsTest, FindsTheScalingOfLlama3) {
  for (double factor : {8.0, 32.0}) {
    RopeScaling scaling =
        configOf(fileWith(llama3Divisors(factor))).ropeScaling;
    EXPECT_EQ(scaling.kind, RopeScalingKind::llama3);
    EXPECT_EQ(scaling.factor, factor);
    EXPECT_EQ(scaling.original, 8192);
  }
  EXPECT_EQ(configOf(fileWith(std::vector<float>(64, 1))).ropeScaling,
            RopeScaling());
}

TEST_F(GGUFRopeFreqsTest, RefusesAnyOther) {
  EXPECT_EQ(errorOfFile(fileWith(std::vector<float>(63, 1))),
            "tensor 'rope_freqs.weight' has shape [63], expected [64]");
  EXPECT_TRUE(errorOfFile(fileWith(llama3Divisors(8, /*high=*/5)))
                  .starts_with("tensor 'rope_freqs.weight' element "));
  EXPECT_EQ(errorOfFile(fileWith(std::vector<float>(64, 0.5f))),
            "tensor 'rope_freqs.weight' ends in 0.5: factor must be from 1 to "
            "1e6");
  EXPECT_EQ(errorOfFile(fileWith(llama3Divisors(8),
                                 {{"rope.scaling.type", File::text("linear")},
                                  {"rope.scaling.factor", File::f32(2)}})),
            "tensor 'rope_freqs.weight' scales rotary embeddings that key "
            "'llama.rope.scaling.type' scales already");
}

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

TEST_F(GGUFModelTest, CheckpointsAreNamedAfterTheFile) {
  File bytes = file("llama");
  Checkpoint checkpoint =
      Checkpoint::open(write("tiny.Q8_0.gguf", bytes.bytes()));
  EXPECT_EQ(checkpoint.name(), "tiny.Q8_0");
  EXPECT_EQ(checkpoint.directory(), folder.path());
  EXPECT_EQ(checkpoint.storageOf("token_embd.weight", {3, 64}).file,
            "tiny.Q8_0.gguf");
  EXPECT_EQ(errorOf([&] {
              checkpoint.require("output.weight", {3, 64});
            }),
            (folder / "tiny.Q8_0.gguf").string() +
                ": tensor 'output.weight' of shape [3, 64] is missing");
}

static std::string u16(uint16_t value) {
  return numberBytes<uint32_t>(2) + numberBytes(value);
}

TEST_F(GGUFModelTest, SplitFilesMustBelongTogether) {
  auto part = [](File file, uint16_t number, uint16_t count) {
    return file.key("split.no", u16(number))
        .key("split.count", u16(count))
        .bytes();
  };
  File rest;
  rest.tensor("output.weight", kF32, {64, 3}, std::string(64 * 3 * 4, '\0'));
  auto first = write("m-00001-of-00002.gguf", part(file("llama"), 0, 2));
  auto second = write("m-00002-of-00002.gguf", part(rest, 1, 2));
  Checkpoint checkpoint = Checkpoint::open(first);
  EXPECT_EQ(checkpoint.name(), "m");
  EXPECT_EQ(checkpoint.files().size(), 2u);
  EXPECT_FALSE(checkpoint.config().tiedEmbeddings);

  auto open = [&] { Checkpoint::open(first); };
  write("m-00002-of-00002.gguf", part(rest, 0, 2));
  EXPECT_EQ(errorOf(open), second.string() +
                               ": field 'split.no': found 0, expected an "
                               "integer from 1 to 1");
  write("m-00002-of-00002.gguf", part(rest, 1, 3));
  EXPECT_EQ(errorOf(open), second.string() +
                               ": field 'split.count': found 3, expected an "
                               "integer from 2 to 2");
  write("m-00002-of-00002.gguf", part(file("llama"), 1, 2));
  EXPECT_EQ(errorOf(open), second.string() +
                               ": tensor 'token_embd.weight' is in " +
                               first.string() + " too");
  std::filesystem::remove(second);
  EXPECT_EQ(errorOf(open), second.string() + ": No such file or directory");
  auto renamed = write("m.gguf", part(file("llama"), 0, 2));
  EXPECT_EQ(errorOf([&] { Checkpoint::open(renamed); }),
            renamed.string() + ": one of 2 files, expected the first, whose "
                               "name ends in -00001-of-00002.gguf");
}
