//===- EdgeLLMOps.cpp - Verifiers of the operators ------------------------===//
#include "EdgeLLM/Dialect/EdgeLLM/IR/EdgeLLM.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace edgellm::graph;

#define GET_OP_CLASSES
#include "EdgeLLM/Dialect/EdgeLLM/IR/EdgeLLMOps.cpp.inc"

//===----------------------------------------------------------------------===//
// Checks
//===----------------------------------------------------------------------===//

static int64_t channelsOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getDimSize(1);
}

static int64_t rowsOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getDimSize(0);
}

/// The weight has the shape that the operands ask for.
static LogicalResult checkWeight(Operation *op, StringRef what,
                                 TypedAttr weight, ArrayRef<int64_t> expected) {
  auto type = dyn_cast<RankedTensorType>(weight.getType());
  if (type && type.getShape() == expected &&
      isa<FloatType>(type.getElementType()))
    return success();
  InFlightDiagnostic error = op->emitOpError()
                             << what << " is " << weight.getType()
                             << ", expected floating point values of shape [";
  llvm::interleaveComma(expected, error);
  return error << ']';
}

/// The machine has a format for the weight.
static LogicalResult checkEncoding(Operation *op, TypedAttr weight) {
  Attribute encoding = typeOf(weight).getEncoding();
  if (!encoding || isa<BlockQuantAttr, BlockSparseAttr>(encoding))
    return success();
  return op->emitOpError() << "weight has encoding " << encoding
                           << ", expected none, block_quant or block_sparse";
}

/// Every token has one row in input and result.
static LogicalResult checkRows(Operation *op, Value input, Value result) {
  if (rowsOf(input) == rowsOf(result))
    return success();
  return op->emitOpError() << "has the rows of " << input.getType()
                           << " but gives those of " << result.getType();
}

LogicalResult EmbeddingOp::verify() {
  int64_t ids = cast<RankedTensorType>(getIds().getType()).getDimSize(0);
  if (ids != rowsOf(getResult()))
    return emitOpError() << "gives " << getResult().getType() << " for "
                         << getIds().getType();
  auto table = dyn_cast<RankedTensorType>(getTable().getType());
  if (!table || table.getRank() != 2)
    return emitOpError() << "table is " << getTable().getType()
                         << ", expected [vocabulary, channels]";
  if (failed(checkWeight(*this, "table", getTable(),
                         {table.getDimSize(0), channelsOf(getResult())})))
    return failure();
  if (!getPositions())
    return success();
  auto positions = dyn_cast<RankedTensorType>(getPositions()->getType());
  if (!positions || positions.getRank() != 2)
    return emitOpError() << "positions are " << getPositions()->getType()
                         << ", expected [positions, channels]";
  return checkWeight(*this, "positions", *getPositions(),
                     {positions.getDimSize(0), channelsOf(getResult())});
}

LogicalResult LinearOp::verify() {
  int64_t outputs = channelsOf(getResult());
  if (failed(checkRows(*this, getInput(), getResult())) ||
      failed(checkWeight(*this, "weight", getWeight(),
                         {outputs, channelsOf(getInput())})) ||
      failed(checkEncoding(*this, getWeight())))
    return failure();
  if (getBias() && failed(checkWeight(*this, "bias", *getBias(), {outputs})))
    return failure();
  if (getAddend() && getMultiplier())
    return emitOpError("joins either an addend or a multiplier");
  for (Value joined : {getAddend(), getMultiplier()})
    if (joined && joined.getType() != getResult().getType())
      return emitOpError() << "joins " << joined.getType() << " to "
                           << getResult().getType();
  return success();
}

/// A norm's, which the machine wants positive.
static LogicalResult checkEpsilon(Operation *op, const APFloat &value) {
  float epsilon = value.convertToFloat();
  if (epsilon > 0 && epsilon <= 1)
    return success();
  return op->emitOpError() << "epsilon is " << epsilon
                           << ", allowed are numbers above 0, up to 1";
}

static LogicalResult checkHeads(Operation *op, Value input, int64_t headSize) {
  if (headSize > 0 && channelsOf(input) % headSize == 0)
    return success();
  return op->emitOpError() << "has " << channelsOf(input)
                           << " channels, no multiple of head_size "
                           << headSize;
}

LogicalResult RMSNormOp::verify() {
  int64_t width = getHeadSize().value_or(channelsOf(getInput()));
  return failure(failed(checkHeads(*this, getInput(), width)) ||
                 failed(checkEpsilon(*this, getEpsilon())) ||
                 failed(checkWeight(*this, "weight", getWeight(), {width})));
}

LogicalResult LayerNormOp::verify() {
  int64_t width = channelsOf(getInput());
  return failure(failed(checkEpsilon(*this, getEpsilon())) ||
                 failed(checkWeight(*this, "weight", getWeight(), {width})) ||
                 failed(checkWeight(*this, "bias", getBias(), {width})));
}

LogicalResult RopeOp::verify() {
  if (failed(checkHeads(*this, getInput(), getHeadSize())))
    return failure();
  if (getRotary() <= 0 || getRotary() > getHeadSize() || getRotary() % 2 != 0)
    return emitOpError() << "rotary is " << getRotary()
                         << ", allowed are even numbers up to head_size "
                         << getHeadSize();
  double theta = getTheta().convertToDouble();
  if (!(theta > 0) || !getTheta().isFinite())
    return emitOpError() << "theta must be positive and finite";
  if (const char *problem = scalingOf(getScalingAttr()).problem(theta))
    return emitOpError() << "scaling: " << problem;
  return success();
}

LogicalResult AttentionOp::verify() {
  KVCacheType cache = getKeys().getType();
  int64_t headSize = cache.getHeadSize();
  if (channelsOf(getKey()) != cache.getHeads() * headSize)
    return emitOpError() << "keys have " << channelsOf(getKey())
                         << " channels, the cache holds " << cache.getHeads()
                         << " heads of " << headSize;
  int64_t channels = channelsOf(getQuery());
  if (channels % headSize != 0 || channels / headSize % cache.getHeads() != 0)
    return emitOpError() << "queries have " << channels
                         << " channels, no multiple of " << cache.getHeads()
                         << " heads of " << headSize;
  if (!getScale().isFinite())
    return emitOpError("scale must be finite");
  if (getKey().getType() != getValue().getType() ||
      getKeys().getType() != getValues().getType() ||
      getQuery().getType() != getResult().getType())
    return emitOpError("needs keys like values, caches alike, and a result "
                       "like the queries");
  return checkRows(*this, getQuery(), getKey());
}

LogicalResult LastTokenOp::verify() {
  if (rowsOf(getResult()) == 1 &&
      channelsOf(getInput()) == channelsOf(getResult()))
    return success();
  return emitOpError() << "gives " << getResult().getType()
                       << ", expected one row of " << channelsOf(getInput())
                       << " channels";
}

LogicalResult ArgmaxOp::verify() {
  auto result = cast<RankedTensorType>(getResult().getType());
  if (rowsOf(getInput()) == 1 && result.getDimSize(0) == 1)
    return success();
  return emitOpError() << "takes one row and gives tensor<1xi32>, found "
                       << getInput().getType() << " -> " << result;
}
