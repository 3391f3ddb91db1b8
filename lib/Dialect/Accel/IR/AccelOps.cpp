//===- AccelOps.cpp - Verifiers and interfaces of the steps ---------------===//
#include "EdgeLLM/Dialect/Accel/IR/Accel.h"

#include "EdgeLLM/Dialect/Request/RequestExpr.h"
#include "EdgeLLM/Weights/ChannelMap.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace edgellm;
using namespace edgellm::accel;

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

static ParseResult parseRequestMap(OpAsmParser &parser, AffineMapAttr &map) {
  AffineExpr expr;
  if (parseRequestExpr(parser, expr))
    return failure();
  map = AffineMapAttr::get(AffineMap::get(0, 2, expr));
  return success();
}

static void printRequestMap(OpAsmPrinter &printer, Operation *,
                            AffineMapAttr map) {
  printRequestExpr(printer.getStream(), map.getValue().getResult(0));
}

#define GET_OP_CLASSES
#include "EdgeLLM/Dialect/Accel/IR/AccelOps.cpp.inc"

Value edgellm::accel::baseOf(Value value) {
  while (auto rows = value.getDefiningOp<RowsOp>())
    value = rows.getSource();
  return value;
}

//===----------------------------------------------------------------------===//
// Checks
//===----------------------------------------------------------------------===//

/// The operand a symbol refers to, or an error that names it.
template <typename Resident>
static Resident lookUp(Operation *op, FlatSymbolRefAttr symbol,
                       SymbolTableCollection &symbols) {
  auto found = symbols.lookupNearestSymbolFrom<Resident>(op, symbol);
  if (!found)
    op->emitOpError() << "refers to " << symbol << ", which is no "
                      << Resident::getOperationName();
  return found;
}

static LogicalResult checkSameRows(Operation *op, Value a, Value b) {
  if (bufferType(a).getRows() == bufferType(b).getRows())
    return success();
  return op->emitOpError() << "has different rows in " << a.getType() << " and "
                           << b.getType();
}

static LogicalResult checkSameChannels(Operation *op, Value a, Value b) {
  BufferType x = bufferType(a), y = bufferType(b);
  if (x.getHeads() == y.getHeads() && x.getChannels() == y.getChannels())
    return success();
  return op->emitOpError() << "has different channels in " << x << " and " << y;
}

/// Input and output of an element-wise step.
static LogicalResult checkAlike(Operation *op, Value input, Value output) {
  return failure(failed(checkSameRows(op, input, output)) ||
                 failed(checkSameChannels(op, input, output)));
}

/// Only the matrix unit, rope and rms_norm write to the cache; nothing but
/// attention reads it.
static LogicalResult checkNotInHBM(Operation *op, ValueRange buffers) {
  for (Value buffer : buffers)
    if (bufferType(buffer).getSpace() == Space::hbm)
      return op->emitOpError() << "takes buffers in ddr or on chip here, found "
                               << buffer.getType();
  return success();
}

static LogicalResult checkCovers(Operation *op, StringRef what,
                                 ChannelsAttr channels, BufferType type) {
  if (channels.getHeads() == type.getHeads() &&
      channels.getSize() == type.getChannels())
    return success();
  return op->emitOpError() << what << " are " << channels << ", the buffer is "
                           << type;
}

LogicalResult EntryOp::verify() {
  int64_t tokens = getMaxTokens();
  if (tokens > 0 && tokens <= kMaxChannels)
    return success();
  return emitOpError() << "has max_tokens " << tokens << ", allowed are 1 to "
                       << kMaxChannels;
}

//===----------------------------------------------------------------------===//
// What stays in memory
//===----------------------------------------------------------------------===//

static LogicalResult checkSource(Operation *op, TypedAttr source,
                                 ArrayRef<int64_t> expected) {
  auto type = dyn_cast<RankedTensorType>(source.getType());
  if (type && type.getShape() == expected)
    return success();
  InFlightDiagnostic error = op->emitOpError()
                             << "source is " << source.getType()
                             << ", its channel maps want [";
  llvm::interleaveComma(expected, error);
  return error << ']';
}

LogicalResult WeightOp::verify() {
  return checkSource(
      *this, getSource(),
      {getRows().getSourceChannels(), getColumns().getSourceChannels()});
}

LogicalResult ConstantOp::verify() {
  return checkSource(*this, getSource(), {getChannels().getSourceChannels()});
}

LogicalResult RopeTableOp::verify() {
  if (getRotary() <= 0 || getRotary() % 2 != 0 || getRotary() > getHeadSize())
    return emitOpError() << "rotary is " << getRotary()
                         << ", allowed are even numbers up to head_size "
                         << getHeadSize();
  double theta = getTheta().convertToDouble();
  if (!(theta > 0) || !getTheta().isFinite())
    return emitOpError() << "theta must be positive and finite";
  if (const char *problem = graph::scalingOf(getScalingAttr()).problem(theta))
    return emitOpError() << "scaling: " << problem;
  int64_t positions = getPositions();
  if (positions <= 0 || positions > kMaxChannels)
    return emitOpError() << "has " << positions
                         << " positions, allowed are 1 to " << kMaxChannels;
  return success();
}

LogicalResult CacheOp::verify() {
  auto type = cast<BufferType>(getType());
  auto rows = dyn_cast<AffineConstantExpr>(type.getRows());
  if (type.getSpace() == Space::hbm && rows && rows.getValue() > 0 &&
      rows.getValue() <= kMaxChannels)
    return success();
  return emitOpError() << "is " << type << ", expected 1 to " << kMaxChannels
                       << " rows in hbm";
}

LogicalResult CachedOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto cache = lookUp<CacheOp>(*this, getCacheAttr(), symbols);
  if (!cache)
    return failure();
  if (cache.getType() == getResult().getType())
    return success();
  return emitOpError() << "gives " << getResult().getType() << ", the cache is "
                       << cache.getType();
}

LogicalResult RowsOp::verify() {
  AffineMap first = getFirst();
  if (first.getNumDims() != 0 || first.getNumSymbols() != 2 ||
      first.getNumResults() != 1)
    return emitOpError("starts at one expression over tokens and past");
  if (bufferType(getSource()).getSpace() != bufferType(getResult()).getSpace())
    return emitOpError("cannot change the memory space");
  return checkSameChannels(*this, getSource(), getResult());
}

//===----------------------------------------------------------------------===//
// Steps
//===----------------------------------------------------------------------===//

SmallVector<Value> VmmOp::getInputs() {
  SmallVector<Value> inputs{getInput()};
  if (getAux())
    inputs.push_back(getAux());
  return inputs;
}

LogicalResult VmmOp::verify() {
  if ((getEpilogue() == Epilogue::none) != !getAux())
    return emitOpError() << "epilogue " << stringifyEpilogue(getEpilogue())
                         << (getAux() ? " takes no" : " needs an")
                         << " operand";
  if (getAux() && (failed(checkAlike(*this, getAux(), getOutput())) ||
                   failed(checkNotInHBM(*this, getAux()))))
    return failure();
  if (failed(checkNotInHBM(*this, getInput())))
    return failure();
  return checkSameRows(*this, getInput(), getOutput());
}

LogicalResult VmmOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto weight = lookUp<WeightOp>(*this, getWeightAttr(), symbols);
  if (!weight ||
      failed(checkCovers(*this, "weight columns", weight.getColumns(),
                         bufferType(getInput()))) ||
      failed(checkCovers(*this, "weight rows", weight.getRows(),
                         bufferType(getOutput()))))
    return failure();
  if (!getBiasAttr())
    return success();
  auto bias = lookUp<ConstantOp>(*this, getBiasAttr(), symbols);
  if (!bias)
    return failure();
  if (bias.getChannels() != weight.getRows())
    return emitOpError() << "bias channels are " << bias.getChannels()
                         << ", the weight's rows " << weight.getRows();
  return success();
}

SmallVector<Value> RMSNormOp::getInputs() { return {getInput()}; }

LogicalResult RMSNormOp::verify() {
  return failure(failed(checkNotInHBM(*this, getInput())) ||
                 failed(checkAlike(*this, getInput(), getOutput())));
}

/// A norm's constant is one row, as wide as a head of what it normalises.
static LogicalResult checkNormConstant(Operation *op, StringRef what,
                                       FlatSymbolRefAttr symbol,
                                       SymbolTableCollection &symbols,
                                       BufferType type) {
  auto constant = lookUp<ConstantOp>(op, symbol, symbols);
  if (!constant)
    return failure();
  ChannelsAttr channels = constant.getChannels();
  if (channels.getHeads() == 1 && channels.getSize() == type.getChannels())
    return success();
  return op->emitOpError() << what << " channels are " << channels
                           << ", the buffer has heads of " << type.getChannels()
                           << " channels";
}

LogicalResult RMSNormOp::verifySymbolUses(SymbolTableCollection &symbols) {
  return checkNormConstant(*this, "weight", getWeightAttr(), symbols,
                           bufferType(getInput()));
}

SmallVector<Value> LayerNormOp::getInputs() { return {getInput()}; }

LogicalResult LayerNormOp::verify() {
  if (bufferType(getInput()).getHeads() != 1)
    return emitOpError("normalises whole rows: one head of all channels");
  return failure(failed(checkNotInHBM(*this, {getInput(), getOutput()})) ||
                 failed(checkAlike(*this, getInput(), getOutput())));
}

LogicalResult LayerNormOp::verifySymbolUses(SymbolTableCollection &symbols) {
  BufferType type = bufferType(getInput());
  return failure(
      failed(
          checkNormConstant(*this, "weight", getWeightAttr(), symbols, type)) ||
      failed(checkNormConstant(*this, "bias", getBiasAttr(), symbols, type)));
}

SmallVector<Value> RopeOp::getInputs() { return {getInput()}; }

LogicalResult RopeOp::verify() {
  return failure(failed(checkNotInHBM(*this, getInput())) ||
                 failed(checkAlike(*this, getInput(), getOutput())));
}

LogicalResult RopeOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto table = lookUp<RopeTableOp>(*this, getTableAttr(), symbols);
  if (!table)
    return failure();
  if (int64_t(table.getHeadSize()) == bufferType(getInput()).getChannels())
    return success();
  return emitOpError() << "rotates heads of "
                       << bufferType(getInput()).getChannels()
                       << " channels with a table for " << table.getHeadSize();
}

/// Query heads share KV heads evenly and have their size.
static LogicalResult checkGroups(Operation *op, int64_t heads, int64_t size,
                                 BufferType cache) {
  if (cache.getSpace() != Space::hbm ||
      !llvm::isa<AffineConstantExpr>(cache.getRows()))
    return op->emitOpError() << "reads a cache, found " << cache;
  if (heads % cache.getHeads() != 0 || size != cache.getChannels())
    return op->emitOpError()
           << "has " << heads << " heads of " << size << " on a cache of "
           << cache.getHeads() << " heads of " << cache.getChannels();
  return success();
}

/// Scores have a channel for every token that the cache can hold.
static LogicalResult checkScores(Operation *op, BufferType scores,
                                 int64_t heads, BufferType cache) {
  int64_t capacity = cast<AffineConstantExpr>(cache.getRows()).getValue();
  if (scores.getHeads() == heads && scores.getChannels() == capacity)
    return success();
  return op->emitOpError() << "scores are " << scores << ", expected " << heads
                           << " x " << capacity;
}

SmallVector<Value> AttentionScoresOp::getInputs() {
  return {getQuery(), getKeys()};
}

LogicalResult AttentionScoresOp::verify() {
  BufferType query = bufferType(getQuery()), keys = bufferType(getKeys());
  return failure(
      failed(checkNotInHBM(*this, {getQuery(), getOutput()})) ||
      failed(checkSameRows(*this, getQuery(), getOutput())) ||
      failed(checkGroups(*this, query.getHeads(), query.getChannels(), keys)) ||
      failed(
          checkScores(*this, bufferType(getOutput()), query.getHeads(), keys)));
}

SmallVector<Value> SoftmaxOp::getInputs() { return {getInput()}; }

LogicalResult SoftmaxOp::verify() {
  return failure(failed(checkNotInHBM(*this, {getInput(), getOutput()})) ||
                 failed(checkAlike(*this, getInput(), getOutput())));
}

SmallVector<Value> AttentionValuesOp::getInputs() {
  return {getProbabilities(), getValues()};
}

LogicalResult AttentionValuesOp::verify() {
  BufferType output = bufferType(getOutput()), values = bufferType(getValues());
  return failure(
      failed(checkNotInHBM(*this, {getProbabilities(), getOutput()})) ||
      failed(checkSameRows(*this, getProbabilities(), getOutput())) ||
      failed(checkGroups(*this, output.getHeads(), output.getChannels(),
                         values)) ||
      failed(checkScores(*this, bufferType(getProbabilities()),
                         output.getHeads(), values)));
}

SmallVector<Value> ActivationOp::getInputs() { return {getInput()}; }

LogicalResult ActivationOp::verify() {
  return failure(failed(checkNotInHBM(*this, {getInput(), getOutput()})) ||
                 failed(checkAlike(*this, getInput(), getOutput())));
}
