//===- Quantize.cpp - Decide how weights are coded ------------------------===//
#include "EdgeLLM/Dialect/EdgeLLM/Transforms/Passes.h"

#include "mlir/IR/Builders.h"

using namespace mlir;

namespace edgellm::graph {
#define GEN_PASS_DEF_QUANTIZE
#include "EdgeLLM/Dialect/EdgeLLM/Transforms/Passes.h.inc"
} // namespace edgellm::graph

using namespace edgellm::graph;

namespace {

class QuantizePass : public edgellm::graph::impl::QuantizeBase<QuantizePass> {
public:
  using QuantizeBase::QuantizeBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    std::optional<QuantizeMethod> chosen = symbolizeQuantizeMethod(method);
    if (!chosen || *chosen == QuantizeMethod::gptq) {
      module.emitError() << "edgellm-quantize: method '" << method
                         << "', allowed are round_to_nearest and scale_search";
      return signalPassFailure();
    }
    if (weights == "fp16")
      return;
    if (weights != "int4") {
      module.emitError() << "edgellm-quantize: weights '" << weights
                         << "', allowed are int4 and fp16";
      return signalPassFailure();
    }
    Builder builder(&getContext());
    auto encoding =
        BlockQuantAttr::get(&getContext(), builder.getIntegerType(4), 128,
                            builder.getF16Type(), *chosen);
    module.walk([&](LinearOp op) { encode(op, encoding); });
  }

private:
  void encode(LinearOp op, BlockQuantAttr encoding) {
    if (typeOf(op.getWeight()).getEncoding())
      return;
    op.setWeightAttr(withEncoding(op.getWeight(), encoding));
    ++quantized;
  }
};

} // namespace
