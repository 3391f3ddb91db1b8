//===- PerplexityTest.cpp -------------------------------------------------===//
#include "EdgeLLM/Runtime/Perplexity.h"

#include "../Testing.h"
#include "EdgeLLM/Runtime/EncodedText.h"

#include <cmath>

using namespace edgellm;
using edgellm::testing::errorOf;

namespace {

TEST(NegativeLogLikelihood, OfEqualLogits) {
  std::vector<float> logits(1000, 3);
  EXPECT_DOUBLE_EQ(negativeLogLikelihood(logits, 7), std::log(1000.0));
}

TEST(NegativeLogLikelihood, OfExtremeLogits) {
  std::vector<float> logits = {65504, -65504};
  EXPECT_DOUBLE_EQ(negativeLogLikelihood(logits, 0), 0);
  EXPECT_DOUBLE_EQ(negativeLogLikelihood(logits, 1), 131008);
}

TEST(Perplexity, IsTheExponentialOfTheMean) {
  Perplexity result{.windows = 1, .tokens = 4, .nats = 4 * std::log(20.0)};
  EXPECT_DOUBLE_EQ(result.natsPerToken(), std::log(20.0));
  EXPECT_NEAR(result.perplexity(), 20, 1e-12);
}

/// Gives the next token (of 4) the id of the position's token and nothing else
/// any chance: logit 0 against -100.
class EchoScorer : public TokenScorer {
public:
  std::vector<size_t> calls; ///< ids of every score()

  uint64_t context() const override { return 8; }
  uint64_t windowsAtOnce(uint64_t) const override { return 2; }
  void score(std::span<const uint32_t> ids, uint64_t,
             const RowConsumer &consume) override {
    calls.push_back(ids.size());
    for (uint32_t id : ids) {
      std::vector<float> logits(4, -100);
      logits[id] = id == 3 ? NAN : 0;
      consume(logits);
    }
  }
};

Perplexity measure(EchoScorer &scorer, const std::vector<uint32_t> &ids,
                   TokenScorer::RowConsumer logits = {}) {
  return measurePerplexity(scorer, ids, 3,
                           {[](const Perplexity &, uint64_t) {}, logits});
}

TEST(MeasurePerplexity, ComparesEveryPositionWithTheNextId) {
  EchoScorer scorer;
  size_t rows = 0;
  // Three windows of 3; the last of the second is followed by another id.
  Perplexity result = measure(scorer, {1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 0},
                              [&](std::span<const float>) { ++rows; });
  EXPECT_EQ(result.windows, 3u);
  EXPECT_EQ(result.tokens, 9u);
  EXPECT_EQ(rows, 9u);
  EXPECT_NEAR(result.nats, 100, 1e-12);
  EXPECT_EQ(scorer.calls, (std::vector<size_t>{6, 3}));
}

TEST(MeasurePerplexity, RefusesWhatHasNoPerplexity) {
  EchoScorer scorer;
  EXPECT_EQ(errorOf([&] {
              measure(scorer, {1, 1, 1});
            }),
            "the text has 3 tokens, one window of 3 needs 4");
  EXPECT_EQ(errorOf([&] { countWindows(scorer, 100, 9); }),
            "windows of 9 tokens exceed the context of 8");
  EXPECT_EQ(errorOf([&] {
              measure(scorer, {1, 1, 4, 1});
            }),
            "token id 4 is outside the vocabulary of 4");
  EXPECT_EQ(errorOf([&] {
              measure(scorer, {1, 3, 3, 3});
            }),
            "the logits after 2 tokens are not finite");
}

Tokenizer demoTokenizer() {
  MappedFile model(std::string(EDGELLM_DEMO_MODEL) + "/tokenizer.model");
  return Tokenizer(model.bytes(), "tokenizer.model", {1});
}

TEST(EncodeParagraphs, BeginsEveryLineThatIsNotEmpty) {
  Tokenizer tokenizer = demoTokenizer();
  std::vector<uint32_t> expected = tokenizer.encode("And God said", "t");
  std::vector<uint32_t> second = tokenizer.encode("Amén.", "t");
  expected.insert(expected.end(), second.begin(), second.end());
  for (const char *text : {"And God said\nAmén.", "And God said\n\nAmén.\n"}) {
    EncodedText encoded = encodeParagraphs(tokenizer, text, "t");
    EXPECT_EQ(encoded.ids, expected);
    EXPECT_EQ(encoded.characters, 17u);
  }
}

TEST(EncodeParagraphs, NamesTheLine) {
  Tokenizer tokenizer = demoTokenizer();
  EXPECT_EQ(errorOf([&] { encodeParagraphs(tokenizer, "a\n\xFF", "t.txt"); }),
            "t.txt: line 2: byte 0 (0xff) is not valid UTF-8");
}

TEST(EncodeParagraphs, CountsTheHeldOutText) {
  std::string path = std::string(EDGELLM_DEMO_MODEL) + "/heldout.txt";
  EncodedText text =
      encodeParagraphs(demoTokenizer(), readTextFile(path), path);
  EXPECT_EQ(text.ids.size(), 30951u);
  EXPECT_EQ(text.characters, 110284u);
}

} // namespace
