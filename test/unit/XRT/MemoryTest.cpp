//===- MemoryTest.cpp - Buffers of the device model -----------------------===//
#include "FileMapping.h"
#include "XRTTesting.h"

#include <cerrno>
#include <cstring>
#include <dlfcn.h>
#include <numeric>
#include <sys/mman.h>
#include <unistd.h>

using namespace edgellm;
using namespace edgellm::testing;

static constexpr size_t kPage = 4096;
static constexpr size_t kPortBytes = size_t(4) << 20; // of target tiny

/// Fills a buffer with values that depend on a seed, and sends it.
static void fill(xrt::bo &buffer, uint32_t seed) {
  auto *words = buffer.map<uint32_t *>();
  std::iota(words, words + buffer.size() / 4, seed);
  buffer.sync(XCL_BO_SYNC_BO_TO_DEVICE);
}

/// Whether the device still has what fill() sent.
static bool holds(xrt::bo &buffer, uint32_t seed) {
  auto *words = buffer.map<uint32_t *>();
  std::memset(words, 0xEE, buffer.size());
  buffer.sync(XCL_BO_SYNC_BO_FROM_DEVICE);
  for (size_t i = 0; i < buffer.size() / 4; ++i)
    if (words[i] != seed + i)
      return false;
  return true;
}

TEST(Memory, EveryBankKeepsItsBytes) {
  Accelerator accelerator;
  std::vector<xrt::bo> buffers;
  for (unsigned bank = 0; bank <= 8; ++bank) {
    buffers.emplace_back(accelerator.device, 64 * kPage, bank);
    fill(buffers.back(), bank << 24);
  }
  for (unsigned bank = 0; bank <= 8; ++bank) {
    EXPECT_TRUE(holds(buffers[bank], bank << 24)) << bank;
    uint64_t address = bank < 8 ? bank * kPortBytes : 0x4000000000u;
    EXPECT_EQ(buffers[bank].address(), address) << bank;
  }
}

TEST(Memory, HostAndDeviceMeetOnlyInSync) {
  Accelerator accelerator;
  xrt::bo buffer(accelerator.device, kPage, 0);
  fill(buffer, 1);
  buffer.map<uint32_t *>()[0] = 99;
  EXPECT_TRUE(holds(buffer, 1));
}

TEST(Memory, PartsAreSyncedAlone) {
  Accelerator accelerator;
  xrt::bo buffer(accelerator.device, 3 * kPage, 0);
  fill(buffer, 0);
  auto *bytes = buffer.map<unsigned char *>();
  std::memset(bytes, 0xAA, 3 * kPage);
  buffer.sync(XCL_BO_SYNC_BO_TO_DEVICE, 100, kPage);
  buffer.sync(XCL_BO_SYNC_BO_FROM_DEVICE);
  EXPECT_NE(bytes[kPage - 1], 0xAA);
  EXPECT_EQ(bytes[kPage], 0xAA);
  EXPECT_EQ(bytes[kPage + 99], 0xAA);
  EXPECT_NE(bytes[kPage + 100], 0xAA);
  EXPECT_THROW(buffer.sync(XCL_BO_SYNC_BO_TO_DEVICE, 1, 3 * kPage),
               std::exception);
}

TEST(Memory, BanksThatDoNotExist) {
  Accelerator accelerator;
  EXPECT_THROW(xrt::bo(accelerator.device, kPage, 9), std::bad_alloc);
  EXPECT_THROW(xrt::bo(accelerator.device, kPage, 0xFFFFFF), std::bad_alloc);
}

TEST(Memory, FullBanks) {
  Accelerator accelerator;
  xrt::bo all(accelerator.device, kPortBytes, 3);
  EXPECT_THROW(xrt::bo(accelerator.device, kPage, 3), std::bad_alloc);
  EXPECT_THROW(xrt::bo(accelerator.device, kPortBytes + kPage, 4),
               std::bad_alloc);
  fill(all, 7);
  EXPECT_TRUE(holds(all, 7));
}

TEST(Memory, FirstGapThatIsLargeEnough) {
  Accelerator accelerator;
  auto make = [&](size_t bytes) {
    return xrt::bo(accelerator.device, bytes, 1);
  };
  xrt::bo first = make(kPage), second = make(kPage), third = make(kPage);
  EXPECT_EQ(second.address() - first.address(), kPage);
  uint64_t gap = second.address();
  second = {};
  EXPECT_GT(make(2 * kPage).address(), third.address());
  EXPECT_EQ(make(kPage).address(), gap);
}

TEST(Memory, FreedPagesReadAsZero) {
  Accelerator accelerator;
  uint64_t address;
  {
    xrt::bo buffer(accelerator.device, 16 * kPage, 2);
    fill(buffer, 5);
    address = buffer.address();
  }
  xrt::bo buffer(accelerator.device, 16 * kPage, 2);
  ASSERT_EQ(buffer.address(), address);
  std::memset(buffer.map(), 0xEE, buffer.size());
  buffer.sync(XCL_BO_SYNC_BO_FROM_DEVICE);
  auto *bytes = buffer.map<unsigned char *>();
  EXPECT_EQ(std::count(bytes, bytes + buffer.size(), 0), ssize_t(16 * kPage));
}

TEST(Memory, HandlesShareOneMemory) {
  Accelerator accelerator;
  xrt::bo here(accelerator.device, kPage, 0);
  xrt::device second(0u);
  second.load_xclbin(xclbinOf("tiny"));
  xrt::bo there(second, kPage, 0);
  EXPECT_EQ(there.address() - here.address(), kPage);
}

TEST(Memory, BuffersOfUserMemory) {
  Accelerator accelerator;
  alignas(kPage) static uint32_t words[kPage / 4];
  std::iota(std::begin(words), std::end(words), 3);
  xrt::bo buffer(accelerator.device, words, sizeof words,
                 xrt::bo::flags::normal, 0);
  buffer.sync(XCL_BO_SYNC_BO_TO_DEVICE);
  EXPECT_TRUE(holds(buffer, 3));
  EXPECT_EQ(words[0], 3u);
}

TEST(Memory, CopiesOnTheDevice) {
  Accelerator accelerator;
  xrt::bo from(accelerator.device, 2 * kPage, 0),
      to(accelerator.device, 2 * kPage, 8);
  fill(from, 11);
  to.copy(from);
  EXPECT_TRUE(holds(to, 11));
}

TEST(Memory, SubBuffers) {
  Accelerator accelerator;
  xrt::bo whole(accelerator.device, 4 * kPage, 0);
  xrt::bo part(whole, kPage, 2 * kPage);
  EXPECT_EQ(part.address() - whole.address(), 2 * kPage);
  fill(part, 21);
  whole.sync(XCL_BO_SYNC_BO_FROM_DEVICE);
  EXPECT_EQ(whole.map<uint32_t *>()[2 * kPage / 4], 21u);
}

TEST(Memory, KindsThisDeviceHasNot) {
  Accelerator accelerator;
  ::testing::internal::CaptureStderr(); // XRT comments the first of these
  for (auto flags :
       {xrt::bo::flags::host_only, xrt::bo::flags::p2p, xrt::bo::flags::svm})
    EXPECT_THROW(xrt::bo(accelerator.device, kPage, flags, 0), std::exception);
  ::testing::internal::GetCapturedStderr();
  EXPECT_NO_THROW(
      xrt::bo(accelerator.device, kPage, xrt::bo::flags::device_only, 0));
}

//===----------------------------------------------------------------------===//
// Files as memory
//===----------------------------------------------------------------------===//

namespace {

/// A file of so many bytes, each other than its neighbours.
class NumberedFile {
public:
  explicit NumberedFile(size_t bytes) : descriptor(::memfd_create("file", 0)) {
    std::vector<uint8_t> content(bytes);
    std::iota(content.begin(), content.end(), 1);
    EXPECT_EQ(::write(descriptor, content.data(), bytes), ssize_t(bytes));
  }
  ~NumberedFile() { ::close(descriptor); }
  uint8_t byteAt(off_t offset) const {
    uint8_t byte = 0;
    EXPECT_EQ(::pread(descriptor, &byte, 1, offset), 1);
    return byte;
  }

  const int descriptor;
};

int mapFile(uint64_t address, int file, uint64_t bytes) {
  void *library = ::dlopen(driver::kDriverLibrary, RTLD_NOLOAD | RTLD_LAZY);
  auto *map = reinterpret_cast<driver::MapFile *>(
      ::dlsym(library, driver::kMapFileSymbol));
  int result = map(address, file, bytes);
  ::dlclose(library);
  return result;
}

const uint8_t *received(xrt::bo &buffer) {
  buffer.sync(XCL_BO_SYNC_BO_FROM_DEVICE);
  return buffer.map<const uint8_t *>();
}

} // namespace

TEST(FileMapping, ShowsTheFileAndZerosInItsLastPage) {
  Accelerator accelerator;
  NumberedFile file(kPage + 10);
  xrt::bo buffer(accelerator.device, 4 * kPage, 2);
  fill(buffer, 5);
  std::vector<uint8_t> before(received(buffer), received(buffer) + 4 * kPage);
  ASSERT_EQ(mapFile(buffer.address(), file.descriptor, kPage + 10), 0);
  const uint8_t *bytes = received(buffer);
  for (size_t i = 0; i < 4 * kPage; ++i)
    ASSERT_EQ(bytes[i], i < kPage + 10  ? uint8_t(i + 1)
                        : i < 2 * kPage ? 0
                                        : before[i])
        << i;
}

TEST(FileMapping, WritesDoNotReachTheFile) {
  Accelerator accelerator;
  NumberedFile file(kPage);
  xrt::bo buffer(accelerator.device, kPage, 0);
  ASSERT_EQ(mapFile(buffer.address(), file.descriptor, kPage), 0);
  buffer.map<uint8_t *>()[7] = 0xAA;
  buffer.sync(XCL_BO_SYNC_BO_TO_DEVICE);
  EXPECT_EQ(received(buffer)[7], 0xAA);
  EXPECT_EQ(file.byteAt(7), 8);
}

TEST(FileMapping, EndsWithTheBuffer) {
  Accelerator accelerator;
  NumberedFile file(kPage);
  uint64_t address;
  {
    xrt::bo buffer(accelerator.device, kPage, 0);
    address = buffer.address();
    ASSERT_EQ(mapFile(address, file.descriptor, kPage), 0);
  }
  xrt::bo next(accelerator.device, kPage, 0);
  ASSERT_EQ(next.address(), address);
  EXPECT_EQ(received(next)[0], 0);
}

TEST(FileMapping, RefusesWhatIsNoBufferOrNoFile) {
  Accelerator accelerator;
  NumberedFile file(2 * kPage);
  xrt::bo buffer(accelerator.device, kPage, 0);
  fill(buffer, 3);
  uint64_t address = buffer.address();
  EXPECT_EQ(mapFile(address, file.descriptor, kPage + 1), -EINVAL);
  EXPECT_EQ(mapFile(address + 64, file.descriptor, 64), -EINVAL);
  EXPECT_EQ(mapFile(address + 16 * kPage, file.descriptor, 64), -EINVAL);
  EXPECT_EQ(mapFile(address, -1, kPage), -EINVAL);
  EXPECT_EQ(mapFile(address, file.descriptor, 0), -EINVAL);
  EXPECT_TRUE(holds(buffer, 3));
}
