//===- Sparsify.cpp - Decide which weights are pruned ---------------------===//
#include "CompressionRules.h"
#include "EdgeLLM/Dialect/EdgeLLM/Transforms/Passes.h"

#include "mlir/IR/Remarks.h"

using namespace mlir;

namespace edgellm::graph {
#define GEN_PASS_DEF_SPARSIFY
#include "EdgeLLM/Dialect/EdgeLLM/Transforms/Passes.h.inc"
} // namespace edgellm::graph

using namespace edgellm;
using namespace edgellm::graph;

namespace {

class SparsifyPass : public edgellm::graph::impl::SparsifyBase<SparsifyPass> {
public:
  using SparsifyBase::SparsifyBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    FailureOr<CompressionRules> rules = CompressionRules::read(
        module, getArgument(), {"int4", density, prune, quantize, strategy});
    if (failed(rules) || failed(rules->checkAllMatch(module, getArgument())))
      return signalPassFailure();
    module.walk([&](LinearOp op) { encode(op, rules->choiceFor(op)); });
  }

private:
  void encode(LinearOp op, const MatrixChoice &choice) {
    unsigned keep = choice.compression.keep;
    if (choice.fp16 || keep == kPruneGroup ||
        typeOf(op.getWeight()).getEncoding())
      return;
    op.setWeightAttr(withChoice(op.getWeight(), choice));
    ++sparsified;
    remark::passed(
        op.getLoc(),
        remark::RemarkOpts::name("sparsified").category(getArgument()))
        << "keeps " + formatDensity(keep) + " of the inputs by " +
               edgellm::nameOf(choice.compression.prune).data();
  }
};

} // namespace
