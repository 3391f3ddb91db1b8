//===- ComputeUnit.cpp - The kernel of the device model -------------------===//
#include "ComputeUnit.h"

#include "EdgeLLM/ISA/Encoding.h"
#include "EdgeLLM/Model/Device.h"
#include "EdgeLLM/Support/Error.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>

using namespace edgellm;
using namespace edgellm::driver;

/// Registers below the arguments (control, identity) are not a command's to
/// write, although its register map begins at offset 0.
static constexpr size_t kFirstArgumentWord = kernel::kFirstArgument / 4;

ComputeUnit::ComputeUnit(std::shared_ptr<DeviceMemory> memory,
                         const ModelBitstream &bitstream, uint64_t identity,
                         Engine engine)
    : memory(std::move(memory)), ports(bitstream.ports), engine(engine),
      chip(bitstream.chipPackets * isa::kPacketBytes) {
  registers[kernel::kIdentityLow / 4] = uint32_t(identity);
  registers[kernel::kIdentityHigh / 4] = uint32_t(identity >> 32);
  worker = std::thread(&ComputeUnit::work, this);
}

ComputeUnit::~ComputeUnit() {
  cancel([](const Command &) { return true; });
  {
    std::lock_guard lock(mutex);
    stopping = true;
  }
  changed.notify_one();
  worker.join();
}

//===----------------------------------------------------------------------===//
// Queue
//===----------------------------------------------------------------------===//

void ComputeUnit::enqueue(Command command) {
  {
    std::lock_guard lock(mutex);
    queue.push_back(std::move(command));
  }
  changed.notify_one();
}

void ComputeUnit::cancel(const std::function<bool(const Command &)> &matches) {
  std::vector<Command> canceled;
  {
    std::lock_guard lock(mutex);
    for (Command &command : queue)
      if (matches(command))
        canceled.push_back(command);
    std::erase_if(queue, matches);
  }
  for (Command &command : canceled)
    command.finish(ERT_CMD_STATE_ABORT);
}

std::optional<Command> ComputeUnit::nextCommand() {
  std::unique_lock lock(mutex);
  running = false;
  changed.wait(lock, [this] { return stopping || !queue.empty(); });
  if (queue.empty())
    return std::nullopt;
  running = true;
  Command command = std::move(queue.front());
  queue.pop_front();
  return command;
}

void ComputeUnit::work() {
  while (std::optional<Command> command = nextCommand())
    command->finish(execute(*command) ? ERT_CMD_STATE_COMPLETED
                                      : ERT_CMD_STATE_ERROR);
}

//===----------------------------------------------------------------------===//
// Runs
//===----------------------------------------------------------------------===//

namespace {

/// What a run's arguments stand for. Holds the buffers, so that a host that
/// frees one too early cannot make the machine write into another.
class Arguments {
public:
  Arguments(std::span<const uint32_t> registers, const DeviceMemory &memory)
      : registers(registers), memory(memory) {}

  uint32_t scalar(unsigned argument) const {
    return registers[kernel::argumentOffset(argument) / 4];
  }

  /// From the argument's address to the end of the buffer there. An address in
  /// no buffer, or not at a packet, is a memory of no bytes: any use of it is
  /// out of bounds, and the machine reports it like every other such access.
  std::span<std::byte> buffer(unsigned argument) {
    size_t word = kernel::argumentOffset(argument) / 4;
    uint64_t address = registers[word] | uint64_t(registers[word + 1]) << 32;
    if (address % kernel::kBufferAlignment)
      return {};
    std::shared_ptr<Allocation> found = memory.find(address);
    if (!found)
      return {};
    inUse.push_back(found);
    return found->bytesFrom(address);
  }

private:
  std::span<const uint32_t> registers;
  const DeviceMemory &memory;
  std::vector<std::shared_ptr<Allocation>> inUse;
};

} // namespace

ComputeUnit::Registers ComputeUnit::load(std::span<const uint32_t> values) {
  std::lock_guard lock(mutex);
  for (size_t i = kFirstArgumentWord;
       i < std::min(values.size(), registers.size()); ++i)
    registers[i] = values[i];
  return registers;
}

/// False when the run could not even write its status packet.
bool ComputeUnit::execute(const Command &command) {
  try {
    Registers loaded = load(command.registers);
    Arguments arguments(loaded, *memory);
    model::Launch launch;
    launch.program = arguments.buffer(kernel::kProgram);
    launch.entry = arguments.scalar(kernel::kEntry);
    launch.ddr = arguments.buffer(kernel::kDdr);
    launch.tokens = arguments.scalar(kernel::kTokens);
    launch.past = arguments.scalar(kernel::kPast);
    launch.sequence = arguments.scalar(kernel::kSequence);
    for (unsigned port = 0; port < ports; ++port)
      launch.hbm.push_back(arguments.buffer(kernel::kFirstPort + port));
    launch.chip = chip;
    return engine(launch);
  } catch (const Error &error) { // of the engine's own settings
    std::fprintf(stderr, "EdgeLLM device model: %s\n", error.what());
  } catch (...) { // out of memory
  }
  return false;
}

//===----------------------------------------------------------------------===//
// Registers
//===----------------------------------------------------------------------===//

static bool isRegister(uint32_t offset) {
  return offset % 4 == 0 && offset < kernel::kRegisterBytes;
}

/// AP_CTRL as the ap_ctrl_hs protocol defines it. Needs the lock.
uint32_t ComputeUnit::takeControl() {
  bool busy = running || !queue.empty();
  uint32_t value = busy ? kernel::kControlStart : kernel::kControlIdle;
  if (done)
    value |= kernel::kControlDone;
  done = false; // cleared by reading
  return value;
}

int ComputeUnit::readRegister(uint32_t offset, uint32_t &value) {
  if (!isRegister(offset))
    return -EINVAL;
  std::lock_guard lock(mutex);
  value = offset == kernel::kControl ? takeControl() : registers[offset / 4];
  return 0;
}

void ComputeUnit::startFromRegister() {
  auto finish = [this](ert_cmd_state) {
    std::lock_guard lock(mutex);
    done = true;
  };
  enqueue({.registers = {}, .finish = finish});
}

int ComputeUnit::writeRegister(uint32_t offset, uint32_t value) {
  if (!isRegister(offset))
    return -EINVAL;
  if (offset == kernel::kControl && (value & kernel::kControlStart)) {
    startFromRegister();
  } else if (offset >= kernel::kFirstArgument) {
    std::lock_guard lock(mutex);
    registers[offset / 4] = value;
  }
  return 0;
}
