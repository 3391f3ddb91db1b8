//===- Fuse.cpp - Join element-wise operators to products -----------------===//
#include "EdgeLLM/Dialect/EdgeLLM/Transforms/Passes.h"

#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

namespace edgellm::graph {
#define GEN_PASS_DEF_FUSE
#include "EdgeLLM/Dialect/EdgeLLM/Transforms/Passes.h.inc"
} // namespace edgellm::graph

using namespace edgellm::graph;

namespace {

/// The product behind `value` if it can take a join for its only reader.
static LinearOp joinable(Value value) {
  auto linear = value.getDefiningOp<LinearOp>();
  if (!linear || !value.hasOneUse() || linear.getAddend() ||
      linear.getMultiplier())
    return {};
  return linear;
}

/// Replaces `op`, an addition or multiplication with a product, by the product
/// with the other operand joined.
template <typename Elementwise>
struct JoinToProduct : OpRewritePattern<Elementwise> {
  using OpRewritePattern<Elementwise>::OpRewritePattern;

  LogicalResult matchAndRewrite(Elementwise op,
                                PatternRewriter &rewriter) const override {
    // Of two products the later one joins the earlier: its operand is ready.
    for (auto [product, other] : {std::pair(op.getRhs(), op.getLhs()),
                                  std::pair(op.getLhs(), op.getRhs())}) {
      LinearOp linear = joinable(product);
      if (!linear || product == other)
        continue;
      bool adds = llvm::isa<AddOp>(op.getOperation());
      // The step keeps the product's name: that is where its time goes.
      auto joined = LinearOp::create(
          rewriter, linear.getLoc(), op.getType(), linear.getInput(),
          linear.getWeightAttr(), linear.getBiasAttr(), adds ? other : Value(),
          adds ? Value() : other);
      rewriter.replaceOp(op, joined);
      rewriter.eraseOp(linear);
      return success();
    }
    return failure();
  }
};

class FusePass : public edgellm::graph::impl::FuseBase<FusePass> {
public:
  using FuseBase::FuseBase;

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<JoinToProduct<AddOp>, JoinToProduct<MultiplyOp>>(
        &getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
