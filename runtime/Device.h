//===- Device.h - The accelerator through XRT -------------------*- C++ -*-===//
//
// Private to the runtime: the rest of the tree sees no XRT header.
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_RUNTIME_DEVICE_H
#define EDGELLM_RUNTIME_DEVICE_H

#include <experimental/xrt_xclbin.h>
#include <xrt/xrt_bo.h>
#include <xrt/xrt_device.h>
#include <xrt/xrt_kernel.h>

#include <filesystem>
#include <map>
#include <string>

namespace edgellm {

/// A device with our xclbin loaded and the kernel held for us alone.
class Device {
public:
  /// Opens device 0 of the XRT driver that XILINX_XRT names or, when that is
  /// not set, of the device model. Throws Error when there is no driver or
  /// device, when the file is no xclbin of ours, and when the accelerator was
  /// built from another instruction table than this program.
  explicit Device(const std::filesystem::path &xclbinFile);

  /// A buffer of at least `bytes` for an argument of the kernel
  /// (KernelInterface.h), in the bank that the xclbin connects it to. Throws
  /// Error when it does not fit beside what was allocated there before.
  xrt::bo allocate(unsigned argument, uint64_t bytes);

  /// A run whose arguments keep their values between starts.
  xrt::run makeRun() const { return xrt::run(kernel); }

  /// HBM ports of the accelerator. Weights are dealt over them, so a program is
  /// for one number of ports.
  unsigned ports() const;

  /// "device model", or the name of the card.
  const std::string &name() const { return deviceName; }
  bool isModel() const { return model; }

private:
  void load();
  void checkIdentity();
  /// Throws Error unless the accelerator's instruction table is ours.
  void requireTable(uint64_t found) const;
  xrt::xclbin::mem bankOf(unsigned argument) const;

  std::string file; // of the xclbin, for messages
  bool model = false;
  std::string deviceName;
  xrt::device device;
  xrt::xclbin xclbin;
  xrt::kernel kernel;
  std::map<int, uint64_t> usedBytes; // by bank
};

} // namespace edgellm

#endif // EDGELLM_RUNTIME_DEVICE_H
