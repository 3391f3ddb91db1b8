//===- ChannelLayout.cpp - How values lie in buffers ----------------------===//
#include "EdgeLLM/Conversion/ChannelLayout.h"

using namespace mlir;
using namespace edgellm;
using accel::ChannelsAttr;
using namespace edgellm::graph;

static int64_t channelsOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getDimSize(1);
}

static ChannelsAttr heads(Value value, int64_t headSize, int64_t pairs) {
  return ChannelsAttr::get(value.getContext(), channelsOf(value) / headSize,
                           headSize, pairs);
}

/// The channels next to a rope: on both sides the same.
static ChannelsAttr besideRope(Value value, RopeOp rope) {
  bool halves = rope.getPairing() == Pairing::half;
  return heads(value, rope.getHeadSize(), halves ? rope.getRotary() : 0);
}

ChannelsAttr edgellm::layoutOf(Value value) {
  if (auto rope = value.getDefiningOp<RopeOp>())
    return besideRope(value, rope);
  if (auto attention = value.getDefiningOp<AttentionOp>())
    return heads(value, attention.getKeys().getType().getHeadSize(), 0);
  for (Operation *user : value.getUsers()) {
    if (auto rope = dyn_cast<RopeOp>(user))
      return besideRope(value, rope);
    if (auto attention = dyn_cast<AttentionOp>(user))
      return heads(value, attention.getKeys().getType().getHeadSize(), 0);
  }
  return ChannelsAttr::get(value.getContext(), 1, channelsOf(value), 0);
}
