//===- CalibrationTest.cpp ------------------------------------------------===//
#include "EdgeLLM/Reference/Calibration.h"

#include "../Testing.h"
#include "EdgeLLM/Import/Import.h"

#include "mlir/IR/MLIRContext.h"

#include <map>

using namespace edgellm;
using edgellm::testing::errorOf;
using edgellm::testing::TemporaryFolder;
using edgellm::testing::writeFile;

namespace {

std::filesystem::path demo(std::string_view file = "") {
  return std::filesystem::path(EDGELLM_DEMO_MODEL) / file;
}

std::vector<size_t> lengthsOf(const TokenSequences &sequences) {
  std::vector<size_t> lengths;
  for (const auto &ids : sequences)
    lengths.push_back(ids.size());
  return lengths;
}

TEST(CalibrationText, IsCutIntoSequences) {
  Checkpoint checkpoint = Checkpoint::open(demo());
  auto read = [&](const CalibrationLength &length) {
    return readCalibrationText(checkpoint, demo("calibration.txt"), length);
  };
  TokenSequences sequences = read({600, 256});
  EXPECT_EQ(lengthsOf(sequences), (std::vector<size_t>{256, 256, 88}));
  EXPECT_EQ(sequences[0][0], 1u);         // bos
  EXPECT_EQ(lengthsOf(read({600, 1000})), // the context is 512
            (std::vector<size_t>{512, 88}));
  EXPECT_EQ(read({}).size(), 128u);
}

TEST(CalibrationText, IsAllThereIsOfAShortText) {
  TemporaryFolder folder;
  writeFile(folder / "text", "Amen.\n\nAmen.\n");
  Checkpoint checkpoint = Checkpoint::open(demo());
  TokenSequences sequences = readCalibrationText(checkpoint, folder / "text");
  ASSERT_EQ(sequences.size(), 1u);
  std::vector<uint32_t> ids = sequences[0];
  ASSERT_EQ(ids.size() % 2, 0u);
  std::vector<uint32_t> half(ids.begin(), ids.begin() + long(ids.size() / 2));
  EXPECT_TRUE(
      std::equal(half.begin(), half.end(), ids.begin() + long(half.size())));
}

TEST(CalibrationText, RefusesWhatGivesNoTokens) {
  TemporaryFolder folder;
  writeFile(folder / "empty", "\n\n");
  Checkpoint checkpoint = Checkpoint::open(demo());
  EXPECT_EQ(errorOf([&] { readCalibrationText(checkpoint, folder / "empty"); }),
            (folder / "empty").string() + ": the text is empty");
  EXPECT_EQ(errorOf([&] {
              readCalibrationText(checkpoint, folder / "empty", {0, 256});
            }),
            "calibration on 0 tokens in sequences of 256: both must be 1 or "
            "more");
}

TEST(CalibrationText, NeedsATokenizer) {
  TemporaryFolder folder;
  for (const char *file : {"config.json", "model.safetensors"})
    std::filesystem::copy(demo(file), folder / file);
  Checkpoint checkpoint = Checkpoint::open(folder.path());
  EXPECT_EQ(errorOf([&] {
              readCalibrationText(checkpoint, demo("calibration.txt"));
            }),
            folder.path().string() +
                ": holds no tokenizer to read a calibration text with");
}

/// What a walk over the demo model gathers.
TEST(InputStatistics, AreSharedByOpsOfTheSameInputs) {
  Checkpoint checkpoint = Checkpoint::open(demo());
  mlir::MLIRContext context;
  auto module = importModel(context, checkpoint);
  InputStatistics statistics;
  std::map<std::string, CalibrationStats> found;
  InterpreterOptions options;
  options.results = false;
  options.hook = [&](const LinearVisit &visit) {
    found[visit.name] = statistics.of(visit, /*wantsHessian=*/true);
  };
  interpret(module->lookupSymbol<mlir::func::FuncOp>("score"), &checkpoint,
            {{1, 2, 3}, {4, 5}}, options);
  EXPECT_EQ(found.size(), 4u * 7 + 1);
  const CalibrationStats &query = found["model.layers.2.self_attn.q_proj"];
  EXPECT_EQ(query.samples, 5);
  EXPECT_EQ(query.inputs, 256);
  EXPECT_EQ(query.hessian, found["model.layers.2.self_attn.v_proj"].hessian);
  EXPECT_NE(query.hessian, found["model.layers.3.self_attn.q_proj"].hessian);
  for (int64_t c = 0; c < query.inputs; ++c) {
    float square = query.squaredNorm[size_t(c)];
    EXPECT_NEAR(query.hessian[size_t(c * 257)], square, 1e-5 * square);
  }
}

/// The Hessian can be asked for later, and then it is of the same inputs.
TEST(InputStatistics, GiveTheHessianWhenItIsWanted) {
  Matrix x(2, 2);
  x.values = {1, 2, 3, 4};
  InputStatistics statistics;
  LinearVisit visit{"w", {}, {}, x, {}};
  mlir::MLIRContext context;
  mlir::Block block;
  auto type = mlir::Float32Type::get(&context);
  visit.input = block.addArgument(type, mlir::UnknownLoc::get(&context));
  EXPECT_TRUE(statistics.of(visit, false).hessian.empty());
  EXPECT_EQ(statistics.of(visit, true).hessian,
            (std::vector<float>{5, 7, 7, 10}));
  EXPECT_EQ(statistics.of(visit, true).squaredNorm,
            (std::vector<float>{5, 10}));
}

} // namespace
