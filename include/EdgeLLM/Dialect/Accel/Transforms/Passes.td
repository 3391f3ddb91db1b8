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

def Schedule : Pass<"accel-schedule", "::edgellm::accel::ProgramOp"> {
  let summary = "Order the steps so that units overlap";
  let description = [{
    Steps keep the order of their operands; among those that are ready the one
    nearest to a write of the KV cache comes first. The cache is read back from
    HBM, so what is written there must have ended before the attention streams
    it; everything else can be followed block by block. In a block: values and
    keys before queries, so that the stream of the query weights hides the way
    through the cache.

    ```mlir
    accel.vmm %x weight(@q) ... into %q    ->    accel.vmm %x weight(@k) ... into %k
    accel.rope %q ... into %rq                   accel.rope %k ... into %new
    accel.vmm %x weight(@k) ... into %k          accel.vmm %x weight(@q) ... into %q
    accel.rope %k ... into %new                  accel.rope %q ... into %rq
    ```

    Runs before the memory plan, whose lifetimes follow the order.
  }];
  let statistics = [Statistic<"moved", "moved", "Steps that changed places">];
}

def PlanMemory : Pass<"accel-plan-memory", "::edgellm::accel::ProgramOp"> {
  let summary = "Give every buffer its place";
  let description = [{
    In every HBM port: weights, then caches, once for each sequence of tokens
    that the device is to keep at the same time. In the ddr buffer: the status
    packet, constants and tables, then activations. Activations live in the
    activation buffer on chip when they fit there at the longest pass, as in
    decode; else half of it is for those that fit and half for the slices in
    which the array takes its inputs from DDR (`slice`). Input and logits belong
    to the host and stay in DDR. Buffers whose lifetimes do not meet share
    memory. What does not fit the target is an error with the memory map and the
    largest items.
  }];
  let options = [
    Option<"onChip", "on-chip", "bool", "true",
           "whether activations may live on chip">,
    Option<"sequences", "sequences", "int64_t", "1",
           "sequences that have caches of their own">
  ];
  let statistics = [
    Statistic<"ddrPackets", "ddr-packets", "Packets of the ddr buffer">,
    Statistic<"hbmPackets", "hbm-packets", "Packets of each port's buffer">
  ];
}

def Synchronize : Pass<"accel-synchronize", "::edgellm::accel::ProgramOp"> {
  let summary = "Let units wait for each other where they must";
  let description = [{
    Gives every step the tokens (`tokens`) that keep it from reading what is not
    written yet, and from writing what is still read, whatever the units' speed;
    no more than needed, since what one token orders another need not. In a pass
    of one token a step follows its producer block by block where its operand
    lies on chip and is just what the other writes. Needs a memory plan, because
    steps that share memory wait for it.

    The loader of programs proves the result again on the final stream
    (ISA/Schedule.h).
  }];
  let options = [
    Option<"chains", "chains", "bool", "true",
           "whether steps may follow each other block by block">
  ];
  let statistics = [
    Statistic<"tokenCount", "tokens", "Tokens put and taken in all entries">,
    Statistic<"chainCount", "chains", "Chain tokens put and taken">
  ];
}

#endif // EDGELLM_DIALECT_ACCEL_TRANSFORMS_PASSES_TD
