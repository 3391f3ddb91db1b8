//===- Device.cpp - The accelerator through XRT ---------------------------===//
#include "Device.h"

#include "EdgeLLM/ISA/Instructions.h"
#include "EdgeLLM/ISA/KernelInterface.h"
#include "EdgeLLM/Support/Error.h"
#include "EdgeLLM/Support/Installation.h"
#include "Engine.h"
#include "FileMapping.h"
#include "XclbinReader.h"

#include <cstdlib>
#include <dlfcn.h>
#include <optional>
#include <unistd.h>

using namespace edgellm;
namespace fs = std::filesystem;

//===----------------------------------------------------------------------===//
// Driver
//===----------------------------------------------------------------------===//

static constexpr char kDriverVariable[] = "XILINX_XRT";

/// XRT loads its driver from lib/ below the folder the variable names, at the
/// first call that needs a device; so this comes before.
static void selectDriver() {
  if (std::getenv(kDriverVariable))
    return;
  fs::path driver = libraryDirectory() / "xrt";
  if (!fs::exists(driver / "lib" / "libxrt_core.so.2"))
    fail(driver.string(), ": holds no device model, and ", kDriverVariable,
         " names no other XRT driver");
  ::setenv(kDriverVariable, driver.c_str(), /*overwrite=*/0);
}

static xrt::device openDevice() {
  try {
    return xrt::device(0u);
  } catch (const std::exception &error) {
    fail("no XRT device (", kDriverVariable, "=", std::getenv(kDriverVariable),
         "): ", error.what());
  }
}

/// The bitstream says what an xclbin is for: no card loads the model's, and the
/// model no card's. The name of the model's device is that of a platform.
static std::optional<driver::ModelBitstream>
modelBitstreamOf(const xrt::xclbin &xclbin) {
  try {
    return driver::readXclbin(*xclbin.get_axlf()).bitstream;
  } catch (const Error &) {
    return std::nullopt;
  }
}

/// Throws Error unless the accelerator's instruction table is ours.
static void requireTable(const std::string &file, uint64_t found) {
  if (found != isa::kTableHash)
    fail(file, ": the accelerator has instruction table 0x", std::hex, found,
         ", the program 0x", isa::kTableHash,
         "; both must come from the same version");
}

//===----------------------------------------------------------------------===//
// LoadedDevice
//===----------------------------------------------------------------------===//

/// What XRT throws, with the file that it is about.
template <typename Action>
static auto loading(const std::string &file, Action &&action) {
  try {
    return action();
  } catch (const std::exception &error) {
    fail(file, ": cannot load: ", error.what());
  }
}

/// XRT writes arguments wherever the metadata says, also beside its buffer.
static void checkInterface(const xrt::xclbin &xclbin) {
  xrt::xclbin::kernel found = xclbin.get_kernel(kernel::kName);
  if (!found)
    fail("it has no kernel '", kernel::kName, "'");
  std::vector<xrt::xclbin::arg> arguments = found.get_args();
  for (unsigned i = 0; i < arguments.size(); ++i) {
    const xrt::xclbin::arg &argument = arguments[i];
    uint64_t bytes = kernel::isBuffer(i) ? sizeof(uint64_t) : sizeof(uint32_t);
    if (argument.get_name() != kernel::argumentName(i) ||
        argument.get_offset() != kernel::argumentOffset(i) ||
        argument.get_size() != bytes)
      fail("its argument ", i, " is '", argument.get_name(), "', ",
           argument.get_size(), " bytes at ", argument.get_offset(),
           ", expected '", kernel::argumentName(i), "', ", bytes, " bytes at ",
           kernel::argumentOffset(i));
  }
}

static void checkIdentity(const xrt::kernel &kernel, const std::string &file) {
  uint64_t low = kernel.read_register(kernel::kIdentityLow);
  uint64_t high = kernel.read_register(kernel::kIdentityHigh);
  requireTable(file, high << 32 | low);
}

static std::string nameOf(const xrt::device &device, bool isModel) {
  if (!isModel)
    return device.get_info<xrt::info::device::name>();
  return driver::usesKernels() ? "device model, HLS kernels" : "device model";
}

LoadedDevice::LoadedDevice(const xrt::xclbin &xclbin, const std::string &file)
    : device(openDevice()), xclbin(xclbin) {
  // Asked before the driver refuses the file with a number.
  if (auto bitstream = modelBitstreamOf(xclbin)) {
    isModel = true;
    requireTable(file, bitstream->tableHash);
    if (driver::usesKernels())
      driver::kernelsOf(bitstream->target);
  }
  loading(file, [&] {
    checkInterface(xclbin);
    xrt::uuid uuid = device.load_xclbin(xclbin);
    kernel = xrt::kernel(device, uuid, kernel::kName,
                         xrt::kernel::cu_access_mode::exclusive);
  });
  checkIdentity(kernel, file);
  name = nameOf(device, isModel);
}

static xrt::xclbin readXclbin(const std::string &file) {
  MappedFile mapped(file);
  auto *first = reinterpret_cast<const char *>(mapped.bytes().data());
  std::vector<char> bytes(first, first + mapped.bytes().size());
  driver::checkXclbin(std::as_bytes(std::span(bytes)));
  return xrt::xclbin(bytes);
}

/// The device as long as a session has a share in it.
static std::shared_ptr<LoadedDevice> sharedDevice(const std::string &file) {
  static std::mutex mutex;
  static std::weak_ptr<LoadedDevice> current;
  std::lock_guard lock(mutex);
  selectDriver();
  xrt::xclbin xclbin = loading(file, [&] { return readXclbin(file); });
  std::shared_ptr<LoadedDevice> device = current.lock();
  if (!device)
    current = device = std::make_shared<LoadedDevice>(xclbin, file);
  else if (device->xclbin.get_uuid() != xclbin.get_uuid())
    fail(file, ": cannot load: the device has another xclbin, which an open "
               "session uses");
  return device;
}

//===----------------------------------------------------------------------===//
// Device
//===----------------------------------------------------------------------===//

Device::Device(const fs::path &xclbinFile) : file(xclbinFile.string()) {
  if (!fs::is_regular_file(xclbinFile))
    fail(file, ": no such xclbin; --xclbin names another one");
  loaded = sharedDevice(file);
}

Device::~Device() {
  std::lock_guard lock(loaded->mutex);
  for (auto [bank, bytes] : claimedBytes)
    loaded->usedBytes[bank] -= bytes;
}

unsigned Device::ports() const {
  return unsigned(loaded->xclbin.get_kernel(kernel::kName).get_num_args()) -
         kernel::kFirstPort;
}

/// The xclbin's own connectivity decides: it also says where programs and
/// activations are on cards without DDR. (xrt::kernel::group_id() would return
/// the last of several connected banks.)
xrt::xclbin::mem Device::bankOf(unsigned argument) const {
  std::string name = kernel::argumentName(argument);
  std::string tag;
  if (argument >= kernel::kFirstPort)
    tag = "HBM[" + std::to_string(argument - kernel::kFirstPort) + "]";
  for (const xrt::xclbin::arg &candidate :
       loaded->xclbin.get_kernel(kernel::kName).get_args())
    if (candidate.get_name() == name)
      for (const xrt::xclbin::mem &bank : candidate.get_mems())
        if (tag.empty() || bank.get_tag() == tag)
          return bank;
  fail(file, ": kernel argument '", name, "' is not connected to ",
       tag.empty() ? "a memory bank" : tag);
}

void Device::claim(unsigned argument, const xrt::xclbin::mem &bank,
                   uint64_t bytes) {
  uint64_t capacity = bank.get_size_kb() * 1024;
  std::lock_guard lock(loaded->mutex);
  uint64_t &used = loaded->usedBytes[bank.get_index()];
  if (bytes > capacity - used)
    fail("buffer '", kernel::argumentName(argument), "' of ", bytes,
         " bytes does not fit into bank ", bank.get_tag(), " of ", capacity,
         " bytes, of which ", used, " are taken");
  claimedBytes[bank.get_index()] += bytes;
  used += bytes;
}

xrt::bo Device::allocate(unsigned argument, uint64_t bytes) {
  // XRT allocates the host side with aligned_alloc, which is defined for whole
  // pages only; ours alone, they can also be given back (dropHostCopy).
  uint64_t page = uint64_t(::sysconf(_SC_PAGESIZE));
  bytes = (bytes + page - 1) / page * page;
  xrt::xclbin::mem bank = bankOf(argument);
  claim(argument, bank, bytes);
  return xrt::bo(loaded->device, bytes, xrt::bo::flags::normal,
                 bank.get_index());
}

bool Device::mapFile(const xrt::bo &buffer, const MappedFile &file) const {
  void *library = ::dlopen(driver::kDriverLibrary, RTLD_NOLOAD | RTLD_LAZY);
  if (!library)
    return false;
  auto *map = reinterpret_cast<driver::MapFile *>(
      ::dlsym(library, driver::kMapFileSymbol));
  bool isMapped =
      map && map(buffer.address(), file.descriptor(), file.bytes().size()) == 0;
  ::dlclose(library); // the reference of dlopen()
  return isMapped;
}
