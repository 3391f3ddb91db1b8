//===- BytePairs.h - Byte-pair encoding of words ----------------*- C++ -*-===//
#ifndef EDGELLM_LIB_RUNTIME_BYTEPAIRS_H
#define EDGELLM_LIB_RUNTIME_BYTEPAIRS_H

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace edgellm {

/// The merges of a vocabulary, by the pair of tokens that each joins.
class MergeTable {
public:
  struct Merge {
    uint32_t rank;  // of two merges that are possible the lower comes first
    uint32_t token; // that the two become
  };

  /// Room for `count` merges, fewer than 2^31.
  explicit MergeTable(size_t count);
  /// Returns false when the pair has a merge already.
  bool add(uint32_t left, uint32_t right, const Merge &merge);
  /// Null when the two do not merge.
  const Merge *find(uint32_t left, uint32_t right) const;

private:
  struct Slot {
    uint64_t pair;
    Merge merge;
  };
  size_t slotOf(uint64_t pair) const;

  std::vector<Slot> slots; // a power of two, at most half of it taken
};

/// Appends the tokens of a word: its bytes, of which adjacent pairs are merged,
/// the lowest rank first, among equals the leftmost, until none can be. Takes
/// n log n steps for n bytes, fewer than 2^32.
class BytePairEncoder {
public:
  BytePairEncoder(const MergeTable &merges,
                  const std::array<uint32_t, 256> &byteTokens)
      : merges(merges), byteTokens(byteTokens) {}

  void encode(std::string_view word, std::vector<uint32_t> &tokens);

private:
  static constexpr uint32_t kNone = UINT32_MAX;

  struct Symbol {
    uint32_t token; // kNone: has become part of the one before
    uint32_t previous, next;
  };
  struct Candidate {
    uint32_t rank, position; // of the left symbol
    uint32_t token;          // that it would become
    bool operator>(const Candidate &other) const {
      return rank != other.rank ? rank > other.rank : position > other.position;
    }
  };
  void propose(uint32_t left);
  void apply(const Candidate &candidate);
  bool isCurrent(const Candidate &candidate) const;

  const MergeTable &merges;
  const std::array<uint32_t, 256> &byteTokens;
  std::vector<Symbol> symbols;
  std::vector<Candidate> heap;
};

} // namespace edgellm

#endif // EDGELLM_LIB_RUNTIME_BYTEPAIRS_H
