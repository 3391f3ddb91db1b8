//===- ModelSourceTest.cpp - Models with and without weights --------------===//
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
class ModelSourceTest : public edgellm::testing::FilesTest {};
} // namespace

TEST_F(ModelSourceTest, ShapesNeedAConfigAlone) {
  write("config.json", kConfig);
  ModelShapes model = ModelShapes::open(folder.path());
  EXPECT_EQ(model.directory(), folder.path());
  EXPECT_EQ(model.config().hidden, 64);
  ModelSource::Storage storage = model.storageOf("any", {3, 4});
  EXPECT_EQ(storage.file, "");
  EXPECT_EQ(storage.dtype, DType::F16);
}

TEST_F(ModelSourceTest, ShapesMayBeAFileOfAnyName) {
  auto file = write("shape.json", kConfig);
  ModelShapes model = ModelShapes::open(file);
  EXPECT_EQ(model.directory(), folder.path());
  EXPECT_EQ(model.config().hidden, 64);
}

TEST_F(ModelSourceTest, NamesWhatIsMissing) {
  EXPECT_EQ(errorOf([&] { ModelShapes::open(folder.path()); }),
            (folder / "config.json").string() + ": No such file or directory");
  EXPECT_EQ(errorOf([&] { ModelShapes::open(folder / "none"); }),
            (folder / "none").string() + ": No such file or directory");
}

TEST_F(ModelSourceTest, CheckpointsKnowFilesAndTypes) {
  write("config.json", kConfig);
  write("model.safetensors",
        safeTensorsBytes(R"({"a": {"dtype": "BF16", "shape": [2],
                             "data_offsets": [0, 4]}})",
                         bytesOf<uint16_t>({0, 0})));
  Checkpoint checkpoint = Checkpoint::open(folder.path());
  const ModelSource &model = checkpoint;
  EXPECT_EQ(model.storageOf("a", {2}).file, "model.safetensors");
  EXPECT_EQ(model.storageOf("a", {2}).dtype, DType::BF16);
  EXPECT_EQ(errorOf([&] { model.storageOf("b", {2}); }),
            folder.path().string() + ": tensor 'b' of shape [2] is missing");
}
