//===- EncodingTest.cpp - The generated encoder and decoder ---------------===//
#include "EdgeLLM/ISA/Disassembly.h"

#include <gtest/gtest.h>

#include <random>

using namespace edgellm::isa;

namespace {

/// A vmm with every field at a legal value of its own.
Vmm legalVmm() {
  Vmm vmm;
  vmm.wait.insert(Unit::vector);
  vmm.wait.insert(Unit::matrix);
  vmm.signal.insert(Unit::dma);
  vmm.stream_wait.insert(Unit::attention);
  vmm.slice_rows = 32;
  vmm.work = 640;
  vmm.weight_format = WeightFormat::fp16;
  vmm.epilogue = Epilogue::multiply;
  vmm.dst_space = Space::hbm;
  vmm.aux_space = ActivationSpace::chip;
  vmm.has_bias = true;
  vmm.in_channels = 11008;
  vmm.out_channels = 4096;
  vmm.weights = 123456789;
  vmm.bias = 77;
  vmm.rows = {0, 1, Request::tokens};
  vmm.src = {-5, 64, Request::past};
  vmm.src_stride = {0, 1, Request::tokens_rounded};
  vmm.dst = {1 << 20, 2, Request::context};
  vmm.dst_stride = {3, 0, Request::zero};
  vmm.aux = {9, 7, Request::context_rounded};
  vmm.aux_stride = {1, 0, Request::zero};
  return vmm;
}

std::string encodingError(const Vmm &vmm) {
  uint64_t words[Vmm::words];
  DecodeError error;
  return encode(vmm, words, error) ? "" : describe(error);
}

std::string decodingError(const uint64_t *words, uint64_t available) {
  IgnoringVisitor visitor;
  DecodeError error;
  return decodeAndVisit(words, available, visitor, error) ? ""
                                                          : describe(error);
}

} // namespace

TEST(Encoding, DecodesWhatWasEncoded) {
  uint64_t words[Vmm::words], again[Vmm::words];
  DecodeError error;
  ASSERT_TRUE(encode(legalVmm(), words, error));
  Vmm decoded;
  ASSERT_TRUE(decode(words, decoded, error));
  EXPECT_EQ(decoded.src.offset, -5);
  EXPECT_EQ(decoded.src.factor, 64);
  EXPECT_EQ(decoded.src.request, Request::past);
  EXPECT_EQ(decoded.in_channels, 11008);
  ASSERT_TRUE(encode(decoded, again, error));
  EXPECT_TRUE(std::equal(words, words + Vmm::words, again));
}

TEST(Encoding, NumbersAtTheirLimits) {
  Vmm vmm = legalVmm();
  for (int64_t legal : {1, 16777215}) {
    vmm.in_channels = legal;
    EXPECT_EQ(encodingError(vmm), "");
  }
  vmm.in_channels = 0;
  EXPECT_EQ(encodingError(vmm),
            "vmm: field 'in_channels' is 0, allowed are 1 to 16777215");
  vmm.in_channels = 16777216;
  EXPECT_EQ(encodingError(vmm),
            "vmm: field 'in_channels' is 16777216, allowed are 1 to 16777215");
  vmm.in_channels = -1;
  EXPECT_EQ(encodingError(vmm),
            "vmm: field 'in_channels' is -1, allowed are 1 to 16777215");
}

TEST(Encoding, AffineOffsetsAtTheirLimits) {
  constexpr int64_t limit = int64_t(1) << 39;
  Vmm vmm = legalVmm();
  for (int64_t legal : {-limit, limit - 1}) {
    vmm.src.offset = legal;
    uint64_t words[Vmm::words];
    DecodeError error;
    ASSERT_TRUE(encode(vmm, words, error));
    Vmm decoded;
    ASSERT_TRUE(decode(words, decoded, error));
    EXPECT_EQ(decoded.src.offset, legal);
  }
  vmm.src.offset = limit;
  EXPECT_EQ(encodingError(vmm), "vmm: field 'src' is 549755813888, allowed are "
                                "-549755813888 to 549755813887");
}

TEST(Encoding, AffineFactorsAtTheirLimits) {
  Vmm vmm = legalVmm();
  vmm.src.factor = 65535;
  EXPECT_EQ(encodingError(vmm), "");
  vmm.src.factor = 65536;
  EXPECT_EQ(encodingError(vmm),
            "vmm: field 'src' is 65536, allowed are 0 to 65535");
  vmm.src.factor = -1;
  EXPECT_EQ(encodingError(vmm),
            "vmm: field 'src' is -1, allowed are 0 to 65535");
}

TEST(Encoding, AffineFieldsHaveOneEncoding) {
  Vmm vmm = legalVmm();
  vmm.rows = {4, 0, Request::tokens};
  EXPECT_EQ(encodingError(vmm),
            "vmm: field 'rows' has factor 0; a factor needs a request register "
            "and a register a factor");
  vmm.rows = {4, 2, Request::zero};
  EXPECT_EQ(encodingError(vmm),
            "vmm: field 'rows' has factor 2; a factor needs a request register "
            "and a register a factor");
  vmm.rows = {4, 1, Request(6)};
  EXPECT_EQ(encodingError(vmm), "vmm: field 'rows' is 6, allowed are 0 to 5");
}

TEST(Encoding, RealsAreFinite) {
  RmsNorm norm;
  norm.heads = 1;
  norm.channels = 8;
  norm.epsilon = std::numeric_limits<float>::infinity();
  uint64_t words[RmsNorm::words];
  DecodeError error;
  EXPECT_FALSE(encode(norm, words, error));
  EXPECT_EQ(describe(error), "rms_norm: field 'epsilon' is 0x7f800000, an "
                             "infinity or NaN");
}

TEST(Decoding, RefusesUnknownOpcodes) {
  uint64_t words[16] = {};
  EXPECT_EQ(decodingError(words, 16),
            "opcode 0 is not in the instruction table");
  words[0] = 0xEE;
  EXPECT_EQ(decodingError(words, 16),
            "opcode 238 is not in the instruction table");
}

TEST(Decoding, RefusesTruncatedInstructions) {
  uint64_t words[Vmm::words];
  DecodeError error;
  ASSERT_TRUE(encode(legalVmm(), words, error));
  EXPECT_EQ(decodingError(words, Vmm::words), "");
  EXPECT_EQ(decodingError(words, Vmm::words - 1),
            "vmm: 15 words are left, 16 are needed");
  EXPECT_EQ(decodingError(words, 0), "0 words are left, 1 are needed");
}

/// Whatever the bits, decoding ends with an instruction that encodes to the
/// same bits or with an error; nothing is read as two things.
TEST(Decoding, AcceptsNoSecondEncoding) {
  uint64_t words[Vmm::words];
  DecodeError error;
  ASSERT_TRUE(encode(legalVmm(), words, error));
  unsigned accepted = 0;
  for (unsigned bit = 0; bit < Vmm::words * 64; ++bit) {
    uint64_t flipped[Vmm::words];
    std::copy(words, words + Vmm::words, flipped);
    flipped[bit / 64] ^= uint64_t(1) << (bit % 64);
    Vmm decoded;
    if ((flipped[0] & 0xFF) != uint64_t(Opcode::vmm) ||
        !decode(flipped, decoded, error))
      continue;
    uint64_t again[Vmm::words];
    ASSERT_TRUE(encode(decoded, again, error)) << bit;
    ASSERT_TRUE(std::equal(flipped, flipped + Vmm::words, again)) << bit;
    ++accepted;
  }
  // Most bits of numbers and offsets make another legal instruction.
  EXPECT_GT(accepted, 400u);
}

TEST(Decoding, SurvivesRandomBits) {
  std::mt19937_64 random(1);
  for (unsigned round = 0; round < 200000; ++round) {
    uint64_t words[16];
    for (uint64_t &word : words)
      word = random() & random();
    disassemble(words);
  }
}

TEST(Resolution, AffineFieldsFollowTheRequest) {
  EXPECT_EQ(resolve({7, 0, Request::zero}, 33, 100), 7);
  EXPECT_EQ(resolve({-1, 1, Request::tokens}, 33, 100), 32);
  EXPECT_EQ(resolve({4096, 64, Request::past}, 33, 100), 4096 + 6400);
  EXPECT_EQ(resolve({0, 2, Request::context}, 33, 100), 266);
  EXPECT_EQ(resolve({0, 1, Request::tokens_rounded}, 33, 100), 64);
  EXPECT_EQ(resolve({0, 1, Request::tokens_rounded}, 32, 100), 32);
  EXPECT_EQ(resolve({0, 1, Request::context_rounded}, 33, 100), 160);
  // The largest field at the largest request stays far from overflow.
  EXPECT_GT(resolve({(int64_t(1) << 39) - 1, 65535, Request::context_rounded},
                    UINT32_MAX, UINT32_MAX),
            0);
}

TEST(Disassembly, ReadsLikeTheDialect) {
  uint64_t words[Vmm::words];
  DecodeError error;
  ASSERT_TRUE(encode(legalVmm(), words, error));
  EXPECT_EQ(
      disassemble(words),
      "vmm weight_format = fp16, epilogue = multiply, src_space = ddr, "
      "dst_space = hbm, aux_space = chip, has_bias = true, argmax = false, "
      "in_channels = 11008, out_channels = 4096, weights = 123456789, bias = "
      "77, rows = <tokens>, src = <past * 64 - 5>, src_stride = <(tokens "
      "ceildiv 32) * 32>, dst = <(tokens + past) * 2 + 1048576>, dst_stride = "
      "<3>, aux = <((tokens + past) ceildiv 32) * 32 * 7 + 9>, aux_stride = "
      "<1>, slice_rows = 32, work = 640 wait <matrix, vector> signal <dma> "
      "stream_wait <attention>");
  words[0] = 0;
  EXPECT_EQ(disassemble(words),
            "illegal: opcode 0 is not in the instruction table");
}
