//===- ComputeUnit.h - The kernel of the device model -----------*- C++ -*-===//
#ifndef EDGELLM_HW_MODEL_XRT_COMPUTEUNIT_H
#define EDGELLM_HW_MODEL_XRT_COMPUTEUNIT_H

#include "DeviceMemory.h"
#include "EdgeLLM/ISA/KernelInterface.h"
#include "Engine.h"
#include "ModelBitstream.h"

#include <array>
#include <condition_variable>
#include <deque>
#include <ert.h>
#include <functional>
#include <optional>
#include <span>
#include <thread>

namespace edgellm::driver {

/// A run that waits for the compute unit.
struct Command {
  /// Written to the registers, from offset 0, just before the run.
  std::vector<uint32_t> registers;
  /// Called once, on the unit's thread or that of who cancels the command.
  std::function<void(ert_cmd_state)> finish;
  /// Who sent it, and as which packet: what cancel() tells commands apart by.
  const void *client = nullptr, *packet = nullptr;
};

/// The kernel: a register file and a thread that executes one command after the
/// other. A thread of its own lets a host start a run and do something else, or
/// wait for it with a timeout.
class ComputeUnit {
public:
  /// Ports and activation buffer are those of the bitstream; `identity` is the
  /// hash in the identity registers, `engine` executes the runs.
  ComputeUnit(std::shared_ptr<DeviceMemory> memory,
              const ModelBitstream &bitstream, uint64_t identity,
              Engine engine);
  /// Aborts what is queued and waits for the run that goes on.
  ~ComputeUnit();

  void enqueue(Command command);
  /// Finishes the queued commands that `matches` picks with the state ABORT; a
  /// run that goes on is not among them and ends as usual.
  void cancel(const std::function<bool(const Command &)> &matches);

  /// The AXI-Lite register space. -EINVAL for an offset that is no register.
  int readRegister(uint32_t offset, uint32_t &value);
  /// Writing kControlStart to kControl starts a run like a command does. The
  /// identity is read-only: writing it does nothing.
  int writeRegister(uint32_t offset, uint32_t value);

private:
  using Registers = std::array<uint32_t, kernel::kRegisterBytes / 4>;

  void work();
  std::optional<Command> nextCommand();
  bool execute(const Command &command);
  Registers load(std::span<const uint32_t> values);
  void startFromRegister();
  uint32_t takeControl();

  std::shared_ptr<DeviceMemory> memory;
  const unsigned ports;
  const Engine engine;
  std::vector<std::byte> chip; // the activation buffer; the worker's alone

  std::mutex mutex; // guards everything below
  std::condition_variable changed;
  std::deque<Command> queue;
  Registers registers{};
  bool running = false;  // a command is being executed
  bool done = false;     // a run that a register write started has ended
  bool stopping = false; // the destructor waits
  std::thread worker;    // last: starts when the rest is there
};

} // namespace edgellm::driver

#endif // EDGELLM_HW_MODEL_XRT_COMPUTEUNIT_H
