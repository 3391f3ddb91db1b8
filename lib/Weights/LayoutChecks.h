//===- LayoutChecks.h - Matrix, maps and layout fit -------------*- C++ -*-===//
#ifndef EDGELLM_LIB_WEIGHTS_LAYOUTCHECKS_H
#define EDGELLM_LIB_WEIGHTS_LAYOUTCHECKS_H

#include "EdgeLLM/Support/Error.h"
#include "EdgeLLM/Weights/ChannelMap.h"
#include "EdgeLLM/Weights/WeightLayout.h"

#include <string>

namespace edgellm {

inline void requireEqual(const std::string &name, const char *leftName,
                         int64_t left, const char *rightName, int64_t right) {
  if (left != right)
    fail(name, ": ", left, " ", leftName, ", but ", right, " ", rightName);
}

inline void requireMapsFit(const std::string &name, const ChannelMap &rows,
                           const ChannelMap &columns,
                           const WeightLayout &layout) {
  rows.validate();
  columns.validate();
  layout.validate();
  requireEqual(name, "padded channels in the row map", rows.paddedChannels(),
               "outputs in the weight layout", layout.outputs);
  requireEqual(name, "padded channels in the column map",
               columns.paddedChannels(), "inputs in the weight layout",
               layout.inputs);
}

} // namespace edgellm

#endif // EDGELLM_LIB_WEIGHTS_LAYOUTCHECKS_H
