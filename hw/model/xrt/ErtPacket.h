//===- ErtPacket.h - Commands as XRT writes them ----------------*- C++ -*-===//
#ifndef EDGELLM_HW_MODEL_XRT_ERTPACKET_H
#define EDGELLM_HW_MODEL_XRT_ERTPACKET_H

#include "BufferObject.h"

#include <cstring>
#include <ert.h>
#include <memory>
#include <span>

namespace edgellm::driver {

/// A command of XRT's embedded scheduler (<ert.h>) in a command buffer. XRT
/// polls the state in the packet's first word; the rest is ours to read once.
class ErtPacket {
public:
  /// Throws Error when the buffer is too small for the packet's own count.
  explicit ErtPacket(std::shared_ptr<BufferObject> buffer);

  unsigned opcode() const;
  /// The packet as one of the structures of <ert.h>; throws Error when the
  /// buffer is smaller.
  template <typename Structure> Structure as() const {
    Structure result;
    checkSize(sizeof result);
    std::memcpy(&result, buffer->host().data(), sizeof result);
    return result;
  }
  /// For ERT_START_CU: whether compute unit 0, our only one, is among those
  /// that may take the command.
  bool selectsUnit() const;
  /// For ERT_START_CU: the registers to write, from offset 0.
  std::span<const uint32_t> registers() const;

  void setState(ert_cmd_state state) const;
  /// Tells packets apart; stays the same when the buffer is used again.
  const BufferObject *identity() const { return buffer.get(); }

private:
  uint32_t header() const;
  std::span<const uint32_t> payload() const;
  size_t maskWords() const;
  void checkSize(size_t bytes) const;

  std::shared_ptr<BufferObject> buffer;
};

} // namespace edgellm::driver

#endif // EDGELLM_HW_MODEL_XRT_ERTPACKET_H
