//===- safetensors.cpp - The header of a safetensors file -----------------===//
#include "EdgeLLM/Weights/SafeTensors.h"
#include "Fuzzing.h"

using namespace edgellm;

/// Every tensor lies in the file, and together they are all of its data.
static void checkTable(const TensorTable &table,
                       std::span<const std::byte> file) {
  size_t bytes = 0;
  for (const auto &[name, tensor] : table) {
    fuzz::require(tensor.data.empty() ||
                      (tensor.data.data() >= file.data() &&
                       tensor.data.data() + tensor.data.size() <=
                           file.data() + file.size()),
                  "a tensor lies in the file");
    bytes += tensor.data.size();
  }
  fuzz::require(bytes <= file.size(), "tensors do not overlap");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  auto file = fuzz::bytesOf(data, size);
  fuzz::mayFail([&] { checkTable(parseSafeTensors(file, "f"), file); });
  return 0;
}
