//===- ReferenceScorer.cpp - Logits in float32 ----------------------------===//
#include "EdgeLLM/Reference/ReferenceScorer.h"

#include "EdgeLLM/Import/Import.h"
#include "EdgeLLM/Reference/Interpreter.h"

#include <algorithm>

using namespace mlir;
using namespace edgellm;

namespace {

class ReferenceScorer : public TokenScorer {
public:
  explicit ReferenceScorer(const char *directory)
      : mlir(MLIRContext::Threading::DISABLED),
        checkpoint(Checkpoint::open(directory)),
        module(importModel(mlir, checkpoint)),
        function(module->lookupSymbol<func::FuncOp>("score")) {}

  uint64_t context() const override {
    return uint64_t(checkpoint.config().context);
  }

  /// As many as keep the widest activations, of which there are a few, near
  /// 256 MB.
  uint64_t windowsAtOnce(uint64_t window) const override {
    const ModelConfig &config = checkpoint.config();
    uint64_t widest =
        uint64_t(std::max(config.vocabulary, config.intermediate));
    return std::max<uint64_t>(1, (uint64_t(1) << 26) / widest / window);
  }

  void score(std::span<const uint32_t> ids, uint64_t window,
             const RowConsumer &consume) override {
    TokenSequences sequences;
    for (; !ids.empty(); ids = ids.subspan(window))
      sequences.emplace_back(ids.begin(), ids.begin() + int64_t(window));
    auto results = interpret(function, &checkpoint, sequences, {});
    const Matrix &logits = std::get<Matrix>(results.front());
    for (int64_t row = 0; row < logits.rows; ++row)
      consume(logits.row(row));
  }

private:
  MLIRContext mlir;
  Checkpoint checkpoint;
  OwningOpRef<ModuleOp> module;
  func::FuncOp function;
};

} // namespace

extern "C" TokenScorer *edgellmOpenReference(const char *checkpoint) {
  return new ReferenceScorer(checkpoint);
}

static_assert(std::is_same_v<decltype(edgellmOpenReference), OpenReference>);
