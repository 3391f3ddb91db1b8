//===- PlanMemory.cpp - Give every buffer its address ---------------------===//
#include "ActivationPlanner.h"
#include "EdgeLLM/Dialect/Accel/IR/Layout.h"
#include "EdgeLLM/Dialect/Accel/Transforms/Passes.h"
#include "EdgeLLM/Dialect/Request/RequestExpr.h"

#include "mlir/IR/Remarks.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;

namespace edgellm::accel {
#define GEN_PASS_DEF_PLANMEMORY
#include "EdgeLLM/Dialect/Accel/Transforms/Passes.h.inc"
} // namespace edgellm::accel

using namespace edgellm;
using namespace edgellm::accel;

/// Room for the program where it shares a port with everything else.
static constexpr int64_t kProgramPackets = 1 << 14;
static constexpr int64_t kPacketBytes = isa::kPacketBytes;

namespace {

/// Memory of one kind, filled from address 0, with a record of what is in it.
class Region {
public:
  explicit Region(StringRef name) : name(name) {}

  int64_t append(StringRef item, int64_t packets) {
    items.push_back({item.str(), packets});
    int64_t address = size;
    size += packets;
    return address;
  }

  int64_t getSize() const { return size; }

  /// The five largest items, for the error of a plan that does not fit.
  void describe(Diagnostic &note) const {
    auto sorted = items;
    llvm::sort(sorted, [](const Item &a, const Item &b) {
      return std::tie(b.packets, a.name) < std::tie(a.packets, b.name);
    });
    note << name << ": " << size * kPacketBytes << " bytes in " << items.size()
         << " items, the largest";
    for (const Item &item : ArrayRef(sorted).take_front(5))
      note << llvm::formatv("; {0} {1} bytes", item.name,
                            item.packets * kPacketBytes)
                  .str();
  }

private:
  struct Item {
    std::string name;
    int64_t packets;
  };
  StringRef name;
  std::vector<Item> items;
  int64_t size = 0;
};

class PlanMemoryPass
    : public edgellm::accel::impl::PlanMemoryBase<PlanMemoryPass> {
public:
  using PlanMemoryBase::PlanMemoryBase;

  void runOnOperation() override {
    ProgramOp program = getOperation();
    if (failed(checkSequences(program)) || failed(checkRows(program)))
      return signalPassFailure();
    Region hbm("each HBM port"), ddr("ddr");
    planPorts(program, hbm);
    planConstants(program, ddr);
    if (failed(planActivations(program, ddr)))
      return signalPassFailure();
    program.setHbmPackets(hbm.getSize());
    program.setDdrPackets(ddr.getSize());
    ddrPackets = ddr.getSize();
    hbmPackets = hbm.getSize();
    if (failed(checkFit(program, hbm, ddr)))
      signalPassFailure();
  }

private:
  /// Every buffer has rows at the longest pass, and no more than addresses
  /// reach.
  static LogicalResult checkRows(ProgramOp program) {
    constexpr int64_t mostRows = int64_t(1) << 32;
    WalkResult result = program.walk([&](AllocOp alloc) {
      auto entry = alloc->getParentOfType<EntryOp>();
      int64_t rows =
          evaluate(alloc.getType().getRows(), entry.getMaxTokens(), 0);
      if (rows >= 1 && rows <= mostRows)
        return WalkResult::advance();
      alloc.emitOpError() << "has " << rows << " rows in a pass of "
                          << entry.getMaxTokens()
                          << " tokens, allowed are 1 to " << mostRows;
      return WalkResult::interrupt();
    });
    return failure(result.wasInterrupted());
  }

  LogicalResult checkSequences(ProgramOp program) const {
    constexpr int64_t most = (1 << 16) - 1; // what `begin` can say
    if (sequences >= 1 && sequences <= most)
      return success();
    return program.emitError() << "sequences: found " << sequences.getValue()
                               << ", allowed are 1 to " << most;
  }

  /// Sequence 0 gets addresses; the others lie behind it in the same way.
  void planPorts(ProgramOp program, Region &hbm) const {
    int64_t ports = program.getTarget().getPorts();
    for (WeightOp weight : program.getOps<WeightOp>()) {
      int64_t packets = layoutOf(weight, ports).portBytes() / kPacketBytes;
      weight.setAddress(hbm.append(weight.getSymName(), packets));
    }
    int64_t weights = hbm.getSize();
    for (CacheOp cache : program.getOps<CacheOp>())
      cache.setAddress(
          hbm.append(cache.getSymName(), portPacketsOf(cache, ports)));
    int64_t caches = hbm.getSize() - weights;
    if (sequences > 1)
      hbm.append("caches of the other sequences", (sequences - 1) * caches);
    program.setSequencePackets(caches);
    program.setSequences(sequences);
  }

  static void planConstants(ProgramOp program, Region &ddr) {
    ddr.append("status", 1);
    for (ConstantOp constant : program.getOps<ConstantOp>())
      constant.setAddress(
          ddr.append(constant.getSymName(), packetsOf(constant)));
    for (RopeTableOp table : program.getOps<RopeTableOp>())
      table.setAddress(ddr.append(table.getSymName(), packetsOf(table)));
  }

  /// Entry points run one at a time and share the memory after the constants
  /// and the activation buffer.
  LogicalResult planActivations(ProgramOp program, Region &ddr) {
    int64_t base = ddr.getSize(), ddrEnd = base, chipEnd = 0;
    for (EntryOp entry : program.getOps<EntryOp>()) {
      ActivationPlanner planner(entry, base,
                                program.getTarget().getChipPackets());
      if (!onChip)
        planner.keepInDDR();
      if (failed(planner.run()))
        return failure();
      remark::analysis(
          entry.getLoc(),
          remark::RemarkOpts::name("placement").category(getArgument()))
          << planner.describe();
      ddrEnd = std::max(ddrEnd, planner.getDdrEnd());
      chipEnd = std::max(chipEnd, planner.getChipEnd());
    }
    ddr.append("activations", ddrEnd - base);
    program.setChipPackets(chipEnd);
    return success();
  }

  static LogicalResult checkFit(ProgramOp program, const Region &hbm,
                                const Region &ddr) {
    TargetAttr target = program.getTarget();
    int64_t shared = ddr.getSize() + kProgramPackets;
    int64_t inPort = hbm.getSize() + (target.getSharedPort() ? shared : 0);
    int64_t inDDR = target.getSharedPort() ? 0 : shared;
    if (inPort <= target.getPortPackets() && inDDR <= target.getDdrPackets())
      return success();
    InFlightDiagnostic error =
        program.emitError()
        << "does not fit target " << target.getName() << ": " << "needs "
        << inPort * kPacketBytes << " bytes of the "
        << target.getPortPackets() * kPacketBytes << " in an HBM port and "
        << inDDR * kPacketBytes << " of the "
        << target.getDdrPackets() * kPacketBytes << " in DDR";
    hbm.describe(error.attachNote());
    ddr.describe(error.attachNote());
    return error;
  }
};

} // namespace
