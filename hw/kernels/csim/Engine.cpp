//===- Engine.cpp - The kernel as a device model --------------------------===//
#include "Engine.h"
#include "../top.h"
#include "EdgeLLM/ISA/KernelInterface.h"
#include "EdgeLLM/Model/FloatingPoint.h"
#include "EdgeLLM/Support/Error.h"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <utility>

namespace edgellm::kernels {

extern Packet activationBuffer[machine::kChipPackets];

namespace {

void checkMachine(const model::Launch &launch) {
  if (launch.hbm.size() != machine::kPorts)
    fail("the kernel for target ", machine::kName, " has ", machine::kPorts,
         " ports, the launch ", launch.hbm.size());
  if (launch.chip.size() != sizeof activationBuffer)
    fail("the activation buffer of target ", machine::kName, " has ",
         sizeof activationBuffer, " bytes, that of the launch ",
         launch.chip.size());
}

template <typename Word> Word *wordsOf(std::span<std::byte> buffer) {
  if (reinterpret_cast<uintptr_t>(buffer.data()) % alignof(Word) != 0)
    fail("a buffer of the kernel starts at no multiple of ", alignof(Word),
         " bytes");
  return reinterpret_cast<Word *>(buffer.data());
}

/// Whether the buffers are as large as `begin` says. The kernel believes it,
/// because the size of a buffer is no argument.
bool fits(const model::Launch &launch) {
  uint64_t packets = launch.program.size() / isa::kPacketBytes;
  if (launch.entry >= packets)
    return false;
  uint64_t words[isa::Begin::words];
  std::memcpy(words, &launch.program[launch.entry * size_t(isa::kPacketBytes)],
              sizeof words);
  isa::Begin begin;
  isa::DecodeError error;
  if (isa::Opcode(words[0] & 0xFF) != isa::Opcode::begin ||
      !isa::decode(words, begin, error))
    return true; // nothing is read or written
  auto has = [](std::span<std::byte> buffer, int64_t packets) {
    return packets <= int64_t(buffer.size() / isa::kPacketBytes);
  };
  return has(launch.ddr, begin.ddr_packets) &&
         std::ranges::all_of(launch.hbm, [&](std::span<std::byte> port) {
           return has(port, begin.hbm_packets);
         });
}
static_assert(isa::Begin::words == isa::kPacketWords);

template <size_t... port>
void start(const Packet *program, const model::Launch &launch,
           std::index_sequence<port...>) {
  kernels::edgellm(program, launch.entry, wordsOf<Packet>(launch.ddr),
                   launch.tokens, launch.past, launch.sequence,
                   wordsOf<PortWord>(launch.hbm[port])...);
}

} // namespace

bool execute(const model::Launch &launch) {
  checkMachine(launch);
  if (launch.ddr.size() < isa::kStatusBytes)
    return false;
  if (!fits(launch)) // so the model refuses it, too
    return model::execute(launch);
  // Followed by zeros, which are no instruction: where the fetch ends at last.
  std::vector<Packet> program(launch.program.size() / isa::kPacketBytes + 1);
  std::memcpy(program.data(), launch.program.data(),
              (program.size() - 1) * sizeof(Packet));

  static std::mutex oneKernel; // has one activation buffer
  std::lock_guard lock(oneKernel);
  model::DefaultFloatingPoint guard; // of the threads that it starts, too
  std::memcpy(activationBuffer, launch.chip.data(), launch.chip.size());
  try {
    start(program.data(), launch, std::make_index_sequence<machine::kPorts>());
  } catch (const hls::csim::Deadlock &deadlock) {
    fail(machine::kName, ": ", deadlock.what());
  }
  std::memcpy(launch.chip.data(), activationBuffer, launch.chip.size());
  return true;
}

} // namespace edgellm::kernels
