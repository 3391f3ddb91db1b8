//===- GeneratorTest.cpp - on the device model ----------------------------===//
#include "EdgeLLM/Runtime/Generator.h"

#include "../Testing.h"
#include "AttendingModel.h"
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

TEST_F(GeneratorTest, StopsAtTheTokensOfTheRequest) {
  Ids expected = chain(4, 3);
  Generation result = generate(
      session(), {.prompt = {4}, .newTokens = 6, .stop = {expected[2]}}, {});
  EXPECT_EQ(result.ids, expected);
  EXPECT_TRUE(result.endedByEos);
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

TEST_F(GeneratorTest, FeedsTheLastTokenWhenAskedTo) {
  GenerationRequest request{.prompt = {4}, .newTokens = 3, .feedLast = true};
  Ids expected = chain(4, 3);
  EXPECT_EQ(generate(session(), request, {}).ids, expected);
  expected.insert(expected.begin(), 4);
  EXPECT_EQ(Ids(opened->ids().begin(), opened->ids().end()), expected);
  // Also when it ends the text.
  Session &ended = session({int(expected[1])});
  EXPECT_TRUE(generate(ended, request, {}).endedByEos);
  EXPECT_EQ(ended.past(), 2u);
}

TEST_F(GeneratorTest, ContinuesWhatIsCached) {
  Session &opened = session();
  opened.forward(Ids(10, 1));
  GenerationRequest request{.prompt = {1, 4}, .newTokens = 9};
  EXPECT_EQ(generate(opened, request, {}).ids, chain(4, 9));
  opened.rewind(10);
  request.newTokens = 10;
  EXPECT_EQ(errorOf([&] { generate(opened, request, {}); }),
            "prompt of 2 tokens after 10 cached ones and 10 new ones need 21 "
            "positions, the package's context is 20");
}

TEST_F(GeneratorTest, SamplingIsRepeatable) {
  GenerationRequest request{.prompt = {9}, .newTokens = 12};
  request.sampling = {.temperature = 5, .seed = 3};
  Ids first = generate(session(), request, {}).ids;
  EXPECT_EQ(generate(session(), request, {}).ids, first);
  request.sampling.seed = 4;
  EXPECT_NE(generate(session(), request, {}).ids, first);
}

//===----------------------------------------------------------------------===//
// Context
//===----------------------------------------------------------------------===//

TEST(RequireContext, CountsWhatIsFed) {
  auto require = [](size_t prompt, uint64_t newTokens, uint64_t cached = 0,
                    bool feedLast = false) {
    requireContext(
        {.prompt = Ids(prompt), .newTokens = newTokens, .feedLast = feedLast},
        cached, 512);
  };
  require(512, 1); // the one new token is not fed back
  require(512, 0);
  require(1, 512);
  require(1, 12, 500);
  require(1, 511, 0, /*feedLast=*/true);
  EXPECT_EQ(errorOf([&] { require(500, 20); }),
            "prompt of 500 tokens and 20 new ones need 519 positions, the "
            "package's context is 512");
  EXPECT_EQ(errorOf([&] { require(513, 0); }),
            "prompt of 513 tokens and 0 new ones need 513 positions, the "
            "package's context is 512");
  EXPECT_EQ(errorOf([&] { require(1, 13, 500); }),
            "prompt of 1 tokens after 500 cached ones and 13 new ones need 513 "
            "positions, the package's context is 512");
  EXPECT_EQ(errorOf([&] { require(1, 512, 0, true); }),
            "prompt of 1 tokens and 512 new ones need 513 positions, the "
            "package's context is 512");
}

TEST(RequireContext, AWindowHasRoomForAll) {
  GenerationRequest request{.prompt = Ids(600), .newTokens = 1000};
  for (uint64_t window : {0u, 511u}) {
    request.window = window;
    requireContext(request, 512, 512);
  }
  request.window = 512;
  EXPECT_EQ(errorOf([&] { requireContext(request, 0, 512); }),
            "a window that keeps 512 tokens, allowed are 0 to the package's "
            "context less one, 511");
}

TEST(SlideText, LeavesWhatFits) {
  EXPECT_EQ(slideText(Ids{}, 2, 8), Ids{});
  EXPECT_EQ(slideText(Ids{1, 2, 3, 4, 5, 6, 7, 8}, 2, 8),
            (Ids{1, 2, 3, 4, 5, 6, 7, 8}));
}

TEST(SlideText, KeepsTheFirstAndTheLatestHalfOfTheOthers) {
  // Two stay, and of the seven others three.
  EXPECT_EQ(slideText(Ids{1, 2, 3, 4, 5, 6, 7, 8, 9}, 2, 8),
            (Ids{1, 2, 7, 8, 9}));
  EXPECT_EQ(slideText(Ids{1, 2, 3, 4, 5, 6, 7, 8, 9}, 0, 8), (Ids{6, 7, 8, 9}));
  EXPECT_EQ(slideText(Ids{1, 2, 3, 4, 5, 6, 7, 8, 9}, 7, 8),
            (Ids{1, 2, 3, 4, 5, 6, 7, 9}));
  EXPECT_EQ(slideText(Ids{1, 2}, 0, 1), Ids{2});
  EXPECT_THROW(slideText(Ids{1}, 8, 8), Error);
}

TEST(SlideText, IsAsIfTokensCameOneByOne) {
  Ids whole(100), text;
  for (uint32_t i = 0; i < 100; ++i) {
    whole[i] = i;
    text.push_back(i);
    text = slideText(text, 3, 10);
    EXPECT_EQ(slideText(std::span(whole).first(i + 1), 3, 10), text);
  }
}

/// With a model that attends, so that what it sees matters.
class WindowTest : public ::testing::Test {
protected:
  Session &session() {
    opened.reset();
    model.write(folder / "a.pkg");
    opened = std::make_unique<Session>(Package(folder / "a.pkg"));
    return *opened;
  }
  Ids greedyTokens(const GenerationRequest &request) {
    return generate(session(), request, {}).ids;
  }

  AttendingModel model;
  TemporaryFolder folder;
  std::unique_ptr<Session> opened;
};

TEST_F(WindowTest, TheModelSeesTheShorterText) {
  GenerationRequest request{
      .prompt = {1, 2, 3, 4, 5}, .newTokens = 60, .window = 4};
  Generation result = generate(session(), request, {});
  ASSERT_EQ(result.ids.size(), 60u);
  // 20 fit; the 21st leaves 4 and 8 of them, then every ninth does.
  EXPECT_EQ(result.slides, 5u);
  EXPECT_EQ(result.decodePasses, 59u);
  Ids text = request.prompt;
  for (uint32_t id : result.ids) {
    Ids seen = slideText(text, 4, AttendingModel::context);
    EXPECT_EQ(greedyTokens({.prompt = seen, .newTokens = 1}), Ids{id})
        << text.size();
    text.push_back(id);
  }
}

TEST_F(WindowTest, APromptMayBeLongerThanTheContext) {
  Ids prompt(50);
  for (uint32_t i = 0; i < 50; ++i)
    prompt[i] = (7 * i) % 70;
  Ids seen = slideText(prompt, 2, AttendingModel::context);
  EXPECT_EQ(greedyTokens({.prompt = prompt, .newTokens = 5, .window = 2}),
            greedyTokens({.prompt = seen, .newTokens = 5, .window = 2}));
  EXPECT_THROW(greedyTokens({.prompt = prompt, .newTokens = 5}), Error);
}

TEST_F(WindowTest, LogitsAreHandedOverAsTheyAreComputed) {
  size_t rows = 0;
  GenerationObserver observer;
  observer.onLogits = [&](std::span<const uint16_t>) { ++rows; };
  GenerationRequest request{.prompt = Ids(20, 1), .newTokens = 3, .window = 4};
  Ids ids = generate(session(), request, observer).ids;
  EXPECT_EQ(rows, 20u + 12 + 1); // 4 and 8 are fed again
  EXPECT_EQ(ids, greedyTokens(request));
}

} // namespace
