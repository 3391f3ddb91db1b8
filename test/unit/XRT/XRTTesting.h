//===- XRTTesting.h - A device for a test -----------------------*- C++ -*-===//
#ifndef EDGELLM_TEST_UNIT_XRT_XRTTESTING_H
#define EDGELLM_TEST_UNIT_XRT_XRTTESTING_H

#include "../Testing.h"
#include "EdgeLLM/ISA/KernelInterface.h"
#include "EdgeLLM/Support/Installation.h"

#include <cstdlib>
#include <xrt/xrt_bo.h>
#include <xrt/xrt_device.h>
#include <xrt/xrt_kernel.h>

namespace edgellm::testing {

inline std::string xclbinOf(const std::string &target) {
  return shareDirectory() / "xclbin" / (target + ".xclbin");
}

/// The device model with an xclbin loaded and the kernel opened.
struct Accelerator {
  explicit Accelerator(const std::string &target = "tiny")
      : device(openDevice()), uuid(device.load_xclbin(xclbinOf(target))),
        kernel(device, uuid, kernel::kName) {}

  /// A buffer in the bank that the kernel's argument is connected to.
  xrt::bo buffer(unsigned argument, size_t bytes) {
    return xrt::bo(device, bytes, kernel.group_id(int(argument)));
  }

  /// XRT reads the variable at the first call that needs a device.
  static xrt::device openDevice() {
    ::setenv("XILINX_XRT", (libraryDirectory() / "xrt").c_str(), 1);
    return xrt::device(0u);
  }

  xrt::device device;
  xrt::uuid uuid;
  xrt::kernel kernel;
};

} // namespace edgellm::testing

#endif // EDGELLM_TEST_UNIT_XRT_XRTTESTING_H
