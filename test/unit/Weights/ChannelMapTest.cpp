//===- ChannelMapTest.cpp - Padding and permutation of channels -----------===//
#include "EdgeLLM/Weights/ChannelMap.h"

#include "../Testing.h"

#include <random>

using namespace edgellm;
using edgellm::testing::errorOf;

static std::vector<int64_t> sources(const ChannelMap &map) {
  std::vector<int64_t> result;
  for (int64_t p = 0; p < map.paddedChannels(); ++p)
    result.push_back(map.source(p));
  return result;
}

static_assert(ChannelMap{2, 6, 8, 4}.source(9) == 8);
static_assert(ChannelMap{2, 6, 8, 4}.destination(8) == 9);
static_assert(ChannelMap{4, 64, 64, 64}.problem() == nullptr);

TEST(ChannelMap, WorkedExample) {
  EXPECT_EQ(sources({2, 6, 8, 4}),
            (std::vector<int64_t>{0, 2, 1, 3, 4, 5, -1, -1, //
                                  6, 8, 7, 9, 10, 11, -1, -1}));
}

TEST(ChannelMap, IdentityNeitherPadsNorPermutes) {
  ChannelMap map = ChannelMap::identity(5);
  EXPECT_TRUE(map.isIdentity());
  EXPECT_EQ(sources(map), (std::vector<int64_t>{0, 1, 2, 3, 4}));
}

TEST(ChannelMap, WholeHeadRotation) {
  ChannelMap map{1, 8, 8, 8};
  EXPECT_FALSE(map.isIdentity());
  EXPECT_EQ(sources(map), (std::vector<int64_t>{0, 4, 1, 5, 2, 6, 3, 7}));
}

TEST(ChannelMap, RotaryPairsBecomeNeighbours) {
  ChannelMap map{3, 80, 96, 64};
  for (int64_t g = 0; g < 3; ++g)
    for (int64_t i = 0; i < 32; ++i) {
      EXPECT_EQ(map.source(96 * g + 2 * i), 80 * g + i);
      EXPECT_EQ(map.source(96 * g + 2 * i + 1), 80 * g + i + 32);
    }
}

TEST(ChannelMap, EveryChannelHasExactlyOnePlace) {
  std::mt19937 random(1);
  for (int trial = 0; trial < 200; ++trial) {
    int64_t groups = 1 + random() % 5, size = 1 + random() % 150;
    int64_t pairs = random() % (size / 2 + 1) * 2;
    ChannelMap map{groups, size, int64_t(size + random() % 40), pairs};
    ASSERT_EQ(map.problem(), nullptr);
    int64_t padding = 0;
    bool isIdentity = true;
    for (int64_t p = 0; p < map.paddedChannels(); ++p) {
      padding += map.source(p) < 0;
      isIdentity &= map.source(p) == p;
    }
    EXPECT_EQ(padding, map.paddedChannels() - map.sourceChannels());
    EXPECT_EQ(map.isIdentity(), isIdentity);
    for (int64_t s = 0; s < map.sourceChannels(); ++s)
      ASSERT_EQ(map.source(map.destination(s)), s);
  }
}

TEST(ChannelMap, RefusesWhatHasNoMeaning) {
  auto problem = [](ChannelMap map) {
    return errorOf([&] { map.validate(); });
  };
  EXPECT_EQ(problem({0, 4, 4, 0}), "channel map (groups 0, size 4, padded 4, "
                                   "pairs 0): groups and size must be at least "
                                   "1");
  EXPECT_EQ(problem({1, 33, 32, 0}),
            "channel map (groups 1, size 33, padded 32, pairs 0): padded must "
            "be at least size");
  EXPECT_EQ(problem({1, 8, 8, 3}),
            "channel map (groups 1, size 8, padded 8, pairs 3): pairs must be "
            "even and from 0 to size");
  EXPECT_EQ(problem({1, 8, 32, 10}),
            "channel map (groups 1, size 8, padded 32, pairs 10): pairs must "
            "be even and from 0 to size");
  EXPECT_EQ(problem({int64_t(1) << 40, 1, int64_t(1) << 40, 0}),
            "channel map (groups 1099511627776, size 1, padded 1099511627776, "
            "pairs 0): groups x padded must be at most 2^28 channels");
  EXPECT_EQ((ChannelMap{2, 1, int64_t(1) << 27, 0}).problem(), nullptr);
}
