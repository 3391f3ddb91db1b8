//===- Memory.cpp - Bounds-checked views of the device's buffers ----------===//
#include "Memory.h"
#include <algorithm>
#include <cstring>
#include <limits>

namespace edgellm::model {

// Sums of products of resolved fields: each factor is below 2^50.
__extension__ typedef __int128 Wide;

static int64_t clampWide(Wide value) {
  using Limits = std::numeric_limits<int64_t>;
  return int64_t(std::clamp<Wide>(value, Limits::min(), Limits::max()));
}

static void requireInside(Wide first, Wide last, int64_t least, int64_t most,
                          const char *field) {
  if (first < least)
    throw Fault{StatusCode::out_of_bounds, field, clampWide(first), least};
  if (last > most)
    throw Fault{StatusCode::out_of_bounds, field, clampWide(last), most};
}

static int64_t wholePackets(std::span<const std::byte> buffer) {
  return int64_t(buffer.size() / isa::kPacketBytes);
}

Memory::Memory(const Launch &launch)
    : ddrBuffer(launch.ddr), chipBuffer(launch.chip), hbmBuffers(launch.hbm) {}

void Memory::begin(const isa::Begin &limits, uint32_t sequence) {
  int64_t ddrHas = wholePackets(ddrBuffer), chipHas = wholePackets(chipBuffer);
  int64_t portHas = hbmBuffers.empty() ? 0 : wholePackets(hbmBuffers[0]);
  for (std::span<std::byte> buffer : hbmBuffers)
    portHas = std::min(portHas, wholePackets(buffer));
  if (limits.ddr_packets > ddrHas)
    throw Fault{StatusCode::out_of_bounds, "ddr_packets", limits.ddr_packets,
                ddrHas};
  if (limits.hbm_packets > portHas)
    throw Fault{StatusCode::out_of_bounds, "hbm_packets", limits.hbm_packets,
                portHas};
  if (limits.chip_packets > chipHas)
    throw Fault{StatusCode::out_of_bounds, "chip_packets", limits.chip_packets,
                chipHas};
  int64_t allSequences = limits.sequences * limits.sequence_packets;
  if (allSequences > limits.hbm_packets)
    throw Fault{StatusCode::out_of_bounds, "sequence_packets", allSequences,
                limits.hbm_packets};
  ddrPackets = limits.ddr_packets;
  chipPackets = limits.chip_packets;
  weightPackets = limits.hbm_packets - allSequences;
  kvPackets = limits.sequence_packets;
  kvOffset = sequence * kvPackets * ports();
}

//===----------------------------------------------------------------------===//
// Operands
//===----------------------------------------------------------------------===//

/// Distance from an extent's first element to its last.
static Wide reach(const Extent &extent) {
  return Wide(extent.count - 1) * extent.stride;
}

Operand Memory::operand(isa::Space space, Region region,
                        const char *field) const {
  Wide first = region.base, last = Wide(region.base) + region.rows - 1;
  for (const Extent &extent : {region.outer, region.inner}) {
    first += std::min<Wide>(reach(extent), 0);
    last += std::max<Wide>(reach(extent), 0);
  }
  if (space == isa::Space::ddr) // packet 0 is the status
    requireInside(first, last, 1, ddrPackets - 1, field);
  else if (space == isa::Space::chip)
    requireInside(first, last, 0, chipPackets - 1, field);
  else
    requireInside(first, last, weightPackets * ports(),
                  (weightPackets + kvPackets) * ports() - 1, field);
  int64_t offset = space == isa::Space::hbm ? kvOffset : 0;
  region.base += offset;
  first += offset;
  last += offset;
  return Operand(*this, space, region, int64_t(first), int64_t(last));
}

void Operand::loadRows(int64_t outer, int64_t inner, int64_t row,
                       std::byte *to) const {
  int64_t index = indexOf(outer, inner, row);
  if (space != isa::Space::hbm) {
    std::memcpy(to, memory->packet(space, index), 32 * isa::kPacketBytes);
    return;
  }
  // Steps from port to port: a division for each packet would cost as much as
  // the arithmetic on it.
  int64_t port = index % memory->ports(), slot = index / memory->ports();
  for (int64_t i = 0; i < 32; ++i, to += isa::kPacketBytes) {
    std::memcpy(to, memory->hbmBuffers[port].data() + slot * isa::kPacketBytes,
                isa::kPacketBytes);
    if (++port == memory->ports())
      port = 0, ++slot;
  }
}

/// Packets that an extent of blocks of `length` packets must step over.
static bool steps(const Extent &extent, Wide length) {
  Wide stride = extent.stride;
  return extent.count == 1 || (stride < 0 ? -stride : stride) >= length;
}

static Wide lengthOf(const Extent &extent, Wide length) {
  Wide distance = reach(extent);
  return (distance < 0 ? -distance : distance) + length;
}

void Operand::requireDistinct(const char *field) const {
  auto nested = [&](const Extent &shorter, const Extent &longer) {
    return steps(shorter, region.rows) &&
           steps(longer, lengthOf(shorter, region.rows));
  };
  if (!nested(region.inner, region.outer) &&
      !nested(region.outer, region.inner))
    throw Fault{StatusCode::overlap, field, first, last};
}

void Operand::requireApart(const Operand &other, const char *field) const {
  if (space == other.space && first <= other.last && other.first <= last)
    throw Fault{StatusCode::overlap, field, first, other.last};
}

static bool sameSteps(const Extent &left, const Extent &right) {
  return left.count == right.count &&
         (left.count == 1 || left.stride == right.stride);
}

void Operand::requireApartOrSame(const Operand &other,
                                 const char *field) const {
  bool same = space == other.space && region.base == other.region.base &&
              region.rows == other.region.rows &&
              sameSteps(region.outer, other.region.outer) &&
              sameSteps(region.inner, other.region.inner);
  if (!same)
    requireApart(other, field);
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

WeightRows Memory::weights(int64_t address, int64_t rowBytes,
                           int64_t channels) const {
  WeightRows rows;
  rows.rowBytes = rowBytes;
  Wide perPort = ports() ? (channels + ports() - 1) / ports() : 1;
  Wide bytes = perPort * rowBytes;
  Wide last = address + (bytes - 1) / isa::kPacketBytes;
  requireInside(address, last, 0, weightPackets - 1, "weights");
  for (std::span<std::byte> buffer : hbmBuffers)
    rows.starts.push_back(buffer.data() + address * isa::kPacketBytes);
  return rows;
}

std::array<const std::byte *, 32> WeightRows::block(int64_t index) const {
  std::array<const std::byte *, 32> rows;
  for (int64_t i = 0; i < 32; ++i) {
    int64_t channel = 32 * index + i;
    rows[i] = row(channel % ports(), channel / ports());
  }
  return rows;
}

} // namespace edgellm::model
