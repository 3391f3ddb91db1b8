//===- Vector.cpp - Norms, rope, softmax and activations in time ----------===//
//
// The vector unit takes one packet of 32 lanes a cycle. Passes of one token go
// packet by packet, so that an operand still being written is followed; longer
// ones are timed as a whole.
//
//===----------------------------------------------------------------------===//
#include "Machine.h"

#include <vector>

using namespace edgellm;
using namespace edgellm::model;

namespace {

/// Packets base + outer*outerStride + inner*innerStride, a row.
struct Packets {
  int64_t base, outer, outerStride, inner, innerStride;

  int64_t count() const { return outer * inner; }
  int64_t at(int64_t i) const {
    return base + i / inner * outerStride + i % inner * innerStride;
  }
};

/// One instruction on the vector unit.
class VectorWork {
public:
  VectorWork(TimedMachine &machine, Run &run, isa::ActivationSpace srcSpace,
             const Packets &src, isa::Space dstSpace, const Packets &dst,
             int64_t rows)
      : run(run), src(src), dst(dst), rows(rows),
        input(srcSpace == isa::ActivationSpace::ddr
                  ? Reader::fromDdr(machine, run, Ddr::vector, run.start.time,
                                    src.count() * rows)
                  : Reader::fromChip(machine)),
        writer(machine, run, dstSpace, Ddr::vector),
        latency(machine.target.timing.vectorLatencyCycles),
        reduction(machine.target.timing.reductionLatencyCycles) {}

  /// The unit has taken packet i of the input, in a pass that was at `now`.
  Moment take(const Moment &now, int64_t i) const {
    Moment next = now;
    next.atLeast(input.packet(i, src.at(i)));
    return next.after(1);
  }
  /// Packet i of the result has been computed.
  void put(const Moment &now, int64_t i) {
    writer.write(now.time + latency, dst.at(i), 1);
    read(now);
  }
  /// Everything, for several rows: `cycles` of work from the start, not ended
  /// before the input has been read.
  void bulk(double cycles, const Moment &constants) {
    Moment end = run.start.after(cycles);
    end.atLeast(input.all().after(1));
    end.atLeast(constants);
    writer.write(end.time + latency, dst.base, rows, dst.count());
    read(end);
  }
  void finish(double cycles) {
    run.working = cycles;
    if (run.end.cause.kind == Cause::Kind::work &&
        last.cause.kind == Cause::Kind::ddr)
      run.end.cause = last.cause;
  }

private:
  void read(const Moment &now) {
    run.read(now.time);
    last = now;
  }

  Run &run;
  Packets src, dst;
  int64_t rows;
  Reader input;
  Writer writer;
  Moment last;

public:
  const double latency, reduction;
};

/// Element by element, one pass.
void timeElementwise(VectorWork &work, Run &run, const Moment &constants,
                     int64_t packets, int64_t rows) {
  if (rows > 1) {
    work.bulk(double(packets * rows), constants);
  } else {
    Moment now = run.start;
    now.atLeast(constants);
    for (int64_t i = 0; i < packets; ++i) {
      now = work.take(now, i);
      work.put(now, i);
    }
  }
  work.finish(double(packets * rows));
}

/// Passes over the packets of a head with a reduction between two of them; the
/// last pass writes. Passes of neighbouring heads interleave, so that
/// reductions are hidden and a head costs the unit its passes.
class HeadPasses {
public:
  HeadPasses(VectorWork &work, const Moment &start, const Moment &constants,
             int64_t passes, int64_t blocks)
      : work(work), passes(passes), blocks(blocks), next(start),
        later(size_t(passes - 1)) {
    later.back().atLeast(constants);
  }

  void time(int64_t head) {
    Moment now = next;
    for (int64_t b = 0; b < blocks; ++b) {
      now = work.take(now, head * blocks + b);
      if (b == 0)
        next = now.after(double(passes * blocks - 1));
    }
    for (Moment &pass : later) {
      pass.atLeast(now.after(work.reduction));
      if (&pass != &later.back())
        now = pass = pass.after(double(blocks));
    }
    for (int64_t b = 0; b < blocks; ++b) {
      later.back() = later.back().after(1);
      work.put(later.back(), head * blocks + b);
    }
  }
  /// The unit has done all passes of every head.
  double free() const { return next.time; }

private:
  VectorWork &work;
  int64_t passes, blocks;
  Moment next;               ///< when the next head's first pass may begin
  std::vector<Moment> later; ///< where the other passes are
};

/// `passes` over every head of `blocks` packets, with constants for the last.
void timeHeads(VectorWork &work, Run &run, const Moment &constants,
               int64_t passes, int64_t heads, int64_t blocks, int64_t rows) {
  double cycles = double(passes * blocks * rows * heads);
  if (rows > 1) {
    work.bulk(cycles + double(passes - 1) * work.reduction, constants);
  } else {
    HeadPasses all(work, run.start, constants, passes, blocks);
    for (int64_t h = 0; h < heads; ++h)
      all.time(h);
    run.read(all.free());
  }
  work.finish(cycles);
}

} // namespace

void model::time(const isa::Softmax &softmax, TimedMachine &machine, Run &run) {
  int64_t rows = machine.resolve(softmax.rows);
  int64_t blocks = ceilDivide(machine.resolve(softmax.columns), isa::kLanes);
  Packets src{machine.resolve(softmax.src), softmax.heads,
              machine.resolve(softmax.src_head_stride), blocks,
              machine.resolve(softmax.src_stride)};
  Packets dst{machine.resolve(softmax.dst), softmax.heads,
              machine.resolve(softmax.dst_head_stride), blocks,
              machine.resolve(softmax.dst_stride)};
  VectorWork work(machine, run, softmax.src_space, src,
                  isa::Space(softmax.dst_space), dst, rows);
  timeHeads(work, run, {}, /*passes=*/3, softmax.heads, blocks, rows);
}

void model::time(const isa::RmsNorm &norm, TimedMachine &machine, Run &run) {
  int64_t rows = machine.resolve(norm.rows);
  int64_t blocks = ceilDivide(norm.channels, isa::kLanes);
  Moment weights = constantsOf(machine, run, blocks);
  VectorWork work(machine, run, norm.src_space,
                  {machine.resolve(norm.src), 1, 0, norm.heads * blocks,
                   machine.resolve(norm.src_stride)},
                  norm.dst_space,
                  {machine.resolve(norm.dst), 1, 0, norm.heads * blocks,
                   machine.resolve(norm.dst_stride)},
                  rows);
  timeHeads(work, run, weights, /*passes=*/2, norm.heads, blocks, rows);
}

void model::time(const isa::LayerNorm &norm, TimedMachine &machine, Run &run) {
  int64_t rows = machine.resolve(norm.rows);
  int64_t blocks = ceilDivide(norm.channels, isa::kLanes);
  Moment constants = constantsOf(machine, run, 2 * blocks);
  VectorWork work(machine, run, norm.src_space,
                  {machine.resolve(norm.src), 1, 0, blocks,
                   machine.resolve(norm.src_stride)},
                  isa::Space(norm.dst_space),
                  {machine.resolve(norm.dst), 1, 0, blocks,
                   machine.resolve(norm.dst_stride)},
                  rows);
  timeHeads(work, run, constants, /*passes=*/3, /*heads=*/1, blocks, rows);
}

void model::time(const isa::Rope &rope, TimedMachine &machine, Run &run) {
  int64_t rows = machine.resolve(rope.rows);
  int64_t blocks = rope.heads * rope.head_blocks;
  Moment table = constantsOf(machine, run, rope.head_blocks * rows);
  VectorWork work(machine, run, rope.src_space,
                  {machine.resolve(rope.src), 1, 0, blocks,
                   machine.resolve(rope.src_stride)},
                  rope.dst_space,
                  {machine.resolve(rope.dst), 1, 0, blocks,
                   machine.resolve(rope.dst_stride)},
                  rows);
  timeElementwise(work, run, table, blocks, rows);
}

void model::time(const isa::Activation &activation, TimedMachine &machine,
                 Run &run) {
  int64_t rows = machine.resolve(activation.rows);
  int64_t blocks = ceilDivide(activation.channels, isa::kLanes);
  VectorWork work(machine, run, activation.src_space,
                  {machine.resolve(activation.src), 1, 0, blocks,
                   machine.resolve(activation.src_stride)},
                  isa::Space(activation.dst_space),
                  {machine.resolve(activation.dst), 1, 0, blocks,
                   machine.resolve(activation.dst_stride)},
                  rows);
  timeElementwise(work, run, {}, blocks, rows);
}
