//===- Layout.h - Sizes of accel operands in memory -------------*- C++ -*-===//
//
// The one place that says how many packets things take, shared by the memory
// plan, the lowering to instructions and the image writer.
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_DIALECT_ACCEL_IR_LAYOUT_H
#define EDGELLM_DIALECT_ACCEL_IR_LAYOUT_H

#include "EdgeLLM/Dialect/Accel/IR/Accel.h"
#include "EdgeLLM/Weights/ChannelMap.h"
#include "EdgeLLM/Weights/WeightLayout.h"

namespace edgellm::accel {

/// The channel map of a matrix's rows or columns. A single head needs no
/// padding of its own: the weight formats pad the whole.
ChannelMap channelMapOf(ChannelsAttr channels);

/// The coding of a weight's stream.
isa::WeightFormat formatOf(WeightOp weight);

/// How a weight lies in `ports` HBM ports.
WeightLayout layoutOf(WeightOp weight, unsigned ports);

/// Packets of ddr.
int64_t packetsOf(ConstantOp constant);
int64_t packetsOf(RopeTableOp table);
/// At the longest pass.
int64_t packetsOf(BufferType buffer, int64_t maxTokens);

/// Packets between the channel blocks of a cache: its capacity up to whole
/// groups of 32 tokens, so that a block starts at port 0 and the last group is
/// readable.
int64_t strideOf(BufferType cache);
/// Packets in each of `ports` ports.
int64_t portPacketsOf(CacheOp cache, int64_t ports);

} // namespace edgellm::accel

#endif // EDGELLM_DIALECT_ACCEL_IR_LAYOUT_H
