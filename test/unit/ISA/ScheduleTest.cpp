//===- ScheduleTest.cpp - What a program's schedule must hold to ----------===//
//
// Small programs, instructions numbered from 1 behind `begin`. Activations are
// single packets of the activation buffer, so vmm(0, 1) reads packet 0 and
// writes packet 1.
//
//===----------------------------------------------------------------------===//
#include "EdgeLLM/ISA/Schedule.h"

#include "TestProgram.h"

using namespace edgellm;
using namespace edgellm::isa;
using namespace edgellm::testing;

//===----------------------------------------------------------------------===//
// Reading what another instruction writes
//===----------------------------------------------------------------------===//

TEST(Schedule, ReadingAResultWaitsForIt) {
  TestProgram()
      .add(with(vmm(0, 1), {.signal = {Unit::vector}}))
      .add(with(silu(1, 2), {.wait = {Unit::matrix}}))
      .expectLegal();
  EXPECT_EQ(TestProgram()
                .add(vmm(0, 1), "layers.0.up_proj")
                .add(silu(1, 2), "layers.0.act")
                .error(),
            "instruction 2 (activation, layers.0.act): field 'src' (chip) "
            "races with field 'dst' of instruction 1 (vmm, layers.0.up_proj): "
            "no token orders them");
  TestProgram().add(vmm(0, 1)).add(silu(2, 3)).expectLegal();
}

/// A unit takes the next instruction when the operands of the one before have
/// been read, not when its result is written.
TEST(Schedule, AUnitWaitsForItsOwnResults) {
  EXPECT_EQ(TestProgram().add(silu(0, 1)).add(silu(1, 2)).error(),
            "instruction 2 (activation): field 'src' (chip) races with field "
            "'dst' of instruction 1 (activation): no token orders them");
  TestProgram()
      .add(with(silu(0, 1), {.signal = {Unit::vector}}))
      .add(with(silu(1, 2), {.wait = {Unit::vector}}))
      .expectLegal();
}

/// Results of a unit are written in program order, so a token of a later
/// instruction speaks for the earlier ones.
TEST(Schedule, ATokenSpeaksForEarlierResults) {
  TestProgram()
      .add(vmm(0, 1))
      .add(with(vmm(2, 3), {.signal = {Unit::vector}}))
      .add(with(silu(1, 4), {.wait = {Unit::matrix}}))
      .expectLegal();
}

/// The first wait of a unit holds for all that come later there, and what a
/// unit knows it hands on with its own tokens.
TEST(Schedule, OrderIsHandedOn) {
  TestProgram()
      .add(with(vmm(0, 1), {.signal = {Unit::vector}}))
      .add(with(silu(1, 2), {.wait = {Unit::matrix}}))
      .add(with(silu(1, 3), {.signal = {Unit::attention}}))
      .add(with(scores(1, 4, 64), {.wait = {Unit::vector}}))
      .expectLegal();
  EXPECT_EQ(TestProgram()
                .add(with(vmm(0, 1), {.signal = {Unit::vector}}))
                .add(with(silu(1, 2), {.wait = {Unit::matrix}}))
                .add(scores(1, 4, 64))
                .error(),
            "instruction 3 (attention_scores): field 'src' (chip) races with "
            "field 'dst' of instruction 1 (vmm): no token orders them");
}

//===----------------------------------------------------------------------===//
// Writing what another instruction uses
//===----------------------------------------------------------------------===//

TEST(Schedule, WritingWhatAnotherUnitStillReads) {
  EXPECT_EQ(TestProgram().add(vmm(0, 1)).add(silu(2, 0)).error(),
            "instruction 2 (activation): field 'dst' (chip) races with field "
            "'src' of instruction 1 (vmm): no token orders them");
  TestProgram()
      .add(with(vmm(0, 1), {.signal = {Unit::vector}}))
      .add(with(silu(2, 0), {.wait = {Unit::matrix}}))
      .expectLegal();
  // A unit reads all operands before it takes the next instruction.
  TestProgram().add(silu(0, 1)).add(silu(2, 0)).expectLegal();
}

TEST(Schedule, WritingWhatAnotherUnitWrites) {
  EXPECT_EQ(TestProgram().add(vmm(0, 1)).add(silu(2, 1)).error(),
            "instruction 2 (activation): field 'dst' (chip) races with field "
            "'dst' of instruction 1 (vmm): no token orders them");
  // A unit writes its results in program order.
  TestProgram().add(silu(0, 1)).add(silu(2, 1)).expectLegal();
}

TEST(Schedule, WorkAreasBelongToOneInstruction) {
  auto sliced = [](int64_t work) {
    Vmm result = vmm(100, 200);
    result.src_space = ActivationSpace::ddr;
    result.dst_space = Space::ddr;
    result.slice_rows = 1;
    result.work = work; // two packets
    return result;
  };
  TestProgram().add(sliced(0)).add(silu(2, 3)).expectLegal();
  EXPECT_EQ(TestProgram().add(sliced(0)).add(silu(2, 1)).error(),
            "instruction 2 (activation): field 'dst' (chip) races with field "
            "'work' of instruction 1 (vmm): no token orders them");
  EXPECT_EQ(TestProgram().add(silu(2, 1)).add(sliced(0)).error(),
            "instruction 2 (vmm): field 'work' (chip) races with field 'dst' "
            "of instruction 1 (activation): no token orders them");
  // One after the other in a unit.
  Vmm other = sliced(1);
  other.dst = fixed(300);
  TestProgram().add(sliced(0)).add(other).expectLegal();
}

TEST(Schedule, InputsInDdrAreSliced) {
  Vmm unsliced = vmm(100, 1);
  unsliced.src_space = ActivationSpace::ddr;
  EXPECT_EQ(TestProgram().add(unsliced, "lm_head").error(),
            "instruction 1 (vmm, lm_head): field 'slice_rows' is 0 with the "
            "input in ddr, expected how many rows are on chip at a time");
}

//===----------------------------------------------------------------------===//
// Streams
//===----------------------------------------------------------------------===//

/// The DMA reads ahead of the array, so it waits by itself.
TEST(Schedule, StreamsWaitForWhatTheyRead) {
  TestProgram()
      .add(with(ropeToCache(0, 64), {.signal = {Unit::dma}}))
      .add(with(scores(1, 2, 64), {.streamWait = {Unit::vector}}))
      .expectLegal();
  std::string race =
      "instruction 2 (attention_scores, k): field 'keys' (hbm) races with "
      "field 'dst' of instruction 1 (rope, k): no token orders them";
  EXPECT_EQ(TestProgram()
                .add(ropeToCache(0, 64), "k")
                .add(scores(1, 2, 64), "k")
                .error(),
            race);
  // That the array waits does not help.
  EXPECT_EQ(
      TestProgram()
          .add(with(ropeToCache(0, 64), {.signal = {Unit::attention}}), "k")
          .add(with(scores(1, 2, 64), {.wait = {Unit::vector}}), "k")
          .error(),
      race);
  // Streams are in program order: the first that waits holds all others up.
  TestProgram()
      .add(with(ropeToCache(0, 64), {.signal = {Unit::dma}}))
      .add(with(vmm(1, 2), {.streamWait = {Unit::vector}}))
      .add(scores(1, 4, 64))
      .expectLegal();
}

/// What the DMA waited for, the array has waited for when it has read it.
TEST(Schedule, UnitsKnowWhatTheirStreamsWaitedFor) {
  TestProgram()
      .add(with(ropeToCache(0, 64), {.signal = {Unit::dma}}))
      .add(with(scores(1, 2, 64), {.streamWait = {Unit::vector}}))
      .add(scores(1, 0, 128))
      .expectLegal();
  EXPECT_NE(TestProgram()
                .add(with(ropeToCache(0, 64), {.signal = {Unit::dma}}))
                .add(with(scores(1, 0, 64), {.streamWait = {Unit::vector}}))
                .error()
                .find("field 'dst' (chip) races with field 'src'"),
            std::string::npos);
}

TEST(Schedule, WritingWhatIsStreamed) {
  EXPECT_EQ(TestProgram().add(scores(1, 2, 64)).add(ropeToCache(0, 64)).error(),
            "instruction 2 (rope): field 'dst' (hbm) races with field 'keys' "
            "of instruction 1 (attention_scores): no token orders them");
}

//===----------------------------------------------------------------------===//
// Chains
//===----------------------------------------------------------------------===//

TEST(Schedule, FollowersReadBlockByBlock) {
  TestProgram()
      .add(with(vmm(0, 1), {.lead = {Unit::vector}}))
      .add(with(silu(1, 2), {.follow = {Unit::matrix}}))
      .expectLegal();
  // When the follower has read all, the leader has written all.
  TestProgram()
      .add(with(vmm(0, 1), {.lead = {Unit::vector}}))
      .add(with(silu(1, 2), {.follow = {Unit::matrix}}))
      .add(silu(1, 3))
      .expectLegal();
}

/// scores -> softmax in place -> values: each follows the one before, and what
/// softmax writes over the scores comes block by block after them.
TEST(Schedule, SoftmaxInPlaceIsALinkOfTheChain) {
  TestProgram()
      .add(with(scores(0, 1, 64), {.lead = {Unit::vector}}))
      .add(with(softmax(1, 1),
                {.follow = {Unit::attention}, .lead = {Unit::attention}}))
      .add(with(values(1, 3, 128), {.follow = {Unit::vector}}))
      .expectLegal();
  EXPECT_EQ(TestProgram()
                .add(with(scores(0, 1, 64), {.lead = {Unit::vector}}))
                .add(with(softmax(1, 1), {.follow = {Unit::attention}}))
                .add(values(1, 3, 128))
                .error(),
            "instruction 3 (attention_values): field 'src' (chip) races with "
            "field 'dst' of instruction 2 (softmax): no token orders them");
}

/// Following says nothing of what the leader reads.
TEST(Schedule, FollowersMayNotOverwriteTheLeadersInput) {
  EXPECT_EQ(TestProgram()
                .add(with(vmm(0, 1), {.lead = {Unit::vector}}))
                .add(with(silu(1, 0), {.follow = {Unit::matrix}}))
                .error(),
            "instruction 2 (activation): field 'dst' (chip) races with field "
            "'src' of instruction 1 (vmm): no token orders them");
}

/// Nor of what others have written over the leader's result since.
TEST(Schedule, FollowersReadWhatTheLeaderWrote) {
  EXPECT_EQ(TestProgram()
                .add(with(vmm(0, 1), {.signal = {Unit::attention},
                                      .lead = {Unit::vector}}))
                .add(with(values(2, 1, 128), {.wait = {Unit::matrix}}))
                .add(with(silu(1, 5), {.follow = {Unit::matrix}}))
                .error(),
            "instruction 3 (activation): field 'src' (chip) races with field "
            "'dst' of instruction 2 (attention_values): no token orders them");
}

TEST(Schedule, FollowersReadTheLeadersResult) {
  EXPECT_EQ(TestProgram()
                .add(with(vmm(0, 1), {.lead = {Unit::vector}}), "a")
                .add(with(silu(2, 3), {.follow = {Unit::matrix}}), "b")
                .error(),
            "instruction 2 (activation, b): cannot follow instruction 1 (vmm, "
            "a): it reads nothing that is the other's result in the activation "
            "buffer, block for block");
  // A part of it is not enough: blocks would be counted differently.
  EXPECT_EQ(TestProgram()
                .add(with(scores(0, 1, 64), {.lead = {Unit::vector}}))
                .add(with(silu(2, 3), {.follow = {Unit::attention}}))
                .error(),
            "instruction 2 (activation): cannot follow instruction 1 "
            "(attention_scores): it reads nothing that is the other's result "
            "in the activation buffer, block for block");
  // Results in ddr are not there block by block.
  Vmm toDdr = vmm(0, 100);
  toDdr.dst_space = Space::ddr;
  Activation fromDdr = silu(100, 1);
  fromDdr.src_space = ActivationSpace::ddr;
  EXPECT_NE(TestProgram()
                .add(with(toDdr, {.lead = {Unit::vector}}))
                .add(with(fromDdr, {.follow = {Unit::matrix}}))
                .error()
                .find("cannot follow instruction 1 (vmm)"),
            std::string::npos);
}

TEST(Schedule, ChainsAreForPassesOfOneToken) {
  EXPECT_EQ(TestProgram(2)
                .add(with(vmm(0, 1), {.lead = {Unit::vector}}))
                .add(with(silu(1, 2), {.follow = {Unit::matrix}}))
                .error(),
            "instruction 2 (activation): cannot follow instruction 1 (vmm): "
            "chains are for entries of one token a pass");
}

TEST(Schedule, AUnitDoesNotFollowItself) {
  EXPECT_NE(TestProgram()
                .add(with(silu(0, 1), {.lead = {Unit::vector}}))
                .add(with(silu(1, 2), {.follow = {Unit::vector}}))
                .error()
                .find("instruction 2 (activation): cannot follow instruction 1 "
                      "(activation)"),
            std::string::npos);
}

//===----------------------------------------------------------------------===//
// The window
//===----------------------------------------------------------------------===//

/// vmm(0, 1), then `count` instructions that have nothing to do with it.
static TestProgram distance(unsigned count, const Tokens &tokens = {}) {
  TestProgram program;
  program.add(with(vmm(0, 1), tokens));
  for (unsigned i = 0; i < count; ++i)
    program.add(silu(2, 10 + i));
  return program;
}

TEST(Schedule, TheWindowOrdersWithoutTokens) {
  distance(kWindow - 1).add(silu(1, 2)).expectLegal();
  distance(kWindow - 1).add(silu(1, 0)).expectLegal();
  EXPECT_NE(distance(kWindow - 2).add(silu(3, 0)).error(), "");
  EXPECT_EQ(distance(kWindow - 2).add(silu(1, 2)).error(),
            "instruction 32 (activation): field 'src' (chip) races with field "
            "'dst' of instruction 1 (vmm): no token orders them");
  // Streams, too.
  auto cached = [](unsigned count) {
    TestProgram program;
    program.add(ropeToCache(0, 64));
    for (unsigned i = 0; i < count; ++i)
      program.add(silu(2, 10 + i));
    return program.add(scores(3, 4, 64));
  };
  cached(kWindow - 1).expectLegal();
  EXPECT_NE(cached(kWindow - 2).error(), "");
}

TEST(Schedule, FollowersAreNear) {
  distance(kWindow - 2, {.lead = {Unit::vector}})
      .add(with(silu(1, 2), {.follow = {Unit::matrix}}))
      .expectLegal();
  EXPECT_EQ(distance(kWindow - 1, {.lead = {Unit::vector}})
                .add(with(silu(1, 2), {.follow = {Unit::matrix}}))
                .error(),
            "instruction 33 (activation): follows instruction 1 (vmm), which "
            "ended 32 instructions ago at the latest");
  // A token may be taken at any distance.
  distance(kWindow + 5, {.signal = {Unit::vector}})
      .add(with(silu(1, 2), {.wait = {Unit::matrix}}))
      .expectLegal();
}

//===----------------------------------------------------------------------===//
// Tokens
//===----------------------------------------------------------------------===//

TEST(Schedule, TokensArePutBeforeTheyAreTaken) {
  EXPECT_EQ(TestProgram()
                .add(with(silu(0, 1), {.wait = {Unit::matrix}}), "a")
                .add(with(vmm(2, 3), {.signal = {Unit::vector}}))
                .error(),
            "instruction 1 (activation, a): field 'wait' takes a token of the "
            "matrix unit that no earlier instruction puts for the vector unit: "
            "it would wait for ever");
  EXPECT_EQ(TestProgram()
                .add(with(silu(0, 1), {.signal = {Unit::matrix}}))
                .add(with(vmm(2, 3), {.streamWait = {Unit::vector}}))
                .error(),
            "instruction 2 (vmm): field 'stream_wait' takes a token of the "
            "vector unit that no earlier instruction puts for the dma unit: it "
            "would wait for ever");
  EXPECT_EQ(TestProgram()
                .add(with(vmm(0, 1), {.signal = {Unit::vector}}))
                .add(with(silu(1, 2), {.follow = {Unit::matrix}}))
                .error(),
            "instruction 2 (activation): field 'follow' takes a token of the "
            "matrix unit that no earlier instruction puts for the vector unit: "
            "it would wait for ever");
}

TEST(Schedule, NoTokenIsLeftOver) {
  EXPECT_EQ(TestProgram()
                .add(with(vmm(0, 1), {.signal = {Unit::vector}}), "a")
                .error(),
            "instruction 1 (vmm, a): field 'signal' puts a token for the "
            "vector unit that nothing takes");
  EXPECT_EQ(
      TestProgram().add(with(vmm(0, 1), {.lead = {Unit::attention}})).error(),
      "instruction 1 (vmm): field 'lead' puts a token for the attention unit "
      "that nothing takes");
  EXPECT_EQ(
      TestProgram().add(with(silu(0, 1), {.signal = {Unit::dma}})).error(),
      "instruction 1 (activation): field 'signal' puts a token for the dma "
      "unit that nothing takes");
}

/// First in, first out: the second token of a unit is not the first.
TEST(Schedule, TokensAreTakenInTheOrderTheyWerePut) {
  TestProgram program;
  program.add(with(vmm(0, 1), {.signal = {Unit::vector}}))
      .add(with(vmm(0, 2), {.signal = {Unit::vector}}));
  TestProgram inOrder = program;
  inOrder.add(with(silu(1, 3), {.wait = {Unit::matrix}}))
      .add(with(silu(2, 4), {.wait = {Unit::matrix}}))
      .expectLegal();
  TestProgram crossed = program;
  EXPECT_EQ(crossed.add(with(silu(2, 3), {.wait = {Unit::matrix}}))
                .add(with(silu(1, 4), {.wait = {Unit::matrix}}))
                .error(),
            "instruction 3 (activation): field 'src' (chip) races with field "
            "'dst' of instruction 2 (vmm): no token orders them");
}

/// The DMA takes tokens for its streams and puts none; nothing follows it.
TEST(Schedule, TheDmaPutsNoTokens) {
  auto errorWith = [](const Tokens &tokens) {
    return TestProgram().add(with(vmm(0, 1), tokens)).error();
  };
  auto expected = [](const char *field) {
    return std::string("instruction 1 (vmm): field '") + field +
           "' names the dma, which takes tokens and puts none";
  };
  EXPECT_EQ(errorWith({.wait = {Unit::dma}}), expected("wait"));
  EXPECT_EQ(errorWith({.follow = {Unit::dma}}), expected("follow"));
  EXPECT_EQ(errorWith({.lead = {Unit::dma}}), expected("lead"));
  EXPECT_EQ(errorWith({.streamWait = {Unit::dma}}), expected("stream_wait"));
}

//===----------------------------------------------------------------------===//
// Bounds
//===----------------------------------------------------------------------===//

/// Operands stay in the program's buffers whatever the request: here 256
/// packets on chip, 4096 of ddr, the first of them the status, and 8 * 512 of
/// the HBM.
TEST(Schedule, OperandsLieInTheBuffers) {
  TestProgram().add(silu(0, 255)).expectLegal();
  EXPECT_EQ(TestProgram().add(silu(0, 256), "act").error(),
            "instruction 1 (activation, act): field 'dst' reaches from packet "
            "256 to 256 of chip at some request, allowed are 0 to 255");
  EXPECT_EQ(TestProgram().add(silu(-1, 0)).error(),
            "instruction 1 (activation): field 'src' reaches from packet -1 to "
            "-1 of chip at some request, allowed are 0 to 255");
  auto toDdr = [](int64_t packet) {
    Activation result = silu(0, packet);
    result.dst_space = ActivationSpace::ddr;
    return result;
  };
  TestProgram().add(toDdr(1)).expectLegal();
  TestProgram().add(toDdr(4095)).expectLegal();
  EXPECT_EQ(TestProgram().add(toDdr(0)).error(),
            "instruction 1 (activation): field 'dst' reaches from packet 0 to "
            "0 of ddr at some request, allowed are 1 to 4095");
  EXPECT_NE(TestProgram().add(toDdr(4096)).error(), "");
  // The cache of 64 tokens, filled by passes of any length.
  TestProgram(8).add(ropeToCache(0, 4032)).expectLegal();
  EXPECT_EQ(TestProgram(8).add(ropeToCache(0, 4033)).error(),
            "instruction 1 (rope): field 'dst' reaches from packet 4033 to "
            "4096 of hbm at some request, allowed are 64 to 4095");
  EXPECT_EQ(TestProgram(8).add(ropeToCache(0, 63)).error(),
            "instruction 1 (rope): field 'dst' reaches from packet 63 to "
            "126 of hbm at some request, allowed are 64 to 4095");
  Vmm weights = vmm(0, 1); // four packets of each port
  weights.weights = 4;     // up to the KV memory
  TestProgram().add(weights).expectLegal();
  weights.weights = 5;
  EXPECT_EQ(TestProgram().add(weights).error(),
            "instruction 1 (vmm): field 'weights' reaches from packet 40 to "
            "71 of hbm at some request, allowed are 0 to 63");
  Vmm sliced = vmm(1, 1);
  sliced.src_space = ActivationSpace::ddr;
  sliced.slice_rows = 100; // two slices
  sliced.work = 56;
  TestProgram().add(sliced).expectLegal();
  sliced.work = 57;
  EXPECT_EQ(TestProgram().add(sliced).error(),
            "instruction 1 (vmm): field 'work' reaches from packet 57 to 256 "
            "of chip at some request, allowed are 0 to 255");
}

/// No field is so large that a check would overflow.
TEST(Schedule, OperandsFarAway) {
  constexpr int64_t most = (int64_t(1) << 39) - 1;
  Softmax far = softmax(0, 100);
  far.heads = 65535;
  for (const Affine &stride : {fixed(most), fixed(-most - 1),
                               Affine{most, 65535, Request::context_rounded}}) {
    far.src_head_stride = stride;
    EXPECT_NE(TestProgram().add(far).error().find("field 'src' reaches"),
              std::string::npos);
  }
}

//===----------------------------------------------------------------------===//
// Extents over all requests
//===----------------------------------------------------------------------===//

/// Caches of 64 tokens lie side by side: whatever the request, what is written
/// behind the cached tokens of one is not in the other.
TEST(Schedule, CachesSideBySideDoNotRace) {
  for (uint32_t maxTokens : {1u, 8u, 64u}) {
    TestProgram(maxTokens)
        .add(ropeToCache(0, 64))
        .add(scores(100, 200, 128))
        .expectLegal();
    TestProgram(maxTokens)
        .add(ropeToCache(0, 128))
        .add(scores(100, 200, 64))
        .expectLegal();
    EXPECT_EQ(TestProgram(maxTokens)
                  .add(ropeToCache(0, 64))
                  .add(scores(100, 200, 127))
                  .error(),
              "instruction 2 (attention_scores): field 'keys' (hbm) races with "
              "field 'dst' of instruction 1 (rope): no token orders them")
        << maxTokens;
    EXPECT_NE(TestProgram(maxTokens)
                  .add(ropeToCache(0, 127))
                  .add(scores(100, 200, 64))
                  .error(),
              "")
        << maxTokens;
  }
}

/// Two rows a token reach furthest in the longest pass, one in any that fills
/// the context.
TEST(Schedule, RowsBehindTheCachedOnes) {
  Rope two = ropeToCache(0, 64);
  two.rows.factor = 2;
  auto behind = [&](uint32_t maxTokens, int64_t packets) {
    return TestProgram(maxTokens).add(two).add(scores(100, 200, 64 + packets));
  };
  behind(1, 64 - 1 + 2).expectLegal();
  behind(8, 64 - 8 + 16).expectLegal();
  EXPECT_NE(behind(1, 64 - 1 + 1).error(), "");
  EXPECT_NE(behind(8, 64 - 8 + 15).error(), "");
  // Steps of two a cached token reach furthest behind the longest past.
  two = ropeToCache(0, 64);
  two.dst.factor = 2;
  behind(8, 2 * 63 + 1).expectLegal();
  EXPECT_NE(behind(8, 2 * 63).error(), "");
}

/// Keys are read in groups of 32, also past the context.
TEST(Schedule, StreamsReadWholeGroups) {
  AttentionScores narrow = scores(100, 200, 64);
  narrow.columns = fixed(33); // reads 64
  TestProgram().add(ropeToCache(0, 128)).add(narrow).expectLegal();
  EXPECT_NE(TestProgram().add(ropeToCache(0, 127)).add(narrow).error(), "");
}

/// Strides may lead backwards, and grow with the request.
TEST(Schedule, StridesSpanTheExtent) {
  auto wide = [](Affine stride) {
    Activation result = silu(100, 200);
    result.channels = 96; // three blocks
    result.src_stride = stride;
    return result;
  };
  auto writes = [](int64_t packet) { return vmm(0, packet); };
  auto races = [&](Affine stride, int64_t packet) {
    return !TestProgram(8)
                .add(writes(packet))
                .add(wide(stride))
                .error()
                .empty();
  };
  EXPECT_TRUE(races(fixed(10), 120));
  EXPECT_TRUE(races(fixed(-10), 80));
  EXPECT_TRUE(races(times(Request::tokens), 116)); // 8 tokens
  auto apart = [&](Affine stride, int64_t packet) {
    TestProgram(8).add(writes(packet)).add(wide(stride)).expectLegal();
  };
  apart(fixed(10), 121);
  apart(fixed(-10), 79);
  apart(fixed(-10), 101);
  apart(times(Request::tokens), 117);
}
