//===- CompressionRules.cpp - What options decide about weights -----------===//
#include "CompressionRules.h"

#include "EdgeLLM/Support/Guard.h"
#include "EdgeLLM/Support/Half.h"
#include "EdgeLLM/Support/Installation.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace edgellm;
using namespace edgellm::graph;

static MatrixChoice uniformChoice(const CompressionOptions &options) {
  MatrixChoice choice;
  if (options.weights != "int4" && options.weights != "fp16")
    fail("weights: found '", options.weights, "', expected int4 or fp16");
  choice.fp16 = options.weights == "fp16";
  choice.compression = {parseDensity(options.density, "density"),
                        parsePruneMethod(options.prune, "prune"),
                        parseQuantizeMethod(options.quantize, "quantize")};
  bool sparse = choice.compression.keep != kPruneGroup;
  if (choice.fp16 && sparse)
    fail("density ", options.density, " needs int4 weights, found fp16");
  if (sparse && !options.strategy.empty())
    fail("density ", options.density, " and strategy '", options.strategy,
         "': expected one of them");
  return choice;
}

FailureOr<CompressionRules>
CompressionRules::read(ModuleOp module, StringRef pass,
                       const CompressionOptions &options) {
  CompressionRules rules;
  try {
    rules.uniform = uniformChoice(options);
    if (!options.strategy.empty())
      rules.strategy =
          findStrategy(options.strategy, shareDirectory() / "strategies");
  } catch (const Error &error) {
    return module.emitError() << pass << ": " << error.what();
  }
  return rules;
}

/// Whether the function returns what the operator computes, or a token chosen
/// from it.
static bool isOutputLayer(LinearOp op) {
  return llvm::any_of(op->getUsers(), [](Operation *user) {
    return llvm::isa<func::ReturnOp, ArgmaxOp>(user);
  });
}

std::string edgellm::graph::nameOf(LinearOp op) {
  if (auto name = op.getLoc()->findInstanceOf<NameLoc>())
    return name.getName().str();
  if (auto external = dyn_cast<ExternalAttr>(op.getWeight()))
    return StringRef(external.getTensor()).str();
  return "";
}

MatrixChoice CompressionRules::choiceFor(LinearOp op) const {
  MatrixChoice choice = uniform;
  if (isOutputLayer(op))
    choice.compression.keep = kPruneGroup;
  const StrategyRule *rule = strategy ? strategy->ruleFor(nameOf(op)) : nullptr;
  if (!rule)
    return choice;
  choice.fp16 = rule->fp16;
  choice.paddedIndex = rule->paddedIndex;
  choice.compression.keep = rule->keep;
  choice.compression.prune = rule->prune.value_or(choice.compression.prune);
  choice.compression.quantize =
      rule->quantize.value_or(choice.compression.quantize);
  return choice;
}

LogicalResult CompressionRules::checkAllMatch(ModuleOp module,
                                              StringRef pass) const {
  if (!strategy)
    return success();
  llvm::SmallPtrSet<const StrategyRule *, 8> used;
  module.walk([&](LinearOp op) { used.insert(strategy->ruleFor(nameOf(op))); });
  for (const StrategyRule &rule : strategy->rules)
    if (!used.contains(&rule))
      return module.emitError()
             << pass << ": strategy: the rule for '"
             << llvm::join(rule.match, "', '") << "' decides no matrix";
  return success();
}

/// Prunes and quantizes one row; what pads it to whole blocks is zero.
static void compress(MutableArrayRef<float> row,
                     const Compression &compression) {
  std::vector<float> padded(llvm::alignTo(row.size(), kQuantBlock));
  llvm::copy(row, padded.begin());
  std::vector<int8_t> values(padded.size());
  std::vector<uint16_t> scales(padded.size() / kQuantBlock);
  compressRow(padded, compression, values, scales);
  for (size_t i = 0; i < row.size(); ++i)
    row[i] = float(values[i]) * halfToFloat(scales[i / kQuantBlock]);
}

static TypedAttr compressLiteral(DenseFPElementsAttr literal,
                                 const Compression &compression) {
  auto type = cast<RankedTensorType>(literal.getType());
  const llvm::fltSemantics &semantics =
      cast<FloatType>(type.getElementType()).getFloatSemantics();
  bool inexact;
  std::vector<float> values;
  for (llvm::APFloat value : literal.getValues<llvm::APFloat>()) {
    value.convert(llvm::APFloat::IEEEsingle(),
                  llvm::APFloat::rmNearestTiesToEven, &inexact);
    values.push_back(value.convertToFloat());
  }
  size_t columns = size_t(type.getDimSize(1));
  for (size_t first = 0; first < values.size(); first += columns)
    compress(MutableArrayRef(values).slice(first, columns), compression);
  std::vector<llvm::APFloat> results;
  for (float value : values) {
    results.emplace_back(value);
    results.back().convert(semantics, llvm::APFloat::rmNearestTiesToEven,
                           &inexact);
  }
  return DenseElementsAttr::get(type, results);
}

TypedAttr edgellm::graph::withChoice(TypedAttr weight,
                                     const MatrixChoice &choice) {
  auto literal = dyn_cast<DenseFPElementsAttr>(weight);
  if (literal && choice.compression.isSinglePass())
    weight = compressLiteral(literal, choice.compression);
  return withEncoding(weight, encodingOf(choice, weight.getContext()));
}
