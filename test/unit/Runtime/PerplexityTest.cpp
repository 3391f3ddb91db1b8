//===- PerplexityTest.cpp -------------------------------------------------===//
#include "EdgeLLM/Runtime/Perplexity.h"

#include "../Testing.h"
#include "EdgeLLM/Support/Half.h"

#include <cmath>

using namespace edgellm;
using edgellm::testing::errorOf;

namespace {

TEST(NegativeLogLikelihood, OfEqualLogits) {
  std::vector<uint16_t> logits(1000, floatToHalf(3));
  EXPECT_DOUBLE_EQ(negativeLogLikelihood(logits, 7), std::log(1000.0));
}

TEST(NegativeLogLikelihood, OfExtremeLogits) {
  std::vector<uint16_t> logits = {floatToHalf(65504), floatToHalf(-65504)};
  EXPECT_DOUBLE_EQ(negativeLogLikelihood(logits, 0), 0);
  EXPECT_DOUBLE_EQ(negativeLogLikelihood(logits, 1), 131008);
}

TEST(Perplexity, IsTheExponentialOfTheMean) {
  Perplexity result{.windows = 1, .tokens = 4, .nats = 4 * std::log(20.0)};
  EXPECT_DOUBLE_EQ(result.natsPerToken(), std::log(20.0));
  EXPECT_NEAR(result.perplexity(), 20, 1e-12);
}

Tokenizer demoTokenizer() {
  MappedFile model(std::string(EDGELLM_DEMO_MODEL) + "/tokenizer.model");
  return Tokenizer(model.bytes(), "tokenizer.model", 1u);
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
