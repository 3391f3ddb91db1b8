//===- GeneratorTest.cpp - on the device model ----------------------------===//
#include "EdgeLLM/Runtime/Generator.h"

#include "../Testing.h"
#include "TinyModel.h"

using namespace edgellm;
using namespace edgellm::testing;

namespace {

using Ids = std::vector<uint32_t>;

class GeneratorTest : public ::testing::Test {
protected:
  Session &session(const std::vector<int> &eos = {}) {
    Manifest manifest = model.manifest();
    manifest.eos = eos;
    model.write(folder / "tiny.pkg", model.program(), manifest);
    opened = std::make_unique<Session>(Package(folder / "tiny.pkg"));
    return *opened;
  }
  /// Greedy tokens after `id`.
  Ids chain(uint32_t id, size_t count) {
    Ids ids;
    while (ids.size() < count)
      ids.push_back(id = model.next(id));
    return ids;
  }

  TinyModel model;
  TemporaryFolder folder;
  std::unique_ptr<Session> opened;
};

TEST_F(GeneratorTest, ContinuesGreedily) {
  Ids heard;
  GenerationObserver observer;
  observer.onToken = [&](uint32_t id) { heard.push_back(id); };
  Generation result =
      generate(session(), {.prompt = {1, 2, 3, 4}, .newTokens = 6}, observer);
  EXPECT_EQ(result.ids, chain(4, 6));
  EXPECT_EQ(heard, result.ids);
  EXPECT_FALSE(result.endedByEos);
  EXPECT_EQ(result.decodePasses, 5u); // the first came with the prompt
  EXPECT_EQ(opened->past(), 9u);      // the last was not fed
}

TEST_F(GeneratorTest, StopsAtTheEndOfText) {
  Ids expected = chain(4, 3);
  ASSERT_NE(expected[0], expected[2]);
  ASSERT_NE(expected[1], expected[2]);
  Session &ended = session({int(expected[2])});
  GenerationRequest request{.prompt = {4}, .newTokens = 6};
  Generation result = generate(ended, request, {});
  EXPECT_EQ(result.ids, expected);
  EXPECT_TRUE(result.endedByEos);

  ended.reset();
  request.ignoreEos = true;
  EXPECT_EQ(generate(ended, request, {}).ids, chain(4, 6));
}

TEST_F(GeneratorTest, HandsOverTheLogitsOfEveryFedPosition) {
  std::vector<std::vector<uint16_t>> rows;
  GenerationObserver observer;
  observer.onLogits = [&](std::span<const uint16_t> row) {
    rows.emplace_back(row.begin(), row.end());
  };
  Generation result =
      generate(session(), {.prompt = {1, 2, 3, 4}, .newTokens = 3}, observer);
  EXPECT_EQ(result.ids, chain(4, 3)); // as without
  Ids fed = {1, 2, 3, 4, result.ids[0], result.ids[1]};
  ASSERT_EQ(rows.size(), fed.size());
  for (size_t i = 0; i < fed.size(); ++i)
    EXPECT_EQ(rows[i], model.logits(fed[i])) << i;
}

TEST_F(GeneratorTest, NoNewTokensStillFeedThePrompt) {
  Generation result =
      generate(session(), {.prompt = {1, 2}, .newTokens = 0}, {});
  EXPECT_TRUE(result.ids.empty());
  EXPECT_EQ(opened->past(), 2u);
}

TEST_F(GeneratorTest, FillsTheContextAndNoMore) {
  GenerationRequest request{.prompt = Ids(16, 1), .newTokens = 5};
  EXPECT_EQ(generate(session(), request, {}).ids.size(), 5u);
  EXPECT_EQ(opened->past(), TinyModel::context);
  opened->reset();
  request.newTokens = 6;
  EXPECT_EQ(errorOf([&] { generate(*opened, request, {}); }),
            "prompt of 16 tokens and 6 new ones need 21 positions, the "
            "package's context is 20");
}

TEST_F(GeneratorTest, SamplingIsRepeatable) {
  GenerationRequest request{.prompt = {9}, .newTokens = 12};
  request.sampling = {.temperature = 5, .seed = 3};
  Ids first = generate(session(), request, {}).ids;
  EXPECT_EQ(generate(session(), request, {}).ids, first);
  request.sampling.seed = 4;
  EXPECT_NE(generate(session(), request, {}).ids, first);
}

} // namespace
