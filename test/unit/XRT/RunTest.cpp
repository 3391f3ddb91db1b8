//===- RunTest.cpp - Runs of the kernel -----------------------------------===//
#include "EdgeLLM/ISA/Instructions.h"
#include "EdgeLLM/ISA/Program.h"
#include "EdgeLLM/ISA/Status.h"
#include "XRTTesting.h"

#include <chrono>
#include <cstring>

using namespace edgellm;
using namespace edgellm::testing;
using namespace std::chrono_literals;

static constexpr size_t kPage = 4096;

namespace {

/// A run with a buffer for every argument. The program is zeros, which is no
/// instruction: the device says so in the status packet and the run completes.
class Run : public ::testing::Test {
protected:
  Run() : run(accelerator.kernel) {
    for (unsigned i = 0; i < kernel::argumentCount(8); ++i) {
      buffers.push_back(kernel::isBuffer(i) ? accelerator.buffer(i, kPage)
                                            : xrt::bo());
      if (kernel::isBuffer(i))
        run.set_arg(int(i), buffers.back());
      else
        run.set_arg(int(i), uint32_t(i == kernel::kTokens));
    }
  }

  ert_cmd_state execute() {
    run.start();
    return run.wait();
  }

  isa::Status status() {
    buffers[kernel::kDdr].sync(XCL_BO_SYNC_BO_FROM_DEVICE);
    std::array<std::byte, isa::kStatusBytes> packet;
    std::memcpy(packet.data(), buffers[kernel::kDdr].map(), packet.size());
    return isa::readStatus(packet);
  }

  /// The address of a buffer argument, whatever buffer it is in.
  void setAddress(unsigned argument, uint64_t address) {
    run.set_arg(int(argument), address);
  }

  Accelerator accelerator;
  xrt::run run;
  std::vector<xrt::bo> buffers;
};

} // namespace

TEST_F(Run, ReportsAProgramThatIsNone) {
  EXPECT_EQ(execute(), ERT_CMD_STATE_COMPLETED);
  EXPECT_EQ(status().code, isa::StatusCode::illegal_instruction);
}

/// A program of one entry, `begin` and `end` and nothing between.
static std::vector<std::byte> emptyProgram(uint32_t chipPackets = 0) {
  constexpr uint32_t kPackets = kPage / isa::kPacketBytes;
  Program program;
  program.ports = 8;
  program.context = program.hidden = program.vocabulary = 32;
  program.ddrPackets = program.hbmPackets = kPackets;
  program.chipPackets = chipPackets;
  program.entries = {{.name = "generate",
                      .firstPacket = program.codePacket() + 1,
                      .packets = 2,
                      .instructions = 2,
                      .maxTokens = 32,
                      .inputPacket = 1,
                      .logitsPacket = 1}};
  program.code.resize(2 * isa::kPacketWords);
  isa::DecodeError error;
  isa::encode(isa::Begin{32, 32, kPackets, kPackets, chipPackets, 0, 1},
              program.code.data(), error);
  isa::encode(isa::End{}, program.code.data() + isa::kPacketWords, error);
  checkProgram(program, "empty program");
  return serializeProgram(program);
}

TEST_F(Run, OfAProgram) {
  std::vector<std::byte> program = emptyProgram();
  buffers[kernel::kProgram].write(program.data(), program.size(), 0);
  buffers[kernel::kProgram].sync(XCL_BO_SYNC_BO_TO_DEVICE);
  run.set_arg(kernel::kEntry, 3u);
  run.set_arg(kernel::kTokens, 32u);
  run.set_arg(kernel::kPast, 0u);
  run.set_arg(kernel::kSequence, 0u);
  EXPECT_EQ(execute(), ERT_CMD_STATE_COMPLETED);
  EXPECT_EQ(status().code, isa::StatusCode::ok);
  EXPECT_EQ(status().completed, 2u);
  run.set_arg(kernel::kPast, 1u);
  EXPECT_EQ(execute(), ERT_CMD_STATE_COMPLETED);
  EXPECT_EQ(status().code, isa::StatusCode::request_range);
  run.set_arg(kernel::kPast, 0u);
  run.set_arg(kernel::kSequence, 1u);
  EXPECT_EQ(execute(), ERT_CMD_STATE_COMPLETED);
  EXPECT_EQ(isa::describe(status(), parseProgram(program, "p")),
            "instruction 0 at packet 3: begin: 'sequences' is 1 for this "
            "request, the limit is 0");
}

/// The machine is the one the xclbin describes: target tiny has an activation
/// buffer of 1024 kbit, 2048 packets.
TEST_F(Run, OfAProgramForAMachineWithMoreOnChip) {
  run.set_arg(kernel::kEntry, 3u);
  for (uint32_t needed : {2048u, 2049u}) {
    std::vector<std::byte> program = emptyProgram(needed);
    buffers[kernel::kProgram].write(program.data(), program.size(), 0);
    buffers[kernel::kProgram].sync(XCL_BO_SYNC_BO_TO_DEVICE);
    EXPECT_EQ(execute(), ERT_CMD_STATE_COMPLETED);
    EXPECT_EQ(isa::describe(status(), parseProgram(program, "p")),
              needed == 2048
                  ? "completed 2 instructions"
                  : "instruction 0 at packet 3: begin: 'chip_packets' is 2049, "
                    "the machine's buffer has 2048 packets");
  }
}

TEST_F(Run, CanBeRepeated) {
  for (int i = 0; i < 100; ++i) {
    std::memset(buffers[kernel::kDdr].map(), 0, kPage);
    buffers[kernel::kDdr].sync(XCL_BO_SYNC_BO_TO_DEVICE);
    ASSERT_EQ(execute(), ERT_CMD_STATE_COMPLETED);
    ASSERT_EQ(status().code, isa::StatusCode::illegal_instruction);
  }
}

TEST_F(Run, SeesTheRestOfABuffer) {
  // The second half of the program's buffer: what lies before is not seen.
  xrt::bo part(buffers[kernel::kDdr], kPage / 2, kPage / 2);
  run.set_arg(kernel::kDdr, part);
  EXPECT_EQ(execute(), ERT_CMD_STATE_COMPLETED);
  EXPECT_EQ(status().code, isa::StatusCode::ok);
  part.sync(XCL_BO_SYNC_BO_FROM_DEVICE);
  EXPECT_EQ(part.map<uint32_t *>()[0],
            uint32_t(isa::StatusCode::illegal_instruction));
}

TEST_F(Run, ProgramInNoBuffer) {
  setAddress(kernel::kProgram, 0x4000000000 + (10 << 20));
  EXPECT_EQ(execute(), ERT_CMD_STATE_COMPLETED);
  EXPECT_NE(status().code, isa::StatusCode::ok);
}

TEST_F(Run, StatusInNoBuffer) {
  uint64_t ddr = buffers[kernel::kDdr].address();
  for (uint64_t wrong :
       {ddr + kPage, ddr + 1, ~uint64_t(0), uint64_t(1) << 40}) {
    setAddress(kernel::kDdr, wrong);
    EXPECT_EQ(execute(), ERT_CMD_STATE_ERROR) << wrong;
  }
  EXPECT_EQ(status().code, isa::StatusCode::ok); // untouched
  setAddress(kernel::kDdr, ddr);
  EXPECT_EQ(execute(), ERT_CMD_STATE_COMPLETED);
}

TEST_F(Run, PortsInNoBuffer) {
  for (unsigned port = 0; port < 8; ++port)
    setAddress(kernel::kFirstPort + port, ~uint64_t(63));
  EXPECT_EQ(execute(), ERT_CMD_STATE_COMPLETED);
  EXPECT_NE(status().code, isa::StatusCode::ok);
}

TEST_F(Run, AnyScalars) {
  for (uint32_t value : {0u, 1u, 63u, 64u, 0x7FFFFFFFu, 0xFFFFFFFFu})
    for (unsigned argument :
         {kernel::kEntry, kernel::kTokens, kernel::kPast, kernel::kSequence}) {
      run.set_arg(int(argument), value);
      EXPECT_EQ(execute(), ERT_CMD_STATE_COMPLETED);
      EXPECT_NE(status().code, isa::StatusCode::ok);
    }
}

TEST_F(Run, ManyAtOnce) {
  std::vector<xrt::run> runs;
  for (int i = 0; i < 64; ++i) {
    runs.emplace_back(accelerator.kernel);
    for (unsigned j = 0; j < kernel::argumentCount(8); ++j)
      if (kernel::isBuffer(j))
        runs.back().set_arg(int(j), buffers[j]);
      else
        runs.back().set_arg(int(j), 1u);
  }
  for (int repeat = 0; repeat < 10; ++repeat) {
    for (xrt::run &each : runs)
      each.start();
    for (xrt::run &each : runs)
      EXPECT_EQ(each.wait(10s), ERT_CMD_STATE_COMPLETED);
  }
}

TEST_F(Run, AbortedOrCompletedButOver) {
  run.start();
  ert_cmd_state state = run.abort();
  EXPECT_TRUE(state == ERT_CMD_STATE_COMPLETED || state == ERT_CMD_STATE_ABORT)
      << state;
  EXPECT_EQ(execute(), ERT_CMD_STATE_COMPLETED);
}

TEST_F(Run, CallsBack) {
  std::atomic<int> calls = 0;
  run.add_callback(
      ERT_CMD_STATE_COMPLETED,
      [](const void *, ert_cmd_state, void *data) {
        ++*static_cast<std::atomic<int> *>(data);
      },
      &calls);
  execute();
  for (int i = 0; i < 1000 && calls == 0; ++i)
    std::this_thread::sleep_for(1ms);
  EXPECT_EQ(calls, 1);
}

TEST_F(Run, EndsWhenItsBuffersAreFreed) {
  // Before it begins, there is no status packet; later, it keeps them.
  run.start();
  buffers.clear();
  ert_cmd_state state = run.wait();
  EXPECT_TRUE(state == ERT_CMD_STATE_COMPLETED || state == ERT_CMD_STATE_ERROR)
      << state;
}

TEST_F(Run, FromTheRegisters) {
  run = {};
  accelerator.kernel = {};
  xrt::kernel alone(accelerator.device, accelerator.uuid, kernel::kName,
                    xrt::kernel::cu_access_mode::exclusive);
  EXPECT_EQ(alone.read_register(kernel::kControl), kernel::kControlIdle);
  uint32_t offset = kernel::argumentOffset(kernel::kDdr);
  uint64_t address = buffers[kernel::kDdr].address();
  alone.write_register(offset, uint32_t(address));
  alone.write_register(offset + 4, uint32_t(address >> 32));
  alone.write_register(kernel::kControl, kernel::kControlStart);
  while (!(alone.read_register(kernel::kControl) & kernel::kControlDone))
    std::this_thread::yield();
  EXPECT_NE(status().code, isa::StatusCode::ok);
}
