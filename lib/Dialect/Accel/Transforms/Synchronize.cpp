//===- Synchronize.cpp - Let units wait for each other where they must ----===//
#include "EdgeLLM/Dialect/Accel/IR/StepEncoding.h"
#include "EdgeLLM/Dialect/Accel/Transforms/Passes.h"
#include "EdgeLLM/ISA/Schedule.h"

using namespace mlir;

namespace edgellm::accel {
#define GEN_PASS_DEF_SYNCHRONIZE
#include "EdgeLLM/Dialect/Accel/Transforms/Passes.h.inc"
} // namespace edgellm::accel

using namespace edgellm;
using namespace edgellm::accel;

namespace {

/// Goes over the steps of one entry in program order and adds the tokens that
/// keep each from racing with earlier ones.
class EntrySynchronizer {
public:
  EntrySynchronizer(EntryOp entry, ProgramOp program,
                    const SymbolTable &symbols, bool chains)
      : entry(entry), symbols(symbols), ports(program.getTarget().getPorts()),
        chains(chains),
        order({int64_t(entry.getMaxTokens()), int64_t(program.getContext())}) {
    // The instruction `begin` counts among those in flight.
    order.open({});
    order.commit();
    steps.emplace_back();
  }

  LogicalResult run() {
    for (Operation &op : entry.getBody().front())
      if (llvm::isa<StepOpInterface>(op) && failed(add(&op)))
        return failure();
    for (Step &step : llvm::drop_begin(steps))
      write(step);
    return success();
  }

  unsigned tokenCount = 0, chainCount = 0;

private:
  struct Step {
    Operation *op = nullptr;
    isa::Unit unit = {};
    isa::Set<isa::Unit> wait, streamWait, follow, signal, lead;
  };

  LogicalResult add(Operation *op) {
    FailureOr<StepInstruction> encoded = encodeStep(op, symbols);
    if (failed(encoded))
      return failure();
    isa::ScheduledInstruction instruction = std::visit(
        [&](const auto &i) { return isa::scheduledInstruction(i, ports); },
        *encoded);
    Step step;
    step.op = op;
    step.unit = *instruction.unit;
    order.open(instruction);
    while (std::optional<isa::ExecutionOrder::Race> race = order.findRace())
      resolve(*race, step);
    order.commit();
    steps.push_back(step);
    return success();
  }

  /// Never puts two tokens of one unit for another step of the same unit: the
  /// first orders all that come later there.
  void resolve(const isa::ExecutionOrder::Race &race, Step &step) {
    Step &earlier = steps[race.earlier];
    if (canFollow(race)) {
      order.follow(race.earlier);
      earlier.lead.insert(step.unit);
      step.follow.insert(earlier.unit);
      ++chainCount;
    } else if (race.ofStream()) {
      order.streamWaitFor(race.earlier);
      earlier.signal.insert(isa::Unit::dma);
      step.streamWait.insert(earlier.unit);
      ++tokenCount;
    } else {
      order.waitFor(race.earlier);
      earlier.signal.insert(step.unit);
      step.wait.insert(earlier.unit);
      ++tokenCount;
    }
  }

  bool canFollow(const isa::ExecutionOrder::Race &race) const {
    return chains && race.operand->access == isa::Access::read &&
           race.earlierOperand->access == isa::Access::write &&
           race.operand->region == race.earlierOperand->region &&
           order.canFollow(race.earlier);
  }

  static void write(const Step &step) {
    MLIRContext *context = step.op->getContext();
    auto tokens = TokensAttr::get(context, step.wait, step.streamWait,
                                  step.follow, step.signal, step.lead);
    if (tokens != TokensAttr::get(context, {}, {}, {}, {}, {}))
      step.op->setAttr("tokens", tokens);
    else
      step.op->removeAttr("tokens");
  }

  EntryOp entry;
  const SymbolTable &symbols;
  int64_t ports;
  bool chains;
  isa::ExecutionOrder order;
  std::vector<Step> steps; // by number; 0 is `begin`
};

class SynchronizePass
    : public edgellm::accel::impl::SynchronizeBase<SynchronizePass> {
public:
  using SynchronizeBase::SynchronizeBase;

  void runOnOperation() override {
    ProgramOp program = getOperation();
    if (failed(checkPlanned(program)))
      return signalPassFailure();
    SymbolTable symbols(program);
    for (EntryOp entry : program.getOps<EntryOp>()) {
      EntrySynchronizer synchronizer(entry, program, symbols, chains);
      if (failed(synchronizer.run()))
        return signalPassFailure();
      tokenCount += synchronizer.tokenCount;
      chainCount += synchronizer.chainCount;
    }
  }
};

} // namespace
