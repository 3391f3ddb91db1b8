//===- Interpreter.cpp - The edgellm dialect in float32 -------------------===//
#include "EdgeLLM/Reference/Interpreter.h"

#include "EdgeLLM/Dialect/EdgeLLM/IR/EdgeLLM.h"
#include "EdgeLLM/Import/WeightView.h"
#include "EdgeLLM/Support/Error.h"
#include "Kernels.h"
#include "Operators.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/TypeSwitch.h"

#include <algorithm>
#include <thread>

using namespace mlir;
using namespace edgellm;
using namespace edgellm::graph;
namespace ref = edgellm::reference;

/// The part of the model that an op came from, else the op's own name.
static std::string nameOf(Operation *op) {
  if (auto name = dyn_cast<NameLoc>(op->getLoc()))
    return name.getName().str();
  if (auto linear = dyn_cast<LinearOp>(op))
    if (auto weight = dyn_cast<ExternalAttr>(linear.getWeight()))
      return weight.getLabel();
  return op->getName().getStringRef().str();
}

static bool takesTokenIds(func::FuncOp function) {
  if (function.getNumArguments() == 0)
    return false;
  auto type = dyn_cast<RankedTensorType>(function.getArgumentTypes().front());
  return type && type.getRank() == 1 && type.getElementType().isInteger(32);
}

/// The ops without which the results of the function cannot be told.
static llvm::DenseSet<Operation *> opsBehindResults(func::FuncOp function) {
  llvm::DenseSet<Operation *> needed;
  for (Operation &op : llvm::reverse(function.getBody().front())) {
    auto isNeeded = [&](Operation *user) { return needed.contains(user); };
    if (op.hasTrait<OpTrait::IsTerminator>() ||
        llvm::any_of(op.getUsers(), isNeeded))
      needed.insert(&op);
  }
  return needed;
}

/// The ops whose inputs some linear op needs: what a walk without results
/// computes.
static llvm::DenseSet<Operation *> opsBehindLinear(func::FuncOp function) {
  llvm::DenseSet<Operation *> needed;
  for (Operation &op : llvm::reverse(function.getBody().front())) {
    auto needsIt = [&](Operation *user) {
      return needed.contains(user) || isa<LinearOp>(user);
    };
    if (llvm::any_of(op.getUsers(), needsIt))
      needed.insert(&op);
  }
  return needed;
}

namespace {

/// One run of a function.
class Interpreter {
public:
  Interpreter(func::FuncOp function, const Checkpoint *checkpoint,
              const TokenSequences &sequences,
              const InterpreterOptions &options);

  std::vector<InterpreterResult> run();

private:
  func::FuncOp function;
  const Checkpoint *checkpoint;
  const InterpreterOptions &options;
  unsigned threads;
  std::vector<uint32_t> tokens;         ///< of all sequences
  std::vector<ref::RowRange> sequences; ///< where each is
  llvm::DenseMap<Value, InterpreterResult> values;
  llvm::DenseSet<Operation *> needed;

  void addSequence(const std::vector<uint32_t> &ids);
  void countUses();
  void evaluate(Operation &op);
  void forget(Operation &op);

  //===--------------------------------------------------------------------===//
  // Values
  //===--------------------------------------------------------------------===//

  /// How many operands will still read a value.
  llvm::DenseMap<Value, unsigned> uses;

  InterpreterResult &find(Value value);

  const Matrix &get(Value value) { return std::get<Matrix>(find(value)); }

  /// The operand to be changed in place: itself when nobody reads it any more,
  /// else a copy.
  Matrix take(Value value) {
    Matrix &matrix = std::get<Matrix>(find(value));
    return uses.lookup(value) == 1 ? std::move(matrix) : matrix;
  }

  /// A value with a row for every token.
  void requireAllTokens(Operation *op, Value value);

  std::vector<float> vectorOf(TypedAttr weight) const {
    MatrixView view = viewOf(weight, checkpoint);
    std::vector<float> result(size_t(view.columns));
    view.readRow(0, result);
    return result;
  }

  //===--------------------------------------------------------------------===//
  // Operators
  //===--------------------------------------------------------------------===//

  InterpreterResult compute(EmbeddingOp op);
  InterpreterResult compute(LinearOp op);
  InterpreterResult compute(RMSNormOp op);
  InterpreterResult compute(LayerNormOp op);
  InterpreterResult compute(RopeOp op);
  InterpreterResult compute(AttentionOp op);
  InterpreterResult compute(SiluOp op);
  InterpreterResult compute(GeluOp op);
  InterpreterResult compute(AddOp op);
  InterpreterResult compute(MultiplyOp op);
  InterpreterResult compute(LastTokenOp op);
  InterpreterResult compute(ArgmaxOp op) {
    return ref::argmax(get(op.getInput()));
  }

  void addPositions(const MatrixView &positions, Matrix &x) const;
  Matrix readMatrix(const MatrixView &view) const;
  void visit(LinearOp op, Matrix &weights);
};

} // namespace

//===----------------------------------------------------------------------===//
// The walk
//===----------------------------------------------------------------------===//

Interpreter::Interpreter(func::FuncOp function, const Checkpoint *checkpoint,
                         const TokenSequences &texts,
                         const InterpreterOptions &options)
    : function(function), checkpoint(checkpoint), options(options),
      threads(options.threads
                  ? options.threads
                  : std::max(1u, std::thread::hardware_concurrency())) {
  std::string name = function.getName().str();
  if (!llvm::hasSingleElement(function.getBody()))
    fail("function '", name, "' has ", function.getBody().getBlocks().size(),
         " blocks, one is expected");
  if (!takesTokenIds(function))
    fail("function '", name, "' takes no token ids");
  if (texts.empty())
    fail("function '", name, "' has no tokens to run on");
  for (const std::vector<uint32_t> &ids : texts)
    addSequence(ids);
  values[function.getArgument(0)] = tokens;
  needed =
      options.results ? opsBehindResults(function) : opsBehindLinear(function);
}

void Interpreter::addSequence(const std::vector<uint32_t> &ids) {
  if (ids.empty())
    fail("sequence ", sequences.size(), " has no tokens");
  for (BlockArgument argument : function.getArguments().drop_front()) {
    auto cache = dyn_cast<KVCacheType>(argument.getType());
    if (cache && int64_t(ids.size()) > cache.getCapacity())
      fail("sequence ", sequences.size(), " has ", ids.size(),
           " tokens, the cache holds ", cache.getCapacity());
  }
  int64_t fixed =
      cast<RankedTensorType>(function.getArgumentTypes()[0]).getDimSize(0);
  if (!ShapedType::isDynamic(fixed) && fixed != int64_t(ids.size()))
    fail("sequence ", sequences.size(), " has ", ids.size(),
         " tokens, the function takes ", fixed);
  sequences.push_back({int64_t(tokens.size()), int64_t(ids.size())});
  tokens.insert(tokens.end(), ids.begin(), ids.end());
}

/// Only what will be evaluated reads a value.
void Interpreter::countUses() {
  for (Operation &op : function.getBody().front())
    if (needed.contains(&op) || (options.hook && isa<LinearOp>(op)))
      for (Value operand : op.getOperands())
        ++uses[operand];
}

std::vector<InterpreterResult> Interpreter::run() {
  countUses();
  for (Operation &op : function.getBody().front().without_terminator()) {
    evaluate(op);
    forget(op);
  }
  std::vector<InterpreterResult> results;
  if (!options.results)
    return results;
  for (Value value : function.getBody().front().getTerminator()->getOperands())
    results.push_back(values.find(value)->second);
  return results;
}

void Interpreter::evaluate(Operation &op) {
  if (auto linear = dyn_cast<LinearOp>(op);
      linear && options.hook && !needed.contains(&op)) {
    Matrix weights = readMatrix(viewOf(linear.getWeight(), checkpoint));
    return visit(linear, weights);
  }
  if (!needed.contains(&op))
    return;
  llvm::TypeSwitch<Operation *>(&op)
      .Case<EmbeddingOp, LinearOp, RMSNormOp, LayerNormOp, RopeOp, AttentionOp,
            SiluOp, GeluOp, AddOp, MultiplyOp, LastTokenOp, ArgmaxOp>(
          [&](auto known) { values[known.getResult()] = compute(known); })
      .Default([](Operation *other) {
        fail(nameOf(other), ": the reference has no operator ",
             other->getName().getStringRef().str());
      });
}

/// Frees what no later op reads.
void Interpreter::forget(Operation &op) {
  if (!needed.contains(&op) && !(options.hook && isa<LinearOp>(op)))
    return;
  for (Value operand : op.getOperands())
    if (--uses[operand] == 0)
      values.erase(operand);
}

InterpreterResult &Interpreter::find(Value value) {
  auto found = values.find(value);
  if (found == values.end())
    fail("function '", function.getName().str(),
         "' reads an argument that is neither token ids nor a cache");
  return found->second;
}

void Interpreter::requireAllTokens(Operation *op, Value value) {
  int64_t rows = get(value).rows;
  if (rows != int64_t(tokens.size()))
    fail(nameOf(op), ": ", rows, " rows for ", tokens.size(), " tokens; ",
         op->getName().getStringRef().str(), " cannot follow last_token");
}

//===----------------------------------------------------------------------===//
// Operators with weights
//===----------------------------------------------------------------------===//

InterpreterResult Interpreter::compute(EmbeddingOp op) {
  const auto &ids = std::get<std::vector<uint32_t>>(find(op.getIds()));
  MatrixView table = viewOf(op.getTable(), checkpoint);
  for (uint32_t id : ids)
    if (id >= table.rows)
      fail("token id ", id, " is outside the vocabulary of ", table.rows);
  Matrix result(int64_t(ids.size()), table.columns);
  for (size_t i = 0; i < ids.size(); ++i)
    table.readRow(ids[i], result.row(int64_t(i)));
  if (op.getPositions())
    addPositions(viewOf(*op.getPositions(), checkpoint), result);
  return result;
}

/// Positions count from 0 in each sequence.
void Interpreter::addPositions(const MatrixView &positions, Matrix &x) const {
  std::vector<float> row(size_t(x.columns));
  for (size_t s = 0; s < sequences.size(); ++s) {
    auto [first, count] = sequences[s];
    if (count > positions.rows)
      fail("sequence ", s, " has ", count, " tokens, there are ",
           positions.rows, " positions");
    for (int64_t t = 0; t < count; ++t) {
      positions.readRow(t, row);
      std::ranges::transform(x.row(first + t), row, x.row(first + t).begin(),
                             std::plus());
    }
  }
}

Matrix Interpreter::readMatrix(const MatrixView &view) const {
  Matrix result(view.rows, view.columns);
  ref::forRowBlocks(view.rows, threads, [&](ref::RowRange rows) {
    for (int64_t r = rows.first; r < rows.first + rows.tokens; ++r)
      view.readRow(r, result.row(r));
  });
  return result;
}

void Interpreter::visit(LinearOp op, Matrix &weights) {
  options.hook({nameOf(op), op.getWeight(), op.getInput(), get(op.getInput()),
                weights.values});
}

InterpreterResult Interpreter::compute(LinearOp op) {
  const Matrix &x = get(op.getInput());
  MatrixView weight = viewOf(op.getWeight(), checkpoint);
  Matrix result(x.rows, weight.rows);
  Matrix weights; // as a whole only for the hook
  if (options.hook) {
    weights = readMatrix(weight);
    visit(op, weights);
    weight = viewOf(weight.name, weights.rows, weights.columns, weights.values);
  }
  ref::multiplyByWeight(x.values, x.rows, weight, result.values, threads);
  if (op.getBias())
    ref::addToRows(result, vectorOf(*op.getBias()), threads);
  if (op.getAddend())
    ref::add(result, get(op.getAddend()), threads);
  if (op.getMultiplier())
    ref::multiply(result, get(op.getMultiplier()), threads);
  return result;
}

InterpreterResult Interpreter::compute(RMSNormOp op) {
  Matrix x = take(op.getInput());
  ref::rmsNorm(x, vectorOf(op.getWeight()), op.getEpsilon().convertToFloat(),
               threads);
  return x;
}

InterpreterResult Interpreter::compute(LayerNormOp op) {
  Matrix x = take(op.getInput());
  ref::layerNorm(x, vectorOf(op.getWeight()), vectorOf(op.getBias()),
                 op.getEpsilon().convertToFloat(), threads);
  return x;
}

//===----------------------------------------------------------------------===//
// Operators without weights
//===----------------------------------------------------------------------===//

InterpreterResult Interpreter::compute(RopeOp op) {
  requireAllTokens(op, op.getInput());
  Matrix x = take(op.getInput());
  RotaryTable table(op.getTheta().convertToDouble(), int64_t(op.getRotary()),
                    scalingOf(op.getScalingAttr()));
  ref::rope(x,
            {op.getPairing() == Pairing::adjacent, int64_t(op.getHeadSize()),
             std::move(table)},
            sequences, threads);
  return x;
}

InterpreterResult Interpreter::compute(AttentionOp op) {
  requireAllTokens(op, op.getQuery());
  return ref::attention(
      {get(op.getQuery()), get(op.getKey()), get(op.getValue()),
       op.getKeys().getType().getHeadSize(), op.getScale().convertToFloat()},
      sequences, threads);
}

InterpreterResult Interpreter::compute(SiluOp op) {
  Matrix x = take(op.getInput());
  ref::silu(x, threads);
  return x;
}

InterpreterResult Interpreter::compute(GeluOp op) {
  Matrix x = take(op.getInput());
  ref::gelu(x, threads);
  return x;
}

InterpreterResult Interpreter::compute(AddOp op) {
  Matrix x = take(op.getLhs());
  ref::add(x, get(op.getRhs()), threads);
  return x;
}

InterpreterResult Interpreter::compute(MultiplyOp op) {
  Matrix x = take(op.getLhs());
  ref::multiply(x, get(op.getRhs()), threads);
  return x;
}

InterpreterResult Interpreter::compute(LastTokenOp op) {
  requireAllTokens(op, op.getInput());
  const Matrix &x = get(op.getInput());
  Matrix result(int64_t(sequences.size()), x.columns);
  for (size_t s = 0; s < sequences.size(); ++s)
    std::ranges::copy(x.row(sequences[s].first + sequences[s].tokens - 1),
                      result.row(int64_t(s)).begin());
  return result;
}

std::vector<InterpreterResult>
edgellm::interpret(func::FuncOp function, const Checkpoint *checkpoint,
                   const TokenSequences &sequences,
                   const InterpreterOptions &options) {
  return Interpreter(function, checkpoint, sequences, options).run();
}
