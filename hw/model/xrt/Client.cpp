//===- Client.cpp - One opened device handle ------------------------------===//
#include "Client.h"

#include <algorithm>
#include <cerrno>

using namespace edgellm::driver;

Client::~Client() {
  if (auto machine = card->machine())
    machine->unit.cancel(
        [this](const Command &command) { return command.client == this; });
  for (; contexts > 0; --contexts)
    card->closeContext();
}

xclDeviceInfo2 Client::deviceInfo() const {
  constexpr char kUnprogrammed[] = "edgellm_model";
  xclDeviceInfo2 info{};
  info.mMagic = 0X586C0C6C; // what <xrt.h> asks for
  info.mDataAlignment = kPageBytes;
  auto machine = card->machine();
  std::string name = machine ? machine->xclbin.platform : kUnprogrammed;
  name.copy(info.mName, sizeof info.mName - 1);
  if (!machine)
    return info;
  info.mDDRSize = machine->memory->capacity();
  info.mDDRBankCount =
      static_cast<unsigned short>(machine->memory->bankCount());
  info.mOCLFrequency[0] = static_cast<unsigned short>(machine->xclbin.clockMHz);
  info.mNumClocks = 1;
  return info;
}

//===----------------------------------------------------------------------===//
// Contexts
//===----------------------------------------------------------------------===//

/// XRT also opens a context on a unit that is none: it stands for the xclbin
/// as a whole.
static constexpr unsigned kVirtualUnit = ~0u;

int Client::openContext(const Uuid &xclbin, unsigned unit, bool shared) {
  if (unit == kVirtualUnit)
    return 0;
  if (unit != 0)
    return -EINVAL;
  std::lock_guard lock(mutex);
  int result = card->openContext(xclbin, shared);
  contexts += result == 0;
  return result;
}

int Client::closeContext(unsigned unit) {
  if (unit == kVirtualUnit)
    return 0;
  std::lock_guard lock(mutex);
  if (unit != 0 || contexts == 0)
    return -EINVAL;
  --contexts;
  card->closeContext();
  return 0;
}

//===----------------------------------------------------------------------===//
// Buffers
//===----------------------------------------------------------------------===//

std::shared_ptr<BufferObject> Client::makeBuffer(uint64_t size, unsigned flags,
                                                 void *userPages) {
  // The kernel has no master on the host's memory, nor the host one on ours.
  constexpr unsigned kUnsupported =
      XCL_BO_FLAGS_HOST_ONLY | XCL_BO_FLAGS_P2P | XCL_BO_FLAGS_SVM;
  if (size == 0 || (flags & kUnsupported))
    return nullptr;
  if (flags & XCL_BO_FLAGS_EXECBUF)
    return std::make_shared<BufferObject>(size, flags);
  auto machine = card->machine();
  if (!machine)
    return nullptr;
  auto allocation =
      machine->memory->allocate(flags & XRT_BO_FLAGS_MEMIDX_MASK, size);
  if (!allocation)
    return nullptr;
  return std::make_shared<BufferObject>(allocation, flags, userPages);
}

xclBufferHandle Client::allocate(uint64_t size, unsigned flags,
                                 void *userPages) {
  std::shared_ptr<BufferObject> made = makeBuffer(size, flags, userPages);
  if (!made)
    return XRT_NULL_BO;
  std::lock_guard lock(mutex);
  while (nextHandle == XRT_NULL_BO || buffers.count(nextHandle))
    ++nextHandle; // after 2^32 buffers
  buffers.emplace(nextHandle, std::move(made));
  return nextHandle++;
}

void Client::free(xclBufferHandle handle) {
  std::shared_ptr<BufferObject> freed; // ends after the lock
  std::lock_guard lock(mutex);
  auto found = buffers.find(handle);
  if (found == buffers.end())
    return;
  freed = std::move(found->second);
  buffers.erase(found);
}

std::shared_ptr<BufferObject> Client::buffer(xclBufferHandle handle) const {
  std::lock_guard lock(mutex);
  auto found = buffers.find(handle);
  return found == buffers.end() ? nullptr : found->second;
}

//===----------------------------------------------------------------------===//
// Commands
//===----------------------------------------------------------------------===//

int Client::execute(xclBufferHandle handle) {
  std::shared_ptr<BufferObject> command = buffer(handle);
  if (!command || !command->isCommand())
    return -EINVAL;
  ErtPacket packet(command);
  switch (packet.opcode()) {
  case ERT_START_CU:
    return start(packet);
  case ERT_ABORT:
    return abort(packet);
  case ERT_START_COPYBO:
    return copy(packet);
  default:
    return -EINVAL;
  }
}

int Client::start(const ErtPacket &packet) {
  auto machine = card->machine();
  if (!machine || !packet.selectsUnit())
    return -EINVAL;
  // The state first: XRT may look at it as soon as it is woken.
  auto finish = [packet, events = events](ert_cmd_state state) {
    packet.setState(state);
    events->signal();
  };
  auto registers = packet.registers();
  packet.setState(ERT_CMD_STATE_RUNNING);
  machine->unit.enqueue({.registers = {registers.begin(), registers.end()},
                         .finish = finish,
                         .client = this,
                         .packet = packet.identity()});
  return 0;
}

void Client::finishNow(const ErtPacket &packet) {
  packet.setState(ERT_CMD_STATE_COMPLETED);
  events->signal();
}

/// Sent by xrt::run::abort(). A run that has begun is not stopped; XRT then
/// waits for its end.
int Client::abort(const ErtPacket &packet) {
  auto command = packet.as<ert_abort_cmd>();
  auto machine = card->machine();
  auto target = buffer(xclBufferHandle(command.exec_bo_handle));
  if (machine && target)
    machine->unit.cancel([&](const Command &queued) {
      return queued.client == this && queued.packet == target.get();
    });
  finishNow(packet);
  return 0;
}

/// Sent by xrt::bo::copy(): between the device sides of two buffers.
int Client::copy(const ErtPacket &packet) {
  auto command = packet.as<ert_start_copybo_cmd>();
  auto joined = [](uint32_t low, uint32_t high) {
    return low | uint64_t(high) << 32;
  };
  auto part = [&](xclBufferHandle handle, uint64_t offset, uint64_t size) {
    auto found = buffer(handle);
    std::span<std::byte> all = found ? found->device() : std::span<std::byte>();
    bool fits = offset <= all.size() && size <= all.size() - offset;
    return fits ? all.subspan(offset, size) : std::span<std::byte>();
  };
  uint64_t size = joined(command.size, command.size_hi);
  auto from = part(command.src_bo_hdl,
                   joined(command.src_addr_lo, command.src_addr_hi), size);
  auto to = part(command.dst_bo_hdl,
                 joined(command.dst_addr_lo, command.dst_addr_hi), size);
  if (size == 0 || from.empty() || to.empty())
    return -EINVAL;
  std::memmove(to.data(), from.data(), size); // they may be one buffer
  finishNow(packet);
  return 0;
}

//===----------------------------------------------------------------------===//
// Registers and memory
//===----------------------------------------------------------------------===//

int Client::readRegister(unsigned unit, uint32_t offset, uint32_t &value) {
  auto machine = card->machine();
  return machine && unit == 0 ? machine->unit.readRegister(offset, value)
                              : -EINVAL;
}

int Client::writeRegister(unsigned unit, uint32_t offset, uint32_t value) {
  auto machine = card->machine();
  return machine && unit == 0 ? machine->unit.writeRegister(offset, value)
                              : -EINVAL;
}

ssize_t Client::readMemory(uint64_t address, std::span<std::byte> to) {
  auto machine = card->machine();
  if (!machine ||
      machine->memory->bytes(address, to.size()).size() != to.size())
    return -EINVAL;
  std::ranges::copy(machine->memory->bytes(address, to.size()), to.begin());
  return ssize_t(to.size());
}

ssize_t Client::writeMemory(uint64_t address, std::span<const std::byte> from) {
  auto machine = card->machine();
  if (!machine ||
      machine->memory->bytes(address, from.size()).size() != from.size())
    return -EINVAL;
  std::ranges::copy(from, machine->memory->bytes(address, from.size()).begin());
  return ssize_t(from.size());
}
