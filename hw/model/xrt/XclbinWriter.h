//===- XclbinWriter.h - xclbins for the device model ------------*- C++ -*-===//
#ifndef EDGELLM_HW_MODEL_XRT_XCLBINWRITER_H
#define EDGELLM_HW_MODEL_XRT_XCLBINWRITER_H

#include "EdgeLLM/Target/Target.h"

#include <cstddef>
#include <vector>

namespace edgellm::driver {

/// The xclbin that makes the device model a machine like `target`, with the
/// instruction table `tableHash`. The memories, the kernel and its connections
/// are those that an xclbin for the card would list, so host code sees no
/// difference; in place of a bitstream stands a ModelBitstream. Equal arguments
/// give equal bytes: no time stamp, and the UUID is a hash of the sections.
std::vector<std::byte> writeXclbin(const Target &target, uint64_t tableHash);

} // namespace edgellm::driver

#endif // EDGELLM_HW_MODEL_XRT_XCLBINWRITER_H
