//===- Module.cpp - What the XRT device model loads -----------------------===//
#include "Engine.h"

/// driver::kKernelsSymbol.
extern "C" bool edgellm_execute(const edgellm::model::Launch &launch) {
  return edgellm::kernels::execute(launch);
}
