//===- CacheRows.cpp - Caches between host and device ---------------------===//
#include "CacheRows.h"

#include "EdgeLLM/ISA/Encoding.h"

#include <cstring>
#include <sys/mman.h>

using namespace edgellm;
using isa::kPacketBytes;

void edgellm::dropHostCopy(xrt::bo &buffer) {
  ::madvise(buffer.map(), buffer.size(), MADV_DONTNEED);
}

uint64_t CacheRows::bytes() const {
  return uint64_t(cache.blocks) * rows * kPacketBytes;
}

/// Packet i of the HBM is packet i div P of port i mod P.
CacheRows::Range CacheRows::rangeIn(uint64_t port) const {
  auto slotsBefore = [&](uint64_t packet) {
    return (packet + ports.size() - 1 - port) / ports.size();
  };
  uint64_t first = uint64_t(cache.packet);
  uint64_t end = first;
  if (rows > 0)
    end += uint64_t(cache.blocks - 1) * cache.stride + rows;
  uint64_t slot = slotsBefore(first);
  return {slot * kPacketBytes, (slotsBefore(end) - slot) * kPacketBytes};
}

std::byte *CacheRows::hostPacket(uint64_t index) const {
  return ports[index % ports.size()].map<std::byte *>() +
         index / ports.size() * kPacketBytes;
}

void CacheRows::syncAll(xclBOSyncDirection direction) {
  for (uint64_t port = 0; port < ports.size(); ++port)
    if (Range range = rangeIn(port); range.size > 0)
      ports[port].sync(direction, range.size, range.offset);
}

void CacheRows::read(
    const std::function<void(std::span<const std::byte>)> &consume) {
  syncAll(XCL_BO_SYNC_BO_FROM_DEVICE);
  std::vector<std::byte> block(rows * kPacketBytes);
  for (int64_t b = 0; b < cache.blocks; ++b) {
    uint64_t first = uint64_t(cache.packet + b * cache.stride);
    for (uint64_t row = 0; row < rows; ++row)
      std::memcpy(&block[row * kPacketBytes], hostPacket(first + row),
                  kPacketBytes);
    consume(block);
  }
  for (xrt::bo &port : ports)
    dropHostCopy(port);
}

void CacheRows::write(std::span<const std::byte> packets) {
  for (uint64_t port = 0; port < ports.size(); ++port) {
    Range range = rangeIn(port);
    std::memset(ports[port].map<std::byte *>() + range.offset, 0, range.size);
  }
  const std::byte *from = packets.data();
  for (int64_t b = 0; b < cache.blocks; ++b) {
    uint64_t first = uint64_t(cache.packet + b * cache.stride);
    for (uint64_t row = 0; row < rows; ++row, from += kPacketBytes)
      std::memcpy(hostPacket(first + row), from, kPacketBytes);
  }
  syncAll(XCL_BO_SYNC_BO_TO_DEVICE);
  for (xrt::bo &port : ports)
    dropHostCopy(port);
}
