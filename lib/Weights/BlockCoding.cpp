//===- BlockCoding.cpp - Index and codes of a block -----------------------===//
#include "BlockCoding.h"

#include "BlockKernels.h"

#include <algorithm>
#include <bit>
#include <cstring>

using namespace edgellm;
using isa::WeightCoding;
using isa::WeightFormat;

static constexpr size_t kGroup = isa::kKeepGroup;
static constexpr size_t kGroups = kQuantBlock / kGroup;
static_assert(std::endian::native == std::endian::little,
              "words of codes and index are copied as they are");

/// The number of bits of an address, where the index is made of addresses.
static unsigned addressBits(const WeightCoding &coding) {
  return unsigned(coding.indexBits / coding.keep);
}

static bool isOneHot(WeightFormat format) {
  return format == WeightFormat::int4_4of8;
}

/// Code 8, minus zero, reads as 0.
static int decode(unsigned code) {
  int magnitude = int(code & 7);
  return code & 8 ? -magnitude : magnitude;
}

//===----------------------------------------------------------------------===//
// Encoding
//===----------------------------------------------------------------------===//

/// Bit i for a code i of the word that is not zero.
static unsigned nonzeroCodes(uint32_t codes) {
  codes |= codes >> 2;
  codes = (codes | codes >> 1) & 0x11111111;
  codes = (codes | codes >> 3) & 0x03030303;
  codes = (codes | codes >> 6) & 0x000F000F;
  return (codes | codes >> 12) & 0xFF;
}

/// The channels of a group that are stored, as bits: the nonzero ones, and the
/// lowest of the others until there are `keep`.
static unsigned keptOf(uint32_t codes, int64_t keep) {
  unsigned kept = nonzeroCodes(codes);
  while (std::popcount(kept) < keep)
    kept |= kept + 1;
  return kept;
}

namespace {

/// Collects numbers of a few bits, the first lowest.
class BitWriter {
public:
  explicit BitWriter(std::byte *to) : to(to) {}

  void put(unsigned value, unsigned bits) {
    pending |= value << count;
    for (count += bits; count >= 8; count -= 8, pending >>= 8)
      *to++ = std::byte(pending);
  }

private:
  std::byte *to;
  unsigned pending = 0, count = 0;
};

} // namespace

static void encodeSparse(WeightFormat format, const uint32_t (&groups)[kGroups],
                         std::byte *index, std::byte *codes) {
  WeightCoding coding = isa::codingOf(format);
  BitWriter indexBits(index), codeBits(codes);
  for (uint32_t group : groups) {
    unsigned kept = keptOf(group, coding.keep);
    if (isOneHot(format))
      indexBits.put(kept, kGroup);
    for (; kept; kept &= kept - 1) {
      unsigned channel = unsigned(std::countr_zero(kept));
      codeBits.put(group >> (4 * channel) & 15, 4);
      if (!isOneHot(format))
        indexBits.put(channel, addressBits(coding));
    }
  }
}

void edgellm::encodeBlock(WeightFormat format,
                          std::span<const int8_t, kQuantBlock> values,
                          std::byte *index, std::byte *codes) {
  uint32_t groups[kGroups];
  blockKernels().packCodes(values.data(), groups);
  if (format == WeightFormat::int4)
    std::memcpy(codes, groups, sizeof groups);
  else
    encodeSparse(format, groups, index, codes);
}

//===----------------------------------------------------------------------===//
// Decoding
//===----------------------------------------------------------------------===//

namespace {

/// Reads what BitWriter wrote.
class BitReader {
public:
  explicit BitReader(const std::byte *from) : from(from) {}

  unsigned take(unsigned bits) {
    for (; count < bits; count += 8)
      pending |= unsigned(*from++) << count;
    unsigned value = pending & ((1u << bits) - 1);
    pending >>= bits;
    count -= bits;
    return value;
  }

private:
  const std::byte *from;
  unsigned pending = 0, count = 0;
};

} // namespace

/// The stored codes belong to the set bits in turn.
static void decodeOneHot(BitReader &index, BitReader &codes, int64_t keep,
                         std::span<int8_t, kGroup> values) {
  unsigned kept = index.take(kGroup);
  for (int64_t i = 0; i < keep; ++i, kept &= kept - 1) {
    unsigned code = codes.take(4);
    if (kept)
      values[size_t(std::countr_zero(kept))] = int8_t(decode(code));
  }
}

/// Weights with the same address add up.
static void decodeAddressed(BitReader &index, BitReader &codes,
                            const WeightCoding &coding,
                            std::span<int8_t, kGroup> values) {
  for (int64_t i = 0; i < coding.keep; ++i) {
    unsigned channel = index.take(addressBits(coding)) % kGroup;
    values[channel] = int8_t(values[channel] + decode(codes.take(4)));
  }
}

void edgellm::decodeBlock(WeightFormat format, const std::byte *index,
                          const std::byte *codes,
                          std::span<int8_t, kQuantBlock> values) {
  BitReader indexBits(index), codeBits(codes);
  if (format == WeightFormat::int4) {
    for (int8_t &value : values)
      value = int8_t(decode(codeBits.take(4)));
    return;
  }
  WeightCoding coding = isa::codingOf(format);
  std::ranges::fill(values, int8_t(0));
  for (size_t i = 0; i < kQuantBlock; i += kGroup) {
    auto group = values.subspan(i).first<kGroup>();
    if (isOneHot(format))
      decodeOneHot(indexBits, codeBits, coding.keep, group);
    else
      decodeAddressed(indexBits, codeBits, coding, group);
  }
}
