//===- safetensors_index.cpp - model.safetensors.index.json ---------------===//
#include "EdgeLLM/Weights/SafeTensors.h"
#include "Fuzzing.h"

using namespace edgellm;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz::mayFail([&] {
    for (const auto &[name, shard] :
         parseWeightMap(fuzz::textOf(data, size), "f"))
      fuzz::require(shard.find('/') == shard.npos && shard != "..",
                    "a shard lies beside the index");
  });
  return 0;
}
