//===- Schedule.cpp - Order the steps so that units overlap ---------------===//
#include "EdgeLLM/Dialect/Accel/Transforms/Passes.h"

#include <set>

using namespace mlir;

namespace edgellm::accel {
#define GEN_PASS_DEF_SCHEDULE
#include "EdgeLLM/Dialect/Accel/Transforms/Passes.h.inc"
} // namespace edgellm::accel

using namespace edgellm::accel;

namespace {

/// The steps of one entry point and the order that their buffers ask for.
class ListScheduler {
public:
  explicit ListScheduler(EntryOp entry) : block(entry.getBody().front()) {
    for (Operation &op : block)
      if (auto step = dyn_cast<StepOpInterface>(op))
        steps.push_back({step, {}, 0, kNever});
  }

  /// Reorders the block; returns how many steps changed places.
  unsigned run() {
    addDependences();
    measureDistances();
    std::vector<unsigned> order = chooseOrder();
    apply(order);
    unsigned moved = 0;
    for (auto [position, index] : llvm::enumerate(order))
      moved += position != index;
    return moved;
  }

private:
  static constexpr unsigned kNever = ~0u;

  struct Step {
    StepOpInterface op;
    std::vector<unsigned> successors;
    unsigned predecessors;
    /// Steps on the shortest way to one that writes the KV cache.
    unsigned distance;
  };

  /// What tells buffers apart: the cache, or the value that names the memory.
  static const void *keyOf(Value buffer) {
    Value base = baseOf(buffer);
    if (auto cached = base.getDefiningOp<CachedOp>())
      return cached.getCacheAttr().getAsOpaquePointer();
    return base.getAsOpaquePointer();
  }

  void order(unsigned before, unsigned after) {
    if (before == after)
      return;
    steps[before].successors.push_back(after);
    ++steps[after].predecessors;
  }

  /// Reads come after the last write, a write after all that came before it.
  void addDependences() {
    struct Uses {
      std::optional<unsigned> writer;
      std::vector<unsigned> readers;
    };
    llvm::DenseMap<const void *, Uses> uses;
    for (unsigned index = 0; index < steps.size(); ++index) {
      for (Value input : steps[index].op.getInputs()) {
        Uses &known = uses[keyOf(input)];
        if (known.writer)
          order(*known.writer, index);
        known.readers.push_back(index);
      }
      Uses &known = uses[keyOf(steps[index].op.getOutput())];
      for (unsigned reader : known.readers)
        order(reader, index);
      if (known.writer)
        order(*known.writer, index);
      known = {index, {}};
    }
  }

  void measureDistances() {
    for (Step &step : llvm::reverse(steps)) {
      if (bufferType(step.op.getOutput()).getSpace() == Space::hbm)
        step.distance = 0;
      for (unsigned successor : step.successors)
        if (steps[successor].distance != kNever)
          step.distance =
              std::min(step.distance, steps[successor].distance + 1);
    }
  }

  std::vector<unsigned> chooseOrder() {
    std::set<std::pair<unsigned, unsigned>> ready; // distance, position
    for (unsigned index = 0; index < steps.size(); ++index)
      if (steps[index].predecessors == 0)
        ready.insert({steps[index].distance, index});
    std::vector<unsigned> chosen;
    while (!ready.empty()) {
      unsigned index = ready.begin()->second;
      ready.erase(ready.begin());
      chosen.push_back(index);
      for (unsigned successor : steps[index].successors)
        if (--steps[successor].predecessors == 0)
          ready.insert({steps[successor].distance, successor});
    }
    return chosen;
  }

  /// Moves an operation behind those placed so far, after the names for memory
  /// that it uses, which so live no longer than they must.
  void place(Operation *op, llvm::DenseSet<Operation *> &placed) {
    if (!op || !placed.insert(op).second)
      return;
    for (Value operand : op->getOperands())
      place(operand.getDefiningOp(), placed);
    op->moveBefore(block.getTerminator());
  }

  void apply(ArrayRef<unsigned> order) {
    llvm::DenseSet<Operation *> placed{block.getTerminator()};
    std::vector<Operation *> others;
    for (Operation &op : block)
      others.push_back(&op);
    for (unsigned index : order)
      place(steps[index].op, placed);
    for (Operation *op : others)
      place(op, placed);
  }

  Block &block;
  std::vector<Step> steps;
};

class SchedulePass : public edgellm::accel::impl::ScheduleBase<SchedulePass> {
public:
  void runOnOperation() override {
    for (EntryOp entry : getOperation().getOps<EntryOp>())
      moved += ListScheduler(entry).run();
  }
};

} // namespace
