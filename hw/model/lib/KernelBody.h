//===- KernelBody.h - Source of one set of kernels --------------*- C++ -*-===//
//
// Included by Kernels.cpp once for each instruction set, inside a namespace and
// a target attribute of its own; hence no include guard, no standard library
// templates, and everything static. Vectors are 32 bytes: one register of AVX2,
// two of SSE2.
//
//===----------------------------------------------------------------------===//

template <typename V> static V load(const void *from) {
  V value;
  __builtin_memcpy(&value, from, sizeof value);
  return value;
}

template <typename V> static void store(void *to, V value) {
  __builtin_memcpy(to, &value, sizeof value);
}

/// Alternates the lanes of two vectors, within the 16-byte halves: the lower
/// quads of the halves, and the upper ones.
template <typename V> static V interleaveLow(V even, V odd) {
  return __builtin_shufflevector(even, odd, 0, 16, 1, 17, 2, 18, 3, 19, 8, 24,
                                 9, 25, 10, 26, 11, 27);
}

template <typename V> static V interleaveHigh(V even, V odd) {
  return __builtin_shufflevector(even, odd, 4, 20, 5, 21, 6, 22, 7, 23, 12, 28,
                                 13, 29, 14, 30, 15, 31);
}

//===----------------------------------------------------------------------===//
// Activations
//===----------------------------------------------------------------------===//

/// N1. Moving the fraction to its place and multiplying by 2^112 corrects the
/// exponent bias and normalises subnormals.
static F32x8 toFloat(I16x8 half) {
  I32x8 bits = (__builtin_convertvector(half, I32x8) << 13) &
               (I32x8{} + int32_t(0x8FFFE000));
  return F32x8(bits) * 0x1p112f;
}

/// N2, as floatToHalf(). Normal results round in the integers, where a carry
/// into the exponent is right; subnormal ones by an addition whose last place
/// is theirs.
static U16x8 toHalf(F32x8 value) {
  constexpr int32_t greatest = 0x477FE000, leastNormal = 0x38800000; // 65504
  I32x8 bits = I32x8(value);
  I32x8 sign = (bits >> 16) & 0x8000;
  I32x8 magnitude = bits & 0x7FFFFFFF;
  magnitude = __builtin_elementwise_min(magnitude, I32x8{} + greatest);
  I32x8 normal =
      (magnitude - (112 << 23) + 0xFFF + ((magnitude >> 13) & 1)) >> 13;
  I32x8 subnormal = I32x8(F32x8(magnitude) + 0.5f) - I32x8(F32x8{} + 0.5f);
  I32x8 result = magnitude < leastNormal ? subnormal : normal;
  return __builtin_convertvector(result | sign, U16x8);
}

/// N8.
static void finishVmm(const float *dots, const uint16_t *bias,
                      isa::Epilogue epilogue, const uint16_t *aux,
                      uint16_t *results) {
  for (unsigned o = 0; o < kOutputs; o += 8) {
    F32x8 y = load<F32x8>(dots + o);
    if (bias)
      y += toFloat(load<I16x8>(bias + o));
    if (epilogue == isa::Epilogue::add)
      y += toFloat(load<I16x8>(aux + o));
    else if (epilogue == isa::Epilogue::multiply)
      y *= toFloat(load<I16x8>(aux + o));
    store(results + o, toHalf(y));
  }
}

/// N10.
static void finishScores(const float *dots, float scale, uint16_t *results) {
  for (unsigned o = 0; o < kOutputs; o += 8)
    store(results + o, toHalf(load<F32x8>(dots + o) * scale));
}

/// Values and exponents of 32 FP16 numbers.
static void unpackPacket(const uint16_t *halves, float *values,
                         int8_t *exponent) {
  for (int i = 0; i < 32; i += 8)
    store(values + i, toFloat(load<I16x8>(halves + i)));
  for (int i = 0; i < 32; i += 16) {
    I16x16 magnitude = load<I16x16>(halves + i) & 0x7FFF;
    I16x16 field = __builtin_elementwise_max(magnitude >> 10, I16x16{} + 1);
    I16x16 marked = magnitude == 0 ? I16x16{} + kNoExponent : field;
    store(exponent + i, __builtin_convertvector(marked, I8x16));
  }
}

static void prepareFp16(const uint16_t *activations, Fp16Inputs &inputs) {
  unpackPacket(activations, inputs.value, inputs.exponent);
  uint16_t any = 0;
  for (unsigned i = 0; i < kGroup; ++i)
    any |= activations[i] & 0x7FFF;
  inputs.zero = any == 0;
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

/// Which output a column of a transposed tile holds: in order, or with the two
/// middle quarters of every 16 exchanged (see unpackInt4).
enum class Order { natural, swapped };

static int outputAt(int column, Order order) {
  bool isMiddle = ((column >> 2) ^ (column >> 3)) & 1;
  return order == Order::swapped && isMiddle ? column ^ 12 : column;
}

/// 8x8 words by three rounds of interleaving, two blocks side by side in the
/// 16-byte halves of a vector.
static void transposeBlocks(const Tile &from, int input, int column,
                            Order order, Tile &to) {
  U16x16 line[8], next[8];
  for (int i = 0; i < 8; ++i)
    line[i] = load<U16x16>(&from.word[outputAt(column + i, order)][input]);
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 4; ++i) {
      next[2 * i] = interleaveLow(line[i], line[i + 4]);
      next[2 * i + 1] = interleaveHigh(line[i], line[i + 4]);
    }
    for (int i = 0; i < 8; ++i)
      line[i] = next[i];
  }
  for (int i = 0; i < 8; ++i) {
    store(&to.word[input + i][column],
          __builtin_shufflevector(line[i], line[i], 0, 1, 2, 3, 4, 5, 6, 7));
    store(&to.word[input + 8 + i][column],
          __builtin_shufflevector(line[i], line[i], 8, 9, 10, 11, 12, 13, 14,
                                  15));
  }
}

/// Makes inputs the rows of a tile whose rows are outputs.
static void transpose(const Tile &from, Order order, Tile &to) {
  for (int input = 0; input < 32; input += 16)
    for (int column = 0; column < 32; column += 8)
      transposeBlocks(from, input, column, order, to);
}

static void unpackFp16(const Tile &tile, Fp16Weights &weights) {
  for (unsigned i = 0; i < kGroup; ++i)
    unpackPacket(tile.word[i], weights.value[i], weights.exponent[i]);
}

static void unpackFp16Transposed(const Tile &tile, Fp16Weights &weights) {
  Tile inputsFirst;
  transpose(tile, Order::natural, inputsFirst);
  unpackFp16(inputsFirst, weights);
}

//===----------------------------------------------------------------------===//
// Sparse weights (N18): words of 8 codes, one a group
//===----------------------------------------------------------------------===//

/// A word eight times, shifted right by 0, bits, 2 * bits, ...
static U32x8 fieldsOf(const std::byte *from, uint32_t bits) {
  const U32x8 lane = {0, 1, 2, 3, 4, 5, 6, 7};
  return (U32x8{} + load<uint32_t>(from)) >> (lane * bits);
}

/// Whether each byte has four bits, as packers write them.
static bool areFour(uint64_t masks) {
  masks -= (masks >> 1) & 0x5555555555555555;
  masks = (masks & 0x3333333333333333) + ((masks >> 2) & 0x3333333333333333);
  return ((masks + (masks >> 4)) & 0x0F0F0F0F0F0F0F0F) == 0x0404040404040404;
}

static unsigned expand4of8(const std::byte *index, const std::byte *codes,
                           void *block) {
  auto *words = static_cast<std::byte *>(block);
  bool isPlain =
      areFour(load<uint64_t>(index)) && areFour(load<uint64_t>(index + 8));
  if (isPlain) // then the codes of two groups follow each other
    for (unsigned group = 0; group < kBlock / 8; group += 2)
      store(words + 4 * group, spreadCodes(load<uint32_t>(codes + 2 * group),
                                           load<uint16_t>(index + group)));
  else
    for (unsigned group = 0; group < kBlock / 8; ++group)
      store(words + 4 * group,
            uint32_t(spreadCodes(load<uint16_t>(codes + 2 * group),
                                 uint32_t(index[group]))));
  return 0;
}

static unsigned expand2of8(const std::byte *index, const std::byte *codes,
                           void *block) {
  const U32x8 shift = {0, 6, 12, 18, 0, 6, 12, 18};
  unsigned repeated = 0;
  for (unsigned half = 0; half < 2; ++half) {
    uint32_t left = load<uint32_t>(index + 6 * half);
    uint32_t right = load<uint32_t>(index + 6 * half + 3);
    U32x8 words = {left, left, left, left, right, right, right, right};
    U32x8 fields = words >> shift;
    U32x8 first = fields & 7, second = (fields >> 3) & 7;
    U32x8 pair = __builtin_convertvector(load<U8x8>(codes + 8 * half), U32x8);
    U32x8 isRepeated = U32x8(first == second);
    U32x8 word = (pair & 15) << (4 * first) | ((pair >> 4) & ~isRepeated)
                                                  << (4 * second);
    store(static_cast<std::byte *>(block) + 32 * half, word);
    if (__builtin_reduce_or(isRepeated))
      for (unsigned lane = 0; lane < 8; ++lane)
        repeated |= (isRepeated[lane] & 1) << (8 * half + lane);
  }
  return repeated;
}

static unsigned expand1of8Padded(const std::byte *index, const std::byte *codes,
                                 void *block) {
  for (unsigned half = 0; half < 2; ++half)
    store(static_cast<std::byte *>(block) + 32 * half,
          (fieldsOf(codes + 4 * half, 4) & 15)
              << (4 * (fieldsOf(index + 4 * half, 4) & 7)));
  return 0;
}

static unsigned expand1of8(const std::byte *index, const std::byte *codes,
                           void *block) {
  for (unsigned half = 0; half < 2; ++half)
    store(static_cast<std::byte *>(block) + 32 * half,
          (fieldsOf(codes + 4 * half, 4) & 15)
              << (4 * (fieldsOf(index + 3 * half, 3) & 7)));
  return 0;
}

//===----------------------------------------------------------------------===//
// Dot products
//===----------------------------------------------------------------------===//

/// N7 in binary32: a product of two FP16 values is exact, so is its scaling to
/// units of the result, and the conversion to an integer truncates as the
/// shifter does.
static void addFp16Line(const Fp16Inputs &inputs, const Fp16Weights &weights,
                        Sums &sums) {
  I8x32 largest = I8x32{} + 2; // the least that two factors can have
  for (unsigned i = 0; i < kGroup; ++i)
    largest = __builtin_elementwise_max(
        largest, load<I8x32>(weights.exponent[i]) + inputs.exponent[i]);
  I32x8 total[4] = {};
  F32x8 toUnits[4], unit[4];
  alignas(32) int8_t e[kOutputs];
  store(e, largest);
  for (int o = 0; o < 4; ++o) {
    constexpr int unitExponent = numerics::kProductDrop - 50;
    I32x8 exponent = __builtin_convertvector(load<I8x8>(e + 8 * o), I32x8);
    toUnits[o] = F32x8((127 - unitExponent - exponent) << 23);
    unit[o] = F32x8((127 + unitExponent + exponent) << 23);
  }
  for (unsigned i = 0; i < kGroup; ++i)
    for (int o = 0; o < 4; ++o) {
      F32x8 product = load<F32x8>(weights.value[i] + 8 * o) * inputs.value[i];
      total[o] += __builtin_convertvector(product * toUnits[o], I32x8);
    }
  for (int o = 0; o < 4; ++o)
    store(sums.output + 8 * o,
          load<F32x8>(sums.output + 8 * o) +
              __builtin_convertvector(total[o], F32x8) * unit[o]);
}

static void addFp16(const Fp16Inputs *lines, size_t count,
                    const Fp16Weights &weights, Sums *sums) {
  for (size_t line = 0; line < count; ++line)
    if (!lines[line].zero)
      addFp16Line(lines[line], weights, sums[line]);
}

static void finish(const Sums *sums, size_t stride, float *results) {
  for (unsigned o = 0; o < kOutputs; o += 8) {
    F32x8 s[8];
    for (int k = 0; k < 8; ++k)
      s[k] = load<F32x8>(sums[k * stride].output + o);
    store(results + o,
          ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7])));
  }
}
