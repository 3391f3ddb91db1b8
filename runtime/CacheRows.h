//===- CacheRows.h - Caches between host and device -------------*- C++ -*-===//
#ifndef EDGELLM_RUNTIME_CACHEROWS_H
#define EDGELLM_RUNTIME_CACHEROWS_H

#include "EdgeLLM/ISA/Caches.h"

#include <xrt/xrt_bo.h>

#include <functional>

namespace edgellm {

/// Moves the first positions of caches between the host and the buffers of the
/// HBM ports, which are `ports`.
///
/// A block's packets are dealt over the ports, and blocks lie a whole context
/// apart, some KB in each port. So one transfer a port takes a cache from its
/// first used packet to its last: cheaper than one for each block, and nothing
/// beyond the cache is touched.
class CacheRows {
public:
  CacheRows(std::span<xrt::bo> ports, const Cache &cache, uint64_t rows)
      : ports(ports), cache(cache), rows(rows) {}

  uint64_t bytes() const;

  /// Hands over the packets of each channel block.
  void read(const std::function<void(std::span<const std::byte>)> &consume);
  /// Writes bytes() bytes, as read() gives them. What lies between them becomes
  /// zero.
  void write(std::span<const std::byte> packets);

private:
  /// Bytes of a port's buffer.
  struct Range {
    uint64_t offset, size;
  };
  Range rangeIn(uint64_t port) const;
  std::byte *hostPacket(uint64_t index) const;
  void syncAll(xclBOSyncDirection direction);

  std::span<xrt::bo> ports;
  Cache cache;
  uint64_t rows;
};

/// Gives the host's copy of a buffer back to the system, or what the device has
/// would be in the host's memory, too. A driver may refuse, in which case it
/// stays.
void dropHostCopy(xrt::bo &buffer);

} // namespace edgellm

#endif // EDGELLM_RUNTIME_CACHEROWS_H
