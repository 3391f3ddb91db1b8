//===- Driver.cpp - The xcl* functions that make an XRT driver ------------===//
//
// libxrt_coreutil loads this library as $XILINX_XRT/lib/libxrt_core.so.2 and
// calls the functions of <xrt.h>. Each finds what stands behind the handle and
// forwards; none lets an exception out or trusts a handle, a size or a buffer.
//
//===----------------------------------------------------------------------===//
#include "Client.h"
#include "CoreUtil.h"

#include "EdgeLLM/Support/Error.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <xclbin.h>
#include <xrt.h>

using namespace edgellm;
using namespace edgellm::driver;

//===----------------------------------------------------------------------===//
// Handles
//===----------------------------------------------------------------------===//

namespace {

/// The open handles: numbers that are looked up here and never used again, so
/// that a stale one finds nothing.
class Handles {
public:
  xclDeviceHandle add(std::shared_ptr<Client> client) {
    std::lock_guard lock(mutex);
    auto handle = reinterpret_cast<xclDeviceHandle>(++last);
    open[handle].client = std::move(client);
    return handle;
  }
  /// XRT looks its object up by handle, but drops it unless the driver keeps
  /// it.
  void keep(xclDeviceHandle handle, std::shared_ptr<xrt_core::device> object) {
    std::lock_guard lock(mutex);
    open[handle].object = std::move(object);
  }
  std::shared_ptr<Client> find(xclDeviceHandle handle) {
    std::lock_guard lock(mutex);
    auto found = open.find(handle);
    return found == open.end() ? nullptr : found->second.client;
  }
  void remove(xclDeviceHandle handle) {
    decltype(open)::node_type removed; // ends after the lock: it calls back
    std::lock_guard lock(mutex);
    removed = open.extract(handle);
  }

private:
  struct Open {
    std::shared_ptr<Client> client;
    std::shared_ptr<xrt_core::device> object;
  };
  std::mutex mutex;
  std::map<xclDeviceHandle, Open> open;
  uintptr_t last = 0;
};

} // namespace

/// Never destroyed: a host may close its device in the destructor of a static
/// object, after this library's own statics are gone.
static Handles &handles() {
  static Handles &all = *new Handles;
  return all;
}

/// Runs `body` on the client behind a handle; -EINVAL for a stale handle and a
/// negative errno in place of an exception.
template <typename Body>
static auto forward(xclDeviceHandle handle, Body body)
    -> decltype(body(std::declval<Client &>())) {
  try {
    if (std::shared_ptr<Client> client = handles().find(handle))
      return body(*client);
    return -EINVAL;
  } catch (const Error &) {
    return -EINVAL;
  } catch (const std::bad_alloc &) {
    return -ENOMEM;
  } catch (...) {
    return -EIO;
  }
}

/// The same for one of its buffers; -EINVAL also when there is no such buffer.
template <typename Body>
static int onBuffer(xclDeviceHandle handle, xclBufferHandle buffer, Body body) {
  return forward(handle, [&](Client &client) {
    std::shared_ptr<BufferObject> found = client.buffer(buffer);
    return found ? body(*found) : -EINVAL;
  });
}

/// The host learns only that the argument is invalid; the user should know why.
static void loadOrExplain(Client &client, const axlf &file) {
  try {
    client.loadXclbin(file);
  } catch (const Error &error) {
    std::fprintf(stderr, "EdgeLLM device model: xclbin refused: %s\n",
                 error.what());
    throw;
  }
}

static Uuid uuidOf(const xuid_t bytes) {
  Uuid uuid;
  std::copy_n(bytes, uuid.size(), uuid.begin());
  return uuid;
}

//===----------------------------------------------------------------------===//
// Device
//===----------------------------------------------------------------------===//

// Said again because <xrt.h> no longer declares all of them.
extern "C" {

unsigned int xclProbe() { return 1; }

xclDeviceHandle xclOpen(unsigned int index, const char *, xclVerbosityLevel) {
  if (index >= xclProbe())
    return XRT_NULL_HANDLE;
  xclDeviceHandle handle = XRT_NULL_HANDLE;
  try {
    handle = handles().add(std::make_shared<Client>());
    handles().keep(handle, xrt_core::get_userpf_device(handle, index));
    return handle;
  } catch (...) {
    handles().remove(handle);
    return XRT_NULL_HANDLE;
  }
}

void xclClose(xclDeviceHandle handle) { handles().remove(handle); }

int xclLoadXclBin(xclDeviceHandle handle, const axlf *file) {
  return forward(handle, [&](Client &client) {
    if (!file)
      return -EINVAL;
    loadOrExplain(client, *file);
    xrt_core::get_userpf_device(handle)->register_axlf(file);
    return 0;
  });
}

int xclGetDeviceInfo2(xclDeviceHandle handle, xclDeviceInfo2 *info) {
  return forward(handle, [&](Client &client) {
    *info = client.deviceInfo();
    return 0;
  });
}

int xclOpenContext(xclDeviceHandle handle, const xuid_t xclbin, unsigned unit,
                   bool shared) {
  return forward(handle, [&](Client &client) {
    return client.openContext(uuidOf(xclbin), unit, shared);
  });
}

int xclCloseContext(xclDeviceHandle handle, const xuid_t, unsigned unit) {
  return forward(handle,
                 [&](Client &client) { return client.closeContext(unit); });
}

//===----------------------------------------------------------------------===//
// Buffers
//===----------------------------------------------------------------------===//

/// xrt::bo takes XRT_NULL_BO for lack of memory and throws std::bad_alloc.
xclBufferHandle xclAllocUserPtrBO(xclDeviceHandle handle, void *pages,
                                  size_t size, unsigned int flags) {
  int64_t buffer = forward(handle, [&](Client &client) -> int64_t {
    return client.allocate(size, flags, pages);
  });
  return buffer < 0 ? XRT_NULL_BO : xclBufferHandle(buffer);
}

xclBufferHandle xclAllocBO(xclDeviceHandle handle, size_t size, int,
                           unsigned int flags) {
  return xclAllocUserPtrBO(handle, nullptr, size, flags);
}

void xclFreeBO(xclDeviceHandle handle, xclBufferHandle buffer) {
  forward(handle, [&](Client &client) {
    client.free(buffer);
    return 0;
  });
}

void *xclMapBO(xclDeviceHandle handle, xclBufferHandle buffer, bool) {
  void *mapped = nullptr;
  onBuffer(handle, buffer, [&](const BufferObject &found) {
    mapped = found.host().data(); // null without a host side
    return 0;
  });
  return mapped;
}

/// The host side lives as long as the buffer.
int xclUnmapBO(xclDeviceHandle, xclBufferHandle, void *) { return 0; }

int xclSyncBO(xclDeviceHandle handle, xclBufferHandle buffer,
              xclBOSyncDirection direction, size_t size, size_t offset) {
  return onBuffer(handle, buffer, [&](const BufferObject &found) {
    return found.sync(direction, size, offset);
  });
}

int xclGetBOProperties(xclDeviceHandle handle, xclBufferHandle buffer,
                       xclBOProperties *properties) {
  return onBuffer(handle, buffer, [&](const BufferObject &found) {
    *properties = found.properties(buffer);
    return 0;
  });
}

//===----------------------------------------------------------------------===//
// Commands
//===----------------------------------------------------------------------===//

int xclExecBuf(xclDeviceHandle handle, xclBufferHandle command) {
  return forward(handle,
                 [&](Client &client) { return client.execute(command); });
}

int xclExecWait(xclDeviceHandle handle, int milliseconds) {
  return forward(handle, [&](Client &client) {
    return client.waitForCompletion(milliseconds) ? 1 : 0;
  });
}

//===----------------------------------------------------------------------===//
// Registers and memory
//===----------------------------------------------------------------------===//

int xclRegRead(xclDeviceHandle handle, uint32_t unit, uint32_t offset,
               uint32_t *value) {
  return forward(handle, [&](Client &client) {
    return client.readRegister(unit, offset, *value);
  });
}

int xclRegWrite(xclDeviceHandle handle, uint32_t unit, uint32_t offset,
                uint32_t value) {
  return forward(handle, [&](Client &client) {
    return client.writeRegister(unit, offset, value);
  });
}

ssize_t xclUnmgdPread(xclDeviceHandle handle, unsigned int, void *to,
                      size_t size, uint64_t address) {
  return forward(handle, [&](Client &client) {
    return client.readMemory(address, {static_cast<std::byte *>(to), size});
  });
}

ssize_t xclUnmgdPwrite(xclDeviceHandle handle, unsigned int, const void *from,
                       size_t size, uint64_t address) {
  return forward(handle, [&](Client &client) {
    return client.writeMemory(address,
                              {static_cast<const std::byte *>(from), size});
  });
}

//===----------------------------------------------------------------------===//
// Not on this device
//===----------------------------------------------------------------------===//

// XRT copies by ERT_START_COPYBO and accesses registers by xclRegRead/Write.
int xclCopyBO(xclDeviceHandle, xclBufferHandle, xclBufferHandle, size_t, size_t,
              size_t) {
  return -ENOSYS;
}
size_t xclRead(xclDeviceHandle, xclAddressSpace, uint64_t, void *, size_t) {
  return size_t(-1);
}
size_t xclWrite(xclDeviceHandle, xclAddressSpace, uint64_t, const void *,
                size_t) {
  return size_t(-1);
}

// Buffers are memory of this process: no other process or device sees them.
xclBufferExportHandle xclExportBO(xclDeviceHandle, xclBufferHandle) {
  return XRT_NULL_BO_EXPORT;
}
xclBufferHandle xclImportBO(xclDeviceHandle, xclBufferExportHandle, unsigned) {
  return XRT_NULL_BO;
}
int xclP2pEnable(xclDeviceHandle, bool, bool) { return -ENOSYS; }

// The model has no clocks.
int xclReClock2(xclDeviceHandle, unsigned short, const unsigned short *) {
  return -ENOSYS;
}

} // extern "C"
