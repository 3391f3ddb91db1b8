//===- Device.h - The accelerator through XRT -------------------*- C++ -*-===//
//
// Private to the runtime: the rest of the tree sees no XRT header.
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_RUNTIME_DEVICE_H
#define EDGELLM_RUNTIME_DEVICE_H

#include "EdgeLLM/Support/MappedFile.h"

#include <experimental/xrt_xclbin.h>
#include <xrt/xrt_bo.h>
#include <xrt/xrt_device.h>
#include <xrt/xrt_kernel.h>

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace edgellm {

/// A device with our xclbin loaded and the kernel held for this process alone:
/// nobody else may fill the memory, and XRT lets nobody else read the
/// registers.
struct LoadedDevice {
  explicit LoadedDevice(const xrt::xclbin &xclbin, const std::string &file);

  xrt::device device;
  xrt::xclbin xclbin;
  xrt::kernel kernel;
  bool isModel = false;
  std::string name;
  std::mutex mutex;                  // guards what follows
  std::map<int, uint64_t> usedBytes; // by bank
};

/// A session's share of the device: all sessions of a process use one, each
/// with buffers of its own; the accelerator takes their passes one by one.
/// What was allocated is given back with the share, after the buffers.
class Device {
public:
  /// Opens device 0 of the XRT driver that XILINX_XRT names or, when that is
  /// not set, of the device model. Throws Error when there is no driver or
  /// device, when the file is no xclbin of ours, when another one is in use,
  /// and when the accelerator was built from another instruction table than
  /// this program.
  explicit Device(const std::filesystem::path &xclbinFile);
  ~Device();
  Device(const Device &) = delete;
  Device &operator=(const Device &) = delete;

  /// A buffer of at least `bytes` for an argument of the kernel
  /// (KernelInterface.h), in the bank that the xclbin connects it to. Throws
  /// Error when it does not fit beside what was allocated there before.
  xrt::bo allocate(unsigned argument, uint64_t bytes);

  /// Lets a buffer's memory in the device model begin with the bytes of a file,
  /// without copying them; they count as sent. False where the driver cannot,
  /// as a card's: then `buffer` is filled and sent.
  bool mapFile(const xrt::bo &buffer, const MappedFile &file) const;

  /// A run whose arguments keep their values between starts.
  xrt::run makeRun() const { return xrt::run(loaded->kernel); }

  /// HBM ports of the accelerator. Weights are dealt over them, so a program is
  /// for one number of ports.
  unsigned ports() const;

  /// "device model", or the name of the card.
  const std::string &name() const { return loaded->name; }
  bool isModel() const { return loaded->isModel; }

private:
  xrt::xclbin::mem bankOf(unsigned argument) const;
  /// Throws Error unless the bank has so much left.
  void claim(unsigned argument, const xrt::xclbin::mem &bank, uint64_t bytes);

  std::string file; // of the xclbin, for messages
  std::shared_ptr<LoadedDevice> loaded;
  std::map<int, uint64_t> claimedBytes; // of usedBytes, by bank
};

} // namespace edgellm

#endif // EDGELLM_RUNTIME_DEVICE_H
