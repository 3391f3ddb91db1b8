//===- Memory.h - Bounds-checked views of the device's buffers --*- C++ -*-===//
//
// An instruction names its operands by packet address, counts and strides. A
// view of an operand can only be had from Memory, which checks all packets of
// it first; units read and write through views alone.
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_MODEL_LIB_MEMORY_H
#define EDGELLM_MODEL_LIB_MEMORY_H

#include "EdgeLLM/ISA/Instructions.h"
#include "EdgeLLM/ISA/Status.h"
#include "EdgeLLM/Model/Device.h"
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

namespace edgellm::model {

using isa::Status;
using isa::StatusCode;

/// Ends the run. `field` is a name of the instruction table.
struct Fault {
  StatusCode code;
  const char *field;
  int64_t found, limit;
};

/// The FP16 lanes of one packet.
struct alignas(64) Packet {
  uint16_t lane[isa::kLanes];
};

inline Packet loadPacket(const std::byte *from) {
  Packet packet;
  std::memcpy(&packet, from, sizeof packet);
  return packet;
}

inline void storePacket(const Packet &packet, std::byte *to) {
  std::memcpy(to, &packet, sizeof packet);
}

struct Extent {
  int64_t count = 1;
  int64_t stride = 0; ///< in packets; of no effect when count is 1
};

/// Packets base + i*outer.stride + j*inner.stride + row.
struct Region {
  int64_t base = 0;
  Extent outer = {}; ///< heads, where they have a stride of their own
  Extent inner = {}; ///< channel or column blocks
  int64_t rows = 1;
};

class Memory;

/// A region that lies inside its buffer.
class Operand {
public:
  /// Address of a packet; outer, inner and row are within the region.
  std::byte *packet(int64_t outer, int64_t inner, int64_t row) const;
  Packet load(int64_t outer, int64_t inner, int64_t row) const {
    return loadPacket(packet(outer, inner, row));
  }
  void store(int64_t outer, int64_t inner, int64_t row,
             const Packet &value) const {
    storePacket(value, packet(outer, inner, row));
  }

  /// 32 packets of consecutive rows.
  void loadRows(int64_t outer, int64_t inner, int64_t row, std::byte *to) const;

  /// Faults unless the packets of the region are all different.
  void requireDistinct(const char *field) const;
  /// Faults when the packets between the first and the last of both regions
  /// have one in common.
  void requireApart(const Operand &other, const char *field) const;
  /// The same, but the very same region is fine.
  void requireApartOrSame(const Operand &other, const char *field) const;

private:
  friend class Memory;
  Operand(const Memory &memory, isa::Space space, const Region &region,
          int64_t first, int64_t last)
      : memory(&memory), space(space), region(region), first(first),
        last(last) {}

  int64_t indexOf(int64_t outer, int64_t inner, int64_t row) const {
    return region.base + outer * region.outer.stride +
           inner * region.inner.stride + row;
  }

  const Memory *memory;
  isa::Space space;
  Region region;
  int64_t first, last; // packets that bound the region
};

/// The rows of a weight matrix, output channel c in port c mod P.
class WeightRows {
public:
  /// Starts of the rows of 32 output channels.
  std::array<const std::byte *, 32> block(int64_t index) const;

  int64_t ports() const { return int64_t(starts.size()); }
  /// The rows that port `port` holds of `channels` output channels: those of
  /// channels port, port + ports(), ...
  int64_t rowsIn(int64_t port, int64_t channels) const {
    return (channels - port + ports() - 1) / ports();
  }
  const std::byte *row(int64_t port, int64_t index) const {
    return starts[port] + index * rowBytes;
  }
  int64_t bytesOfRow() const { return rowBytes; }

private:
  friend class Memory;
  std::vector<const std::byte *> starts; // of row 0 in each port
  int64_t rowBytes = 0;
};

class Memory {
public:
  explicit Memory(const Launch &launch);

  /// Sets what the following instructions may use, and the sequence whose KV
  /// memory they work on. Faults when the buffers are smaller.
  void begin(const isa::Begin &limits, uint32_t sequence);

  /// Counts in `region` are positive. In HBM it lies in the KV memory of
  /// sequence 0, and the operand in that of the present one.
  Operand operand(isa::Space space, Region region, const char *field) const;

  /// `channels` rows of `rowBytes` bytes from packet `address` of the ports on,
  /// before all KV memory.
  WeightRows weights(int64_t address, int64_t rowBytes, int64_t channels) const;

  int64_t ports() const { return int64_t(hbmBuffers.size()); }

private:
  friend class Operand;
  std::byte *packet(isa::Space space, int64_t index) const;

  std::span<std::byte> ddrBuffer, chipBuffer;
  std::vector<std::span<std::byte>> hbmBuffers;
  int64_t ddrPackets = 0, chipPackets = 0;
  int64_t weightPackets = 0; // of each port, before the KV memory
  int64_t kvPackets = 0;     // of each port, for one sequence
  int64_t kvOffset = 0;      // of hbm, from sequence 0 to the present one
};

inline std::byte *Memory::packet(isa::Space space, int64_t index) const {
  if (space == isa::Space::ddr)
    return ddrBuffer.data() + index * isa::kPacketBytes;
  if (space == isa::Space::chip)
    return chipBuffer.data() + index * isa::kPacketBytes;
  return hbmBuffers[index % ports()].data() +
         index / ports() * isa::kPacketBytes;
}

inline std::byte *Operand::packet(int64_t outer, int64_t inner,
                                  int64_t row) const {
  return memory->packet(space, indexOf(outer, inner, row));
}

} // namespace edgellm::model

#endif // EDGELLM_MODEL_LIB_MEMORY_H
