//===- Machine.h - What instructions share while they are timed -*- C++ -*-===//
#ifndef EDGELLM_MODEL_TIMING_MACHINE_H
#define EDGELLM_MODEL_TIMING_MACHINE_H

#include "EdgeLLM/ISA/WeightStream.h"
#include "Memories.h"

namespace edgellm::model {

using isa::ceilDivide;

/// The machine at the point of program order that has been reached.
struct TimedMachine {
  TimedMachine(const Program &program, const Target &target, uint32_t tokens,
               uint32_t past, const TimingOptions &options);

  int64_t resolve(const isa::Affine &field) const {
    return isa::resolve(field, tokens, past);
  }

  const Target &target;
  uint32_t tokens, past;
  TimingOptions options;
  PortModel port;
  LossLedger losses;
  ArrayTimeline array;
  StreamEngine stream;
  Ddr ddr;
  HbmWriter hbmWriter;
  ActivationBuffer chip;
};

/// An instruction of a unit while it is timed.
struct Run {
  std::string_view mnemonic;
  Moment dispatched; ///< decoded and resolved
  Moment start;      ///< its unit begins
  Moment stream;     ///< the DMA may begin
  // Results:
  double issued = 0;  ///< all operands read
  Moment end;         ///< all results written
  double working = 0; ///< cycles of its unit
  double streamStart = 0, streamEnd = 0;
  double portBytes = 0; ///< streamed by one port
  uint64_t macs = 0, ddrBytes = 0, hbmWriteBytes = 0;

  void read(double time) { issued = std::max(issued, time); }
};

/// Reads the packets of an operand for a unit: from the activation buffer,
/// where each has a time, or from DDR, one after the other.
class Reader {
public:
  /// Reads `packets` packets from DDR, no earlier than `earliest`.
  static Reader fromDdr(TimedMachine &machine, Run &run, Ddr::Client client,
                        double earliest, int64_t packets);
  static Reader fromChip(TimedMachine &machine) { return Reader(machine); }

  /// When the unit has packet `index` of the operand, which in the activation
  /// buffer lies at `packet`.
  Moment packet(int64_t index, int64_t packet) const;
  /// When it has all of a DDR operand; the launch for one on chip, whose times
  /// are those of its packets.
  Moment all() const { return last; }

private:
  explicit Reader(TimedMachine &machine) : machine(&machine) {}

  TimedMachine *machine;
  bool isDdr = false;
  Moment last;
  double cyclesAPacket = 0;
  int64_t packets = 0;
};

/// Writes the results of an instruction.
class Writer {
public:
  Writer(TimedMachine &machine, Run &run, isa::Space space, Ddr::Client client)
      : machine(machine), run(run), space(space), client(client) {}

  /// `blocks` blocks of `rows` packets each leave the unit at `time`. A single
  /// packet lies at `packet`.
  void write(double time, int64_t packet, int64_t rows, int64_t blocks = 1);

private:
  TimedMachine &machine;
  Run &run;
  isa::Space space;
  Ddr::Client client;
};

/// Constants that are fetched when the instruction is dispatched: when the last
/// of `packets` is there.
Moment constantsOf(TimedMachine &machine, Run &run, int64_t packets);

// Each times one instruction whose dispatched, start and stream are known.
void time(const isa::Vmm &vmm, TimedMachine &machine, Run &run);
void time(const isa::AttentionScores &scores, TimedMachine &machine, Run &run);
void time(const isa::AttentionValues &values, TimedMachine &machine, Run &run);
void time(const isa::Softmax &softmax, TimedMachine &machine, Run &run);
void time(const isa::RmsNorm &norm, TimedMachine &machine, Run &run);
void time(const isa::LayerNorm &norm, TimedMachine &machine, Run &run);
void time(const isa::Rope &rope, TimedMachine &machine, Run &run);
void time(const isa::Activation &activation, TimedMachine &machine, Run &run);

} // namespace edgellm::model

#endif // EDGELLM_MODEL_TIMING_MACHINE_H
