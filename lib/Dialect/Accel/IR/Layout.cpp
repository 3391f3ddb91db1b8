//===- Layout.cpp - Sizes of accel operands in memory ---------------------===//
#include "EdgeLLM/Dialect/Accel/IR/Layout.h"

#include "EdgeLLM/Dialect/Request/RequestExpr.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace edgellm;
using namespace edgellm::accel;

static constexpr int64_t kLanes = edgellm::isa::kLanes;

ChannelMap edgellm::accel::channelMapOf(ChannelsAttr channels) {
  int64_t size = channels.getSize();
  int64_t padded =
      channels.getHeads() == 1 ? size : llvm::alignTo(size, kLanes);
  return {channels.getHeads(), size, padded, channels.getPairs()};
}

static constexpr bool isSame(edgellm::accel::WeightFormat left,
                             edgellm::isa::WeightFormat right) {
  return uint64_t(left) == uint64_t(right);
}

edgellm::isa::WeightFormat edgellm::accel::formatOf(WeightOp weight) {
  using Instruction = edgellm::isa::WeightFormat;
  static_assert(
      isSame(WeightFormat::int4, Instruction::int4) &&
      isSame(WeightFormat::fp16, Instruction::fp16) &&
      isSame(WeightFormat::int4_4of8, Instruction::int4_4of8) &&
      isSame(WeightFormat::int4_2of8, Instruction::int4_2of8) &&
      isSame(WeightFormat::int4_1of8_padded, Instruction::int4_1of8_padded) &&
      isSame(WeightFormat::int4_1of8, Instruction::int4_1of8));
  static_assert(getMaxEnumValForWeightFormat() + 1 ==
                edgellm::isa::kWeightFormats);
  return Instruction(weight.getFormat());
}

WeightLayout edgellm::accel::layoutOf(WeightOp weight, unsigned ports) {
  return {formatOf(weight), channelMapOf(weight.getRows()).paddedChannels(),
          channelMapOf(weight.getColumns()).paddedChannels(), ports};
}

int64_t edgellm::accel::packetsOf(ConstantOp constant) {
  return llvm::divideCeil(channelMapOf(constant.getChannels()).paddedChannels(),
                          kLanes);
}

int64_t edgellm::accel::packetsOf(RopeTableOp table) {
  return llvm::divideCeil(table.getHeadSize(), kLanes) * table.getPositions();
}

int64_t edgellm::accel::packetsOf(BufferType buffer, int64_t maxTokens) {
  return buffer.getBlocks() * evaluate(buffer.getRows(), maxTokens, 0);
}

int64_t edgellm::accel::strideOf(BufferType cache) {
  return llvm::alignTo(evaluate(cache.getRows(), 0, 0), kLanes);
}

int64_t edgellm::accel::portPacketsOf(CacheOp cache, int64_t ports) {
  auto type = cast<BufferType>(cache.getType());
  return type.getBlocks() * strideOf(type) / ports;
}
