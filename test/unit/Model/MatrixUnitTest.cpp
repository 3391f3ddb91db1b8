//===- MatrixUnitTest.cpp - VMM against its loop nest ---------------------===//
#include "EdgeLLM/ISA/WeightStream.h"
#include "EdgeLLM/Model/Numerics.h"
#include "TestDevice.h"

using namespace edgellm;
using namespace edgellm::test;
using isa::Epilogue;
using isa::Request;
using isa::WeightFormat;

namespace {

/// A matrix as it is before packing: rows of outputs, padded with zeros.
struct Weights {
  Matrix fp16;
  std::vector<std::vector<int8_t>> values;    // int4 and sparse formats
  std::vector<std::vector<std::byte>> packed; // sparse formats
  std::vector<std::vector<uint16_t>> scales;
};

int64_t roundUp(int64_t value, int64_t to) {
  return (value + to - 1) / to * to;
}

bool isSparse(WeightFormat format) {
  return format != WeightFormat::int4 && format != WeightFormat::fp16;
}

/// Bits, the first lowest.
struct BitStream {
  std::vector<bool> bits;
  void put(unsigned value, unsigned count) {
    for (unsigned i = 0; i < count; ++i)
      bits.push_back(value >> i & 1);
  }
  unsigned take(size_t at, unsigned count) const {
    unsigned value = 0;
    for (unsigned i = 0; i < count; ++i)
      value |= unsigned(bits[at + i]) << i;
    return value;
  }
  void appendTo(std::vector<std::byte> &bytes) const {
    for (size_t i = 0; i < bits.size(); i += 8)
      bytes.push_back(std::byte(take(i, 8)));
  }
};

/// Random index and codes; `rows` gets the weights that they mean. Half of the
/// groups have an index that no packer writes.
std::vector<std::byte> packSparse(Values &values, WeightFormat format,
                                  std::vector<int8_t> &row, size_t inputs,
                                  const std::vector<uint16_t> &scales) {
  isa::WeightCoding coding = isa::codingOf(format);
  std::vector<std::byte> bytes;
  for (size_t start = 0; start < row.size(); start += 2048) {
    size_t end = std::min(row.size(), start + 2048);
    for (size_t block = start / 128; block < start / 128 + 16; ++block) {
      uint16_t scale = block < scales.size() ? scales[block] : 0;
      bytes.push_back(std::byte(scale & 0xFF));
      bytes.push_back(std::byte(scale >> 8));
    }
    BitStream index, codes;
    for (size_t group = start; group < end; group += 8) {
      unsigned i = values.bits() & ((1u << coding.indexBits) - 1);
      if (format == WeightFormat::int4_4of8 && values.integer(0, 1))
        i = unsigned(0xE4D2B187 >> 8 * values.integer(0, 3)) & 0xFF;
      unsigned c = values.bits() & ((1u << 4 * coding.keep) - 1);
      if (group >= inputs) // padding
        c = 0;
      index.put(i, unsigned(coding.indexBits));
      codes.put(c, unsigned(4 * coding.keep));
      std::ranges::copy(numerics::sparseGroup(format, i, c),
                        row.begin() + int64_t(group));
    }
    index.appendTo(bytes);
    codes.appendTo(bytes);
    bytes.resize((bytes.size() + 31) / 32 * 32);
  }
  return bytes;
}

Weights randomWeights(Values &values, WeightFormat format, int64_t in,
                      int64_t out) {
  int64_t rows = roundUp(out, 32), channels = roundUp(in, 128);
  Weights weights{Matrix(rows, roundUp(in, 32)), {}, {}, {}};
  for (int64_t c = 0; c < rows; ++c) {
    weights.values.emplace_back(channels);
    weights.scales.emplace_back(values.halves(channels / 128));
    for (int64_t i = 0; i < in && c < out; ++i) {
      weights.fp16.at(c, i) = values.either();
      weights.values[c][i] = int8_t(values.integer(-7, 7));
    }
    if (isSparse(format))
      weights.packed.push_back(packSparse(values, format, weights.values[c],
                                          c < out ? size_t(in) : 0,
                                          weights.scales[c]));
  }
  return weights;
}

/// One row of the int4 package (facts: 2048 channels share a package).
std::vector<std::byte> packInt4(const std::vector<int8_t> &row,
                                const std::vector<uint16_t> &scales) {
  std::vector<std::byte> bytes;
  for (size_t start = 0; start < row.size(); start += 2048) {
    size_t end = std::min(row.size(), start + 2048);
    for (size_t block = start / 128; block < start / 128 + 16; ++block) {
      uint16_t scale = block < scales.size() ? scales[block] : 0;
      bytes.push_back(std::byte(scale & 0xFF));
      bytes.push_back(std::byte(scale >> 8));
    }
    auto code = [](int value) { return value < 0 ? 8 - value : value; };
    for (size_t i = start; i < end; i += 2)
      bytes.push_back(std::byte(code(row[i]) | code(row[i + 1]) << 4));
  }
  return bytes;
}

/// Puts the matrix at a packet of the ports; returns the bytes in each.
int64_t writeWeights(TestDevice &device, int64_t address, WeightFormat format,
                     const Weights &weights) {
  std::vector<std::vector<std::byte>> images(device.hbm.size());
  for (int64_t c = 0; c < weights.fp16.rows; ++c) {
    std::vector<std::byte> row(2 * weights.fp16.columns);
    std::memcpy(row.data(), weights.fp16.row(c).data(), row.size());
    if (format == WeightFormat::int4)
      row = packInt4(weights.values[c], weights.scales[c]);
    if (isSparse(format))
      row = weights.packed[c];
    auto &image = images[c % images.size()];
    image.insert(image.end(), row.begin(), row.end());
  }
  for (size_t p = 0; p < images.size(); ++p)
    std::memcpy(&device.hbm[p].at(64 * address), images[p].data(),
                images[p].size());
  return int64_t(images[0].size());
}

float dot(WeightFormat format, const Weights &weights, int64_t c,
          std::span<const uint16_t> x) {
  if (format == WeightFormat::fp16)
    return numerics::dotFp16(x, weights.fp16.row(c));
  std::vector<uint16_t> padded(x.begin(), x.end());
  padded.resize(weights.values[c].size());
  return numerics::dotInt4(padded, weights.values[c], weights.scales[c]);
}

struct Shape {
  WeightFormat format;
  int64_t in, out, rows, ports;
  Epilogue epilogue;
  bool bias, wild;
};

void PrintTo(const Shape &s, std::ostream *os) {
  *os << isa::nameOf(s.format) << ' ' << s.in << " to " << s.out << ", "
      << s.rows << " rows, " << s.ports << " ports, epilogue "
      << int(s.epilogue) << (s.bias ? ", bias" : "")
      << (s.wild ? ", wild" : "");
}

class VmmTest : public testing::TestWithParam<Shape> {};

// Where things lie in the ddr buffer; strides leave gaps.
constexpr int64_t kSrc = 5, kDst = 20000, kAux = 40000, kBias = 60000;
constexpr int64_t kWeights = 3;

/// Enough for the weights in any format.
int64_t packetsFor(const Shape &shape) {
  int64_t rows = roundUp(shape.out, 32) / std::min<int64_t>(shape.ports, 32);
  return kWeights + rows * (blocksOf(shape.in) + 2);
}

isa::Vmm vmmFor(const Shape &shape) {
  isa::Vmm vmm;
  vmm.weight_format = shape.format;
  vmm.slice_rows = 7;
  vmm.epilogue = shape.epilogue;
  vmm.has_bias = shape.bias;
  vmm.argmax = true;
  vmm.in_channels = shape.in;
  vmm.out_channels = shape.out;
  vmm.weights = kWeights;
  vmm.bias = kBias;
  vmm.rows = times(Request::tokens);
  vmm.src = constant(kSrc);
  vmm.src_stride = times(Request::tokens, 1, 2);
  vmm.dst = constant(kDst);
  vmm.dst_stride = times(Request::tokens, 2, 1);
  vmm.aux = constant(kAux);
  vmm.aux_stride = times(Request::tokens);
  return vmm;
}

TEST_P(VmmTest, computesItsLoopNest) {
  const Shape &shape = GetParam();
  Values values(unsigned(shape.in * 7 + shape.out + shape.rows));
  values.wildly = shape.wild;
  TestDevice device(shape.ports, 65000, packetsFor(shape));
  device.scramble(values);
  int64_t rows = shape.rows, outBlocks = blocksOf(shape.out);
  Matrix x = randomMatrix(values, rows, shape.in);
  Matrix aux = randomMatrix(values, rows, shape.out);
  Matrix bias = randomMatrix(values, 1, shape.out);
  Weights weights = randomWeights(values, shape.format, shape.in, shape.out);
  device.writeDdr(kSrc, rows + 2, x);
  device.writeDdr(kAux, rows, aux);
  device.writeDdr(kBias, 1, bias);
  writeWeights(device, kWeights, shape.format, weights);

  UnchangedOutside unchanged(device);
  unchanged.allow(kDst, 2 * rows + 1, rows, outBlocks);
  EXPECT_COMPLETED(device, device.run(uint32_t(rows), 3, vmmFor(shape)));
  unchanged.expect();

  Matrix y = device.readDdr(kDst, 2 * rows + 1, rows, shape.out);
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < y.columns; ++c) {
      std::optional<uint16_t> biasHere;
      if (shape.bias)
        biasHere = bias.at(0, c);
      ASSERT_EQ(y.at(r, c),
                numerics::vmmOutput(dot(shape.format, weights, c, x.row(r)),
                                    biasHere, shape.epilogue, aux.at(r, c)))
          << "row " << r << ", channel " << c;
    }
  auto last = y.row(rows - 1).first(shape.out);
  EXPECT_EQ(device.status().argmaxIndex, numerics::argmax(last));
  EXPECT_EQ(device.status().argmaxValue, last[numerics::argmax(last)]);
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, VmmTest,
    testing::Values(
        Shape{WeightFormat::fp16, 1, 1, 1, 1, Epilogue::none, false, false},
        Shape{WeightFormat::fp16, 32, 32, 1, 32, Epilogue::none, false, true},
        Shape{WeightFormat::fp16, 33, 31, 3, 4, Epilogue::add, true, false},
        Shape{WeightFormat::fp16, 300, 70, 5, 8, Epilogue::multiply, false,
              true},
        Shape{WeightFormat::fp16, 768, 256, 33, 32, Epilogue::add, false,
              false},
        Shape{WeightFormat::fp16, 256, 2048, 1, 16, Epilogue::none, true,
              false},
        Shape{WeightFormat::fp16, 64, 96, 64, 64, Epilogue::multiply, true,
              true},
        Shape{WeightFormat::int4, 1, 1, 1, 1, Epilogue::none, false, false},
        Shape{WeightFormat::int4, 128, 32, 1, 32, Epilogue::none, false, true},
        Shape{WeightFormat::int4, 129, 33, 2, 4, Epilogue::multiply, true,
              false},
        Shape{WeightFormat::int4, 300, 70, 5, 8, Epilogue::add, false, true},
        Shape{WeightFormat::int4, 2048, 64, 33, 32, Epilogue::none, true,
              false},
        Shape{WeightFormat::int4, 2049, 40, 1, 2, Epilogue::add, true, true},
        Shape{WeightFormat::int4, 4500, 128, 3, 16, Epilogue::none, false,
              false},
        Shape{WeightFormat::int4, 96, 200, 64, 64, Epilogue::multiply, true,
              true},
        Shape{WeightFormat::int4_4of8, 1, 1, 1, 1, Epilogue::none, false,
              false},
        Shape{WeightFormat::int4_4of8, 2300, 70, 3, 8, Epilogue::add, true,
              true},
        Shape{WeightFormat::int4_2of8, 100, 33, 2, 32, Epilogue::none, false,
              true},
        Shape{WeightFormat::int4_2of8, 4500, 64, 33, 16, Epilogue::none, true,
              false},
        Shape{WeightFormat::int4_1of8_padded, 2048, 32, 5, 4, Epilogue::none,
              false, true},
        Shape{WeightFormat::int4_1of8_padded, 2180, 96, 1, 32,
              Epilogue::multiply, true, false},
        Shape{WeightFormat::int4_1of8, 2048, 64, 40, 64, Epilogue::none, false,
              false},
        Shape{WeightFormat::int4_1of8, 4225, 40, 2, 2, Epilogue::add, false,
              true}));

TEST(VmmTest, randomShapes) {
  Values values(99);
  for (int trial = 0; trial < 80; ++trial) {
    Shape shape{WeightFormat(values.integer(0, isa::kWeightFormats - 1)),
                values.integer(1, 700),
                values.integer(1, 150),
                values.integer(1, 40),
                int64_t(1) << values.integer(0, 5),
                Epilogue(values.integer(0, 2)),
                values.integer(0, 1) == 1,
                values.integer(0, 1) == 1};
    SCOPED_TRACE(testing::PrintToString(shape));
    TestDevice device(shape.ports, 65000, packetsFor(shape));
    Matrix x = randomMatrix(values, shape.rows, shape.in);
    Weights weights = randomWeights(values, shape.format, shape.in, shape.out);
    device.writeDdr(kSrc, shape.rows + 2, x);
    writeWeights(device, kWeights, shape.format, weights);
    shape.epilogue = Epilogue::none;
    shape.bias = false;
    EXPECT_COMPLETED(device,
                     device.run(uint32_t(shape.rows), 0, vmmFor(shape)));
    Matrix y = device.readDdr(kDst, 2 * shape.rows + 1, shape.rows, shape.out);
    for (int64_t r = 0; r < shape.rows; ++r)
      for (int64_t c = 0; c < y.columns; ++c)
        ASSERT_EQ(y.at(r, c),
                  floatToHalf(dot(shape.format, weights, c, x.row(r))));
  }
}

TEST(VmmTest, writesTheCacheOfInterleavedPorts) {
  Values values(21);
  TestDevice device(4, 1000, 500);
  device.setFirstCachePacket(250);
  device.scramble(values);
  Shape shape{WeightFormat::fp16, 64, 64, 3, 4, Epilogue::none, false, false};
  Matrix x = randomMatrix(values, 3, 64);
  Weights weights = randomWeights(values, shape.format, 64, 64);
  device.writeDdr(kSrc, 5, x);
  writeWeights(device, kWeights, shape.format, weights);
  isa::Vmm vmm = vmmFor(shape);
  vmm.dst_space = isa::Space::hbm;
  vmm.dst = times(Request::past, 1, 1001);
  vmm.dst_stride = constant(77);
  EXPECT_COMPLETED(device, device.run(3, 6, vmm));
  Matrix y = device.read(isa::Space::hbm, 1007, 77, 3, 64);
  for (int64_t r = 0; r < 3; ++r)
    for (int64_t c = 0; c < 64; ++c)
      ASSERT_EQ(y.at(r, c),
                floatToHalf(dot(shape.format, weights, c, x.row(r))));
}

TEST(VmmTest, addsInPlace) {
  Values values(22);
  TestDevice device(8, 65000, 500);
  Shape shape{WeightFormat::int4, 256, 256, 8, 8, Epilogue::add, false, false};
  Matrix x = randomMatrix(values, 8, 256), aux = randomMatrix(values, 8, 256);
  Weights weights = randomWeights(values, shape.format, 256, 256);
  device.writeDdr(kSrc, 10, x);
  device.writeDdr(kAux, 8, aux);
  writeWeights(device, kWeights, shape.format, weights);
  isa::Vmm vmm = vmmFor(shape);
  vmm.dst = vmm.aux;
  vmm.dst_stride = vmm.aux_stride;
  EXPECT_COMPLETED(device, device.run(8, 0, vmm));
  Matrix y = device.readDdr(kAux, 8, 8, 256);
  for (int64_t r = 0; r < 8; ++r)
    for (int64_t c = 0; c < 256; ++c)
      ASSERT_EQ(y.at(r, c),
                numerics::vmmOutput(dot(shape.format, weights, c, x.row(r)), {},
                                    Epilogue::add, aux.at(r, c)));
}

/// A row gives the same bits alone and among others.
TEST(VmmTest, rowsDoNotInfluenceEachOther) {
  for (WeightFormat format :
       {WeightFormat::int4, WeightFormat::fp16, WeightFormat::int4_4of8,
        WeightFormat::int4_2of8, WeightFormat::int4_1of8}) {
    Values values(23);
    values.wildly = true;
    TestDevice device(8, 65000, 2000);
    Shape shape{format, 300, 64, 40, 8, Epilogue::none, false, true};
    Matrix x = randomMatrix(values, 40, 300);
    writeWeights(device, kWeights, format,
                 randomWeights(values, format, 300, 64));
    device.writeDdr(kSrc, 42, x);
    EXPECT_COMPLETED(device, device.run(40, 0, vmmFor(shape)));
    Matrix together = device.readDdr(kDst, 81, 40, 64);
    for (int64_t r = 0; r < 40; ++r) {
      Matrix single(1, x.columns);
      std::ranges::copy(x.row(r), single.halves.begin());
      device.writeDdr(kSrc, 3, single);
      EXPECT_COMPLETED(device, device.run(1, uint32_t(r), vmmFor(shape)));
      Matrix alone = device.readDdr(kDst, 3, 1, 64);
      EXPECT_TRUE(std::ranges::equal(alone.row(0), together.row(r)));
    }
  }
}

TEST(VmmTest, everyFormatInOneProgram) {
  Values values(24);
  TestDevice device(16, 2000, 2000);
  Matrix x = randomMatrix(values, 2, 2200);
  device.writeDdr(100, 2, x);
  std::vector<isa::Vmm> program;
  std::vector<Weights> matrices;
  int64_t address = 0;
  for (unsigned i = 0; i < isa::kWeightFormats; ++i) {
    auto format = WeightFormat(i);
    matrices.push_back(randomWeights(values, format, 2200, 96));
    int64_t bytes = writeWeights(device, address, format, matrices[i]);
    EXPECT_EQ(isa::matrixPackets(format, 96, 2200, 16), (bytes + 63) / 64);
    isa::Vmm vmm;
    vmm.weight_format = format;
    vmm.slice_rows = 1;
    vmm.in_channels = 2200;
    vmm.out_channels = 96;
    vmm.weights = address;
    vmm.rows = vmm.src_stride = vmm.dst_stride = constant(2);
    vmm.src = constant(100);
    vmm.dst = constant(1000 + 10 * i);
    program.push_back(vmm);
    address += (bytes + 63) / 64;
  }
  EXPECT_COMPLETED(device, device.run(2, 0, program[0], program[1], program[2],
                                      program[3], program[4], program[5]));
  for (unsigned i = 0; i < isa::kWeightFormats; ++i) {
    Matrix y = device.readDdr(1000 + 10 * i, 2, 2, 96);
    for (int64_t r = 0; r < 2; ++r)
      for (int64_t c = 0; c < 96; ++c)
        ASSERT_EQ(y.at(r, c),
                  floatToHalf(dot(WeightFormat(i), matrices[i], c, x.row(r))));
  }
}

/// Rows of hostile bytes end where the ports end: nothing behind is read.
TEST(VmmTest, sparseRowsMayEndWithTheBuffer) {
  for (unsigned i = 2; i < isa::kWeightFormats; ++i)
    for (int64_t in : {128, 2048, 2176, 2500}) {
      auto format = WeightFormat(i);
      int64_t packets = isa::matrixPackets(format, 32, in, 32);
      TestDevice device(32, 1000, packets);
      for (auto &port : device.hbm) // every index bit set, every code -7
        std::ranges::fill(port, std::byte(0xFF));
      isa::Vmm vmm;
      vmm.weight_format = format;
      vmm.slice_rows = 1;
      vmm.in_channels = in;
      vmm.out_channels = 32;
      vmm.rows = vmm.src_stride = vmm.dst_stride = constant(1);
      vmm.src = constant(1);
      vmm.dst = constant(500);
      UnchangedOutside unchanged(device);
      unchanged.allow(500, 1, 1, 1);
      EXPECT_COMPLETED(device, device.run(1, 0, vmm));
      unchanged.expect();
      vmm.weights = 1; // the last row ends past the buffer
      EXPECT_EQ(device.run(1, 0, vmm).code, isa::StatusCode::out_of_bounds);
    }
}

TEST(VmmTest, argmaxIsOfTheLastRowAndTrueChannels) {
  TestDevice device(1, 65000, 2000);
  Shape shape{WeightFormat::fp16, 32, 33, 2, 1, Epilogue::none, false, false};
  Weights weights{Matrix(64, 32), {}, {}, {}};
  for (int64_t c = 0; c < 64; ++c) // channels past 33 would win
    weights.fp16.at(c, 0) = floatToHalf(c == 7 || c == 9 ? 40.0f : float(c));
  Matrix x(2, 32);
  x.at(0, 0) = 0xBC00; // -1: channel 0 is the greatest here
  x.at(1, 0) = 0x3C00;
  device.writeDdr(kSrc, 4, x);
  writeWeights(device, kWeights, shape.format, weights);
  EXPECT_COMPLETED(device, device.run(2, 0, vmmFor(shape)));
  EXPECT_EQ(device.status().argmaxIndex, 7u);
  EXPECT_EQ(device.status().argmaxValue, floatToHalf(40));
}

} // namespace
