//===- KernelMetadata.h - The kernel in an xclbin's XML ---------*- C++ -*-===//
#ifndef EDGELLM_HW_MODEL_XRT_KERNELMETADATA_H
#define EDGELLM_HW_MODEL_XRT_KERNELMETADATA_H

#include "EdgeLLM/Target/Target.h"

#include <string>

namespace edgellm::driver {

/// Where the kernel's registers lie in the card's AXI-Lite space.
inline constexpr uint64_t kComputeUnitAddress = 0x800000;

/// The EMBEDDED_METADATA section: XRT takes the arguments of the kernel, their
/// sizes and register offsets from it.
std::string kernelMetadata(const Target &target);

/// The platform that the xclbin says it was linked for. Targets that XRT has no
/// platform for get a name of their own.
std::string platformName(const Target &target);

} // namespace edgellm::driver

#endif // EDGELLM_HW_MODEL_XRT_KERNELMETADATA_H
