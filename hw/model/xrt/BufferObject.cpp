//===- BufferObject.cpp - What a buffer handle stands for -----------------===//
#include "BufferObject.h"

#include <cerrno>
#include <cstring>

using namespace edgellm::driver;

BufferObject::BufferObject(std::shared_ptr<Allocation> device, unsigned flags,
                           void *userPages)
    : allocation(std::move(device)), flags(flags) {
  size_t size = allocation->bytes().size();
  if (userPages) {
    hostSide = {static_cast<std::byte *>(userPages), size};
  } else if (!(flags & XCL_BO_FLAGS_DEV_ONLY)) {
    ownPages = std::make_unique<PageMapping>(size);
    hostSide = ownPages->bytes();
  }
}

BufferObject::BufferObject(uint64_t size, unsigned flags)
    : ownPages(std::make_unique<PageMapping>(size)),
      hostSide(ownPages->bytes()), flags(flags) {}

std::span<std::byte> BufferObject::device() const {
  return allocation ? allocation->bytes() : std::span<std::byte>();
}

int BufferObject::sync(xclBOSyncDirection direction, uint64_t size,
                       uint64_t offset) const {
  std::span<std::byte> there = device();
  if (there.empty() || hostSide.empty() || offset > there.size() ||
      size > there.size() - offset)
    return -EINVAL;
  if (direction == XCL_BO_SYNC_BO_TO_DEVICE)
    std::memcpy(there.data() + offset, hostSide.data() + offset, size);
  else if (direction == XCL_BO_SYNC_BO_FROM_DEVICE)
    std::memcpy(hostSide.data() + offset, there.data() + offset, size);
  else
    return -EINVAL;
  return 0;
}

xclBOProperties BufferObject::properties(xclBufferHandle handle) const {
  xclBOProperties result{};
  result.handle = handle;
  result.flags = flags;
  result.size = allocation ? device().size() : hostSide.size();
  result.paddr = allocation ? allocation->address() : 0;
  return result;
}
