//===- Quantize.cpp - Decide how weights are coded ------------------------===//
#include "CompressionRules.h"
#include "EdgeLLM/Dialect/EdgeLLM/Transforms/Passes.h"

#include "mlir/IR/Remarks.h"

using namespace mlir;

namespace edgellm::graph {
#define GEN_PASS_DEF_QUANTIZE
#include "EdgeLLM/Dialect/EdgeLLM/Transforms/Passes.h.inc"
} // namespace edgellm::graph

using namespace edgellm;
using namespace edgellm::graph;

namespace {

class QuantizePass : public edgellm::graph::impl::QuantizeBase<QuantizePass> {
public:
  using QuantizeBase::QuantizeBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    FailureOr<CompressionRules> rules = CompressionRules::read(
        module, getArgument(),
        {weights, "8/8", "magnitude", quantize, strategy});
    if (failed(rules) || failed(rules->checkAllMatch(module, getArgument())))
      return signalPassFailure();
    module.walk([&](LinearOp op) { encode(op, rules->choiceFor(op)); });
  }

private:
  void encode(LinearOp op, MatrixChoice choice) {
    if (choice.fp16 || typeOf(op.getWeight()).getEncoding())
      return;
    // What is pruned got its encoding from edgellm-sparsify.
    choice.compression.keep = kPruneGroup;
    op.setWeightAttr(withChoice(op.getWeight(), choice));
    ++quantized;
    remark::passed(
        op.getLoc(),
        remark::RemarkOpts::name("quantized").category(getArgument()))
        << std::string("INT4 by ") +
               edgellm::nameOf(choice.compression.quantize).data();
  }
};

} // namespace
