//===- WeightLayoutTest.cpp - A matrix in the HBM ports -------------------===//
#include "EdgeLLM/Weights/WeightLayout.h"

#include "../Testing.h"

#include <set>

using namespace edgellm;
using edgellm::testing::errorOf;

static constexpr auto kInt4 = WeightFormat::int4;
static constexpr auto kFp16 = WeightFormat::fp16;

TEST(WeightLayout, PublishedSizeOfADenseMatrix) {
  // 4096 inputs, 4608 outputs: the matrix that the format's figures quote.
  WeightLayout layout{kInt4, 4608, 4096, 32};
  EXPECT_EQ(layout.rowBytes(), 2112u);
  EXPECT_EQ(layout.rowsPerPort(), 144);
  EXPECT_EQ(layout.portBytes(), 304128u);
  EXPECT_EQ(layout.bitsPerWeight(), 4.125);
  // The transpose pays for half-used scale words: 3 groups for 4608 inputs.
  EXPECT_EQ((WeightLayout{kInt4, 4096, 4608, 32}).portBytes(), 307200u);
}

TEST(WeightLayout, Fp16IsSixteenBits) {
  WeightLayout layout{kFp16, 64, 96, 32};
  EXPECT_EQ(layout.rowBytes(), 192u);
  EXPECT_EQ(layout.portBytes(), 384u);
  EXPECT_EQ(layout.bitsPerWeight(), 16);
}

TEST(WeightLayout, PadsToBlocksAndPackets) {
  WeightLayout layout{kInt4, 33, 129, 32};
  EXPECT_EQ(layout.paddedOutputs(), 64);
  EXPECT_EQ(layout.paddedInputs(), 256);
  EXPECT_EQ(layout.rowBytes(), 32u + 128u);
  EXPECT_EQ(layout.portBytes(), 320u);
  EXPECT_EQ((WeightLayout{kInt4, 32, 128, 32}).portBytes(), 128u); // from 96
  EXPECT_EQ((WeightLayout{kFp16, 1, 1, 8}).portBytes(), 256u);
  EXPECT_EQ((WeightLayout{kFp16, 1, 33, 16}).paddedInputs(), 64);
}

TEST(WeightLayout, NoTwoPartsOfASparseRowShareAByte) {
  for (WeightFormat format :
       {WeightFormat::int4_4of8, WeightFormat::int4_2of8,
        WeightFormat::int4_1of8_padded, WeightFormat::int4_1of8})
    for (int64_t inputs = 128; inputs <= 4608; inputs += 128) {
      WeightLayout layout{format, 32, inputs, 32};
      std::set<size_t> bytes;
      size_t parts = 0;
      auto add = [&](size_t offset, int64_t count) {
        parts += size_t(count);
        for (int64_t i = 0; i < count; ++i)
          bytes.insert(offset + size_t(i));
      };
      for (int64_t input = 0; input < inputs; input += 128) {
        add(layout.scaleOffset(input), 2);
        add(layout.indexOffset(input), isa::indexBytes(format, 128));
        add(layout.codeOffset(input), isa::codeBytes(format, 128));
      }
      ASSERT_EQ(bytes.size(), parts);
      ASSERT_LT(*bytes.rbegin(), layout.rowBytes());
      ASSERT_EQ(layout.rowBytes() % 32, 0u);
    }
}

TEST(WeightLayout, BitsCountThePadding) {
  EXPECT_EQ((WeightLayout{kInt4, 16, 128, 32}).bitsPerWeight(), 16);
}

TEST(WeightLayout, OffsetsFollowTheFormat) {
  WeightLayout layout{kInt4, 64, 2304, 8};
  EXPECT_EQ(layout.portOf(13), 5u);
  EXPECT_EQ(layout.rowOffset(13), layout.rowBytes());
  EXPECT_EQ(layout.rowBytes(), 32u + 1024u + 32u + 128u);
  EXPECT_EQ(layout.scaleOffset(0), 0u);
  EXPECT_EQ(layout.scaleOffset(2047), 30u);
  EXPECT_EQ(layout.scaleOffset(2048), 1056u);
  EXPECT_EQ(layout.scaleOffset(2303), 1058u);
  EXPECT_EQ(layout.weightOffset(0), 32u);
  EXPECT_EQ(layout.weightOffset(1), 32u);
  EXPECT_EQ(layout.weightOffset(2047), 1055u);
  EXPECT_EQ(layout.weightOffset(2048), 1088u);
  EXPECT_EQ((WeightLayout{kFp16, 64, 2304, 8}).weightOffset(2048), 4096u);
}

/// docs of the format: scales, index and codes of 2048 inputs, in bits.
TEST(WeightLayout, EffectiveBitsOfEachDensity) {
  struct Density {
    WeightFormat format;
    int64_t weights, index, scales;
    double total;
  };
  const Density densities[] = {
      {WeightFormat::int4, 8192, 0, 256, 4.125},
      {WeightFormat::int4_4of8, 4096, 2048, 256, 3.125},
      {WeightFormat::int4_2of8, 2048, 1536, 256, 1.875},
      {WeightFormat::int4_1of8_padded, 1024, 1024, 256, 1.125},
      {WeightFormat::int4_1of8, 1024, 768, 256, 1.0},
  };
  for (const Density &density : densities) {
    SCOPED_TRACE(isa::nameOf(density.format));
    EXPECT_EQ(8 * isa::codeBytes(density.format, 2048), density.weights);
    EXPECT_EQ(8 * isa::indexBytes(density.format, 2048), density.index);
    EXPECT_EQ(8 * isa::kPackageScaleBytes, density.scales);
    EXPECT_EQ(isa::bitsPerChannel(density.format), density.total);
    // Full packages need no padding.
    EXPECT_EQ((WeightLayout{density.format, 4096, 4096, 32}).bitsPerWeight(),
              density.total);
    EXPECT_EQ(8 * isa::packageBytes(density.format, 2048),
              density.weights + density.index + density.scales);
  }
  EXPECT_EQ(isa::bitsPerChannel(kFp16), 16);
}

TEST(WeightLayout, SparseOffsetsFollowTheFormat) {
  // A full package and one of two blocks.
  WeightLayout half{WeightFormat::int4_4of8, 32, 2304, 32};
  EXPECT_EQ(half.rowBytes(), 800u + 32 + 32 + 64);
  EXPECT_EQ(half.scaleOffset(2175), 800u);
  EXPECT_EQ(half.scaleOffset(2176), 802u);
  EXPECT_EQ(half.indexOffset(128), 32u + 16);
  EXPECT_EQ(half.indexOffset(2176), 800u + 32 + 16);
  EXPECT_EQ(half.codeOffset(128), 32u + 256 + 32);
  EXPECT_EQ(half.codeOffset(2176), 800u + 32 + 32 + 32);
  WeightLayout eighth{WeightFormat::int4_1of8, 32, 2304, 32};
  EXPECT_EQ(eighth.rowBytes(), 256u + 64); // 32 + 12 + 16 bytes, padded
  EXPECT_EQ(eighth.indexOffset(255), 32u + 6);
  EXPECT_EQ(eighth.codeOffset(2047), 32u + 96 + 15 * 8);
  EXPECT_EQ(eighth.codeOffset(2176), 256u + 32 + 12 + 8);
}

TEST(WeightLayout, NoTwoThingsShareAByte) {
  WeightLayout layout{kInt4, 32, 4224, 32};
  std::set<size_t> bytes;
  for (int64_t input = 0; input < layout.paddedInputs(); input += 2)
    EXPECT_TRUE(bytes.insert(layout.weightOffset(input)).second);
  for (int64_t input = 0; input < layout.paddedInputs(); input += 128) {
    EXPECT_TRUE(bytes.insert(layout.scaleOffset(input)).second);
    EXPECT_TRUE(bytes.insert(layout.scaleOffset(input) + 1).second);
  }
  EXPECT_LT(*bytes.rbegin(), layout.rowBytes());
}

TEST(WeightLayout, RefusesTheImpossible) {
  auto problem = [](WeightLayout layout) {
    return errorOf([&] { layout.validate(); });
  };
  for (unsigned ports : {1u, 2u, 4u, 8u, 16u, 32u})
    EXPECT_EQ((WeightLayout{kInt4, 32, 128, ports}).problem(), nullptr);
  EXPECT_EQ(problem({kInt4, 32, 128, 0}),
            "weight layout (int4, outputs 32, inputs 128, ports 0): ports must "
            "divide 32");
  EXPECT_EQ(problem({kFp16, 32, 128, 12}),
            "weight layout (fp16, outputs 32, inputs 128, ports 12): ports "
            "must divide 32");
  EXPECT_EQ(problem({kFp16, 32, 128, 64}),
            "weight layout (fp16, outputs 32, inputs 128, ports 64): ports "
            "must divide 32");
  EXPECT_EQ(problem({kInt4, 0, 128, 8}),
            "weight layout (int4, outputs 0, inputs 128, ports 8): outputs and "
            "inputs must be from 1 to 2^28");
  EXPECT_EQ(problem({kInt4, 32, (int64_t(1) << 28) + 1, 8}),
            "weight layout (int4, outputs 32, inputs 268435457, ports 8): "
            "outputs and inputs must be from 1 to 2^28");
}
