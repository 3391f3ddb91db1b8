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
