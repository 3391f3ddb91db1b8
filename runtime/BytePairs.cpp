//===- BytePairs.cpp - Byte-pair encoding of words ------------------------===//
#include "BytePairs.h"

#include <algorithm>
#include <bit>
#include <functional>

using namespace edgellm;

//===----------------------------------------------------------------------===//
// MergeTable
//===----------------------------------------------------------------------===//

/// No pair of tokens, whose ids are below 2^32 - 1.
static constexpr uint64_t kEmpty = UINT64_MAX;

static uint64_t pairOf(uint32_t left, uint32_t right) {
  return uint64_t(left) << 32 | right;
}

MergeTable::MergeTable(size_t count)
    : slots(std::bit_ceil(2 * count + 2), Slot{kEmpty, {}}) {}

/// Where the pair is, or the empty slot where it would be. The multiplier is
/// 2^64 divided by the golden ratio, which spreads ids that are near each
/// other.
size_t MergeTable::slotOf(uint64_t pair) const {
  size_t mask = slots.size() - 1;
  uint64_t hash = (pair ^ pair >> 29) * 0x9E3779B97F4A7C15;
  for (size_t slot = hash >> 20 & mask;; slot = (slot + 1) & mask)
    if (slots[slot].pair == pair || slots[slot].pair == kEmpty)
      return slot;
}

bool MergeTable::add(uint32_t left, uint32_t right, const Merge &merge) {
  uint64_t pair = pairOf(left, right);
  Slot &slot = slots[slotOf(pair)];
  if (slot.pair == pair)
    return false;
  slot = {pair, merge};
  return true;
}

const MergeTable::Merge *MergeTable::find(uint32_t left, uint32_t right) const {
  const Slot &slot = slots[slotOf(pairOf(left, right))];
  return slot.pair == kEmpty ? nullptr : &slot.merge;
}

//===----------------------------------------------------------------------===//
// BytePairEncoder
//===----------------------------------------------------------------------===//

/// Pushes the merge of a symbol with the one after it, if there is one.
void BytePairEncoder::propose(uint32_t left) {
  if (left == kNone || symbols[left].next == kNone)
    return;
  const MergeTable::Merge *merge =
      merges.find(symbols[left].token, symbols[symbols[left].next].token);
  if (!merge)
    return;
  heap.push_back({merge->rank, left, merge->token});
  std::ranges::push_heap(heap, std::greater<>());
}

/// False when either symbol has changed since: then no merge of the pair has
/// this rank.
bool BytePairEncoder::isCurrent(const Candidate &candidate) const {
  const Symbol &left = symbols[candidate.position];
  if (left.token == kNone || left.next == kNone)
    return false;
  const MergeTable::Merge *merge =
      merges.find(left.token, symbols[left.next].token);
  return merge && merge->rank == candidate.rank;
}

void BytePairEncoder::apply(const Candidate &candidate) {
  Symbol &left = symbols[candidate.position];
  Symbol &right = symbols[left.next];
  left.token = candidate.token;
  left.next = right.next;
  right.token = kNone;
  if (left.next != kNone)
    symbols[left.next].previous = candidate.position;
  propose(left.previous);
  propose(candidate.position);
}

void BytePairEncoder::encode(std::string_view word,
                             std::vector<uint32_t> &tokens) {
  uint32_t count = uint32_t(word.size());
  symbols.clear();
  for (uint32_t i = 0; i < count; ++i)
    symbols.push_back({byteTokens[static_cast<unsigned char>(word[i])],
                       i == 0 ? kNone : i - 1, i + 1 == count ? kNone : i + 1});
  heap.clear();
  for (uint32_t i = 0; i < count; ++i)
    propose(i);
  while (!heap.empty()) {
    std::ranges::pop_heap(heap, std::greater<>());
    Candidate candidate = heap.back();
    heap.pop_back();
    if (isCurrent(candidate))
      apply(candidate);
  }
  for (uint32_t i = 0; i < count; i = symbols[i].next) {
    tokens.push_back(symbols[i].token);
    if (symbols[i].next == kNone)
      break;
  }
}
