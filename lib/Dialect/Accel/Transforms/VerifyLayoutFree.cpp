//===- VerifyLayoutFree.cpp - No step only moves data ---------------------===//
#include "EdgeLLM/Dialect/Accel/Transforms/Passes.h"

using namespace mlir;

namespace edgellm::accel {
#define GEN_PASS_DEF_VERIFYLAYOUTFREE
#include "EdgeLLM/Dialect/Accel/Transforms/Passes.h.inc"
} // namespace edgellm::accel

using namespace edgellm::accel;

namespace {

class VerifyLayoutFreePass
    : public edgellm::accel::impl::VerifyLayoutFreeBase<VerifyLayoutFreePass> {
public:
  void runOnOperation() override {
    WalkResult result = getOperation().walk([&](EntryOp entry) {
      for (Operation &op : *entry.getBody().begin())
        if (failed(check(op)))
          return WalkResult::interrupt();
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }

private:
  LogicalResult check(Operation &op) {
    if (llvm::isa<AllocOp, CachedOp, RowsOp, ReturnOp>(op))
      return success();
    auto step = dyn_cast<StepOpInterface>(op);
    if (!step)
      return op.emitError("is no hardware step");
    if (!step.computes())
      return op.emitError("only moves or reorders data; the program is not "
                          "layout-free");
    ++steps;
    return success();
  }
};

} // namespace
