//===- tokenizer_config.cpp - tokenizer_config.json -----------------------===//
#include "EdgeLLM/Runtime/Tokenizer.h"
#include "Fuzzing.h"

using namespace edgellm;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz::mayFail([&] { parseAddsBos(fuzz::textOf(data, size), "f"); });
  return 0;
}
