//===- llama2c.cpp - A model of llama2.c, and its tokenizer.bin -----------===//
#include "EdgeLLM/Weights/Llama2C.h"
#include "Fuzzing.h"

using namespace edgellm;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  auto file = fuzz::bytesOf(data, size);
  fuzz::mayFail([&] {
    size_t bytes = 0;
    for (const auto &[name, tensor] : parseLlama2C(file, "f").tensors)
      bytes += tensor.data.size();
    fuzz::require(bytes <= file.size(), "tensors do not overlap");
  });
  fuzz::mayFail([&] { parseLlama2CTokenizer(file, 4, "f"); });
  return 0;
}
