//===- DriverTest.cpp - The driver's functions with any arguments ---------===//
#include "../Testing.h"
#include "EdgeLLM/ISA/Instructions.h"
#include "EdgeLLM/ISA/KernelInterface.h"
#include "EdgeLLM/Support/Installation.h"
#include "EdgeLLM/Target/Target.h"
#include "XclbinWriter.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ert.h>
#include <random>
#include <xclbin.h>
#include <xrt.h>
#include <xrt_mem.h>

using namespace edgellm;

// <xrt.h> no longer declares these.
extern "C" {
int xclRegRead(xclDeviceHandle, uint32_t, uint32_t, uint32_t *);
int xclRegWrite(xclDeviceHandle, uint32_t, uint32_t, uint32_t);
}

static constexpr size_t kPage = 4096;

namespace {

class Driver : public ::testing::Test {
protected:
  Driver() { EXPECT_EQ(xclLoadXclBin(handle, &top()), 0); }
  ~Driver() override { xclClose(handle); }

  const axlf &top() const {
    return *reinterpret_cast<const axlf *>(xclbin.data());
  }

  xclBufferHandle commandBuffer() {
    return xclAllocBO(handle, kPage, 0, XCL_BO_FLAGS_EXECBUF);
  }
  /// Sends a command made of these words and returns what the driver says.
  int send(xclBufferHandle buffer, std::initializer_list<uint32_t> words) {
    void *mapped = xclMapBO(handle, buffer, true);
    std::copy(words.begin(), words.end(), static_cast<uint32_t *>(mapped));
    return xclExecBuf(handle, buffer);
  }
  static uint32_t header(unsigned opcode, unsigned payload) {
    return ERT_CMD_STATE_NEW | payload << 12 | opcode << 23;
  }
  unsigned stateOf(xclBufferHandle buffer) {
    return *static_cast<uint32_t *>(xclMapBO(handle, buffer, false)) & 0xF;
  }

  std::vector<std::byte> xclbin = driver::writeXclbin(
      findTarget("tiny", shareDirectory() / "targets"), isa::kTableHash);
  xclDeviceHandle handle = xclOpen(0, nullptr, XCL_QUIET);
};

} // namespace

TEST_F(Driver, HandlesThatAreNone) {
  xclDeviceHandle closed = xclOpen(0, nullptr, XCL_QUIET);
  xclClose(closed);
  for (void *none : {static_cast<void *>(nullptr), closed,
                     reinterpret_cast<void *>(~uintptr_t(0))}) {
    uint32_t value;
    xclDeviceInfo2 info;
    EXPECT_EQ(xclLoadXclBin(none, &top()), -EINVAL);
    EXPECT_EQ(xclGetDeviceInfo2(none, &info), -EINVAL);
    EXPECT_EQ(xclAllocBO(none, kPage, 0, 0), XRT_NULL_BO);
    EXPECT_EQ(xclMapBO(none, 1, true), nullptr);
    EXPECT_EQ(xclSyncBO(none, 1, XCL_BO_SYNC_BO_TO_DEVICE, 1, 0), -EINVAL);
    EXPECT_EQ(xclExecBuf(none, 1), -EINVAL);
    EXPECT_EQ(xclExecWait(none, 0), -EINVAL);
    EXPECT_EQ(xclRegRead(none, 0, 0, &value), -EINVAL);
    xclFreeBO(none, 1);
    xclClose(none);
  }
  EXPECT_EQ(xclOpen(1, nullptr, XCL_QUIET), nullptr);
}

TEST_F(Driver, BuffersThatAreNone) {
  xclBOProperties properties;
  for (xclBufferHandle none : {0u, 77u, unsigned(XRT_NULL_BO)}) {
    EXPECT_EQ(xclMapBO(handle, none, true), nullptr);
    EXPECT_EQ(xclGetBOProperties(handle, none, &properties), -EINVAL);
    EXPECT_EQ(xclSyncBO(handle, none, XCL_BO_SYNC_BO_TO_DEVICE, 1, 0), -EINVAL);
    EXPECT_EQ(xclExecBuf(handle, none), -EINVAL);
    xclFreeBO(handle, none);
  }
}

TEST_F(Driver, SizesAndRanges) {
  EXPECT_EQ(xclAllocBO(handle, 0, 0, 0), XRT_NULL_BO);
  for (size_t size : {~size_t(0), ~size_t(0) - kPage, size_t(1) << 62}) {
    EXPECT_EQ(xclAllocBO(handle, size, 0, 0), XRT_NULL_BO);
    EXPECT_EQ(xclAllocBO(handle, size, 0, XCL_BO_FLAGS_EXECBUF), XRT_NULL_BO);
  }
  xclBufferHandle buffer = xclAllocBO(handle, kPage, 0, 0);
  auto sync = [&](size_t size, size_t offset) {
    return xclSyncBO(handle, buffer, XCL_BO_SYNC_BO_TO_DEVICE, size, offset);
  };
  EXPECT_EQ(sync(kPage, 0), 0);
  EXPECT_EQ(sync(0, kPage), 0);
  EXPECT_EQ(sync(1, kPage), -EINVAL);
  EXPECT_EQ(sync(~size_t(0), 1), -EINVAL);
  EXPECT_EQ(sync(1, ~size_t(0)), -EINVAL);
  EXPECT_EQ(xclSyncBO(handle, buffer, XCL_BO_SYNC_BO_GMIO_TO_AIE, 1, 0),
            -EINVAL);
}

TEST_F(Driver, BuffersTakeWholePages) {
  auto addressOf = [&](xclBufferHandle buffer) {
    xclBOProperties properties{};
    EXPECT_EQ(xclGetBOProperties(handle, buffer, &properties), 0);
    return properties.paddr;
  };
  xclBufferHandle first = xclAllocBO(handle, kPage + 1, 0, 5),
                  second = xclAllocBO(handle, 1, 0, 5);
  EXPECT_EQ(addressOf(second) - addressOf(first), 2 * kPage);
  auto sync = [&](size_t size) {
    return xclSyncBO(handle, first, XCL_BO_SYNC_BO_FROM_DEVICE, size, 0);
  };
  EXPECT_EQ(sync(kPage + 1), 0);
  EXPECT_EQ(sync(kPage + 2), -EINVAL); // the size is still what was asked for
}

TEST_F(Driver, Registers) {
  uint32_t value = 0;
  EXPECT_EQ(xclRegRead(handle, 0, kernel::kIdentityLow, &value), 0);
  EXPECT_EQ(value, uint32_t(isa::kTableHash));
  EXPECT_EQ(xclRegRead(handle, 0, kernel::kIdentityHigh, &value), 0);
  EXPECT_EQ(value, uint32_t(isa::kTableHash >> 32));
  EXPECT_EQ(xclRegWrite(handle, 0, kernel::argumentOffset(1), 42), 0);
  EXPECT_EQ(xclRegRead(handle, 0, kernel::argumentOffset(1), &value), 0);
  EXPECT_EQ(value, 42u);
  for (uint32_t offset : {1u, 2u, kernel::kRegisterBytes, ~0u, ~3u}) {
    EXPECT_EQ(xclRegRead(handle, 0, offset, &value), -EINVAL);
    EXPECT_EQ(xclRegWrite(handle, 0, offset, 1), -EINVAL);
  }
  EXPECT_EQ(xclRegRead(handle, 1, 0, &value), -EINVAL);
}

TEST_F(Driver, CommandsThatAreNone) {
  xclBufferHandle command = commandBuffer();
  for (unsigned opcode = 0; opcode < 32; ++opcode)
    if (opcode != ERT_START_CU && opcode != ERT_ABORT) {
      EXPECT_EQ(send(command, {header(opcode, 0)}), -EINVAL) << opcode;
    }
  // No unit, none of ours, more words than the buffer has.
  EXPECT_EQ(send(command, {header(ERT_START_CU, 0)}), -EINVAL);
  EXPECT_EQ(send(command, {header(ERT_START_CU, 1), 2}), -EINVAL);
  EXPECT_EQ(send(command, {header(ERT_START_CU, 1024), 1}), -EINVAL);
  EXPECT_EQ(send(command, {header(ERT_START_CU, 2047), 1}), -EINVAL);
  // An ordinary buffer is no command.
  xclBufferHandle ordinary = xclAllocBO(handle, kPage, 0, 0);
  EXPECT_EQ(send(ordinary, {header(ERT_START_CU, 1), 1}), -EINVAL);
  EXPECT_EQ(xclExecWait(handle, 0), 0);
}

TEST_F(Driver, StartWithoutArgumentsEnds) {
  xclBufferHandle command = commandBuffer();
  ASSERT_EQ(send(command, {header(ERT_START_CU, 1), 1}), 0);
  EXPECT_EQ(xclExecWait(handle, 10000), 1);
  EXPECT_EQ(stateOf(command), unsigned(ERT_CMD_STATE_ERROR));
  EXPECT_EQ(xclExecWait(handle, 0), 0); // one wait a command
}

TEST_F(Driver, AnyWordsAsCommands) {
  std::mt19937 random(1);
  for (unsigned bank = 0; bank < 9; ++bank)
    xclAllocBO(handle, 16 * kPage, 0, bank); // for addresses to hit
  xclBufferHandle command = commandBuffer();
  auto *words = static_cast<uint32_t *>(xclMapBO(handle, command, true));
  constexpr unsigned kOpcodes[] = {ERT_START_CU, ERT_ABORT, ERT_START_COPYBO};
  for (int i = 0; i < 3000; ++i) {
    std::generate(words, words + kPage / 4, random);
    // Half of the words small, so that some are handles, sizes, addresses.
    for (size_t j = 1; j < 200; j += 1 + random() % 3)
      words[j] %= 16;
    words[0] = header(kOpcodes[random() % 3], random() % 1200);
    if (xclExecBuf(handle, command) == 0)
      ASSERT_EQ(xclExecWait(handle, 10000), 1);
  }
}

TEST_F(Driver, AbortOfWhatDoesNotRun) {
  xclBufferHandle command = commandBuffer();
  for (uint32_t victim : {0u, command, 77u, ~0u}) {
    ASSERT_EQ(send(command, {header(ERT_ABORT, 3), 0, victim, 0}), 0);
    EXPECT_EQ(xclExecWait(handle, 0), 1);
    EXPECT_EQ(stateOf(command), unsigned(ERT_CMD_STATE_COMPLETED));
  }
}

TEST_F(Driver, CopiesStayInsideBuffers) {
  xclBufferHandle from = xclAllocBO(handle, kPage, 0, 0),
                  to = xclAllocBO(handle, kPage, 0, 1),
                  command = commandBuffer();
  auto copy = [&](unsigned source, uint32_t offset, uint32_t size) {
    ert_start_copybo_cmd packet{};
    packet.state = ERT_CMD_STATE_NEW;
    packet.opcode = ERT_START_COPYBO;
    packet.count = 16;
    packet.src_bo_hdl = source;
    packet.src_addr_lo = offset;
    packet.dst_bo_hdl = to;
    packet.size = size;
    std::memcpy(xclMapBO(handle, command, true), &packet, sizeof packet);
    return xclExecBuf(handle, command);
  };
  EXPECT_EQ(copy(from, 0, kPage), 0);
  EXPECT_EQ(copy(from, 64, kPage - 64), 0);
  EXPECT_EQ(copy(from, 64, kPage), -EINVAL);
  EXPECT_EQ(copy(from, ~0u, 1), -EINVAL);
  EXPECT_EQ(copy(from, 0, 0), -EINVAL);
  EXPECT_EQ(copy(command, 0, 64), -EINVAL);
  EXPECT_EQ(copy(99, 0, 64), -EINVAL);
}

TEST_F(Driver, UnmanagedAccess) {
  constexpr uint64_t kHbmEnd = 8 * (4 << 20);
  uint32_t sent = 0xC0FFEE, received = 0;
  auto read = [&](uint64_t address, size_t size) {
    return xclUnmgdPread(handle, 0, &received, size, address);
  };
  EXPECT_EQ(xclUnmgdPwrite(handle, 0, &sent, 4, kHbmEnd - 4), 4);
  EXPECT_EQ(read(kHbmEnd - 4, 4), 4);
  EXPECT_EQ(received, sent);
  EXPECT_EQ(read(kHbmEnd - 3, 4), -EINVAL);
  EXPECT_EQ(read(kHbmEnd, 1), -EINVAL);
  EXPECT_EQ(read(~uint64_t(0), 4), -EINVAL);
  EXPECT_EQ(read(0, ~size_t(0)), -EINVAL);
}

TEST_F(Driver, Contexts) {
  const unsigned char *uuid = top().m_header.uuid;
  xuid_t other{};
  EXPECT_EQ(xclOpenContext(handle, other, 0, true), -EINVAL);
  EXPECT_EQ(xclOpenContext(handle, uuid, 1, true), -EINVAL);
  EXPECT_EQ(xclOpenContext(handle, uuid, 0, true), 0);
  EXPECT_EQ(xclOpenContext(handle, uuid, 0, false), -EBUSY);
  EXPECT_EQ(xclCloseContext(handle, uuid, 0), 0);
  EXPECT_EQ(xclCloseContext(handle, uuid, 0), -EINVAL);
  xclDeviceHandle second = xclOpen(0, nullptr, XCL_QUIET);
  EXPECT_EQ(xclOpenContext(second, uuid, 0, false), 0);
  EXPECT_EQ(xclOpenContext(handle, uuid, 0, true), -EBUSY);
  xclClose(second); // gives its context back
  EXPECT_EQ(xclOpenContext(handle, uuid, 0, true), 0);
}

TEST_F(Driver, NothingLoaded) {
  xclClose(handle); // the last handle takes the card's state along
  handle = xclOpen(0, nullptr, XCL_QUIET);
  uint32_t value;
  EXPECT_EQ(xclAllocBO(handle, kPage, 0, 0), XRT_NULL_BO);
  EXPECT_EQ(xclRegRead(handle, 0, 0, &value), -EINVAL);
  EXPECT_EQ(xclUnmgdPread(handle, 0, &value, 4, 0), -EINVAL);
  EXPECT_EQ(xclOpenContext(handle, top().m_header.uuid, 0, true), -EINVAL);
  EXPECT_EQ(send(commandBuffer(), {header(ERT_START_CU, 1), 1}), -EINVAL);
  EXPECT_EQ(xclLoadXclBin(handle, nullptr), -EINVAL);
}
