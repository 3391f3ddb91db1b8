//===- CoreUtilSymbols.cpp - What Debian's objects want to link -----------===//
//
// The C++ classes between libxrt_coreutil and the xcl* functions have no public
// headers. Debian ships their objects, compiled, in libxrt_hwemu.a; the linker
// takes system_hwemu, device_hwemu, device_pcie and system_pcie from there and
// leaves the emulator itself behind. This file defines what those objects call
// in the emulator, and replaces one function of theirs.
//
//===----------------------------------------------------------------------===//
#include <cerrno>
#include <cstdint>
#include <utility>
#include <xrt.h>

//===----------------------------------------------------------------------===//
// Functions of the emulator with C++ linkage. XRT's tools call them, hosts
// do not.
//===----------------------------------------------------------------------===//

int xclUpdateSchedulerStat(xclDeviceHandle) { return -ENOSYS; }
int xclInternalResetDevice(xclDeviceHandle, xclResetKind) { return -ENOSYS; }
int xclCmaEnable(xclDeviceHandle, bool, uint64_t) { return -ENOSYS; }
int xclCloseExportHandle(xclBufferExportHandle) { return -ENOSYS; }

namespace xrt_core::query {
enum class key_type;
} // namespace xrt_core::query

namespace xclhwemhal2 {

/// The emulator's own handle. device_hwemu asks it two questions, whether there
/// is a copy engine (m2m) and whether DMA is missing (nodma), and takes a null
/// handle for no to both: so buffers get a host side, and copies between them
/// arrive as ERT_START_COPYBO.
struct HwEmShim {
  static HwEmShim *handleCheck(void *handle);
  int deviceQuery(xrt_core::query::key_type key);
};

HwEmShim *HwEmShim::handleCheck(void *) { return nullptr; }
int HwEmShim::deviceQuery(xrt_core::query::key_type) { return 0; }

} // namespace xclhwemhal2

//===----------------------------------------------------------------------===//
// A replacement: the linker keeps the first definition (-z muldefs), which is
// this one. Debian's says that there are no devices.
//===----------------------------------------------------------------------===//

namespace xrt_core::hwemu {

/// A layout of its own is not needed: the function looks at no member.
struct system {
  std::pair<unsigned, unsigned> get_total_devices(bool isUser) const;
};

/// All devices and, of those, the ones that are ready.
std::pair<unsigned, unsigned> system::get_total_devices(bool) const {
  unsigned count = xclProbe();
  return {count, count};
}

} // namespace xrt_core::hwemu
