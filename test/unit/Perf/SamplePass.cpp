//===- SamplePass.cpp - A pass like those of the timing model -------------===//
#include "SamplePass.h"

#include <algorithm>

using namespace edgellm;
using namespace edgellm::perf;
using model::PassTiming, model::StepTiming, model::TimingOptions;

namespace {

constexpr double kPeak = 2048;   // bytes a core cycle
constexpr double kHidden = 4096; // channels
constexpr double kFeedForward = 11008;
constexpr double kVocabulary = 32000;
constexpr double kBytesPerWeight = 4.125 / 8;
constexpr double kStartUp = 60, kDrain = 40; // cycles

class Sample {
public:
  Sample(uint32_t tokens, uint32_t past, const TimingOptions &options)
      : options(options) {
    pass.target = "vcu128";
    pass.entry = tokens == 1 ? "decode" : "generate";
    pass.tokens = tokens;
    pass.past = past;
    pass.coreMHz = 140;
    pass.hbmPeakBytesPerCycle = kPeak;
    pass.int4MacsPerCycle = 4096;
    pass.fp16MacsPerCycle = 1024;
  }

  void control(const char *mnemonic) {
    StepTiming step = next(mnemonic, "");
    step.isControl = true;
    step.start = step.dispatched;
    step.end = step.issued = std::max(step.dispatched, ended) + 8;
    step.bound = "issue";
    finish(step);
  }

  void vmm(const std::string &source, double inputs, double outputs) {
    stream("vmm", source, isa::Unit::matrix, inputs * outputs * kBytesPerWeight,
           inputs * outputs * pass.tokens, 4096, inputs * outputs / 4096);
  }

  void attend(const char *mnemonic, const std::string &source) {
    double positions = pass.past + pass.tokens;
    stream(mnemonic, source, isa::Unit::attention, positions * kHidden * 2,
           positions * kHidden * pass.tokens, 1024, 0);
  }

  void vector(const char *mnemonic, const std::string &source, double length) {
    StepTiming step = next(mnemonic, source);
    step.unit = isa::Unit::vector;
    step.start = startOn(isa::Unit::vector, step.dispatched);
    step.issued = step.start + length / 32 * pass.tokens;
    step.end = step.issued + kDrain;
    step.ddrBytes = pass.tokens > 1 ? uint64_t(length * 4 * pass.tokens) : 0;
    step.bound = "vector";
    pass.unitBusy[unsigned(isa::Unit::vector)] += step.issued - step.start;
    finish(step);
  }

  PassTiming done() {
    pass.cycles = ended;
    double busy = double(pass.hbmBytes) / kPeak;
    pass.unitBusy[unsigned(isa::Unit::dma)] = busy;
    double lost = pass.cycles - busy, bursts = std::min(inefficiency, lost);
    double rest = lost - bursts;
    pass.losses = {{"gaps between bursts", bursts},
                   {"waiting for room in the weight buffer", rest * 0.52},
                   {"waiting for keys and values of this pass", rest * 0.3},
                   {"before the first stream", rest * 0.11},
                   {"after the last stream", rest * 0.07}};
    std::ranges::sort(pass.losses, std::greater(), &model::Loss::cycles);
    return pass;
  }

private:
  StepTiming next(const char *mnemonic, const std::string &source) {
    StepTiming step;
    step.index = uint32_t(pass.steps.size());
    step.mnemonic = mnemonic;
    step.source = source;
    double fetched = options.lookahead ? dispatched : ended;
    size_t n = pass.steps.size();
    if (n >= 32)
      fetched = std::max(fetched, pass.steps[n - 32].end);
    step.dispatched = dispatched = fetched + 12;
    return step;
  }

  /// Steps depend on the one before; with chains, on its first results.
  double startOn(isa::Unit unit, double atLeast) const {
    double producer =
        options.chaining && options.overlap ? lastStart + kDrain : ended;
    return std::max({atLeast, free[unsigned(unit)], producer});
  }

  void stream(const char *mnemonic, const std::string &source, isa::Unit unit,
              double bytes, double macs, double macsPerCycle, double least) {
    StepTiming step = next(mnemonic, source);
    step.unit = unit;
    step.streams = true;
    step.hbmReadBytes = uint64_t(bytes);
    step.macs = uint64_t(macs);
    step.arrayCycles = std::max(macs / macsPerCycle, least);
    step.hbmCycles = bytes / kPeak;
    step.start = startOn(unit, step.dispatched);
    double gaps = step.hbmCycles * (options.deepBursts ? 0.035 : 0.2);
    inefficiency += gaps;
    step.streamStart = std::max(
        streamFree, options.prefetch ? std::max(step.dispatched, ended - 900)
                                     : step.start + kStartUp);
    step.streamEnd = streamFree = step.streamStart + step.hbmCycles + gaps;
    double computed = step.start + kStartUp + step.arrayCycles;
    step.issued = std::max(step.streamEnd + 8, computed);
    step.end = std::max(step.issued + kDrain, ended);
    step.bound = step.streamEnd >= computed ? "hbm" : "array";
    pass.hbmBytes += step.hbmReadBytes;
    pass.macs += step.macs;
    pass.arrayBusy += step.arrayCycles;
    pass.unitBusy[unsigned(unit)] += step.arrayCycles;
    finish(step);
  }

  void finish(const StepTiming &step) {
    if (!step.isControl)
      free[unsigned(step.unit)] = step.issued;
    lastStart = step.start;
    ended = std::max(ended, step.end);
    pass.ddrBytes += step.ddrBytes;
    pass.steps.push_back(step);
  }

  TimingOptions options;
  PassTiming pass;
  double dispatched = 0, ended = 0, lastStart = 0, streamFree = 0;
  double inefficiency = 0;
  std::array<double, isa::kUnits> free{};
};

} // namespace

static void addBlock(Sample &sample, const std::string &layer) {
  const std::string attention = layer + ".self_attn", mlp = layer + ".mlp";
  sample.vector("rms_norm", layer + ".input_layernorm", kHidden);
  sample.vmm(attention + ".q_proj", kHidden, kHidden);
  sample.vector("rope", attention + ".q_rope", kHidden);
  sample.vmm(attention + ".k_proj", kHidden, kHidden);
  sample.vector("rope", attention + ".k_rope", kHidden);
  sample.vmm(attention + ".v_proj", kHidden, kHidden);
  sample.attend("attention_scores", attention);
  sample.vector("softmax", attention, kHidden);
  sample.attend("attention_values", attention);
  sample.vmm(attention + ".o_proj", kHidden, kHidden);
  sample.vector("rms_norm", layer + ".post_attention_layernorm", kHidden);
  sample.vmm(mlp + ".gate_proj", kHidden, kFeedForward);
  sample.vector("activation", mlp + ".act_fn", kFeedForward);
  sample.vmm(mlp + ".up_proj", kHidden, kFeedForward);
  sample.vmm(mlp + ".down_proj", kFeedForward, kHidden);
}

PassTiming perf::samplePass(unsigned layers, uint32_t tokens, uint32_t past,
                            const TimingOptions &options) {
  Sample sample(tokens, past, options);
  sample.control("begin");
  for (unsigned layer = 0; layer < layers; ++layer)
    addBlock(sample, "model.layers." + std::to_string(layer));
  sample.vector("rms_norm", "model.norm", kHidden);
  sample.vmm("lm_head", kHidden, kVocabulary);
  sample.control("end");
  return sample.done();
}

Study perf::sampleStudy(unsigned layers, uint32_t tokens) {
  uint32_t past = tokens == 1 ? 128 : 0;
  Study study;
  study.model = "Llama-2-7b (int4)";
  study.pass = samplePass(layers, tokens, past);
  study.comparisons = compareTechniques([&](const TimingOptions &options) {
    return samplePass(layers, tokens, past, options);
  });
  study.speeds = speedByPast(
      [&](uint32_t cached) { return samplePass(layers, 1, cached); }, 2047);
  return study;
}
