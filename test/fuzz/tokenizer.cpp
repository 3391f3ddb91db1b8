//===- tokenizer.cpp - SentencePiece models and tokenizer.json ------------===//
#include "EdgeLLM/Runtime/Tokenizer.h"
#include "Fuzzing.h"

using namespace edgellm;

static void exercise(const Tokenizer &tokenizer) {
  TextStream stream(tokenizer);
  for (uint32_t id = 0; id < std::min<uint32_t>(tokenizer.size(), 64); ++id)
    stream.add(id);
  stream.finish();
  std::string_view text = "In the beginning \xE2\x82\xAC\xF0\x9F\x98\x80  .";
  for (uint32_t id : tokenizer.encode(text, "text"))
    fuzz::require(id < tokenizer.size(), "ids are of pieces");
  tokenizer.encodePart(text, Tokenizer::Place::continues, "text");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz::mayFail([&] {
    exercise(Tokenizer(fuzz::bytesOf(data, size), "f", {}));
  });
  return 0;
}
