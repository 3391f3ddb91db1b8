//===- safetensors.cpp - The header of a safetensors file -----------------===//
#include "EdgeLLM/Weights/SafeTensors.h"
#include "Tensors.h"

using namespace edgellm;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  auto file = fuzz::bytesOf(data, size);
  fuzz::mayFail(
      [&] { fuzz::requireWithin(parseSafeTensors(file, "f"), file); });
  return 0;
}
