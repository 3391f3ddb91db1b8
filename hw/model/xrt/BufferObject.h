//===- BufferObject.h - What a buffer handle stands for ---------*- C++ -*-===//
#ifndef EDGELLM_HW_MODEL_XRT_BUFFEROBJECT_H
#define EDGELLM_HW_MODEL_XRT_BUFFEROBJECT_H

#include "DeviceMemory.h"

#include <memory>
#include <xrt.h>
#include <xrt_mem.h>

namespace edgellm::driver {

/// A buffer has a device side (an allocation in a bank), a host side (pages of
/// the user or of its own) or both. xclSyncBO copies between the two, as a DMA
/// engine would: host and device see each other's writes only after it.
class BufferObject {
public:
  /// A buffer in a bank. `userPages` is the host side when the host brought
  /// its own memory, as XRT does for every ordinary buffer; else, unless the
  /// flags ask for no host side, pages of our own.
  BufferObject(std::shared_ptr<Allocation> device, unsigned flags,
               void *userPages);
  /// A buffer for a command: host memory only.
  BufferObject(uint64_t size, unsigned flags);

  bool isCommand() const { return !allocation; }
  std::span<std::byte> host() const { return hostSide; }
  /// Empty for command buffers.
  std::span<std::byte> device() const;
  /// Copies part of the buffer. 0, or -EINVAL when it leaves the buffer or one
  /// side is missing.
  int sync(xclBOSyncDirection direction, uint64_t size, uint64_t offset) const;
  xclBOProperties properties(xclBufferHandle handle) const;

private:
  std::shared_ptr<Allocation> allocation;
  std::unique_ptr<PageMapping> ownPages;
  std::span<std::byte> hostSide;
  unsigned flags;
};

} // namespace edgellm::driver

#endif // EDGELLM_HW_MODEL_XRT_BUFFEROBJECT_H
