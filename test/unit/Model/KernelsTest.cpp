//===- KernelsTest.cpp - Every set of kernels gives the defined bits ------===//
#include "Kernels.h"
#include "EdgeLLM/Weights/WeightLayout.h"
#include "Values.h"
#include <algorithm>
#include <bit>
#include <cstring>
#include <gtest/gtest.h>

using namespace edgellm;
using namespace edgellm::model;
using edgellm::test::Values;

namespace edgellm::model {
static void PrintTo(const Kernels &kernels, std::ostream *os) {
  *os << kernels.name;
}
} // namespace edgellm::model

namespace {

/// Weights of 32 outputs: rows are outputs.
using Rows = std::vector<std::vector<uint16_t>>;

Rows randomRows(Values &values) {
  Rows rows;
  for (unsigned o = 0; o < kOutputs; ++o)
    rows.push_back(values.halves(kGroup));
  return rows;
}

Tile tileOf(const Rows &rows, bool transposed) {
  Tile tile;
  for (unsigned o = 0; o < kOutputs; ++o)
    for (unsigned i = 0; i < kGroup; ++i)
      (transposed ? tile.word[o][i] : tile.word[i][o]) = rows[o][i];
  return tile;
}

/// `count` bits of a stream, the lowest of a byte first.
unsigned bitsAt(const uint8_t *bytes, size_t bit, int64_t count) {
  unsigned result = 0;
  for (size_t i = 0; i < size_t(count); ++i)
    result |= unsigned(bytes[(bit + i) / 8] >> (bit + i) % 8 & 1) << i;
  return result;
}

class KernelsTest : public testing::TestWithParam<Kernels> {
protected:
  const Kernels &kernels = GetParam();
};

INSTANTIATE_TEST_SUITE_P(Supported, KernelsTest,
                         testing::ValuesIn(supportedKernels().begin(),
                                           supportedKernels().end()),
                         [](const auto &info) {
                           return std::string(info.param.name);
                         });

/// Both forms of the weights against the definition.
void expectFp16Terms(const Kernels &kernels,
                     const std::vector<uint16_t> &activations,
                     const Rows &rows) {
  Fp16Inputs inputs;
  kernels.prepareFp16(activations.data(), inputs);
  Fp16Weights weights[2];
  kernels.unpackFp16(tileOf(rows, false), weights[0]);
  kernels.unpackFp16Transposed(tileOf(rows, true), weights[1]);
  for (const Fp16Weights &panel : weights) {
    Sums sums = {};
    sums.output[3] = 1;
    kernels.addFp16(&inputs, 1, panel, &sums);
    for (unsigned o = 0; o < kOutputs; ++o)
      ASSERT_EQ(sums.output[o],
                float(o == 3) +
                    numerics::fp16Term(std::span(activations).first<kGroup>(),
                                       std::span(rows[o]).first<kGroup>()))
          << "output " << o;
  }
}

TEST_P(KernelsTest, fp16TermsAreThoseOfTheDefinition) {
  Values values(11);
  for (int trial = 0; trial < 300; ++trial) {
    values.wildly = trial % 2;
    auto activations = values.halves(kGroup);
    expectFp16Terms(kernels, activations, randomRows(values));
  }
}

/// The least exponent there is, and zeros against the greatest.
TEST_P(KernelsTest, fp16TermsOfSubnormalsAndZeros) {
  Values values(14);
  for (int trial = 0; trial < 100; ++trial) {
    auto activations = values.halves(kGroup);
    Rows rows = randomRows(values);
    for (uint16_t &half : activations)
      half &= 0x83FF;
    for (auto &row : rows)
      for (uint16_t &half : row)
        half &= trial % 2 ? 0x83FF : 0x8FFF;
    unsigned i = trial % kGroup, j = (i + 5) % kGroup;
    activations[i] = 0x8000;
    activations[j] = 0xFFFF;
    for (auto &row : rows)
      row[i] = 0x7FFF, row[j] = 0x8000;
    expectFp16Terms(kernels, activations, rows);
  }
}

TEST_P(KernelsTest, int4TermsAreThoseOfTheDefinition) {
  Values values(12);
  for (int trial = 0; trial < 300; ++trial) {
    values.wildly = trial % 2;
    auto activations = values.halves(kBlock);
    Tile tile;
    std::vector<std::vector<int8_t>> rows(kOutputs);
    Int4Weights weights;
    std::vector<uint16_t> scales = values.halves(kOutputs);
    for (unsigned o = 0; o < kOutputs; ++o) {
      weights.scale[o] = halfToFloat(scales[o]);
      for (unsigned i = 0; i < kBlock; i += 4) {
        uint16_t word = uint16_t(values.integer(0, 0xFFFF)); // with code 8
        tile.word[o][i / 4] = word;
        for (unsigned j = 0; j < 4; ++j)
          rows[o].push_back(int8_t(numerics::int4Value(word >> 4 * j & 15)));
      }
    }
    kernels.unpackInt4(tile, weights);
    Int4Inputs inputs;
    kernels.prepareInt4(activations.data(), inputs);
    Sums sums = {};
    kernels.addInt4(&inputs, 1, weights, &sums);
    for (unsigned o = 0; o < kOutputs; ++o)
      ASSERT_EQ(sums.output[o],
                numerics::int4Term(std::span(activations).first<kBlock>(),
                                   std::span(rows[o]).first<kBlock>(),
                                   scales[o]))
          << "output " << o << " of trial " << trial;
  }
}

/// Any index, any codes: the block's codes mean what N18 says, except where a
/// second weight has the address of the first, which is reported.
TEST_P(KernelsTest, sparseBlocksExpandToDenseOnes) {
  using enum isa::WeightFormat;
  Values values(15);
  const std::pair<isa::WeightFormat, Expand *> expanders[] = {
      {int4_4of8, kernels.expand4of8},
      {int4_2of8, kernels.expand2of8},
      {int4_1of8_padded, kernels.expand1of8Padded},
      {int4_1of8, kernels.expand1of8}};
  for (auto [format, expand] : expanders)
    for (int trial = 0; trial < 500; ++trial) {
      isa::WeightCoding coding = isa::codingOf(format);
      // The index, then at once the codes, as in the shortest package.
      size_t indexBytes = size_t(isa::indexBytes(format, kBlock));
      std::vector<uint8_t> bytes(indexBytes +
                                 size_t(isa::codeBytes(format, kBlock)));
      for (uint8_t &byte : bytes)
        byte = uint8_t(values.bits());
      if (format == int4_4of8 && trial % 2) // as packers write it
        for (size_t i = 0; i < indexBytes; ++i)
          bytes[i] = uint8_t(0xE4D2B187 >> 8 * values.integer(0, 3));
      std::array<uint8_t, kBlock / 2> block;
      auto *from = reinterpret_cast<const std::byte *>(bytes.data());
      unsigned repeated = expand(from, from + indexBytes, block.data());
      for (unsigned group = 0; group < kBlock / 8; ++group) {
        unsigned index = bitsAt(bytes.data(), size_t(coding.indexBits) * group,
                                coding.indexBits);
        unsigned codes =
            bitsAt(&bytes[indexBytes], size_t(4 * coding.keep) * group,
                   4 * coding.keep);
        bool isRepeated = format == int4_2of8 && (index & 7) == index >> 3;
        EXPECT_EQ(repeated >> group & 1, isRepeated);
        if (isRepeated)
          codes &= 15;
        auto expected = numerics::sparseGroup(format, index, codes);
        for (unsigned i = 0; i < 8; ++i)
          ASSERT_EQ(
              numerics::int4Value(block[4 * group + i / 2] >> 4 * (i % 2) & 15),
              expected[i])
              << isa::nameOf(format) << " group " << group << " input " << i;
      }
    }
}

TEST_P(KernelsTest, int4SumsOfExtremesDoNotOverflow) {
  std::vector<uint16_t> activations(kBlock, 0xFFFF);
  Tile tile;
  std::memset(&tile, 0xFF, sizeof tile); // -7
  Int4Weights weights;
  std::ranges::fill(weights.scale, 1.0f);
  kernels.unpackInt4(tile, weights);
  Int4Inputs inputs;
  kernels.prepareInt4(activations.data(), inputs);
  Sums sums = {};
  kernels.addInt4(&inputs, 1, weights, &sums);
  for (float sum : sums.output)
    EXPECT_EQ(sum, 128.0f * 7 * 131008);
}

TEST_P(KernelsTest, zeroInputsAreMarked) {
  std::vector<uint16_t> activations(kBlock, 0x8000);
  Fp16Inputs fp16;
  Int4Inputs int4;
  kernels.prepareFp16(activations.data(), fp16);
  kernels.prepareInt4(activations.data(), int4);
  EXPECT_TRUE(fp16.zero);
  EXPECT_TRUE(int4.zero);
  for (unsigned i : {0u, 17u, 31u}) {
    std::ranges::fill(activations, 0x8000);
    activations[i] = 0x8001;
    kernels.prepareFp16(activations.data(), fp16);
    kernels.prepareInt4(activations.data(), int4);
    EXPECT_FALSE(fp16.zero);
    EXPECT_FALSE(int4.zero);
  }
}

/// Rows of any bytes, some blocks and packages long: what N18 and N6 make of
/// them. `count` is no multiple of the rows that a kernel takes at a time.
void expectRowProducts(const Kernels &kernels, isa::WeightFormat format,
                       size_t groups, Values &values) {
  constexpr size_t count = 7;
  int64_t inputs = int64_t(groups * kBlock);
  size_t rowBytes = size_t(isa::outputBytes(format, inputs));
  std::vector<uint8_t> bytes(count * rowBytes);
  for (uint8_t &byte : bytes)
    byte = uint8_t(values.bits());
  auto activations = values.halves(size_t(inputs));
  const RowKernel &kernel = kernels.row[unsigned(format)];
  std::vector<Int4Inputs> prepared(groups);
  for (size_t group = 0; group < groups; ++group)
    kernel.prepare(&activations[group * kBlock], prepared[group]);
  float results[count];
  kernel.dot(
      prepared.data(), groups,
      {reinterpret_cast<const std::byte *>(bytes.data()), rowBytes, count},
      results);
  WeightLayout layout{format, 32, inputs, 32};
  isa::WeightCoding coding = isa::codingOf(format);
  for (size_t row = 0; row < count; ++row) {
    const uint8_t *at = &bytes[row * rowBytes];
    std::vector<int8_t> weights;
    std::vector<uint16_t> scales;
    for (int64_t input = 0; input < inputs; input += 8) {
      size_t group = size_t(input) % kBlock / 8;
      if (group == 0) {
        scales.emplace_back();
        std::memcpy(&scales.back(), at + layout.scaleOffset(input), 2);
      }
      unsigned index =
          format == isa::WeightFormat::int4
              ? 0
              : bitsAt(at + layout.indexOffset(input),
                       group * size_t(coding.indexBits), coding.indexBits);
      const uint8_t *codes = at + layout.codeOffset(input);
      size_t firstBit = group * size_t(4 * coding.keep);
      for (unsigned i = 0; i < 8; ++i)
        weights.push_back(
            format == isa::WeightFormat::int4
                ? int8_t(
                      numerics::int4Value(bitsAt(codes, firstBit + 4 * i, 4)))
                : numerics::sparseGroup(
                      format, index,
                      bitsAt(codes, firstBit, 4 * coding.keep))[i]);
    }
    ASSERT_EQ(results[row], numerics::dotInt4(activations, weights, scales))
        << isa::nameOf(format) << ", " << groups << " blocks, row " << row;
  }
}

TEST_P(KernelsTest, productsOfRowsAreThoseOfTheDefinition) {
  Values values(17);
  for (unsigned i = 0; i < isa::kWeightFormats; ++i)
    if (kernels.row[i].dot)
      for (int trial = 0; trial < 30; ++trial) {
        values.wildly = trial % 2;
        expectRowProducts(kernels, isa::WeightFormat(i),
                          size_t(values.integer(1, 35)), values);
      }
}

TEST_P(KernelsTest, resultsAreRoundedAsTheDefinitionSays) {
  Values values(18);
  for (int trial = 0; trial < 3000; ++trial) {
    values.wildly = trial % 2;
    float dots[kOutputs];
    for (float &dot : dots) // to the ends of FP16's range and past them
      dot = std::ldexp(float(int32_t(values.bits())),
                       int(values.integer(-60, -14)));
    dots[trial % kOutputs] = trial % 3 ? 65520 : -INFINITY;
    auto bias = values.halves(kOutputs), aux = values.halves(kOutputs);
    float scale = float(values.integer(1, 1000)) / 64;
    uint16_t scores[kOutputs];
    kernels.finishScores(dots, scale, scores);
    for (unsigned o = 0; o < kOutputs; ++o)
      ASSERT_EQ(scores[o], numerics::attentionScore(dots[o], scale));
    for (auto epilogue :
         {isa::Epilogue::none, isa::Epilogue::add, isa::Epilogue::multiply}) {
      uint16_t results[kOutputs];
      kernels.finishVmm(dots, trial % 4 ? bias.data() : nullptr, epilogue,
                        aux.data(), results);
      for (unsigned o = 0; o < kOutputs; ++o)
        ASSERT_EQ(results[o],
                  numerics::vmmOutput(dots[o],
                                      trial % 4 ? std::optional(bias[o])
                                                : std::nullopt,
                                      epilogue, aux[o]))
            << "of " << dots[o];
    }
  }
}

TEST_P(KernelsTest, finishIsTheTreeOfSum8) {
  Values values(13);
  constexpr size_t stride = 3;
  Sums sums[8 * stride] = {};
  for (Sums &part : sums)
    for (float &output : part.output)
      output = halfToFloat(values.normal()) * halfToFloat(values.normal());
  float results[kOutputs];
  kernels.finish(sums + 1, stride, results);
  for (unsigned o = 0; o < kOutputs; ++o) {
    float terms[8];
    for (unsigned k = 0; k < 8; ++k)
      terms[k] = sums[1 + k * stride].output[o];
    EXPECT_EQ(results[o], numerics::sum8(terms));
  }
}

} // namespace
