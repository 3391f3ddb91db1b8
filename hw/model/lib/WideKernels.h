//===- WideKernels.h - The int4 mode in bytes, with AVX-512 -----*- C++ -*-===//
//
// Included by Kernels.cpp after KernelBody.h. The processor multiplies unsigned
// by signed bytes and adds four products to a 32-bit sum. An aligned activation
// A (N6) of 16 bits is made unsigned and cut in two:
//
//   A + 2^15 = 256 * high + low       S = sum A*v = 256 * (sum high*v - C)
//                                                  + sum low*v
//
// where C = 128 * sum v is one product with a constant. Every sum is exact: 128
// products of 255 * 14 fit in 19 bits, S in 26 (N6).
//
//===----------------------------------------------------------------------===//

/// The bytes of 128 activations, `high` before `low`.
struct Planes {
  __m512i high[2], low[2];
};

static const Planes &planesOf(const Int4Inputs &inputs) {
  return *reinterpret_cast<const Planes *>(inputs.value);
}

/// The sums of an output, or of several in parts of the vector.
static __m512i join(__m512i high, __m512i low, __m512i correction) {
  return _mm512_add_epi32(
      _mm512_slli_epi32(_mm512_sub_epi32(high, correction), 8), low);
}

static __m512i sumOf(__m512i unsignedBytes, __m512i signedBytes,
                     __m512i sum = __m512i{}) {
  return _mm512_dpbusd_epi32(sum, unsignedBytes, signedBytes);
}

static __m512i correctionOf(__m512i weights) {
  return sumOf(_mm512_set1_epi8(char(128)), weights);
}

/// Sign and magnitude (N6) of bytes below 16.
static __m512i int4Values(__m512i codes) {
  const __m512i values = _mm512_broadcast_i32x4(
      _mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 0, -1, -2, -3, -4, -5, -6, -7));
  return _mm512_shuffle_epi8(values, codes);
}

/// The weights of a block of dense codes: those of even channels are in the low
/// nibbles.
struct EvenOdd {
  explicit EvenOdd(__m512i codes)
      : even(int4Values(_mm512_and_si512(codes, _mm512_set1_epi8(15)))),
        odd(int4Values(_mm512_and_si512(_mm512_srli_epi16(codes, 4),
                                        _mm512_set1_epi8(15)))) {}
  __m512i even, odd;
};

/// A block's 128 activations times weights in the order of the planes.
static __m512i sumOfBlock(const Planes &planes, __m512i first, __m512i second) {
  return join(sumOf(planes.high[1], second, sumOf(planes.high[0], first)),
              sumOf(planes.low[1], second, sumOf(planes.low[0], first)),
              correctionOf(_mm512_add_epi8(first, second)));
}

/// Quarter l of result i is quarter i of line l.
static void transposeQuarters(__m512i l0, __m512i l1, __m512i l2, __m512i l3,
                              __m512i (&result)[4]) {
  __m512i a = _mm512_shuffle_i32x4(l0, l1, 0x44);
  __m512i b = _mm512_shuffle_i32x4(l2, l3, 0x44);
  __m512i c = _mm512_shuffle_i32x4(l0, l1, 0xEE);
  __m512i d = _mm512_shuffle_i32x4(l2, l3, 0xEE);
  result[0] = _mm512_shuffle_i32x4(a, b, 0x88);
  result[1] = _mm512_shuffle_i32x4(a, b, 0xDD);
  result[2] = _mm512_shuffle_i32x4(c, d, 0x88);
  result[3] = _mm512_shuffle_i32x4(c, d, 0xDD);
}

/// Sums of neighbouring quarters: two of `a`, then two of `b`.
static __m512i addQuarters(__m512i a, __m512i b) {
  return _mm512_add_epi32(_mm512_shuffle_i32x4(a, b, 0x88),
                          _mm512_shuffle_i32x4(a, b, 0xDD));
}

//===----------------------------------------------------------------------===//
// Activations
//===----------------------------------------------------------------------===//

/// 32 aligned activations plus 2^15, of a block with that greatest exponent.
static __m512i align(__m512i half, int largest) {
  __m512i field =
      _mm512_and_si512(_mm512_srli_epi16(half, 10), _mm512_set1_epi16(31));
  __mmask32 isNormal = _mm512_test_epi16_mask(field, field);
  __m512i mantissa = _mm512_and_si512(half, _mm512_set1_epi16(0x3FF));
  mantissa =
      _mm512_or_si512(mantissa, _mm512_maskz_set1_epi16(isNormal, 0x400));
  __m512i exponent = _mm512_max_epi16(field, _mm512_set1_epi16(1));
  __m512i aligned = _mm512_srlv_epi16(
      _mm512_slli_epi16(mantissa, numerics::kGuardBits),
      _mm512_sub_epi16(_mm512_set1_epi16(short(largest)), exponent));
  __m512i value = _mm512_mask_sub_epi16(aligned, _mm512_movepi16_mask(half),
                                        __m512i{}, aligned);
  return _mm512_xor_si512(value, _mm512_set1_epi16(short(0x8000)));
}

static int largestExponent(const uint16_t *activations) {
  __m512i greatest = {};
  for (unsigned i = 0; i < kBlock; i += 32)
    greatest = _mm512_max_epi16(
        greatest, _mm512_and_si512(_mm512_loadu_si512(activations + i),
                                   _mm512_set1_epi16(0x7FFF)));
  alignas(64) uint16_t lane[32];
  _mm512_store_si512(lane, greatest);
  uint16_t most = 0;
  for (uint16_t magnitude : lane)
    most = magnitude > most ? magnitude : most;
  return numerics::exponent(most);
}

/// Hands 32 aligned activations at a time to `place`.
template <typename Place>
static void prepareBytes(const uint16_t *activations, Int4Inputs &inputs,
                         Place place) {
  int largest = largestExponent(activations);
  __mmask32 any = 0;
  for (unsigned i = 0; i < kBlock; i += 32) {
    __m512i value = align(_mm512_loadu_si512(activations + i), largest);
    any |= _mm512_cmpneq_epi16_mask(value, _mm512_set1_epi16(short(0x8000)));
    place(i, value);
  }
  inputs.unit = numerics::powerOfTwo(largest - 29);
  inputs.zero = any == 0;
}

/// Even channels, then odd ones: the low and the high nibbles of dense weights.
static void prepareInt4(const uint16_t *activations, Int4Inputs &inputs) {
  std::byte *plane = inputs.value;
  prepareBytes(activations, inputs, [plane](unsigned i, __m512i value) {
    auto put = [&](unsigned offset, __m512i bytes) {
      store(plane + offset + i / 2, _mm512_cvtepi32_epi8(bytes));
    };
    put(0, _mm512_srli_epi32(value, 8));
    put(kBlock / 2, _mm512_srli_epi32(value, 24));
    put(kBlock, value);
    put(kBlock + kBlock / 2, _mm512_srli_epi32(value, 16));
  });
}

/// In order of the channels, as sparse weights address them.
static void prepareInOrder(const uint16_t *activations, Int4Inputs &inputs) {
  std::byte *plane = inputs.value;
  prepareBytes(activations, inputs, [plane](unsigned i, __m512i value) {
    store(plane + i, _mm512_cvtepi16_epi8(_mm512_srli_epi16(value, 8)));
    store(plane + kBlock + i, _mm512_cvtepi16_epi8(value));
  });
}

//===----------------------------------------------------------------------===//
// Panels: int8 [input / 4][output][4], even channels before odd ones
//===----------------------------------------------------------------------===//

/// 16 x 16 words of 32 bits.
static void transposeWords(__m512i (&line)[16]) {
  __m512i next[16];
  for (int i = 0; i < 16; i += 2) {
    next[i] = _mm512_unpacklo_epi32(line[i], line[i + 1]);
    next[i + 1] = _mm512_unpackhi_epi32(line[i], line[i + 1]);
  }
  for (int i = 0; i < 16; i += 4) {
    line[i] = _mm512_unpacklo_epi64(next[i], next[i + 2]);
    line[i + 1] = _mm512_unpackhi_epi64(next[i], next[i + 2]);
    line[i + 2] = _mm512_unpacklo_epi64(next[i + 1], next[i + 3]);
    line[i + 3] = _mm512_unpackhi_epi64(next[i + 1], next[i + 3]);
  }
  // Lane l of line 4j + i now has word 4l + i of lines 4j to 4j + 3.
  for (int i = 0; i < 4; ++i) {
    __m512i words[4];
    transposeQuarters(line[i], line[4 + i], line[8 + i], line[12 + i], words);
    for (int l = 0; l < 4; ++l)
      next[4 * l + i] = words[l];
  }
  for (int i = 0; i < 16; ++i)
    line[i] = next[i];
}

static constexpr unsigned kQuadBytes = 4 * kOutputs;

static void unpackInt4(const Tile &tile, Int4Weights &weights) {
  for (unsigned o = 0; o < kOutputs; o += 16) {
    __m512i line[16], correction = {};
    for (unsigned i = 0; i < 16; ++i)
      line[i] = _mm512_load_si512(tile.word[o + i]);
    transposeWords(line);
    for (unsigned i = 0; i < 16; ++i) {
      EvenOdd values(line[i]);
      std::byte *to = weights.panel + i * kQuadBytes + 4 * o;
      _mm512_store_si512(to, values.even);
      _mm512_store_si512(to + 16 * kQuadBytes, values.odd);
      correction = sumOf(_mm512_set1_epi8(char(128)),
                         _mm512_add_epi8(values.even, values.odd), correction);
    }
    _mm512_store_si512(weights.correction + o, correction);
  }
}

static void addToWeight(Int4Weights &weights, unsigned input, unsigned output,
                        int value) {
  unsigned quad = input % 2 * (kBlock / 8) + input / 8;
  auto *weight = reinterpret_cast<int8_t *>(weights.panel + quad * kQuadBytes +
                                            4 * output + input / 2 % 4);
  *weight = int8_t(*weight + value);
  weights.correction[output] += 128 * value;
}

/// Some lines at a time share the loads of the panel.
template <unsigned count>
static void addInt4Lines(const Int4Inputs *lines, const Int4Weights &weights,
                         Sums *sums) {
  for (unsigned o = 0; o < kOutputs; o += 16) {
    __m512i high[count] = {}, low[count] = {};
    const std::byte *quads = weights.panel + 4 * o;
    for (unsigned i = 0; i < kBlock / 4; ++i) {
      __m512i weight = _mm512_load_si512(quads + i * kQuadBytes);
      for (unsigned line = 0; line < count; ++line) {
        const std::byte *value = lines[line].value + 4 * i;
        high[line] =
            sumOf(_mm512_set1_epi32(load<int32_t>(value)), weight, high[line]);
        low[line] = sumOf(_mm512_set1_epi32(load<int32_t>(value + kBlock)),
                          weight, low[line]);
      }
    }
    __m512i correction = _mm512_load_si512(weights.correction + o);
    __m512 scale = _mm512_load_ps(weights.scale + o);
    for (unsigned line = 0; line < count; ++line) {
      __m512 term = _mm512_cvtepi32_ps(join(high[line], low[line], correction));
      term = term * scale * _mm512_set1_ps(lines[line].unit);
      float *sum = sums[line].output + o;
      _mm512_store_ps(sum, _mm512_load_ps(sum) + term);
    }
  }
}

/// A running sum is never -0, so the term of a line of zeros changes nothing.
static void addInt4(const Int4Inputs *lines, size_t count,
                    const Int4Weights &weights, Sums *sums) {
  constexpr unsigned together = 8;
  size_t line = 0;
  for (; line + together <= count; line += together)
    addInt4Lines<together>(lines + line, weights, sums + line);
  for (; line < count; ++line)
    addInt4Lines<1>(lines + line, weights, sums + line);
}

//===----------------------------------------------------------------------===//
// Rows: blocks of weights as they stream
//===----------------------------------------------------------------------===//

/// Where a block of an output is.
struct BlockPlace {
  const std::byte *index, *codes;
};

static __m128i load16(const std::byte *from) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i *>(from));
}
static __m128i load8(const std::byte *from) {
  return _mm_loadl_epi64(reinterpret_cast<const __m128i *>(from));
}

/// 64 codes from 32 bytes, in order.
static __m512i nibblesOf(__m256i bytes) {
  __m512i words = _mm512_cvtepu8_epi16(bytes);
  return _mm512_and_si512(_mm512_or_si512(words, _mm512_slli_epi16(words, 4)),
                          _mm512_set1_epi8(15));
}

/// Activations chosen by channel, 64 of 128, times weights.
static __m512i sumOfChosen(const Planes &planes, __m512i channels,
                           __m512i weights) {
  __m512i high =
      _mm512_permutex2var_epi8(planes.high[0], channels, planes.high[1]);
  __m512i low =
      _mm512_permutex2var_epi8(planes.low[0], channels, planes.low[1]);
  return join(sumOf(high, weights), sumOf(low, weights), correctionOf(weights));
}

/// Within each quarter: the sums of that quarter of four vectors.
static __m512i sumsOfQuarters(const __m512i *part) {
  __m512i a = _mm512_add_epi32(_mm512_unpacklo_epi32(part[0], part[1]),
                               _mm512_unpackhi_epi32(part[0], part[1]));
  __m512i b = _mm512_add_epi32(_mm512_unpacklo_epi32(part[2], part[3]),
                               _mm512_unpackhi_epi32(part[2], part[3]));
  return _mm512_add_epi32(_mm512_unpacklo_epi64(a, b),
                          _mm512_unpackhi_epi64(a, b));
}

/// Sums of the lanes of 16 vectors, in order.
static __m512i sumsOfVectors(const __m512i (&part)[16]) {
  __m512i four[4];
  for (int j = 0; j < 4; ++j)
    four[j] = sumsOfQuarters(part + 4 * j);
  return addQuarters(addQuarters(four[0], four[1]),
                     addQuarters(four[2], four[3]));
}

/// A format of weights: the sums of one block for `outputs` outputs at a time,
/// each in its part of the vector, and of 16 blocks in order.
template <isa::WeightFormat> struct Rows;

/// Where the vector is one output's.
struct OneOutput {
  static constexpr unsigned outputs = 1;
  static void reduce(const __m512i (&part)[16], __m512i (&result)[1]) {
    result[0] = sumsOfVectors(part);
  }
};

template <> struct Rows<isa::WeightFormat::int4> : OneOutput {
  static constexpr auto prepare = prepareInt4;

  static __m512i sum(const Planes &planes, const BlockPlace (&place)[1]) {
    EvenOdd weights(_mm512_loadu_si512(place[0].codes));
    return sumOfBlock(planes, weights.even, weights.odd);
  }
};

template <> struct Rows<isa::WeightFormat::int4_4of8> : OneOutput {
  static constexpr auto prepare = prepareInOrder;

  static __m512i sum(const Planes &planes, const BlockPlace (&place)[1]) {
    uint64_t mask[2] = {load<uint64_t>(place[0].index),
                        load<uint64_t>(place[0].index + 8)};
    __m512i weights[2];
    if (areFour(mask[0]) && areFour(mask[1])) {
      __m512i codes = int4Values(nibblesOf(_mm256_loadu_si256(
          reinterpret_cast<const __m256i *>(place[0].codes))));
      weights[0] = _mm512_maskz_expand_epi8(mask[0], codes);
      weights[1] = _mm512_maskz_expand_epi8(
          mask[1], _mm512_shuffle_i64x2(codes, codes, 0xEE));
    } else {
      alignas(64) std::byte block[kBlock / 2];
      expand4of8(place[0].index, place[0].codes, block);
      for (int half = 0; half < 2; ++half)
        weights[half] = int4Values(nibblesOf(_mm256_load_si256(
            reinterpret_cast<const __m256i *>(block) + half)));
    }
    return sumOfBlock(planes, weights[0], weights[1]);
  }
};

struct alignas(64) Bytes {
  int8_t byte[64];
};

/// 8 bytes from each of these starts on.
static constexpr Bytes stepsOf(const int8_t (&starts)[8]) {
  Bytes steps = {};
  for (int i = 0; i < 64; ++i)
    steps.byte[i] = int8_t(starts[i / 8] + i % 8);
  return steps;
}

/// The first channels of the groups that kept weights are in, a block after
/// the other: `kept` of 8.
static constexpr Bytes firstChannelsOf(int kept) {
  Bytes first = {};
  for (int i = 0; i < 64; ++i)
    first.byte[i] = int8_t(i % (16 * kept) / kept * 8);
  return first;
}

/// Fields 0 to 7 of each 64-bit word, of 3 bits.
static __m512i fieldsOfThree(__m512i words) {
  const __m512i shifts = _mm512_set1_epi64(0x1512'0F0C'0906'0300);
  return _mm512_and_si512(_mm512_multishift_epi64_epi8(shifts, words),
                          _mm512_set1_epi8(7));
}

template <> struct Rows<isa::WeightFormat::int4_2of8> {
  static constexpr unsigned outputs = 2;
  static constexpr auto prepare = prepareInOrder;

  static __m512i sum(const Planes &planes, const BlockPlace (&place)[2]) {
    static constexpr Bytes steps = stepsOf({0, 3, 6, 9, 16, 19, 22, 25});
    static constexpr Bytes first = firstChannelsOf(2);
    __m256i index =
        _mm256_set_m128i(load16(place[1].index), load16(place[0].index));
    __m512i channels = _mm512_or_si512(
        fieldsOfThree(_mm512_permutexvar_epi8(_mm512_load_si512(&steps),
                                              _mm512_castsi256_si512(index))),
        _mm512_load_si512(&first));
    __m256i codes =
        _mm256_set_m128i(load16(place[1].codes), load16(place[0].codes));
    return sumOfChosen(planes, channels, int4Values(nibblesOf(codes)));
  }

  static void reduce(const __m512i (&part)[16], __m512i (&result)[2]) {
    __m512i both[2][2]; // output, blocks 0-3 and 8-11, blocks 4-7 and 12-15
    for (int j = 0; j < 2; ++j)
      for (int output = 0; output < 2; ++output) {
        __m512i p[4];
        for (int i = 0; i < 4; ++i)
          p[i] = output ? _mm512_shuffle_i64x2(part[4 * j + i],
                                               part[8 + 4 * j + i], 0xEE)
                        : _mm512_shuffle_i64x2(part[4 * j + i],
                                               part[8 + 4 * j + i], 0x44);
        both[output][j] = sumsOfQuarters(p);
      }
    for (int output = 0; output < 2; ++output) {
      // Blocks 0-3, 8-11, 4-7, 12-15.
      __m512i mixed = addQuarters(both[output][0], both[output][1]);
      result[output] = _mm512_shuffle_i32x4(mixed, mixed, 0xD8);
    }
  }
};

/// One of 8, with addresses of 3 bits or, padded, of 4.
template <bool padded> struct OneOfEight {
  static constexpr unsigned outputs = 4;
  static constexpr auto prepare = prepareInOrder;

  static __m512i sum(const Planes &planes, const BlockPlace (&place)[4]) {
    static constexpr Bytes first = firstChannelsOf(1);
    __m512i channels =
        _mm512_or_si512(addresses(place), _mm512_load_si512(&first));
    return sumOfChosen(
        planes, channels,
        int4Values(nibblesOf(gather(place, &BlockPlace::codes))));
  }

  /// After two rounds lane l of vector j has blocks 4j to 4j + 3 of output l.
  static void reduce(const __m512i (&part)[16], __m512i (&result)[4]) {
    __m512i four[4];
    for (int j = 0; j < 4; ++j)
      four[j] = sumsOfQuarters(part + 4 * j);
    transposeQuarters(four[0], four[1], four[2], four[3], result);
  }

private:
  /// Eight bytes of each output.
  static __m256i gather(const BlockPlace (&place)[4],
                        const std::byte *BlockPlace::*part) {
    return _mm256_set_m128i(
        _mm_unpacklo_epi64(load8(place[2].*part), load8(place[3].*part)),
        _mm_unpacklo_epi64(load8(place[0].*part), load8(place[1].*part)));
  }

  static __m512i addresses(const BlockPlace (&place)[4]) {
    __m256i index = gather(place, &BlockPlace::index);
    if constexpr (padded)
      return _mm512_and_si512(nibblesOf(index), _mm512_set1_epi8(7));
    static constexpr Bytes steps = stepsOf({0, 3, 8, 11, 16, 19, 24, 27});
    return fieldsOfThree(_mm512_permutexvar_epi8(
        _mm512_load_si512(&steps), _mm512_castsi256_si512(index)));
  }
};

template <> struct Rows<isa::WeightFormat::int4_1of8> : OneOfEight<false> {};
template <>
struct Rows<isa::WeightFormat::int4_1of8_padded> : OneOfEight<true> {};

static __m512 toFloats(__m256i halves) {
  __m512i bits =
      _mm512_and_si512(_mm512_slli_epi32(_mm512_cvtepi16_epi32(halves), 13),
                       _mm512_set1_epi32(int(0x8FFFE000)));
  return _mm512_castsi512_ps(bits) * _mm512_set1_ps(0x1p112f);
}

/// N4 for eight sums side by side.
static float treeOf(__m256 s) {
  __m128 four = _mm256_castps256_ps128(s) + _mm256_extractf128_ps(s, 1);
  return (four[0] + four[2]) + (four[1] + four[3]);
}

/// Terms of 16 blocks of an output join its running sums, first the lower
/// eight.
static __m256 addTerms(__m256 sums, __m512i dots, const std::byte *scales,
                       __m512 units) {
  __m512 scale =
      toFloats(_mm256_loadu_si256(reinterpret_cast<const __m256i *>(scales)));
  __m512 terms = _mm512_cvtepi32_ps(dots) * scale * units;
  sums = sums + _mm512_castps512_ps256(terms);
  return sums + _mm512_extractf32x8_ps(terms, 1);
}

static constexpr unsigned kPackageBlocks = isa::kPackageInputs / kBlock;

/// Units of the blocks of a package; 0 past the last block.
static __m512 unitsOf(const Int4Inputs *inputs, unsigned blocks) {
  alignas(64) float units[kPackageBlocks] = {};
  for (unsigned b = 0; b < blocks; ++b)
    units[b] = inputs[b].unit;
  return _mm512_load_ps(units);
}

template <isa::WeightFormat format>
static void addPackage(const Int4Inputs *inputs, unsigned blocks,
                       const std::byte *const *rows, int64_t start,
                       __m256 *sums) {
  using Format = Rows<format>;
  constexpr unsigned outputs = Format::outputs;
  constexpr int64_t indexBytes = isa::indexBytes(format, kBlock);
  constexpr int64_t codeBytes = isa::codeBytes(format, kBlock);
  int64_t index = start + isa::kPackageScaleBytes;
  int64_t codes = index + blocks * indexBytes;
  __m512i part[kPackageBlocks], dots[outputs];
  for (unsigned b = 0; b < kPackageBlocks; ++b) {
    if (b >= blocks) {
      part[b] = __m512i{};
      continue;
    }
    BlockPlace place[outputs];
    for (unsigned o = 0; o < outputs; ++o)
      place[o] = {rows[o] + index + b * indexBytes,
                  rows[o] + codes + b * codeBytes};
    // The rows that are summed together follow each other, and so does what is
    // read after them. The processor's own prefetching ends with each page.
    constexpr int64_t ahead = 2048;
    constexpr int64_t blockBytes =
        isa::packageBytes(format, isa::kPackageInputs) / kPackageBlocks;
    __builtin_prefetch(rows[0] + outputs * (start + b * blockBytes) + ahead);
    part[b] = Format::sum(planesOf(inputs[b]), place);
  }
  Format::reduce(part, dots);
  __m512 units = unitsOf(inputs, blocks);
  for (unsigned o = 0; o < outputs; ++o)
    sums[o] = addTerms(sums[o], dots[o], rows[o] + start, units);
}

template <isa::WeightFormat format>
static void dotRows(const Int4Inputs *inputs, size_t groups,
                    const PackedRows &packed, float *results) {
  constexpr size_t outputs = Rows<format>::outputs;
  constexpr int64_t step = isa::packageBytes(format, isa::kPackageInputs);
  for (size_t row = 0; row < packed.count; row += outputs) {
    const std::byte *rows[outputs];
    __m256 sums[outputs] = {};
    for (size_t o = 0; o < outputs; ++o) {
      size_t last = packed.count - 1; // again, where there are no more
      rows[o] = packed.first + (row + o < last ? row + o : last) * packed.bytes;
    }
    int64_t start = 0;
    for (size_t group = 0; group < groups; group += kPackageBlocks) {
      size_t left = groups - group;
      unsigned blocks = unsigned(left < kPackageBlocks ? left : kPackageBlocks);
      addPackage<format>(inputs + group, blocks, rows, start, sums);
      start += step;
    }
    for (size_t o = 0; o < outputs && row + o < packed.count; ++o)
      results[row + o] = treeOf(sums[o]);
  }
}

template <isa::WeightFormat format>
static constexpr RowKernel rowKernel = {Rows<format>::prepare, dotRows<format>};
