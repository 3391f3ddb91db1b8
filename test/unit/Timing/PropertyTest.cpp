//===- PropertyTest.cpp - What holds for every program --------------------===//
//
// Random decoders on random variants of the tiny machine. Arbitration is
// static, so a machine that is better in one respect is never slower, and a
// pass that has more to do never faster.
//
//===----------------------------------------------------------------------===//
#include "TimingTesting.h"

#include <functional>
#include <random>

using namespace edgellm;
using namespace edgellm::bench;
using namespace edgellm::test;
using model::PassTiming;
using model::TimingOptions;

namespace {

constexpr uint32_t kContext = 256;

class Sample {
public:
  explicit Sample(unsigned seed) : random(seed) {
    target = targetOf("tiny");
    target.buffers.weightBits = uint64_t(pick({128, 256, 1024})) * 1024;
    target.timing.burstsInFlight = unsigned(pick({4, 8, 16}));
    target.ddr->bandwidth = 1e9 * double(pick({2, 8, 19}));
    int64_t kvHeads = pick({1, 2});
    int64_t heads = kvHeads * pick({1, 2});
    shape = {pick({1, 2, 3}),  heads * 128,        heads,
             kvHeads,          128 * pick({2, 5}), 32 * pick({2, 9}),
             pick({0, 1}) == 1};
    decode = DecoderBuilder(shape, target, 1, kContext).build();
    prefill = DecoderBuilder(shape, target, 64, kContext).build();
  }

  int64_t pick(std::initializer_list<int64_t> values) {
    return values.begin()[random() % values.size()];
  }
  TimingOptions options() {
    TimingOptions options;
    for (bool TimingOptions::*technique : kTechniques)
      options.*technique = random() % 2;
    return options;
  }

  static constexpr bool TimingOptions::*kTechniques[] = {
      &TimingOptions::prefetch, &TimingOptions::overlap,
      &TimingOptions::chaining, &TimingOptions::lookahead,
      &TimingOptions::deepBursts};

  std::mt19937 random;
  Target target;
  ModelShape shape;
  Program decode, prefill;
};

/// Calls check with each program, a legal request and options.
using Check = std::function<void(Sample &, const Program &, uint32_t tokens,
                                 uint32_t past, const TimingOptions &)>;
void forEachSample(const Check &check) {
  for (unsigned seed = 0; seed < 40; ++seed) {
    SCOPED_TRACE(seed);
    Sample sample(seed);
    for (int i = 0; i < 4; ++i) {
      uint32_t past = uint32_t(sample.random() % (kContext - 66));
      check(sample, sample.decode, 1, past, sample.options());
      uint32_t tokens = uint32_t(1 + sample.random() % 63);
      check(sample, sample.prefill, tokens, past, sample.options());
    }
  }
}

double cyclesOf(const Program &program, const Target &target, uint32_t tokens,
                uint32_t past, const TimingOptions &options) {
  return model::timePass(program, program.entries[0], target, tokens, past,
                         options)
      .cycles;
}

/// Rounding of sums in another order.
constexpr double kSlack = 1e-6;

} // namespace

TEST(TimingProperty, EveryCycleIsAccountedFor) {
  forEachSample([](Sample &sample, const Program &program, uint32_t tokens,
                   uint32_t past, const TimingOptions &options) {
    PassTiming timing = model::timePass(program, program.entries[0],
                                        sample.target, tokens, past, options);
    // Losses below a thousandth of a cycle are left out.
    EXPECT_NEAR(accountedCycles(timing), timing.cycles, 0.05);
    EXPECT_LE(timing.hbmUtilization(), 1);
    EXPECT_LE(timing.arrayBusy, timing.cycles);
    for (const model::StepTiming &step : timing.steps) {
      EXPECT_LE(step.dispatched, step.start);
      EXPECT_LE(step.start, step.issued);
      EXPECT_LE(step.issued, step.end);
      EXPECT_LE(step.streamStart, step.streamEnd);
    }
  });
}

TEST(TimingProperty, MoreTokensAreNotFaster) {
  forEachSample([](Sample &sample, const Program &program, uint32_t tokens,
                   uint32_t past, const TimingOptions &options) {
    double cycles = cyclesOf(program, sample.target, tokens, past, options);
    EXPECT_GE(cyclesOf(program, sample.target, tokens, past + 1, options),
              cycles - kSlack);
    if (tokens < program.entries[0].maxTokens)
      EXPECT_GE(cyclesOf(program, sample.target, tokens + 1, past, options),
                cycles - kSlack);
  });
}

TEST(TimingProperty, TechniquesNeverHurt) {
  forEachSample([](Sample &sample, const Program &program, uint32_t tokens,
                   uint32_t past, TimingOptions options) {
    for (bool TimingOptions::*technique : Sample::kTechniques) {
      options.*technique = false;
      double without = cyclesOf(program, sample.target, tokens, past, options);
      options.*technique = true;
      EXPECT_LE(cyclesOf(program, sample.target, tokens, past, options),
                without + kSlack);
    }
  });
}

TEST(TimingProperty, BetterMachinesAreNotSlower) {
  const std::function<void(Target &)> improvements[] = {
      [](Target &target) { target.ddr->bandwidth *= 1.3; },
      [](Target &target) { target.timing.ddrLatencyNs *= 0.5; },
      [](Target &target) { target.timing.hbmLatencyNs *= 0.5; },
      [](Target &target) { target.timing.refreshNs = 0; },
      [](Target &target) { target.timing.burstsInFlight += 1; },
      [](Target &target) { target.timing.unpipelinedBurstsInFlight += 1; },
      [](Target &target) { target.buffers.weightBits *= 2; },
      [](Target &target) { target.timing.arrayLatencyCycles /= 2; },
      [](Target &target) { target.timing.vectorLatencyCycles /= 2; },
      [](Target &target) { target.timing.reductionLatencyCycles /= 2; },
      [](Target &target) { target.timing.issueCycles /= 2; },
  };
  forEachSample([&](Sample &sample, const Program &program, uint32_t tokens,
                    uint32_t past, const TimingOptions &options) {
    double cycles = cyclesOf(program, sample.target, tokens, past, options);
    for (const auto &improve : improvements) {
      Target better = sample.target;
      improve(better);
      EXPECT_LE(cyclesOf(program, better, tokens, past, options),
                cycles + kSlack);
    }
  });
}
