//===- Array.cpp - Products and attention in time -------------------------===//
//
// The array takes the tiles of its instructions in program order. A tile's work
// ends when the array has spent its cycles on it, and not before its weights
// and inputs have arrived and been used.
//
//===----------------------------------------------------------------------===//
#include "Machine.h"

#include <algorithm>
#include <optional>

using namespace edgellm;
using namespace edgellm::model;

namespace {

constexpr Cause kWeights{Cause::Kind::weights};

/// The array at work on one instruction.
class ArrayWork {
public:
  ArrayWork(TimedMachine &machine, Run &run) : machine(machine), run(run) {}

  /// Streams a tile's bytes of one port.
  double stream(double bytes) {
    double arrival = machine.stream.deliver(run.stream, bytes);
    if (run.portBytes == 0)
      run.streamStart = arrival - bytes / machine.port.rate;
    run.streamEnd = arrival;
    run.portBytes += bytes;
    return arrival;
  }
  void release(double bytes) { machine.stream.release(bytes, last.time); }

  /// The earliest end of `cycles` of work that begins as soon as the array and
  /// the instruction allow.
  Moment earliestEnd(double cycles) const {
    Moment begin{machine.array.free()};
    begin.atLeast(run.start);
    return begin.after(cycles);
  }
  /// Works `cycles`, until `end`. Returns when results leave the pipeline.
  double work(double cycles, const Moment &end) {
    machine.array.work(cycles, end, run.mnemonic);
    run.working += cycles;
    run.read(end.time);
    last = end;
    return end.time + machine.target.timing.arrayLatencyCycles;
  }

  /// After the last write: what kept the last tile, if results did not.
  void finish() {
    if (run.end.cause.kind == Cause::Kind::work)
      run.end.cause =
          last.cause.kind == Cause::Kind::none ? run.end.cause : last.cause;
  }

private:
  TimedMachine &machine;
  Run &run;
  Moment last;
};

/// The rows of an instruction in slices that fit on chip, of which the next is
/// read from DDR while one is used.
class Slices {
public:
  Slices(TimedMachine &machine, Run &run, isa::ActivationSpace space,
         int64_t rows, int64_t sliceRows)
      : machine(machine), run(run), isDdr(space == isa::ActivationSpace::ddr),
        total(rows), sliceRows(isDdr ? sliceRows : rows) {}

  int64_t count() const { return ceilDivide(total, sliceRows); }
  int64_t rowsOf(int64_t slice) const {
    return std::min(sliceRows, total - slice * sliceRows);
  }

  /// The input of the next slice to be used, of `blocks` blocks; `following` is
  /// the rows of the one after it, or 0. That one is read into the half of the
  /// space that the slice before this one has left.
  Reader next(int64_t blocks, int64_t rows, int64_t following) {
    if (!isDdr)
      return Reader::fromChip(machine);
    if (!ahead)
      ahead = read(blocks * rows, run.start.time);
    Reader current = *ahead;
    if (following)
      ahead = read(blocks * following,
                   std::max(run.start.time, machine.array.free()));
    return current;
  }

private:
  Reader read(int64_t packets, double earliest) {
    return Reader::fromDdr(machine, run, Ddr::array, earliest, packets);
  }

  TimedMachine &machine;
  Run &run;
  bool isDdr;
  int64_t total, sliceRows;
  std::optional<Reader> ahead;
};

//===----------------------------------------------------------------------===//
// Vector-matrix product
//===----------------------------------------------------------------------===//

/// A product on a machine, by tiles of the array's outputs.
class Product {
public:
  Product(const isa::Vmm &vmm, TimedMachine &machine, Run &run)
      : vmm(vmm), machine(machine), run(run), array(machine, run),
        writer(machine, run, vmm.dst_space, Ddr::array),
        rows(machine.resolve(vmm.rows)),
        inBlocks(ceilDivide(vmm.in_channels, isa::kLanes)),
        outputs(machine.target.array.outputs),
        paddedOutputs(ceilDivide(vmm.out_channels, isa::kLanes) * isa::kLanes),
        keep(isa::codingOf(vmm.weight_format).keep),
        weightsACycle(isa::isInt4(vmm.weight_format)
                          ? machine.target.array.int4Inputs
                          : machine.target.array.fp16Inputs) {}

  void time();

private:
  /// Cycles a row and tile: the array's lanes take kept weights, whose
  /// activations the index selects.
  int64_t cyclesOf(int64_t inputs) const {
    return ceilDivide(inputs * keep, weightsACycle * isa::kKeepGroup);
  }
  void timeSlice(int64_t sliceRows, const Reader &input);
  void timeTile(int64_t first, int64_t sliceRows, const Reader *input);
  void awaitInput(Moment &end, int64_t sliceRows, const Reader &input) const;
  Moment auxOf(int64_t block, int64_t blocks, int64_t sliceRows);

  const isa::Vmm &vmm;
  TimedMachine &machine;
  Run &run;
  ArrayWork array;
  Writer writer;
  int64_t rows, inBlocks, outputs, paddedOutputs;
  int64_t keep;          ///< weights of each 8 inputs
  int64_t weightsACycle; ///< of an output
  Moment bias;
};

/// The first tile of a slice takes the input as it arrives.
void Product::awaitInput(Moment &end, int64_t sliceRows,
                         const Reader &input) const {
  if (sliceRows > 1) {
    end.atLeast(input.all().after(double(sliceRows)));
    return;
  }
  int64_t src = machine.resolve(vmm.src),
          stride = machine.resolve(vmm.src_stride);
  for (int64_t b = 0; b < inBlocks; ++b) {
    int64_t left = (inBlocks - b) * isa::kLanes;
    end.atLeast(
        input.packet(b, src + b * stride).after(double(cyclesOf(left))));
  }
}

/// When the second operand of some blocks is there.
Moment Product::auxOf(int64_t block, int64_t blocks, int64_t sliceRows) {
  if (vmm.epilogue == isa::Epilogue::none)
    return {};
  if (vmm.aux_space == isa::ActivationSpace::ddr)
    return Reader::fromDdr(machine, run, Ddr::array, run.start.time,
                           blocks * sliceRows)
        .all();
  Moment ready;
  if (rows == 1)
    for (int64_t b = block; b < block + blocks; ++b)
      ready.atLeast(machine.chip.at(machine.resolve(vmm.aux) +
                                    b * machine.resolve(vmm.aux_stride)));
  return ready;
}

/// One tile, whose first output channel is `first`; `input` if it is the first
/// of its slice.
void Product::timeTile(int64_t first, int64_t sliceRows, const Reader *input) {
  int64_t channels = std::min(outputs, paddedOutputs - first);
  int64_t block = first / isa::kLanes, blocks = channels / isa::kLanes;
  double bytes = double(channels) / machine.target.hbm.ports *
                 double(isa::outputBytes(vmm.weight_format, vmm.in_channels));
  double arrival = array.stream(bytes);

  double cycles = double(sliceRows * cyclesOf(vmm.in_channels));
  Moment end = array.earliestEnd(cycles);
  // The last word to arrive is used for every row.
  end.atLeast(arrival + double(sliceRows), kWeights);
  if (input)
    awaitInput(end, sliceRows, *input);
  end.atLeast(auxOf(block, blocks, sliceRows));
  end.atLeast(bias);
  double done = array.work(cycles, end);
  array.release(bytes);
  for (int64_t b = block; b < block + blocks; ++b)
    writer.write(done,
                 machine.resolve(vmm.dst) + b * machine.resolve(vmm.dst_stride),
                 sliceRows);
}

void Product::timeSlice(int64_t sliceRows, const Reader &input) {
  for (int64_t first = 0; first < paddedOutputs; first += outputs)
    timeTile(first, sliceRows, first == 0 ? &input : nullptr);
}

void Product::time() {
  run.macs = uint64_t(rows * vmm.out_channels *
                      ceilDivide(vmm.in_channels * keep, isa::kKeepGroup));
  if (vmm.has_bias)
    bias = constantsOf(machine, run, paddedOutputs / isa::kLanes);
  Slices slices(machine, run, vmm.src_space, rows, vmm.slice_rows);
  for (int64_t s = 0; s < slices.count(); ++s)
    timeSlice(slices.rowsOf(s),
              slices.next(inBlocks, slices.rowsOf(s),
                          s + 1 < slices.count() ? slices.rowsOf(s + 1) : 0));
  array.finish();
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

/// What scores and values have in common: for each key head and slice of rows
/// its part of the cache streams in, and stays until the query heads that share
/// it are done.
struct AttentionShape {
  isa::ActivationSpace srcSpace;
  isa::Space dstSpace;
  int64_t heads, kvHeads, headBlocks, rows, columns, columnBlocks, sliceRows;
  int64_t inBlocks, outBlocks; ///< packets a head and row reads and writes
  int64_t src, srcStride, srcHeadStride, dst, dstStride, dstHeadStride;
};

class Attention {
public:
  Attention(const AttentionShape &shape, TimedMachine &machine, Run &run)
      : shape(shape), machine(machine), array(machine, run),
        writer(machine, run, shape.dstSpace, Ddr::array),
        slices(machine, run, shape.srcSpace, shape.rows, shape.sliceRows),
        rowCycles(shape.inBlocks * ceilDivide(shape.outBlocks * isa::kLanes,
                                              machine.target.array.outputs)) {
    run.macs = uint64_t(shape.heads * shape.rows * shape.columns *
                        shape.headBlocks * isa::kLanes);
  }

  void time();

private:
  void timeGroup(int64_t kvHead, int64_t slice);
  void timeHead(int64_t head, int64_t slice, double arrival);
  void awaitInput(Moment &end, int64_t head, int64_t rows, double cycles);
  void writeHead(int64_t head, int64_t rows, double done);
  int64_t rowsAfter(int64_t head, int64_t slice) const;

  const AttentionShape &shape;
  TimedMachine &machine;
  ArrayWork array;
  Writer writer;
  Slices slices;
  int64_t rowCycles; ///< of the array, a head and row
  std::optional<Reader> input;
};

/// Rows of the input that is used after a head's slice, 0 for the last.
int64_t Attention::rowsAfter(int64_t head, int64_t slice) const {
  int64_t shared = shape.heads / shape.kvHeads;
  if ((head + 1) % shared != 0)
    return slices.rowsOf(slice);
  if (slice + 1 < slices.count())
    return slices.rowsOf(slice + 1);
  return head + 1 < shape.heads ? slices.rowsOf(0) : 0;
}

/// Each input packet is needed within the first block of results, in turn.
void Attention::awaitInput(Moment &end, int64_t head, int64_t rows,
                           double cycles) {
  if (rows > 1) {
    end.atLeast(input->all().after(double(rows)));
    return;
  }
  for (int64_t b = 0; b < shape.inBlocks; ++b)
    end.atLeast(input
                    ->packet(b, shape.src + head * shape.srcHeadStride +
                                    b * shape.srcStride)
                    .after(cycles - double(b)));
}

/// Results leave evenly over the head's cycles, the last at `done`.
void Attention::writeHead(int64_t head, int64_t rows, double done) {
  int64_t dst = shape.dst + head * shape.dstHeadStride;
  if (rows > 1) {
    writer.write(done, dst, rows, shape.outBlocks);
    return;
  }
  double cyclesABlock = double(rowCycles) / double(shape.outBlocks);
  for (int64_t b = 0; b < shape.outBlocks; ++b)
    writer.write(done - cyclesABlock * double(shape.outBlocks - 1 - b),
                 dst + b * shape.dstStride, 1);
}

void Attention::timeHead(int64_t head, int64_t slice, double arrival) {
  int64_t rows = slices.rowsOf(slice);
  input = slices.next(shape.inBlocks, rows, rowsAfter(head, slice));
  double cycles = double(rows * rowCycles);
  Moment end = array.earliestEnd(cycles);
  end.atLeast(arrival + double(rows), kWeights);
  awaitInput(end, head, rows, cycles);
  writeHead(head, rows, array.work(cycles, end));
}

void Attention::timeGroup(int64_t kvHead, int64_t slice) {
  double bytes = double(shape.headBlocks * shape.columnBlocks * isa::kLanes *
                        isa::kPacketBytes) /
                 machine.target.hbm.ports;
  double arrival = array.stream(bytes);
  int64_t shared = shape.heads / shape.kvHeads;
  for (int64_t h = kvHead * shared; h < (kvHead + 1) * shared; ++h)
    timeHead(h, slice, arrival);
  array.release(bytes);
}

void Attention::time() {
  for (int64_t g = 0; g < shape.kvHeads; ++g)
    for (int64_t s = 0; s < slices.count(); ++s)
      timeGroup(g, s);
  array.finish();
}

} // namespace

void model::time(const isa::Vmm &vmm, TimedMachine &machine, Run &run) {
  Product(vmm, machine, run).time();
}

/// What scores and values have in common; the other fields are the caller's.
template <typename Instruction>
static AttentionShape commonShape(const Instruction &attention,
                                  const TimedMachine &machine) {
  AttentionShape shape{};
  shape.srcSpace = attention.src_space;
  shape.dstSpace = isa::Space(attention.dst_space);
  shape.heads = attention.heads;
  shape.kvHeads = attention.kv_heads;
  shape.headBlocks = attention.head_blocks;
  shape.rows = machine.resolve(attention.rows);
  shape.columns = machine.resolve(attention.columns);
  shape.columnBlocks = ceilDivide(shape.columns, isa::kLanes);
  shape.sliceRows = attention.slice_rows;
  shape.src = machine.resolve(attention.src);
  shape.srcStride = machine.resolve(attention.src_stride);
  shape.dst = machine.resolve(attention.dst);
  shape.dstStride = machine.resolve(attention.dst_stride);
  return shape;
}

void model::time(const isa::AttentionScores &scores, TimedMachine &machine,
                 Run &run) {
  AttentionShape shape = commonShape(scores, machine);
  shape.inBlocks = shape.headBlocks;
  shape.outBlocks = shape.columnBlocks;
  shape.srcHeadStride = shape.headBlocks * shape.srcStride;
  shape.dstHeadStride = machine.resolve(scores.dst_head_stride);
  Attention(shape, machine, run).time();
}

void model::time(const isa::AttentionValues &values, TimedMachine &machine,
                 Run &run) {
  AttentionShape shape = commonShape(values, machine);
  shape.inBlocks = shape.columnBlocks;
  shape.outBlocks = shape.headBlocks;
  shape.srcHeadStride = machine.resolve(values.src_head_stride);
  shape.dstHeadStride = shape.headBlocks * shape.dstStride;
  Attention(shape, machine, run).time();
}
