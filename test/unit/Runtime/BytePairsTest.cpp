//===- BytePairsTest.cpp - Merges worked out by hand ----------------------===//
#include "BytePairs.h"

#include "ByteAlphabet.h"

#include <gtest/gtest.h>
#include <numeric>
#include <random>

using namespace edgellm;

namespace {

TEST(ByteAlphabet, MakesBytesVisible) {
  EXPECT_EQ(characterOfByte('!'), "!");
  EXPECT_EQ(characterOfByte('~'), "~");
  EXPECT_EQ(characterOfByte(' '), "\u0120");
  EXPECT_EQ(characterOfByte('\n'), "\u010A");
  EXPECT_EQ(characterOfByte('\t'), "\u0109");
  EXPECT_EQ(characterOfByte(0x00), "\u0100");
  EXPECT_EQ(characterOfByte(0x7F), "\u0121");
  EXPECT_EQ(characterOfByte(0x80), "\u0122");
  EXPECT_EQ(characterOfByte(0xA0), "\u0142");
  EXPECT_EQ(characterOfByte(0xA1), "\u00A1");
  EXPECT_EQ(characterOfByte(0xAD), "\u0143");
  EXPECT_EQ(characterOfByte(0xFF), "\u00FF");
}

TEST(ByteAlphabet, GoesThereAndBack) {
  std::string written;
  for (unsigned byte = 0; byte < 256; ++byte)
    written += characterOfByte(static_cast<unsigned char>(byte));
  std::optional<std::string> bytes = bytesOfCharacters(written);
  ASSERT_TRUE(bytes && bytes->size() == 256);
  for (unsigned byte = 0; byte < 256; ++byte)
    EXPECT_EQ(static_cast<unsigned char>((*bytes)[byte]), byte);
}

TEST(ByteAlphabet, KnowsNoOtherCharacters) {
  EXPECT_EQ(bytesOfCharacters("\u0120a"), " a");
  for (const char *text : {" ", "\u00AD", "\u0144", "\u2581", "\U0001F600"})
    EXPECT_EQ(bytesOfCharacters(text), std::nullopt) << text;
}

using Ids = std::vector<uint32_t>;

/// Byte b is token b; merges are added in their order.
class BytePairs : public ::testing::Test {
protected:
  BytePairs() { std::iota(bytes.begin(), bytes.end(), 0u); }

  void merge(uint32_t left, uint32_t right, uint32_t token) {
    EXPECT_TRUE(table.add(left, right, {rank++, token}));
  }
  Ids encode(std::string_view word) {
    Ids ids;
    BytePairEncoder(table, bytes).encode(word, ids);
    return ids;
  }

  std::array<uint32_t, 256> bytes;
  MergeTable table{1000};
  uint32_t rank = 0;
};

TEST_F(BytePairs, WithoutMergesWordsAreTheirBytes) {
  EXPECT_EQ(encode("abc"), (Ids{'a', 'b', 'c'}));
  EXPECT_EQ(encode(""), Ids{});
}

/// low: the lower rank first, although "ow" would be found further left.
TEST_F(BytePairs, MergesByRank) {
  merge('w', 'e', 256);
  merge('l', 'o', 257);
  merge(257, 'w', 258); // low
  merge(256, 'r', 259); // wer
  EXPECT_EQ(encode("low"), (Ids{258}));
  EXPECT_EQ(encode("lower"), (Ids{257, 259})); // "we" was first
  EXPECT_EQ(encode("rlow"), (Ids{'r', 258}));
}

TEST_F(BytePairs, AmongEqualsTheLeftmostMergesFirst) {
  merge('a', 'a', 256);
  merge(256, 'a', 257);
  merge(256, 256, 258);
  EXPECT_EQ(encode("aaa"), (Ids{257}));
  EXPECT_EQ(encode("aaaa"), (Ids{258}));
  EXPECT_EQ(encode("aaaaa"), (Ids{256, 257})); // aa aa a: 256+a before 256+256
}

/// Merges that exist only because of an earlier one of higher rank.
TEST_F(BytePairs, NewPairsTakeTheirTurn) {
  merge('b', 'c', 256);
  merge('x', 'y', 257);
  merge('a', 256, 258);
  EXPECT_EQ(encode("abcxyabc"), (Ids{258, 257, 258}));
}

TEST_F(BytePairs, APairHasOneMerge) {
  merge('a', 'b', 256);
  EXPECT_FALSE(table.add('a', 'b', {7, 300}));
  EXPECT_EQ(table.find('a', 'b')->token, 256u);
  EXPECT_EQ(table.find('b', 'a'), nullptr);
}

/// The definition, in quadratic time.
Ids encodeSlowly(const MergeTable &table, std::string_view word) {
  Ids ids;
  for (char byte : word)
    ids.push_back(static_cast<unsigned char>(byte));
  for (;;) {
    const MergeTable::Merge *best = nullptr;
    size_t where = 0;
    for (size_t i = 0; i + 1 < ids.size(); ++i) {
      const MergeTable::Merge *merge = table.find(ids[i], ids[i + 1]);
      if (merge && (!best || merge->rank < best->rank)) {
        best = merge;
        where = i;
      }
    }
    if (!best)
      return ids;
    ids[where] = best->token;
    ids.erase(ids.begin() + int64_t(where) + 1);
  }
}

TEST_F(BytePairs, RandomMergesFollowTheDefinition) {
  std::mt19937 engine(1);
  for (uint32_t token = 256; token < 700; ++token) {
    auto pick = [&] {
      uint32_t made = token - 256 + 3;
      uint32_t i = engine() % made;
      return i < 3 ? 'a' + i : 256 + i - 3;
    };
    table.add(pick(), pick(), {rank++, token});
  }
  for (int round = 0; round < 300; ++round) {
    std::string word(1 + engine() % 60, ' ');
    for (char &c : word)
      c = char('a' + engine() % 3);
    EXPECT_EQ(encode(word), encodeSlowly(table, word)) << word;
  }
}

TEST_F(BytePairs, AMegabyteIsNotTooLong) {
  merge('a', 'a', 256);
  for (uint32_t token = 257; token < 276; ++token)
    merge(token - 1, token - 1, token); // 2^20 letters are token 275
  EXPECT_EQ(encode(std::string(1 << 20, 'a')), Ids{275});
}

} // namespace
