//===- Timing.h - The timing model of the accelerator -----------*- C++ -*-===//
//
// Says how long one pass of a program takes on a machine, without weights and
// without computing a value. Everything here is modelled, nothing is measured;
// what the model assumes and what was calibrated is in hw/timing.md.
//
// Times are in core cycles (Target::Clocks::coreMHz) from the launch of the
// kernel on; fractions occur because the HBM has a clock of its own.
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_MODEL_TIMING_H
#define EDGELLM_MODEL_TIMING_H

#include "EdgeLLM/ISA/Instructions.h"
#include "EdgeLLM/ISA/Program.h"
#include "EdgeLLM/Target/Target.h"

#include <array>
#include <string>
#include <vector>

namespace edgellm::model {

/// Techniques that can be switched off one by one, to see what each is worth.
/// All off is the machine of the paper, which the model was calibrated on.
struct TimingOptions {
  /// Weights stream ahead of the product that takes them, into the weight
  /// buffer. Off: a stream starts when its instruction does.
  bool prefetch = true;
  /// Units run beside each other under their dependency tokens. Off: an
  /// instruction starts when the one before has ended.
  bool overlap = true;
  /// An instruction follows its producer block by block. Off: it starts when
  /// the producer has ended.
  bool chaining = true;
  /// Fetch and decode of the next instructions run beside execution. Off: an
  /// instruction is fetched when the one before has ended.
  bool lookahead = true;
  /// Every HBM port keeps the target's number of bursts in flight. Off: as few
  /// as the paper's machine.
  bool deepBursts = true;
};

/// What an instruction did, one record each, in program order.
struct StepTiming {
  uint32_t index = 0;   ///< in the entry; `begin` is 0
  std::string mnemonic; ///< "vmm"
  std::string source;   ///< the part of the model it came from, may be empty
  isa::Unit unit = {};  ///< control instructions have none: see isControl
  bool isControl = false;

  double dispatched = 0; ///< fetched, decoded and resolved
  double start = 0;      ///< its tokens were there and its unit was free
  double issued = 0;     ///< all operands read: the unit takes the next
  double end = 0;        ///< all results written

  bool streams = false; ///< reads weights or the KV cache through the DMA
  double streamStart = 0, streamEnd = 0;
  uint64_t hbmReadBytes = 0;  ///< of all ports
  uint64_t hbmWriteBytes = 0; ///< keys and values
  uint64_t ddrBytes = 0;      ///< read and written
  uint64_t macs = 0;          ///< multiply-accumulates with weights kept
  double arrayCycles = 0;     ///< the array worked for it
  double hbmCycles = 0;       ///< its bytes at the full rate of all ports
  /// What ended last and so set its end: "hbm", "array", "vector", "ddr",
  /// "issue" (fetch, decode, start-up).
  std::string bound;
};

/// A share of the time in which the HBM delivered nothing, or less than its
/// full rate, with the reason.
struct Loss {
  std::string cause;
  double cycles = 0;
};

struct PassTiming {
  std::string target, entry;
  uint32_t tokens = 0, past = 0;
  double coreMHz = 0;
  double cycles = 0; ///< launch to status packet

  uint64_t hbmBytes = 0; ///< read by all ports
  uint64_t ddrBytes = 0;
  uint64_t macs = 0;
  /// All ports together at their AXI rate, bytes a core cycle.
  double hbmPeakBytesPerCycle = 0;
  /// Multiply-accumulates a core cycle with INT4 and FP16 weights.
  double int4MacsPerCycle = 0, fp16MacsPerCycle = 0;

  std::vector<StepTiming> steps;
  /// Cycles in which a unit worked, by isa::Unit; DMA: its bytes at full rate.
  std::array<double, isa::kUnits> unitBusy{};
  double arrayBusy = 0, ddrBusy = 0;
  /// Why the HBM was not busy: these and hbmBytes / hbmPeakBytesPerCycle make
  /// up `cycles`. Largest first.
  std::vector<Loss> losses;

  double seconds() const { return cycles / (coreMHz * 1e6); }
  /// New tokens of the pass over its time.
  double tokensPerSecond() const { return tokens / seconds(); }
  /// Share of the bytes that the ports could have delivered.
  double hbmUtilization() const {
    return double(hbmBytes) / (hbmPeakBytesPerCycle * cycles);
  }
};

/// Times a pass of `entry`, which belongs to the checked program. Throws Error
/// when the request is outside the entry's limits or when the program was not
/// made for a machine like `target` (ports, activation buffer).
PassTiming timePass(const Program &program, const Entry &entry,
                    const Target &target, uint32_t tokens, uint32_t past,
                    const TimingOptions &options = {});

} // namespace edgellm::model

#endif // EDGELLM_MODEL_TIMING_H
