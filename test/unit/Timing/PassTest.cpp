//===- PassTest.cpp - Passes whose cycles can be counted by hand ----------===//
//
// The tiny machine has round numbers: a core cycle is 10 ns; each of 8 ports
// delivers 64 bytes a cycle, 13.8 cycles after the request; DDR has 192 bytes a
// cycle, of which array and vector unit have 96 each, after 10.7 cycles. The
// array's results take 40 cycles, the vector unit's 32, a reduction 64. An
// instruction is issued in 16 cycles.
//
//===----------------------------------------------------------------------===//
#include "TimingTesting.h"

using namespace edgellm;
using namespace edgellm::bench;
using namespace edgellm::test;
using isa::Unit;
using model::PassTiming;
using model::StepTiming;
using model::TimingOptions;

namespace {

PassTiming timedOn(const Target &target, const Program &program,
                   const TimingOptions &options = {}, uint32_t tokens = 1,
                   uint32_t past = 0) {
  PassTiming timing = model::timePass(program, program.entries[0], target,
                                      tokens, past, options);
  EXPECT_NEAR(accountedCycles(timing), timing.cycles, 1e-3);
  return timing;
}

PassTiming timed(const Program &program, const TimingOptions &options = {},
                 uint32_t tokens = 1, uint32_t past = 0) {
  return timedOn(targetOf("tiny"), program, options, tokens, past);
}

/// DDR of one byte a cycle.
Target slowDdr() {
  Target target = targetOf("tiny");
  target.ddr->bandwidth = 0.1e9;
  return target;
}

/// rows x inputs on chip at `src` to outputs on chip at `dst`.
isa::Vmm onChip(int64_t inputs, int64_t outputs, int64_t src, int64_t dst) {
  isa::Vmm vmm;
  vmm.src_space = vmm.aux_space = isa::ActivationSpace::chip;
  vmm.dst_space = isa::Space::chip;
  vmm.in_channels = inputs;
  vmm.out_channels = outputs;
  vmm.rows = vmm.src_stride = vmm.dst_stride = vmm.aux_stride = constant(1);
  vmm.src = constant(src);
  vmm.dst = constant(dst);
  return vmm;
}

isa::Activation silu(int64_t channels, int64_t src, int64_t dst) {
  isa::Activation silu;
  silu.src_space = silu.dst_space = isa::ActivationSpace::chip;
  silu.channels = channels;
  silu.rows = silu.src_stride = silu.dst_stride = constant(1);
  silu.src = constant(src);
  silu.dst = constant(dst);
  return silu;
}

ProgramBuilder tinyBuilder(uint32_t maxTokens = 1) {
  return ProgramBuilder(targetOf("tiny"), maxTokens, 512);
}

} // namespace

TEST(TimedPass, OneTile) {
  PassTiming timing = timed(productProgram(targetOf("tiny"), 128, 32));
  ASSERT_EQ(timing.steps.size(), 3u);
  // begin: one packet, 1/3 cycle and 10.7 of latency, then 16 to issue it.
  EXPECT_NEAR(timing.steps[0].dispatched, 1 / 3. + 10.7 + 16, 1e-9);
  // vmm: fetched meanwhile, issued 16 cycles later.
  const StepTiming &vmm = timing.steps[1];
  double start = 27 + 1 / 30. + 16;
  EXPECT_NEAR(vmm.dispatched, start, 1e-9);
  EXPECT_NEAR(vmm.start, start, 1e-9);
  // Weights: 4 of 32 outputs a port, 32 bytes of scales and 64 of codes each.
  EXPECT_EQ(vmm.hbmReadBytes, 8 * 4 * 96u);
  EXPECT_NEAR(vmm.streamStart, start + 13.8, 1e-9);
  EXPECT_NEAR(vmm.streamEnd, start + 13.8 + 4 * 96 / 64, 1e-9);
  // The 4 packets of input came earlier, 10.7 + 4 * 64 / 96 after the start.
  // The last weights are used within a cycle.
  EXPECT_NEAR(vmm.issued, vmm.streamEnd + 1, 1e-9);
  // The result: pipeline, one packet to DDR.
  EXPECT_NEAR(vmm.end, vmm.issued + 40 + 64 / 96. + 10.7, 1e-9);
  EXPECT_EQ(vmm.macs, 128 * 32u);
  EXPECT_EQ(vmm.arrayCycles, 1);
  EXPECT_EQ(vmm.hbmCycles, 6);
  EXPECT_EQ(vmm.source, "product");
  // 2 packets of code, 4 of input, 1 of output.
  EXPECT_EQ(vmm.ddrBytes, 7 * 64u);
  // The status packet.
  EXPECT_NEAR(timing.cycles, vmm.end + 1 / 3. + 10.7, 1e-9);
}

TEST(TimedPass, SparseTile) {
  // 2048 inputs to 32 outputs: 4 outputs a port, one package each.
  struct Expected {
    isa::WeightFormat format;
    int64_t packageBytes, arrayCycles;
  };
  using enum isa::WeightFormat;
  for (auto [format, bytes, cycles] :
       {Expected{int4, 32 + 1024, 16}, Expected{int4_4of8, 32 + 256 + 512, 8},
        Expected{int4_2of8, 32 + 192 + 256, 4},
        Expected{int4_1of8_padded, 32 + 128 + 128, 2},
        Expected{int4_1of8, 32 + 96 + 128, 2}}) {
    PassTiming timing =
        timed(productProgram(targetOf("tiny"), 2048, 32, format));
    const StepTiming &vmm = timing.steps[1];
    EXPECT_EQ(vmm.hbmReadBytes, uint64_t(8 * 4 * bytes));
    EXPECT_NEAR(vmm.streamEnd, vmm.streamStart + double(4 * bytes) / 64, 1e-9);
    EXPECT_EQ(vmm.arrayCycles, double(cycles));
    EXPECT_EQ(vmm.macs, uint64_t(cycles * 128 * 32));
    // The input's 64 packets of 64 bytes at 96 a cycle come first; once the
    // last weights are there, they are used within a cycle.
    EXPECT_NEAR(vmm.issued,
                std::max(vmm.streamEnd + 1,
                         vmm.start + 10.7 + 64 * 64 / 96. + cycles / 64.),
                1);
  }
}

TEST(TimedPass, SparseRowsOfOddWidths) {
  // 300 inputs: 2.34 blocks of 128, half of them kept: 1.17, so two cycles.
  PassTiming timing = timed(
      productProgram(targetOf("tiny"), 300, 32, isa::WeightFormat::int4_4of8));
  EXPECT_EQ(timing.steps[1].arrayCycles, 2);
  // Three blocks: 32 of scales, 3 * 16 of index, 3 * 32 of codes, in words.
  EXPECT_EQ(timing.steps[1].hbmReadBytes, 32 * 192u);
}

/// hw/timing.md, T5: a product that the stream bounds gains what its weights
/// shrink by.
TEST(SparseProduct, SpeedUpIsTheRatioOfBits) {
  using enum isa::WeightFormat;
  auto secondsOf = [&](isa::WeightFormat format) {
    return timedOn(targetOf("vcu128"),
                   productProgram(targetOf("vcu128"), 4096, 1 << 20, format))
        .seconds();
  };
  double dense = secondsOf(int4);
  EXPECT_NEAR(dense / secondsOf(int4_4of8), 1.32, 0.005);
  EXPECT_NEAR(dense / secondsOf(int4_2of8), 2.2, 0.005);
  EXPECT_NEAR(dense / secondsOf(int4_1of8_padded), 3.67, 0.005);
  EXPECT_NEAR(dense / secondsOf(int4_1of8), 4.125, 0.005);
}

TEST(TimedPass, ArrayNeedsItsCycles) {
  // Eight rows on chip: a tile of 32 outputs takes 8 cycles for 128 inputs, its
  // weights only 6 from HBM, so that the array, once started, never rests.
  ProgramBuilder builder = tinyBuilder(8);
  isa::Vmm vmm = onChip(128, 512, 0, 256);
  vmm.rows = vmm.src_stride = vmm.dst_stride = constant(8);
  builder.add(vmm);
  PassTiming timing = timed(builder.finish());
  const StepTiming &step = timing.steps[1];
  EXPECT_EQ(step.arrayCycles, 16 * 8);
  // The first tile ends 8 cycles after its last word; 15 more follow.
  EXPECT_NEAR(step.issued, step.streamStart + 6 + 8 + 15 * 8, 1e-9);
  EXPECT_EQ(step.bound, "array");
}

TEST(TimedPass, WeightsStreamAhead) {
  // The second product waits for the first, its weights do not.
  ProgramBuilder builder = tinyBuilder();
  isa::Vmm first = onChip(128, 128, 0, 16);
  first.signal.insert(Unit::matrix);
  builder.add(first);
  isa::Vmm second = onChip(128, 128, 16, 32);
  second.wait.insert(Unit::matrix);
  builder.add(second);
  Program program = builder.finish();

  PassTiming ahead = timed(program);
  // 4 tiles of 6 cycles each; the second follows without a gap.
  EXPECT_NEAR(ahead.steps[1].streamEnd, ahead.steps[1].streamStart + 24, 1e-9);
  EXPECT_NEAR(ahead.steps[2].streamStart, ahead.steps[1].streamEnd, 1e-9);
  EXPECT_NEAR(ahead.steps[2].start, ahead.steps[1].end, 1e-9);
  // All is there when it starts: 4 tiles of a cycle.
  EXPECT_NEAR(ahead.steps[2].issued, ahead.steps[2].start + 4, 1e-9);

  PassTiming late = timed(program, {.prefetch = false});
  EXPECT_NEAR(late.steps[2].streamStart, late.steps[2].start + 13.8, 1e-9);
  // Streamed once more behind the first product's last byte: 1 cycle to use it,
  // 40 to the result, then the round trip.
  EXPECT_NEAR(
      lossOf(late, "stream waits for its instruction to start (no prefetch)"),
      1 + 40 + 13.8, 1e-9);
}

TEST(TimedPass, ChainsGoBlockByBlock) {
  ProgramBuilder builder = tinyBuilder();
  isa::Vmm vmm = onChip(128, 512, 0, 16);
  vmm.lead.insert(Unit::vector);
  builder.add(vmm);
  isa::Activation follower = silu(512, 16, 64);
  follower.follow.insert(Unit::matrix);
  builder.add(follower);
  Program program = builder.finish();

  // The last block leaves the array at the product's end; one cycle and the
  // pipeline later it has passed the vector unit.
  PassTiming chained = timed(program);
  EXPECT_NEAR(chained.steps[2].issued, chained.steps[1].end + 1, 1e-9);
  EXPECT_NEAR(chained.steps[2].end, chained.steps[1].end + 1 + 32, 1e-9);
  EXPECT_GE(chained.steps[2].start, chained.steps[1].start);
  EXPECT_LT(chained.steps[2].start, chained.steps[1].end);

  // Without chaining all 16 blocks come after the end.
  PassTiming waited = timed(program, {.chaining = false});
  EXPECT_NEAR(waited.steps[2].start, waited.steps[1].end, 1e-9);
  EXPECT_NEAR(waited.steps[2].end, waited.steps[1].end + 16 + 32, 1e-9);
}

TEST(TimedPass, NormReducesBeforeItWrites) {
  ProgramBuilder builder = tinyBuilder();
  isa::Vmm vmm = onChip(128, 512, 0, 16);
  vmm.lead.insert(Unit::vector);
  builder.add(vmm);
  isa::RmsNorm norm;
  norm.src_space = isa::ActivationSpace::chip;
  norm.dst_space = isa::Space::chip;
  norm.heads = 1;
  norm.channels = 512;
  norm.epsilon = 1e-5f;
  norm.inverse_channels = 1 / 512.f;
  norm.weight = 1;
  norm.rows = norm.src_stride = norm.dst_stride = constant(1);
  norm.src = constant(16);
  norm.dst = constant(64);
  norm.follow.insert(Unit::matrix);
  norm.lead.insert(Unit::matrix);
  builder.add(norm);
  isa::Vmm next = onChip(512, 32, 64, 96);
  next.follow.insert(Unit::vector);
  builder.add(next);
  PassTiming timing = timed(builder.finish());
  // The squares are summed as blocks arrive: the last takes one cycle. Then
  // the reduction, and 16 blocks out.
  double lastBlock = timing.steps[1].end;
  EXPECT_NEAR(timing.steps[2].end, lastBlock + 1 + 64 + 16 + 32, 1e-9);
  EXPECT_EQ(timing.unitBusy[unsigned(Unit::vector)], 2 * 16);
  // The next product takes four blocks a cycle, the last four as the last of
  // them arrives.
  EXPECT_NEAR(timing.steps[3].issued, timing.steps[2].end + 1, 1e-9);
}

TEST(TimedPass, NormsOfHeadsHideTheirReductions) {
  ProgramBuilder builder = tinyBuilder();
  isa::RmsNorm norm;
  norm.src_space = isa::ActivationSpace::chip;
  norm.dst_space = isa::Space::chip;
  norm.heads = 16;
  norm.channels = 100;
  norm.epsilon = norm.inverse_channels = 1;
  norm.weight = 1;
  norm.rows = norm.src_stride = norm.dst_stride = constant(1);
  builder.add(norm);
  Program program = builder.finish();
  const PassTiming timing = timed(program);
  const StepTiming &step = timing.steps[1];
  // 2 passes of 4 packets a head. The last head begins after 15 * 8 cycles, and
  // needs 4, a reduction and 4.
  EXPECT_EQ(timing.unitBusy[unsigned(Unit::vector)], 16 * 8);
  EXPECT_NEAR(step.issued, step.start + 15 * 8 + 2 * 4 + 64, 1e-9);
  EXPECT_NEAR(step.end, step.issued + 32, 1e-9);
}

TEST(TimedPass, LayerNormReducesTwice) {
  isa::LayerNorm norm;
  norm.src_space = norm.dst_space = isa::ActivationSpace::chip;
  norm.channels = 500;
  norm.epsilon = 1;
  norm.weight = norm.bias = 1;
  norm.rows = norm.src_stride = norm.dst_stride = constant(1);
  ProgramBuilder builder = tinyBuilder();
  builder.add(norm);
  const PassTiming one = timed(builder.finish());
  // The sum, the squares of the differences, the result: 16 packets each.
  EXPECT_EQ(one.unitBusy[unsigned(Unit::vector)], 3 * 16);
  EXPECT_NEAR(one.steps[1].issued, one.steps[1].start + 3 * 16 + 2 * 64, 1e-9);
  EXPECT_NEAR(one.steps[1].end, one.steps[1].issued + 32, 1e-9);

  // Of several rows the reductions of all but the first are hidden.
  norm.rows = norm.src_stride = norm.dst_stride = constant(8);
  ProgramBuilder other = tinyBuilder(8);
  other.add(norm);
  const PassTiming eight = timed(other.finish(), {}, 8);
  EXPECT_EQ(eight.unitBusy[unsigned(Unit::vector)], 8 * 3 * 16);
  EXPECT_NEAR(eight.steps[1].issued, eight.steps[1].start + 8 * 3 * 16 + 2 * 64,
              1e-9);
}

TEST(TimedPass, SecondOperandBlockByBlock) {
  ProgramBuilder builder = tinyBuilder();
  isa::Activation activation = silu(512, 0, 16);
  activation.lead.insert(Unit::matrix);
  builder.add(activation);
  isa::Vmm vmm = onChip(128, 512, 32, 64);
  vmm.epilogue = isa::Epilogue::multiply;
  vmm.aux = constant(16);
  vmm.follow.insert(Unit::vector);
  builder.add(vmm);
  PassTiming timing = timed(builder.finish());
  // The last of 16 tiles ends a cycle after its weights came, long after the
  // vector unit was done.
  EXPECT_NEAR(timing.steps[2].issued, timing.steps[2].streamEnd + 1, 1e-9);
}

/// One head of 128 channels for `rows` tokens, from the chip into the cache.
static isa::Rope ropeIntoCache(int64_t cache, int64_t rows) {
  isa::Rope rope;
  rope.src_space = isa::ActivationSpace::chip;
  rope.dst_space = isa::Space::hbm;
  rope.heads = 1;
  rope.head_blocks = 4;
  rope.table_stride = 512;
  rope.table = plusPast(1);
  rope.rows = rope.src_stride = constant(rows);
  rope.dst = plusPast(cache);
  rope.dst_stride = constant(512);
  return rope;
}

TEST(TimedPass, CacheIsReadAfterItsWrite) {
  ProgramBuilder builder = tinyBuilder();
  isa::Rope rope = ropeIntoCache(builder.firstCache(), 1);
  rope.signal.insert(Unit::dma);
  builder.add(rope);
  isa::AttentionScores scores;
  scores.src_space = scores.dst_space = isa::ActivationSpace::chip;
  scores.heads = 2;
  scores.kv_heads = 1;
  scores.head_blocks = 4;
  scores.scale = 1;
  scores.key_stride = 512;
  scores.keys = builder.firstCache();
  scores.rows = scores.src_stride = scores.dst_stride = constant(1);
  scores.columns = contextTokens();
  scores.src = constant(16);
  scores.dst = constant(64);
  scores.dst_head_stride = constant(16);
  scores.stream_wait.insert(Unit::vector);
  builder.add(scores);
  PassTiming timing = timed(builder.finish(), {}, 1, 63);
  // Packets are written as they come, to one port; the last takes a cycle and
  // the round trip.
  const StepTiming &write = timing.steps[1], &read = timing.steps[2];
  EXPECT_NEAR(write.end, write.issued + 32 + 1 + 13.8, 1e-9);
  EXPECT_EQ(write.hbmWriteBytes, 4 * 64u);
  EXPECT_NEAR(read.streamStart, write.end + 13.8, 1e-9);
  // 64 tokens of 4 blocks, a packet each, over 8 ports; both heads share them.
  EXPECT_EQ(read.hbmReadBytes, 64 * 4 * 64u);
  EXPECT_NEAR(read.streamEnd, read.streamStart + 64 * 4 * 64 / 8 / 64., 1e-9);
  // A head takes 2 column blocks of 4 cycles. The first ends as its last keys
  // arrive.
  EXPECT_EQ(read.arrayCycles, 2 * 8);
  EXPECT_NEAR(read.issued, read.streamEnd + 1 + 8, 1e-9);
  EXPECT_EQ(read.macs, 2 * 64 * 128u);
  EXPECT_GT(lossOf(timing, "stream waits for rope"), 0);
}

TEST(TimedPass, SoftmaxHidesItsReductions) {
  ProgramBuilder builder = tinyBuilder();
  isa::Softmax softmax;
  softmax.src_space = softmax.dst_space = isa::ActivationSpace::chip;
  softmax.heads = 8;
  softmax.rows = softmax.src_stride = softmax.dst_stride = constant(1);
  softmax.columns = softmax.visible = constant(128);
  softmax.src_head_stride = softmax.dst_head_stride = constant(4);
  builder.add(softmax);
  PassTiming timing = timed(builder.finish());
  const StepTiming &step = timing.steps[1];
  // 3 passes of 4 packets a head. The last head begins after 7 * 12 cycles,
  // and needs 4, a reduction, 4, a reduction and 4.
  EXPECT_EQ(timing.unitBusy[unsigned(Unit::vector)], 8 * 12);
  EXPECT_NEAR(step.issued, step.start + 7 * 12 + 3 * 4 + 2 * 64, 1e-9);
  EXPECT_NEAR(step.end, step.issued + 32, 1e-9);
}

TEST(TimedPass, SlicesStreamTheWeightsAgain) {
  // 64 rows in slices of 16: the weights come four times.
  ProgramBuilder builder = tinyBuilder(64);
  isa::Vmm vmm = onChip(128, 512, 1, 4096);
  vmm.src_space = isa::ActivationSpace::ddr;
  vmm.dst_space = isa::Space::ddr;
  vmm.slice_rows = 16;
  vmm.rows = vmm.src_stride = vmm.dst_stride = tokensTimes(1);
  builder.add(vmm);
  Program program = builder.finish();
  PassTiming timing = timed(program, {}, 64);
  EXPECT_EQ(timing.steps[1].hbmReadBytes, 4 * 512 * 96u);
  EXPECT_EQ(timing.steps[1].arrayCycles, 64 * 16);
  EXPECT_EQ(timed(program, {}, 16).steps[1].hbmReadBytes, 512 * 96u);
}

TEST(TimedPass, ASliceIsReadWhenItsHalfIsFree) {
  // Slices of a row and a tile: 6 cycles of weights. A slice's input (2 2/3
  // cycles and 10.7 of latency) is asked for when the slice two before it is
  // done, and used within a cycle: two slices in 14.37 cycles.
  ProgramBuilder builder = tinyBuilder(64);
  isa::Vmm vmm = onChip(128, 32, 1, 1024);
  vmm.src_space = isa::ActivationSpace::ddr;
  vmm.slice_rows = 1;
  vmm.rows = vmm.src_stride = vmm.dst_stride = tokensTimes(1);
  builder.add(vmm);
  Program program = builder.finish();
  double few = timed(program, {}, 20).steps[1].issued;
  EXPECT_NEAR(timed(program, {}, 40).steps[1].issued - few,
              10 * (8 / 3. + 10.7 + 1), 1e-6);
}

TEST(TimedPass, SecondOperandMayBeLate) {
  // silu waits for the first product's end and delays the second, whose
  // weights are there: 8 blocks and the vector unit's pipeline after it.
  ProgramBuilder builder = tinyBuilder();
  isa::Vmm first = onChip(128, 256, 0, 16);
  first.signal.insert(Unit::vector);
  builder.add(first);
  isa::Activation activation = silu(256, 16, 64);
  activation.wait.insert(Unit::matrix);
  activation.lead.insert(Unit::matrix);
  builder.add(activation);
  isa::Vmm second = onChip(128, 256, 0, 96);
  second.epilogue = isa::Epilogue::add;
  second.aux = constant(64);
  second.follow.insert(Unit::vector);
  builder.add(second);
  PassTiming timing = timed(builder.finish());
  EXPECT_NEAR(timing.steps[3].issued, timing.steps[1].end + 8 + 32, 1e-9);
  EXPECT_NEAR(timing.steps[3].end, timing.steps[3].issued + 40, 1e-9);
  EXPECT_EQ(timing.steps[3].bound, "array");
}

TEST(TimedPass, ConstantsComeFromDdr) {
  // One byte a cycle: begin has come after 64 and the vmm after 192 cycles and
  // 10.7 of latency, 16 to issue; then 64 for a block of biases, and latency.
  ProgramBuilder builder = tinyBuilder();
  isa::Vmm vmm = onChip(128, 32, 0, 16);
  vmm.has_bias = true;
  vmm.bias = 1;
  builder.add(vmm);
  PassTiming biased = timedOn(slowDdr(), builder.finish());
  EXPECT_NEAR(biased.steps[1].issued, 192 + 10.7 + 16 + 64 + 10.7, 1e-9);
  EXPECT_EQ(biased.steps[1].bound, "ddr");

  // The same for a norm of one packet of code and one block; the block then
  // takes a cycle.
  isa::RmsNorm norm;
  norm.src_space = isa::ActivationSpace::chip;
  norm.dst_space = isa::Space::chip;
  norm.heads = 1;
  norm.channels = 32;
  norm.epsilon = norm.inverse_channels = 1;
  norm.weight = 1;
  norm.rows = norm.src_stride = norm.dst_stride = constant(1);
  ProgramBuilder other = tinyBuilder();
  other.add(norm);
  EXPECT_NEAR(timedOn(slowDdr(), other.finish()).steps[1].issued,
              128 + 10.7 + 16 + 64 + 10.7 + 1, 1e-9);

  // A layer_norm's weight and bias, which its third pass alone needs.
  isa::LayerNorm layerNorm;
  layerNorm.src_space = layerNorm.dst_space = isa::ActivationSpace::chip;
  layerNorm.channels = 32;
  layerNorm.epsilon = 1;
  layerNorm.weight = layerNorm.bias = 1;
  layerNorm.rows = layerNorm.src_stride = layerNorm.dst_stride = constant(1);
  ProgramBuilder third = tinyBuilder();
  third.add(layerNorm);
  EXPECT_NEAR(timedOn(slowDdr(), third.finish()).steps[1].issued,
              128 + 10.7 + 16 + 2 * 64 + 10.7 + 1, 1e-9);
}

TEST(TimedPass, VectorUnitWaitsForDdr) {
  // 8 rows of 4 blocks at half a byte a cycle.
  ProgramBuilder builder = tinyBuilder(8);
  isa::Activation activation = silu(128, 1, 0);
  activation.src_space = isa::ActivationSpace::ddr;
  activation.rows = activation.src_stride = activation.dst_stride = constant(8);
  builder.add(activation);
  PassTiming timing = timedOn(slowDdr(), builder.finish());
  EXPECT_NEAR(timing.steps[1].issued,
              timing.steps[1].start + 32 * 64 / 0.5 + 10.7 + 1, 1e-9);
}

TEST(TimedPass, RowsOfTheCacheLieInNeighbouringPorts) {
  // 16 tokens over 8 ports: two packets in each for every channel block.
  ProgramBuilder builder = tinyBuilder(16);
  isa::Rope rope = ropeIntoCache(builder.firstCache(), 16);
  builder.add(rope);
  PassTiming timing = timed(builder.finish(), {}, 16);
  EXPECT_NEAR(timing.steps[1].end, timing.steps[1].issued + 32 + 2 * 4 + 13.8,
              1e-9);
}

TEST(TimedPass, ResultsOfAUnitEndInOrder) {
  ProgramBuilder builder = tinyBuilder();
  isa::Vmm slow = onChip(128, 256, 0, 1);
  slow.dst_space = isa::Space::ddr;
  builder.add(slow);
  isa::Vmm fast = onChip(128, 32, 0, 16);
  fast.lead.insert(Unit::vector);
  builder.add(fast);
  isa::Activation follower = silu(32, 16, 32);
  follower.follow.insert(Unit::matrix);
  builder.add(follower);
  PassTiming timing = timedOn(slowDdr(), builder.finish());
  EXPECT_EQ(timing.steps[2].end, timing.steps[1].end);
  EXPECT_LT(timing.steps[2].issued + 40, timing.steps[2].end);
  // And who follows has read everything only then.
  EXPECT_EQ(timing.steps[3].issued, timing.steps[2].end);
}

TEST(TimedPass, HeadsFollowTheirQueries) {
  // The second head's last block leaves the product at its end. Four blocks
  // are used in four cycles, so one cycle remains.
  ProgramBuilder builder = tinyBuilder();
  isa::Vmm queries = onChip(128, 256, 0, 16);
  queries.lead.insert(Unit::attention);
  builder.add(queries);
  isa::AttentionScores scores;
  scores.src_space = scores.dst_space = isa::ActivationSpace::chip;
  scores.heads = 2;
  scores.kv_heads = 1;
  scores.head_blocks = 4;
  scores.scale = 1;
  scores.key_stride = 32;
  scores.keys = builder.firstCache();
  scores.rows = scores.src_stride = scores.dst_stride = constant(1);
  scores.columns = constant(32);
  scores.src = constant(16);
  scores.dst = constant(64);
  scores.dst_head_stride = constant(1);
  scores.follow.insert(Unit::matrix);
  builder.add(scores);
  PassTiming timing = timed(builder.finish());
  EXPECT_LT(timing.steps[2].streamEnd, timing.steps[1].end);
  EXPECT_NEAR(timing.steps[2].issued, timing.steps[1].end + 1, 1e-9);
}

TEST(TimedPass, AFullBufferNamesWhatTheArrayDoes) {
  // A buffer of 1 Mbit; a product of 64 rows takes the array longer than the
  // HBM.
  ProgramBuilder builder = tinyBuilder(64);
  isa::Vmm vmm = onChip(1024, 4096, 0, 8192);
  vmm.dst_space = isa::Space::ddr;
  vmm.rows = vmm.src_stride = vmm.dst_stride = tokensTimes(1);
  builder.add(vmm);
  PassTiming timing = timed(builder.finish(), {}, 64);
  EXPECT_GT(lossOf(timing, "weight buffer full, array works on vmm"),
            0.8 * timing.cycles);
}

TEST(TimedPass, AtMostAWindowIsInFlight) {
  ProgramBuilder builder = tinyBuilder();
  isa::Activation slow = silu(32 * 1024, 0, 0);
  builder.add(slow);
  for (unsigned i = 1; i < isa::kWindow; ++i)
    builder.add(onChip(128, 32, 1024, 1056));
  builder.add(onChip(128, 32, 1024, 1056));
  PassTiming timing = timed(builder.finish());
  // begin counts: number 32 is the last that may run beside number 1.
  EXPECT_LT(timing.steps[32].start, timing.steps[1].end);
  EXPECT_GE(timing.steps[33].start, timing.steps[1].end);
}

TEST(TimedPass, OverlapAndLookahead) {
  ProgramBuilder builder = tinyBuilder();
  builder.add(silu(1024, 0, 32));
  builder.add(onChip(128, 32, 64, 96));
  Program program = builder.finish();
  PassTiming both = timed(program);
  EXPECT_LT(both.steps[2].start, both.steps[1].end);
  PassTiming alone = timed(program, {.overlap = false});
  EXPECT_NEAR(alone.steps[2].start, alone.steps[1].end, 1e-9);
  // Fetching two packets, then issuing them.
  PassTiming late = timed(program, {.lookahead = false});
  EXPECT_NEAR(late.steps[2].dispatched,
              late.steps[1].end + 128 / 192. + 10.7 + 16, 1e-9);
}
