//===- strategy.cpp - Compression strategies ------------------------------===//
#include "EdgeLLM/Weights/Strategy.h"
#include "Fuzzing.h"

using namespace edgellm;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz::mayFail([&] {
    Strategy strategy = parseStrategy(fuzz::textOf(data, size), "f");
    std::string text = formatStrategy(strategy);
    fuzz::require(formatStrategy(parseStrategy(text, "again")) == text,
                  "a strategy reads back as it was written");
    strategy.ruleFor("model.layers.0.self_attn.q_proj");
  });
  return 0;
}
