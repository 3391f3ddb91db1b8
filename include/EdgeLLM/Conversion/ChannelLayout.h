//===- ChannelLayout.h - How values lie in buffers --------------*- C++ -*-===//
#ifndef EDGELLM_CONVERSION_CHANNELLAYOUT_H
#define EDGELLM_CONVERSION_CHANNELLAYOUT_H

#include "EdgeLLM/Dialect/Accel/IR/Accel.h"
#include "EdgeLLM/Dialect/EdgeLLM/IR/EdgeLLM.h"

namespace edgellm {

/// The channels of a value as its neighbours want them: in heads when
/// attention, rope or a norm of heads is on either side, with the halves of a
/// rope interleaved, also when a norm of heads stands between; plain otherwise.
/// Whoever makes the value arranges its weights to fit.
accel::ChannelsAttr layoutOf(mlir::Value value);

} // namespace edgellm

#endif // EDGELLM_CONVERSION_CHANNELLAYOUT_H
