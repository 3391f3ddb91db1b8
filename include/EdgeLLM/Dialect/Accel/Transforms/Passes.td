//===- Passes.td - Passes on the accel dialect ----------------------------===//
#ifndef EDGELLM_DIALECT_ACCEL_TRANSFORMS_PASSES_TD
#define EDGELLM_DIALECT_ACCEL_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def VerifyLayoutFree : Pass<"accel-verify-layout-free",
                            "::edgellm::accel::ProgramOp"> {
  let summary = "Prove that no step only moves or reorders data";
  let description = [{
    Fails at the first operation of an entry point that is neither a computing
    step nor a name for memory (`accel.alloc`, `accel.cached`, `accel.rows`).
  }];
  let statistics = [Statistic<"steps", "steps", "Hardware steps">];
}

def PlanMemory : Pass<"accel-plan-memory", "::edgellm::accel::ProgramOp"> {
  let summary = "Give every buffer its address";
  let description = [{
    In every HBM port: weights, then caches. In the ddr buffer: the status
    packet, constants and tables, then activations at the size of the longest
    pass; buffers whose lifetimes do not meet share memory. What does not fit
    the target is an error with the memory map and the largest items.
  }];
  let statistics = [
    Statistic<"ddrPackets", "ddr-packets", "Packets of the ddr buffer">,
    Statistic<"hbmPackets", "hbm-packets", "Packets of each port's buffer">
  ];
}

#endif // EDGELLM_DIALECT_ACCEL_TRANSFORMS_PASSES_TD
