//===- gguf.cpp - The head of a GGUF file, and the tokenizer in it --------===//
#include "EdgeLLM/Weights/GGUF.h"
#include "Fuzzing.h"
#include "GGUFTokenizer.h"

using namespace edgellm;

/// Tensors lie in the file, apart from each other, and their rows are whole.
static void checkTensors(const TensorTable &tensors,
                         std::span<const std::byte> file) {
  size_t bytes = 0;
  for (const auto &[name, tensor] : tensors) {
    fuzz::require(tensor.data.empty() ||
                      (tensor.data.data() >= file.data() &&
                       tensor.data.data() + tensor.data.size() <=
                           file.data() + file.size()),
                  "a tensor lies in the file");
    bytes += tensor.data.size();
    if (tensor.data.empty())
      continue;
    std::vector<float> row(size_t(tensor.columns()));
    fuzz::mayFail([&] { readRow(tensor, tensor.rows() - 1, row); });
  }
  fuzz::require(bytes <= file.size(), "tensors do not overlap");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  auto file = fuzz::bytesOf(data, size);
  fuzz::mayFail([&] {
    GGUFContent content = parseGGUF(file, "f");
    checkTensors(content.tensors, file);
    makeGGUFTokenizer(std::move(content.metadata), "f")->file();
  });
  return 0;
}
