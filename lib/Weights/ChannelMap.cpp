//===- ChannelMap.cpp - Padding and permutation of channels ---------------===//
#include "EdgeLLM/Weights/ChannelMap.h"

#include "EdgeLLM/Support/Error.h"

void edgellm::ChannelMap::validate() const {
  if (const char *reason = problem())
    fail("channel map (groups ", groups, ", size ", size, ", padded ", padded,
         ", pairs ", pairs, "): ", reason);
}
