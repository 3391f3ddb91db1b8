//===- TensorTest.cpp - Reading rows as floats and FP16 -------------------===//
#include "EdgeLLM/Weights/MatrixView.h"

#include "EdgeLLM/Support/Half.h"
#include "TestFiles.h"

#include <cmath>
#include <limits>

using namespace edgellm;
using edgellm::testing::bytesOf;
using edgellm::testing::errorOf;

static constexpr float kInfinity = std::numeric_limits<float>::infinity();
static constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

/// A tensor over `bytes`, which start at an odd address to be unaligned.
static Tensor tensorOf(DType dtype, std::vector<int64_t> shape,
                       std::string &bytes) {
  bytes.insert(0, 1, '#');
  auto data = std::as_bytes(std::span(bytes)).subspan(1);
  return {"w", dtype, std::move(shape), data, "dir/model.safetensors"};
}

static std::vector<float> rowOf(const Tensor &tensor, int64_t row) {
  std::vector<float> out(size_t(tensor.columns()));
  readRow(tensor, row, out);
  return out;
}

TEST(Tensor, ShapesAsMatrices) {
  auto rowsAndColumns = [](std::vector<int64_t> shape) {
    Tensor tensor{"w", DType::F32, std::move(shape), {}, {}};
    return std::pair(tensor.rows(), tensor.columns());
  };
  EXPECT_EQ(rowsAndColumns({}), std::pair(1L, 1L));
  EXPECT_EQ(rowsAndColumns({5}), std::pair(1L, 5L));
  EXPECT_EQ(rowsAndColumns({3, 5}), std::pair(3L, 5L));
  EXPECT_EQ(rowsAndColumns({2, 3, 5}), std::pair(6L, 5L));
  EXPECT_EQ(shapeText(std::vector<int64_t>{768, 256}), "[768, 256]");
  EXPECT_EQ(shapeText({}), "[]");
}

TEST(Tensor, ReadsF32Exactly) {
  std::vector<float> values = {1, -0.0f, 0x1p-149f, 3.4e38f, 0.1f, -2};
  std::string bytes = bytesOf(values);
  Tensor tensor = tensorOf(DType::F32, {2, 3}, bytes);
  EXPECT_EQ(rowOf(tensor, 0), std::vector(values.begin(), values.begin() + 3));
  EXPECT_TRUE(std::signbit(rowOf(tensor, 0)[1]));
  EXPECT_EQ(rowOf(tensor, 1), std::vector(values.begin() + 3, values.end()));
}

TEST(Tensor, SlicesRowsOfItsFirstDimension) {
  std::string bytes = bytesOf<float>({0, 1, 2, 3, 4, 5});
  Tensor matrix = tensorOf(DType::F32, {3, 2}, bytes);
  Tensor rows = sliceOf(matrix, 1, 3);
  EXPECT_EQ(rows.name, "w[1:3]");
  EXPECT_EQ(rows.shape, (std::vector<int64_t>{2, 2}));
  EXPECT_EQ(rowOf(rows, 0), (std::vector<float>{2, 3}));
  EXPECT_EQ(rowOf(rows, 1), (std::vector<float>{4, 5}));
  EXPECT_EQ(sliceOf(matrix, 3, 3).data.size(), 0u);
}

TEST(Tensor, SlicesElementsOfAVector) {
  std::string bytes = bytesOf<float>({0, 1, 2, 3});
  Tensor slice = sliceOf(tensorOf(DType::F32, {4}, bytes), 1, 3);
  EXPECT_EQ(rowOf(slice, 0), (std::vector<float>{1, 2}));
}

/// What packs it needs no tensor but the mapped file.
TEST(Tensor, ViewsOutliveTheSliceTheyAreOf) {
  std::string bytes = bytesOf<float>({0, 1, 2, kInfinity});
  Tensor matrix = tensorOf(DType::F32, {4, 1}, bytes);
  MatrixView view = viewOf(sliceOf(matrix, 2, 4));
  EXPECT_EQ(view.rows, 2);
  std::vector<float> row(1);
  view.readRow(0, row);
  EXPECT_EQ(row[0], 2);
  EXPECT_EQ(errorOf([&] { view.readRow(1, row); }),
            "dir/model.safetensors: tensor 'w[2:4]' element [1, 0] is inf, "
            "expected a finite number");
}

TEST(Tensor, ColumnsAreTheRowsOfTheTransposed) {
  std::vector<float> values = {0, 1, 2, 3, 4, 5};
  std::string floats = bytesOf(values);
  std::string halves =
      bytesOf<uint16_t>({0, 0x3C00, 0x4000, 0x4200, 0x4400, 0x4500});
  std::string bfloats =
      bytesOf<uint16_t>({0, 0x3F80, 0x4000, 0x4040, 0x4080, 0x40A0});
  for (const Tensor &matrix : {tensorOf(DType::F32, {2, 3}, floats),
                               tensorOf(DType::F16, {2, 3}, halves),
                               tensorOf(DType::BF16, {2, 3}, bfloats)}) {
    MatrixView view = transposedViewOf(matrix, 0, 3);
    EXPECT_EQ(view.rows, 3);
    EXPECT_EQ(view.columns, 2);
    std::vector<float> row(2);
    for (int64_t r = 0; r < 3; ++r) {
      view.readRow(r, row);
      EXPECT_EQ(row, (std::vector<float>{float(r), float(r + 3)}));
    }
    // Part of them: two of three columns.
    MatrixView part = transposedViewOf(matrix, 1, 3);
    EXPECT_EQ(part.rows, 2);
    part.readRow(1, row);
    EXPECT_EQ(row, (std::vector<float>{2, 5}));
  }
}

TEST(Tensor, RefusesNonFiniteValuesOfTheTransposed) {
  std::string bytes = bytesOf<float>({0, 1, kInfinity, 3});
  Tensor matrix = tensorOf(DType::F32, {2, 2}, bytes);
  MatrixView view = transposedViewOf(matrix, 0, 2);
  std::vector<float> row(2);
  EXPECT_NO_THROW(view.readRow(1, row));
  EXPECT_EQ(errorOf([&] { view.readRow(0, row); }),
            "dir/model.safetensors: tensor 'w' transposed element [0, 1] is "
            "inf, expected a finite number");
  std::string ids(16, '\0');
  EXPECT_EQ(
      errorOf([&] {
        transposedViewOf(tensorOf(DType::I32, {2, 2}, ids), 0, 2);
      }),
      "dir/model.safetensors: tensor 'w' has type I32, expected one of F16, "
      "BF16, F32, Q4_0, Q4_1, Q8_0, Q4_K, Q5_K, Q6_K");
}

TEST(Tensor, ReadsEveryFiniteF16Exactly) {
  std::vector<uint16_t> halves;
  for (uint32_t bits = 0; bits < 0x10000; ++bits)
    if ((bits & 0x7C00) != 0x7C00)
      halves.push_back(uint16_t(bits));
  std::string bytes = bytesOf(halves);
  Tensor tensor = tensorOf(DType::F16, {int64_t(halves.size())}, bytes);
  std::vector<float> row = rowOf(tensor, 0);
  for (size_t i = 0; i < row.size(); ++i) {
    int exponent = halves[i] >> 10 & 31, fraction = halves[i] & 0x3FF;
    float magnitude = exponent ? std::ldexp(1024.f + fraction, exponent - 25)
                               : std::ldexp(float(fraction), -24);
    ASSERT_EQ(std::fabs(row[i]), magnitude);
    ASSERT_EQ(std::signbit(row[i]), halves[i] >> 15);
  }
  std::vector<uint16_t> again(halves.size());
  readHalfRow(viewOf(tensor), 0, again);
  EXPECT_EQ(again, halves);
}

TEST(Tensor, ReadsBF16Exactly) {
  std::string bytes = bytesOf(std::vector<uint16_t>{0x3F80, 0xC049, 0x0001});
  EXPECT_EQ(rowOf(tensorOf(DType::BF16, {3}, bytes), 0),
            (std::vector<float>{1, -3.140625f, 0x1p-133f}));
}

TEST(Tensor, RefusesNonFiniteValues) {
  std::string f32 = bytesOf(std::vector<float>{0, 1, 2, kNan});
  Tensor tensor = tensorOf(DType::F32, {2, 2}, f32);
  EXPECT_NO_THROW(rowOf(tensor, 0));
  EXPECT_EQ(errorOf([&] { rowOf(tensor, 1); }),
            "dir/model.safetensors: tensor 'w' element [1, 1] is nan, expected "
            "a finite number");
  std::string f16 = bytesOf(std::vector<uint16_t>{0, 0xFC00, 0x7C00});
  EXPECT_EQ(errorOf([&] { rowOf(tensorOf(DType::F16, {3}, f16), 0); }),
            "dir/model.safetensors: tensor 'w' element [0, 1] is -inf, "
            "expected a finite number");
  std::string nan = bytesOf(std::vector<uint16_t>{0x7E00});
  EXPECT_EQ(errorOf([&] { rowOf(tensorOf(DType::F16, {1}, nan), 0); }),
            "dir/model.safetensors: tensor 'w' element [0, 0] is nan, expected "
            "a finite number");
  std::string bf16 = bytesOf(std::vector<uint16_t>{0x7F80});
  EXPECT_EQ(errorOf([&] {
              rowOf(tensorOf(DType::BF16, {1, 1}, bf16), 0);
            }),
            "dir/model.safetensors: tensor 'w' element [0, 0] is inf, expected "
            "a finite number");
}

//===----------------------------------------------------------------------===//
// Packed types
//===----------------------------------------------------------------------===//

/// FP16 numbers as bytes; 0.5, 2 and -1 in the tests below.
static std::string halves(std::vector<uint16_t> bits) { return bytesOf(bits); }

TEST(Tensor, ReadsQ8_0) {
  std::string bytes;
  for (int row = 0; row < 2; ++row) {
    bytes += halves({uint16_t(row ? 0x4000 : 0x3800)});
    for (int i = 0; i < 32; ++i)
      bytes += char(i - 16);
  }
  bytes[2] = char(-128);
  Tensor tensor = tensorOf(DType::Q8_0, {2, 32}, bytes);
  std::vector<float> row = rowOf(tensor, 0);
  EXPECT_EQ(row[0], -64);
  for (int i = 1; i < 32; ++i)
    EXPECT_EQ(row[size_t(i)], 0.5f * float(i - 16));
  EXPECT_EQ(rowOf(tensor, 1)[31], 30);
  EXPECT_EQ(rowOf(sliceOf(tensor, 1, 2), 0), rowOf(tensor, 1));
}

/// Byte i of the codes is 16 * (15 - i) + i.
static std::string sixteenBytes() {
  std::string codes;
  for (int i = 0; i < 16; ++i)
    codes += char((15 - i) << 4 | i);
  return codes;
}

TEST(Tensor, ReadsQ4_0AndQ4_1) {
  std::string bytes = halves({0x3800}) + sixteenBytes();
  std::vector<float> row = rowOf(tensorOf(DType::Q4_0, {32}, bytes), 0);
  std::string with = halves({0x3800, 0xBC00}) + sixteenBytes();
  std::vector<float> shifted = rowOf(tensorOf(DType::Q4_1, {32}, with), 0);
  for (int i = 0; i < 16; ++i) {
    EXPECT_EQ(row[size_t(i)], 0.5f * float(i - 8));
    EXPECT_EQ(row[size_t(i + 16)], 0.5f * float(7 - i));
    EXPECT_EQ(shifted[size_t(i)], 0.5f * float(i) - 1);
    EXPECT_EQ(shifted[size_t(i + 16)], 0.5f * float(15 - i) - 1);
  }
}

// Scales 1, 2, 3, 4, 21, 38, 55, 8 and offsets 5, 6, 7, 8, 25, 42, 59, 12.
static const std::string kSixBits = "\x41\x82\xC3\x04\x45\x86\xC7\x08"
                                    "\x95\xA6\xB7\xC8";
static constexpr int kScales[] = {1, 2, 3, 4, 21, 38, 55, 8};
static constexpr int kOffsets[] = {5, 6, 7, 8, 25, 42, 59, 12};

TEST(Tensor, ReadsQ4_KAndQ5_K) {
  std::string codes(128, '\x93'); // 3 in even groups, 9 in odd ones
  std::string head = halves({0x3800, 0x4000}) + kSixBits;
  std::string four = head + codes;
  // Bit g of byte i: set where i is a multiple of g + 1.
  std::string fifths(32, '\0');
  for (int i = 0; i < 32; ++i)
    for (int group = 0; group < 8; ++group)
      fifths[size_t(i)] |= char((i % (group + 1) == 0) << group);
  std::string five = head + fifths + codes;
  std::vector<float> row = rowOf(tensorOf(DType::Q4_K, {256}, four), 0);
  std::vector<float> wide = rowOf(tensorOf(DType::Q5_K, {256}, five), 0);
  for (int i = 0; i < 256; ++i) {
    int group = i / 32, code = group % 2 ? 9 : 3;
    float step = 0.5f * float(kScales[group]),
          least = 2.f * float(kOffsets[group]);
    ASSERT_EQ(row[size_t(i)], step * float(code) - least) << i;
    code += i % 32 % (group + 1) == 0 ? 16 : 0;
    ASSERT_EQ(wide[size_t(i)], step * float(code) - least) << i;
  }
}

TEST(Tensor, ReadsQ6_K) {
  // Weight i has code i % 61, group g the scale 5 - g.
  std::string low(128, '\0'), high(64, '\0'), scales;
  for (int i = 0; i < 256; ++i) {
    int code = i % 61, half = i / 128, quarter = i % 128 / 32, lane = i % 32;
    low[size_t(64 * half + 32 * (quarter & 1) + lane)] |=
        char((code & 15) << (quarter >= 2 ? 4 : 0));
    high[size_t(32 * half + lane)] |= char(code >> 4 << 2 * quarter);
  }
  for (int group = 0; group < 16; ++group)
    scales += char(5 - group);
  std::string bytes = low + high + scales + halves({0x3800});
  std::vector<float> row = rowOf(tensorOf(DType::Q6_K, {256}, bytes), 0);
  for (int i = 0; i < 256; ++i)
    ASSERT_EQ(row[size_t(i)], 0.5f * float((5 - i / 16) * (i % 61 - 32))) << i;
}

TEST(Tensor, ScalesMustBeFinite) {
  for (uint16_t scale : {0x7C00, 0xFC00, 0x7E00}) {
    std::string bytes = halves({scale}) + std::string(32, '\0');
    EXPECT_EQ(errorOf([&] { rowOf(tensorOf(DType::Q8_0, {32}, bytes), 0); }),
              "dir/model.safetensors: tensor 'w' element [0, 0] is nan, "
              "expected a finite number");
  }
}

TEST(Tensor, CutsPackedVectorsBetweenBlocksAlone) {
  std::string bytes(3 * 34, '\0');
  Tensor vector = tensorOf(DType::Q8_0, {96}, bytes);
  EXPECT_EQ(sliceOf(vector, 32, 96).data.size(), 2u * 34);
  EXPECT_EQ(errorOf([&] { sliceOf(vector, 16, 48); }),
            "dir/model.safetensors: tensor 'w[16:48]' of Q8_0 does not begin "
            "and end at multiples of 32");
  std::vector<float> column(1);
  EXPECT_EQ(errorOf([&] { readColumn(vector, 0, column); }),
            "dir/model.safetensors: tensor 'w' of Q8_0 cannot be read column "
            "by column");
}

TEST(Tensor, RefusesOtherTypes) {
  std::string bytes(8, '\0');
  Tensor tensor = tensorOf(DType::I32, {2}, bytes);
  std::string expected =
      "dir/model.safetensors: tensor 'w' has type I32, expected one of F16, "
      "BF16, F32, Q4_0, Q4_1, Q8_0, Q4_K, Q5_K, Q6_K";
  EXPECT_EQ(errorOf([&] { rowOf(tensor, 0); }), expected);
  EXPECT_EQ(errorOf([&] { viewOf(tensor); }), expected);
}

//===----------------------------------------------------------------------===//
// FP16
//===----------------------------------------------------------------------===//

static std::vector<uint16_t> halvesOf(const std::vector<float> &values) {
  MatrixView view = viewOf("literal", 1, int64_t(values.size()), values);
  std::vector<uint16_t> out(values.size());
  readHalfRow(view, 0, out);
  return out;
}

TEST(MatrixView, RoundsToNearestEven) {
  EXPECT_EQ(halvesOf({1, 1 + 0x1p-11f, 1 + 0x3p-11f, -(1 + 0x1.8p-11f)}),
            (std::vector<uint16_t>{0x3C00, 0x3C00, 0x3C02, 0xBC01}));
  EXPECT_EQ(halvesOf({0x1p-24f, 0x1p-25f, 0x1.8p-25f, -0x1p-26f}),
            (std::vector<uint16_t>{0x0001, 0x0000, 0x0001, 0x8000}));
}

TEST(MatrixView, RefusesToRoundPastTheLargestFp16) {
  EXPECT_EQ(halvesOf({65504, -65519.99f}),
            (std::vector<uint16_t>{0x7BFF, 0xFBFF}));
  EXPECT_EQ(errorOf([] {
              halvesOf({1, -65520});
            }),
            "literal element [0, 1] is -65520, FP16 holds at most 65504");
  EXPECT_EQ(errorOf([] { halvesOf({kInfinity}); }),
            "literal element [0, 0] is inf, FP16 holds at most 65504");
  EXPECT_EQ(errorOf([] { halvesOf({kNan}); }),
            "literal element [0, 0] is nan, FP16 holds at most 65504");
}

TEST(MatrixView, LiteralsNeedTheRightCount) {
  std::vector<float> values(6);
  EXPECT_EQ(viewOf("literal", 2, 3, values).rows, 2);
  EXPECT_EQ(errorOf([&] { viewOf("literal", 2, 4, values); }),
            "literal: 6 numbers for a matrix of 2 x 4");
  EXPECT_EQ(errorOf([&] { viewOf("literal", -2, -3, values); }),
            "literal: 6 numbers for a matrix of -2 x -3");
  int64_t huge = int64_t(1) << 62;
  EXPECT_EQ(errorOf([&] { viewOf("literal", huge, 4, {}); }),
            "literal: 0 numbers for a matrix of 4611686018427387904 x 4");
}
