//===- gguf.cpp - Models in GGUF files, and the tokenizers in them --------===//
#include "EdgeLLM/Weights/GGUF.h"
#include "EdgeLLM/Runtime/Tokenizer.h"
#include "EdgeLLM/Weights/ModelSource.h"
#include "GGUFTokenizer.h"
#include "Tensors.h"

using namespace edgellm;

/// Tensors lie in the file, apart from each other, and their rows are whole.
static void checkTensors(const TensorTable &tensors,
                         std::span<const std::byte> file) {
  fuzz::requireWithin(tensors, file);
  for (const auto &[name, tensor] : tensors) {
    if (tensor.data.empty())
      continue;
    std::vector<float> row(size_t(tensor.columns()));
    fuzz::mayFail([&] { readRow(tensor, tensor.rows() - 1, row); });
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  auto file = fuzz::bytesOf(data, size);
  fuzz::mayFail([&] {
    GGUFContent content = parseGGUF(file, "f");
    checkTensors(content.tensors, file);
    auto tokenizer = makeGGUFTokenizer(std::move(content.metadata), "f");
    if (std::optional<TokenizerFile> made = tokenizer->file())
      Tokenizer(std::as_bytes(std::span(made->content)), "made", made->prefix);
  });
  fuzz::MemoryFile model(data, size);
  fuzz::mayFail([&] { ModelShapes::open(model.path()); });
  return 0;
}
