//===- target.cpp - Descriptions of machines ------------------------------===//
#include "EdgeLLM/Target/Target.h"
#include "Fuzzing.h"

using namespace edgellm;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz::mayFail([&] { parseTarget(fuzz::textOf(data, size), "tiny.json"); });
  return 0;
}
