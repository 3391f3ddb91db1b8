//===- DeviceTest.cpp - Opening the device and loading xclbins ------------===//
#include "EdgeLLM/ISA/Instructions.h"
#include "EdgeLLM/Target/Target.h"
#include "XRTTesting.h"
#include "XclbinWriter.h"

#include <experimental/xrt_system.h>

using namespace edgellm;
using namespace edgellm::testing;

TEST(Device, ThereIsOne) {
  xrt::device device = Accelerator::openDevice();
  EXPECT_EQ(xrt::system::enumerate_devices(), 1u);
  EXPECT_THROW(xrt::device(1u), std::exception);
}

TEST(Device, IsNamedAfterWhatIsLoaded) {
  Accelerator accelerator("u280");
  using namespace xrt::info;
  EXPECT_EQ(accelerator.device.get_info<device::name>(),
            "xilinx_u280_gen3x16_xdma_base_1");
  EXPECT_EQ(accelerator.device.get_info<device::max_clock_frequency_mhz>(),
            140u);
}

TEST(Device, EveryTargetLoads) {
  for (const std::string &target : targetNames(shareDirectory() / "targets")) {
    Accelerator accelerator(target);
    EXPECT_NE(accelerator.uuid.to_string(), "") << target;
  }
}

TEST(Device, IdentityIsTheTableHash) {
  Accelerator accelerator;
  // XRT lets only the one user of a kernel read its registers.
  accelerator.kernel = {};
  xrt::kernel alone(accelerator.device, accelerator.uuid, kernel::kName,
                    xrt::kernel::cu_access_mode::exclusive);
  uint64_t low = alone.read_register(kernel::kIdentityLow);
  uint64_t high = alone.read_register(kernel::kIdentityHigh);
  EXPECT_EQ(high << 32 | low, isa::kTableHash);
  alone.write_register(kernel::kIdentityLow, 1);
  EXPECT_EQ(alone.read_register(kernel::kIdentityLow), low);
}

TEST(Device, ExclusiveMeansAlone) {
  Accelerator accelerator;
  auto openAlone = [&] {
    return xrt::kernel(accelerator.device, accelerator.uuid, kernel::kName,
                       xrt::kernel::cu_access_mode::exclusive);
  };
  EXPECT_THROW(openAlone(), std::exception);
  accelerator.kernel = {};
  xrt::kernel alone = openAlone();
  xrt::device second(0u);
  second.load_xclbin(xclbinOf("tiny"));
  EXPECT_THROW(xrt::kernel(second, accelerator.uuid, kernel::kName),
               std::exception);
}

/// Loading fails with a message on standard error that `expected` is part of.
static void expectRefused(const std::string &file,
                          const std::string &expected) {
  ::testing::internal::CaptureStderr();
  xrt::device device = Accelerator::openDevice();
  EXPECT_THROW(device.load_xclbin(file), std::exception);
  std::string message = ::testing::internal::GetCapturedStderr();
  EXPECT_NE(message.find(expected), std::string::npos) << message;
}

TEST(Device, RefusesAnotherInstructionTable) {
  TemporaryFolder folder;
  Target tiny = findTarget("tiny", shareDirectory() / "targets");
  auto bytes = driver::writeXclbin(tiny, isa::kTableHash ^ 1);
  writeFile(folder / "old.xclbin",
            {reinterpret_cast<const char *>(bytes.data()), bytes.size()});
  expectRefused(folder / "old.xclbin",
                "EdgeLLM device model: xclbin refused: its instruction table "
                "is 0x");
}

TEST(Device, RefusesToChangeUnderItsUsers) {
  Accelerator accelerator("u280");
  expectRefused(xclbinOf("tiny"), "the xclbin for u280 is loaded and in use");
  xrt::device second(0u);
  EXPECT_EQ(second.load_xclbin(xclbinOf("u280")), accelerator.uuid);
}

TEST(Device, ChangesWhenNobodyUsesIt) {
  xrt::device first = Accelerator::openDevice();
  first.load_xclbin(xclbinOf("u280"));
  EXPECT_NO_THROW(Accelerator("tiny"));
}
