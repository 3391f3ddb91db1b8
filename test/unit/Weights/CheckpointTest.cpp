//===- CheckpointTest.cpp - Model directories, whole and broken -----------===//
#include "EdgeLLM/Weights/Checkpoint.h"

#include "TestFiles.h"

using namespace edgellm;
using edgellm::testing::bytesOf;
using edgellm::testing::errorOf;
using edgellm::testing::safeTensorsBytes;

static constexpr const char *kConfig = R"({
  "architectures": ["LlamaForCausalLM"], "model_type": "llama",
  "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 1,
  "num_attention_heads": 2, "vocab_size": 100, "rms_norm_eps": 1e-05,
  "max_position_embeddings": 128, "hidden_act": "silu"})";

namespace {

class CheckpointTest : public edgellm::testing::FilesTest {
protected:
  CheckpointTest() { write("config.json", kConfig); }

  /// Writes a file with one F16 vector of two numbers.
  void writeVector(std::string_view file, std::string name) {
    write(file, safeTensorsBytes("{\"" + name + R"(": {"dtype": "F16",
                                 "shape": [2], "data_offsets": [0, 4]}})",
                                 bytesOf<uint16_t>({0x3C00, 0x4000})));
  }

  void writeIndex(std::string_view weightMap) {
    write("model.safetensors.index.json",
          std::string("{\"metadata\": {\"total_size\": 8}, \"weight_map\": ") +
              std::string(weightMap) + "}");
  }

  std::string openError() {
    return errorOf([&] { Checkpoint::open(folder.path()); });
  }
  std::string at(std::string_view file) { return (folder / file).string(); }
};

} // namespace

TEST_F(CheckpointTest, OpensOneFile) {
  writeVector("model.safetensors", "a");
  Checkpoint checkpoint = Checkpoint::open(folder.path());
  EXPECT_EQ(checkpoint.directory(), folder.path());
  EXPECT_EQ(checkpoint.config().hidden, 64);
  EXPECT_EQ(checkpoint.files().size(), 1u);
  EXPECT_EQ(checkpoint.find("b"), nullptr);
  const Tensor &tensor = checkpoint.require("a", {2});
  EXPECT_EQ(&tensor, checkpoint.find("a"));
  std::vector<float> row(2);
  readRow(tensor, 0, row);
  EXPECT_EQ(row, (std::vector<float>{1, 2}));
}

TEST_F(CheckpointTest, OpensShards) {
  writeVector("model-00001-of-00002.safetensors", "a");
  writeVector("model-00002-of-00002.safetensors", "b");
  writeIndex(R"({"a": "model-00001-of-00002.safetensors",
                 "b": "model-00002-of-00002.safetensors"})");
  Checkpoint checkpoint = Checkpoint::open(folder.path());
  EXPECT_EQ(checkpoint.files().size(), 2u);
  EXPECT_EQ(checkpoint.require("a", {2}).file.filename(),
            "model-00001-of-00002.safetensors");
  EXPECT_EQ(checkpoint.require("b", {2}).file.filename(),
            "model-00002-of-00002.safetensors");
}

/// Some files of GPT-2 have "transformer." before every name, others nowhere.
TEST_F(CheckpointTest, SeesWhetherNamesHaveTheFamilysPrefix) {
  write("config.json", R"({
    "architectures": ["GPT2LMHeadModel"], "model_type": "gpt2", "n_embd": 64,
    "n_layer": 1, "n_head": 2, "n_positions": 8, "vocab_size": 100,
    "layer_norm_epsilon": 1e-05})");
  writeVector("model.safetensors", "transformer.wte.weight");
  EXPECT_EQ(Checkpoint::open(folder.path()).config().names.prefix,
            "transformer");
  writeVector("model.safetensors", "wte.weight");
  EXPECT_EQ(Checkpoint::open(folder.path()).config().names.prefix, "");
}

TEST_F(CheckpointTest, RequireChecksPresenceShapeAndType) {
  write("model.safetensors",
        safeTensorsBytes(R"({"up": {"dtype": "F16", "shape": [3, 2],
                             "data_offsets": [0, 12]},
                             "ids": {"dtype": "I32", "shape": [1],
                             "data_offsets": [12, 16]}})",
                         std::string(16, '\0')));
  Checkpoint checkpoint = Checkpoint::open(folder.path());
  EXPECT_EQ(errorOf([&] {
              checkpoint.require("up", {3, 4});
            }),
            at("model.safetensors") +
                ": tensor 'up' has shape [3, 2], expected [3, 4]");
  EXPECT_EQ(errorOf([&] { checkpoint.require("up", {6}); }),
            at("model.safetensors") +
                ": tensor 'up' has shape [3, 2], expected [6]");
  EXPECT_EQ(errorOf([&] {
              checkpoint.require("down", {3, 4});
            }),
            folder.path().string() +
                ": tensor 'down' of shape [3, 4] is missing");
  EXPECT_EQ(errorOf([&] { checkpoint.require("ids", {1}); }),
            at("model.safetensors") +
                ": tensor 'ids' has type I32, expected one of F16, BF16, F32, "
                "Q4_0, Q4_1, Q8_0, Q4_K, Q5_K, Q6_K");
}

TEST_F(CheckpointTest, RefusesIncompleteDirectories) {
  EXPECT_EQ(openError(), folder.path().string() +
                             ": holds neither model.safetensors nor "
                             "model.safetensors.index.json");
  std::filesystem::remove(folder / "config.json");
  EXPECT_EQ(openError(), at("config.json") + ": No such file or directory");
  EXPECT_EQ(errorOf([&] { Checkpoint::open(folder / "none"); }),
            at("none") + ": no such file or directory");
}

TEST_F(CheckpointTest, RefusesShardsOutsideOfTheDirectory) {
  for (std::string shard : {"\"../a\"", "\"/a\"", "\"..\"", "\".\"", "\"\"",
                            "\"sub/a\"", "\"a\\u0000b\"", "3", "null"}) {
    writeIndex("{\"w\": " + shard + "}");
    EXPECT_EQ(openError(), at("model.safetensors.index.json") +
                               ": field 'weight_map.w': found " + shard +
                               ", expected the name of a file beside the "
                               "index");
  }
}

TEST_F(CheckpointTest, RefusesBrokenIndexes) {
  std::string index = at("model.safetensors.index.json");
  write("model.safetensors.index.json", "{}");
  EXPECT_EQ(openError(), index + ": field 'weight_map' is missing");
  writeIndex("{}");
  EXPECT_EQ(openError(), index + ": field 'weight_map' lists no tensor");
  writeIndex("[]");
  EXPECT_EQ(openError(),
            index + ": field 'weight_map': found [], expected an object");
  writeIndex(R"({"a": "missing.safetensors"})");
  EXPECT_EQ(openError(),
            at("missing.safetensors") + ": No such file or directory");
}

TEST_F(CheckpointTest, RefusesIndexesThatContradictTheShards) {
  std::string index = at("model.safetensors.index.json");
  writeVector("1.safetensors", "a");
  writeVector("2.safetensors", "b");
  writeIndex(R"({"a": "1.safetensors", "c": "2.safetensors"})");
  EXPECT_EQ(openError(), index + ": tensor 'c' is not in 2.safetensors, where "
                                 "weight_map says it is");
  writeIndex(R"({"a": "2.safetensors", "b": "1.safetensors"})");
  EXPECT_EQ(openError(), index + ": tensor 'a' is not in 2.safetensors, where "
                                 "weight_map says it is");
  writeVector("2.safetensors", "a");
  writeIndex(R"({"a": "1.safetensors", "b": "2.safetensors"})");
  EXPECT_EQ(openError(), at("2.safetensors") + ": tensor 'a' is in " +
                             at("1.safetensors") + " too");
}
