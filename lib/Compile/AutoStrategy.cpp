//===- AutoStrategy.cpp - A strategy for a goal ---------------------------===//
#include "AutoStrategy.h"

#include "Calibration.h"
#include "EdgeLLM/Dialect/EdgeLLM/IR/WeightEncoding.h"
#include "EdgeLLM/Model/Timing.h"
#include "EdgeLLM/Pipeline/Pipeline.h"
#include "EdgeLLM/Runtime/LogLikelihood.h"
#include "EdgeLLM/Support/Error.h"
#include "EdgeLLM/Support/Installation.h"
#include "EdgeLLM/Translation/ProgramTranslation.h"
#include "EdgeLLM/Weights/DensitySearch.h"
#include "PassRunner.h"

#include <cmath>
#include <map>

using namespace mlir;
using namespace edgellm;

/// Cached tokens of the decode pass that is timed.
static constexpr uint32_t kTimedPast = 128;
/// Rows of the inputs on which losses are measured.
static constexpr int64_t kMeasuredRows = 1024;

namespace {

class StrategySearch {
public:
  StrategySearch(ModuleOp module, const Checkpoint &checkpoint,
                 const CompileOptions &options, const Progress &progress)
      : module(module), checkpoint(checkpoint), options(options),
        progress(progress),
        target(findTarget(options.target, shareDirectory() / "targets")),
        sequences(readCalibrationText(checkpoint, options.calibration)) {}

  Strategy run() {
    measure();
    return options.tokensPerSecond ? forSpeed() : forPerplexity();
  }

private:
  void measure();
  DensityChoice measure(const LinearVisit &visit);
  Strategy forSpeed();
  Strategy forPerplexity();
  Strategy strategyOf(size_t steps) const;
  double tokensPerSecond(size_t steps);
  double perplexity(const Strategy *strategy);
  double perplexityOf(const Matrix &logits) const;
  OwningOpRef<ModuleOp> withStrategy(const Strategy &strategy,
                                     PipelineBuilder build);

  ModuleOp module;
  const Checkpoint &checkpoint;
  const CompileOptions &options;
  const Progress &progress;
  Target target;
  TokenSequences sequences;
  MatrixCompressor compressor;
  std::vector<DensityStep> steps;
};

} // namespace

//===----------------------------------------------------------------------===//
// Losses
//===----------------------------------------------------------------------===//

/// In the formats that matrices get without further wishes.
static isa::WeightFormat formatOf(unsigned keep) {
  switch (keep) {
  case 4:
    return isa::WeightFormat::int4_4of8;
  case 2:
    return isa::WeightFormat::int4_2of8;
  case 1:
    return isa::WeightFormat::int4_1of8;
  default:
    return isa::WeightFormat::int4;
  }
}

static double streamedBytes(unsigned keep, int64_t outputs, int64_t inputs,
                            int64_t ports) {
  isa::WeightFormat format = formatOf(keep);
  return double(isa::matrixPackets(format, outputs, inputs, ports)) *
         double(ports) * isa::kPacketBytes;
}

DensityChoice StrategySearch::measure(const LinearVisit &visit) {
  DensityChoice choice{visit.name, {}, {}};
  int64_t inputs = visit.inputs.columns;
  int64_t outputs = int64_t(visit.weights.size()) / inputs;
  double norm = squaredOutputs(visit.inputs, visit.weights, kMeasuredRows);
  std::vector<float> lost(visit.weights.size());
  for (size_t i = 0; i < kDensities.size(); ++i) {
    Compression compression{
        kDensities[i], parsePruneMethod(options.prune, "--prune"),
        parseQuantizeMethod(options.quantize, "--quantize")};
    choice.bytes[i] =
        streamedBytes(compression.keep, outputs, inputs, target.hbm.ports);
    MatrixCompressor::dequantize(visit, compressor.compress(visit, compression),
                                 lost);
    for (size_t w = 0; w < lost.size(); ++w)
      lost[w] -= visit.weights[w];
    choice.loss[i] = squaredOutputs(visit.inputs, lost, kMeasuredRows) / norm;
  }
  return choice;
}

void StrategySearch::measure() {
  auto function = module.lookupSymbol<func::FuncOp>("score");
  uint64_t done = 0, total = 0;
  function.walk([&](graph::LinearOp) { ++total; });
  std::vector<DensityChoice> choices;
  InterpreterOptions walk;
  walk.results = false;
  walk.hook = [&](const LinearVisit &visit) {
    progress("measuring", done++, total);
    if (done < total) // the last is the output layer
      choices.push_back(measure(visit));
  };
  interpret(function, &checkpoint, sequences, walk);
  progress("measuring", total, total);
  steps = orderSteps(choices);
}

/// A rule for each matrix that is not dense, by its name; names hold no
/// wildcards.
Strategy StrategySearch::strategyOf(size_t count) const {
  std::map<std::string, unsigned> keep;
  for (size_t i = 0; i < count; ++i)
    keep[steps[i].matrix] = steps[i].keep;
  Strategy strategy{"chosen by measured losses", {}};
  for (const auto &[matrix, density] : keep) {
    StrategyRule rule;
    rule.match = {matrix};
    rule.keep = density;
    strategy.rules.push_back(rule);
  }
  return strategy;
}

OwningOpRef<ModuleOp> StrategySearch::withStrategy(const Strategy &strategy,
                                                   PipelineBuilder build) {
  OwningOpRef<ModuleOp> copy(module.clone());
  CompileOptions changed = options;
  changed.strategy = formatStrategy(strategy);
  runPasses(*copy, build, changed);
  return copy;
}

//===----------------------------------------------------------------------===//
// Speed
//===----------------------------------------------------------------------===//

double StrategySearch::tokensPerSecond(size_t count) {
  OwningOpRef<ModuleOp> lowered =
      withStrategy(strategyOf(count), buildPipeline);
  FailureOr<Program> program =
      encodeProgram(*lowered->getOps<isa::ProgramOp>().begin());
  if (failed(program))
    fail("the program of a strategy does not encode");
  const Entry *decode = program->findEntry("decode");
  uint32_t past = std::min(kTimedPast, program->context - 1);
  return model::timePass(*program, *decode, target, 1, past).tokensPerSecond();
}

Strategy StrategySearch::forSpeed() {
  double wanted = *options.tokensPerSecond;
  size_t count = leastSteps(steps.size(), [&](size_t candidate) {
    return tokensPerSecond(candidate) >= wanted;
  });
  if (count > steps.size())
    fail("--tokens-per-second ", wanted, ": the sparsest strategy reaches ",
         tokensPerSecond(steps.size()), " (modelled, after ", kTimedPast,
         " cached tokens on ", target.name, ")");
  return strategyOf(count);
}

//===----------------------------------------------------------------------===//
// Perplexity
//===----------------------------------------------------------------------===//

/// Every position but the last of a sequence predicts the next.
double StrategySearch::perplexityOf(const Matrix &logits) const {
  double nats = 0;
  int64_t row = 0, predicted = 0;
  for (const std::vector<uint32_t> &ids : sequences) {
    for (size_t i = 0; i + 1 < ids.size(); ++i, ++predicted)
      nats += negativeLogLikelihood(logits.row(row + int64_t(i)), ids[i + 1]);
    row += int64_t(ids.size());
  }
  return std::exp(nats / double(std::max<int64_t>(predicted, 1)));
}

double StrategySearch::perplexity(const Strategy *strategy) {
  OwningOpRef<ModuleOp> decided =
      strategy ? withStrategy(*strategy, buildGraphPipeline)
               : OwningOpRef<ModuleOp>(module.clone());
  InterpreterOptions walk;
  walk.hook = [&](const LinearVisit &visit) {
    graph::MatrixChoice choice =
        graph::choiceOf(graph::typeOf(visit.weight).getEncoding());
    if (!choice.fp16)
      MatrixCompressor::dequantize(
          visit, compressor.compress(visit, choice.compression), visit.weights);
  };
  auto results = interpret(decided->lookupSymbol<func::FuncOp>("score"),
                           &checkpoint, sequences, walk);
  return perplexityOf(std::get<Matrix>(results.front()));
}

Strategy StrategySearch::forPerplexity() {
  double limit =
      perplexity(nullptr) * (1 + *options.maxPerplexityIncrease / 100);
  double dense = 0;
  size_t tooMany = leastSteps(steps.size(), [&](size_t candidate) {
    progress("searching", candidate, steps.size());
    Strategy strategy = strategyOf(candidate);
    double found = perplexity(&strategy);
    if (candidate == 0)
      dense = found;
    return found > limit;
  });
  if (tooMany == 0)
    fail("--max-perplexity-increase ", *options.maxPerplexityIncrease,
         ": dense INT4 has perplexity ", dense, " on ",
         options.calibration.string(), ", the limit is ", limit);
  return strategyOf(tooMany - 1);
}

Strategy edgellm::searchStrategy(ModuleOp module, const Checkpoint &checkpoint,
                                 const CompileOptions &options,
                                 const Progress &progress) {
  return StrategySearch(module, checkpoint, options, progress).run();
}
