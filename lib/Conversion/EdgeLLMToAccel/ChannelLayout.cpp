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

/// What a rope or attention asks of the value that it makes, or null.
static ChannelsAttr askedByMaker(Value value) {
  if (auto rope = value.getDefiningOp<RopeOp>())
    return besideRope(value, rope);
  if (auto attention = value.getDefiningOp<AttentionOp>())
    return heads(value, attention.getKeys().getType().getHeadSize(), 0);
  return {};
}

/// What a rope or attention asks of a value that it reads, or null.
static ChannelsAttr askedByUsers(Value value) {
  for (Operation *user : value.getUsers()) {
    if (auto rope = dyn_cast<RopeOp>(user))
      return besideRope(value, rope);
    if (auto attention = dyn_cast<AttentionOp>(user))
      return heads(value, attention.getKeys().getType().getHeadSize(), 0);
  }
  return {};
}

static bool isOfHeads(RMSNormOp norm) {
  return norm && norm.getHeadSize().has_value();
}

/// The channels on both sides of a norm of heads: as its neighbours want them,
/// otherwise in the heads that it normalises.
static ChannelsAttr besideNorm(RMSNormOp norm) {
  if (ChannelsAttr asked = askedByMaker(norm.getInput()))
    return asked;
  if (ChannelsAttr asked = askedByUsers(norm.getResult()))
    return asked;
  return heads(norm.getResult(), *norm.getHeadSize(), 0);
}

ChannelsAttr edgellm::layoutOf(Value value) {
  if (ChannelsAttr asked = askedByMaker(value))
    return asked;
  if (auto norm = value.getDefiningOp<RMSNormOp>(); isOfHeads(norm))
    return besideNorm(norm);
  if (ChannelsAttr asked = askedByUsers(value))
    return asked;
  for (Operation *user : value.getUsers())
    if (auto norm = dyn_cast<RMSNormOp>(user); isOfHeads(norm))
      return besideNorm(norm);
  return ChannelsAttr::get(value.getContext(), 1, channelsOf(value), 0);
}
