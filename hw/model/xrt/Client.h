//===- Client.h - One opened device handle ----------------------*- C++ -*-===//
#ifndef EDGELLM_HW_MODEL_XRT_CLIENT_H
#define EDGELLM_HW_MODEL_XRT_CLIENT_H

#include "BufferObject.h"
#include "Card.h"
#include "CompletionEvents.h"
#include "ErtPacket.h"

#include <map>
#include <memory>
#include <mutex>

namespace edgellm::driver {

/// What stands behind a device handle: its buffers, its commands and its claims
/// on the compute unit, all given back with it. The functions are those of
/// <xrt.h> without their xcl prefix and return what those return: 0 or a
/// negative errno unless said otherwise. Thread-safe.
class Client {
public:
  Client() : card(Card::inSlot()) {}
  ~Client();

  /// Throws Error, see Card::load.
  void loadXclbin(const axlf &file) { card->load(file); }
  xclDeviceInfo2 deviceInfo() const;

  int openContext(const Uuid &xclbin, unsigned unit, bool shared);
  int closeContext(unsigned unit);

  /// A handle, or XRT_NULL_BO when the bank does not exist or is full, or for
  /// buffers this device has not got.
  xclBufferHandle allocate(uint64_t size, unsigned flags, void *userPages);
  void free(xclBufferHandle handle);
  /// Null for a handle that stands for nothing.
  std::shared_ptr<BufferObject> buffer(xclBufferHandle handle) const;

  int execute(xclBufferHandle command);
  bool waitForCompletion(int milliseconds) {
    return events->wait(milliseconds);
  }

  int readRegister(unsigned unit, uint32_t offset, uint32_t &value);
  int writeRegister(unsigned unit, uint32_t offset, uint32_t value);
  /// Any part of one bank, allocated or not; the bytes copied or -EINVAL.
  ssize_t readMemory(uint64_t address, std::span<std::byte> to);
  ssize_t writeMemory(uint64_t address, std::span<const std::byte> from);

private:
  std::shared_ptr<BufferObject> makeBuffer(uint64_t size, unsigned flags,
                                           void *userPages);
  int start(const ErtPacket &packet);
  int abort(const ErtPacket &packet);
  int copy(const ErtPacket &packet);
  void finishNow(const ErtPacket &packet);

  const std::shared_ptr<Card> card;
  /// Shared with the commands that are under way when the client goes.
  const std::shared_ptr<CompletionEvents> events =
      std::make_shared<CompletionEvents>();

  mutable std::mutex mutex; // guards everything below
  std::map<xclBufferHandle, std::shared_ptr<BufferObject>> buffers;
  xclBufferHandle nextHandle = 1;
  unsigned contexts = 0;
};

} // namespace edgellm::driver

#endif // EDGELLM_HW_MODEL_XRT_CLIENT_H
