//===- model_config.cpp - config.json of every family ---------------------===//
#include "EdgeLLM/Weights/ModelConfig.h"
#include "Fuzzing.h"

using namespace edgellm;

/// What ModelConfig.h promises of every config that is read.
static void checkRanges(const ModelConfig &config) {
  constexpr int64_t most = int64_t(1) << 24;
  for (int64_t extent : {config.hidden, config.intermediate, config.heads,
                         config.kvHeads, config.headSize, config.vocabulary,
                         config.context, config.heads * config.headSize})
    fuzz::require(extent >= 1 && extent <= most, "extents are 1 to 2^24");
  fuzz::require(config.layers >= 1 && config.layers <= 1024,
                "layers are 1 to 1024");
  fuzz::require(config.heads % config.kvHeads == 0, "heads share evenly");
  fuzz::require(config.headSize % 2 == 0 && config.rotary % 2 == 0 &&
                    config.rotary >= 0 && config.rotary <= config.headSize,
                "pairs of channels turn");
  fuzz::require(config.normEpsilon > 0 && config.normEpsilon <= 1,
                "epsilon is in (0, 1]");
  fuzz::require(config.bosToken >= -1 && config.bosToken < config.vocabulary,
                "the first token is of the vocabulary");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz::mayFail(
      [&] { checkRanges(parseModelConfig(fuzz::textOf(data, size), "f")); });
  return 0;
}
