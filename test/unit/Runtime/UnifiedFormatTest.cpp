//===- UnifiedFormatTest.cpp ----------------------------------------------===//
#include "UnifiedFormat.h"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

using namespace edgellm;

namespace {

TEST(UnifiedFormat, PutsBlocksBeforeRows) {
  // 40 channels, 2 rows: two blocks, the second with 24 lanes of padding.
  std::vector<uint16_t> tensor(unifiedValues(40, 2), 0xAAAA);
  ASSERT_EQ(tensor.size(), 2u * 2 * 32);
  std::vector<uint16_t> row(40);
  for (uint16_t r = 0; r < 2; ++r) {
    std::iota(row.begin(), row.end(), uint16_t(1 + 100 * r));
    storeRow(row, r, 2, tensor.data());
  }
  EXPECT_EQ(tensor[0], 1);        // block 0, row 0
  EXPECT_EQ(tensor[32], 101);     // block 0, row 1
  EXPECT_EQ(tensor[64], 33);      // block 1, row 0
  EXPECT_EQ(tensor[64 + 7], 40);  // its last channel
  EXPECT_EQ(tensor[64 + 8], 0);   // padding
  EXPECT_EQ(tensor[96 + 31], 0);  // padding
  EXPECT_EQ(tensor[96 + 7], 140); // block 1, row 1
}

TEST(UnifiedFormat, ReadsBack) {
  std::vector<uint16_t> row(70), found(70);
  std::iota(row.begin(), row.end(), uint16_t(5));
  std::vector<uint16_t> tensor(unifiedValues(70, 3));
  storeRow(row, 1, 3, tensor.data());
  loadRow(tensor.data(), 1, 3, found);
  EXPECT_EQ(found, row);
}

} // namespace
