//===- ChannelMap.h - Padding and permutation of channels -------*- C++ -*-===//
//
// A checkpoint numbers the channels of a matrix one way, the machine another.
// ChannelMap is the function from machine channels to checkpoint channels; one
// describes the rows (output channels) of a matrix, one its columns (inputs).
//
// Definition. Channels come in `groups` of equal shape (the heads; 1 group for
// everything else). A group has `size` channels in the checkpoint and `padded`
// in the machine, because each head starts at a fresh packet of 32 lanes. The
// first `pairs` channels of a group are the rotated ones of a checkpoint with
// half-split rotary pairing, where channel i turns with channel i + pairs/2;
// the machine wants the two of a pair side by side.
//
//   padded channel p = g * padded + r
//     r >= size          no source, the weight is zero
//     pairs <= r < size  source g * size + r
//     r < pairs          source g * size + r/2 + (r odd ? pairs/2 : 0)
//
// Example: ChannelMap{.groups = 2, .size = 6, .padded = 8, .pairs = 4}
//
//   padded channel   0  1  2  3  4  5  6  7 | 8  9 10 11 12 13 14 15
//   source channel   0  2  1  3  4  5  -  - | 6  8  7  9 10 11  -  -
//
// Why one object: importer, packer, constant tables and inspection must agree
// on it, and source() and destination() are inverses on the source channels,
// so a test can prove that no channel is lost or used twice.
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_WEIGHTS_CHANNELMAP_H
#define EDGELLM_WEIGHTS_CHANNELMAP_H

#include <cstdint>

namespace edgellm {

/// The most channels a map or a matrix may have, so that no byte count of a
/// matrix overflows 64 bits.
inline constexpr int64_t kMaxChannels = int64_t(1) << 28;

/// See the head of this file. An aggregate of four counts of channels; every
/// function but problem() needs problem() == nullptr.
struct ChannelMap {
  int64_t groups;
  int64_t size;
  int64_t padded;
  int64_t pairs;

  /// The map of `channels` unpadded, unpermuted channels.
  static constexpr ChannelMap identity(int64_t channels) {
    return {1, channels, channels, 0};
  }

  constexpr int64_t sourceChannels() const { return groups * size; }
  constexpr int64_t paddedChannels() const { return groups * padded; }

  /// True when source(p) == p for every channel.
  constexpr bool isIdentity() const { return size == padded && pairs <= 2; }

  /// The checkpoint channel at machine channel `p` in [0, paddedChannels()),
  /// or -1 when `p` is padding.
  constexpr int64_t source(int64_t p) const {
    int64_t first = p / padded * size, r = p % padded;
    if (r >= size)
      return -1;
    if (r >= pairs)
      return first + r;
    return first + r / 2 + (r % 2 ? pairs / 2 : 0);
  }

  /// The machine channel of checkpoint channel `s` in [0, sourceChannels()):
  /// source(destination(s)) == s.
  constexpr int64_t destination(int64_t s) const {
    int64_t first = s / size * padded, r = s % size, half = pairs / 2;
    if (r >= pairs)
      return first + r;
    return first + (r < half ? 2 * r : 2 * (r - half) + 1);
  }

  /// What makes this map meaningless, or nullptr. A predicate without
  /// exceptions, so that IR verifiers can use it.
  constexpr const char *problem() const {
    if (groups < 1 || size < 1)
      return "groups and size must be at least 1";
    if (padded < size)
      return "padded must be at least size";
    if (padded > kMaxChannels || groups > kMaxChannels / padded)
      return "groups x padded must be at most 2^28 channels";
    if (pairs < 0 || pairs > size || pairs % 2 != 0)
      return "pairs must be even and from 0 to size";
    return nullptr;
  }

  /// Throws Error with the four counts and problem(), if there is one.
  void validate() const;

  friend constexpr bool operator==(const ChannelMap &,
                                   const ChannelMap &) = default;
};

} // namespace edgellm

#endif // EDGELLM_WEIGHTS_CHANNELMAP_H
