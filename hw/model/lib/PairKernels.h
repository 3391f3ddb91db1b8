//===- PairKernels.h - The int4 mode in pairs of 16-bit lanes ---*- C++ -*-===//
//
// Included by Kernels.cpp after KernelBody.h, for the sets that multiply-add
// pairs: the panel is int16 [input / 2][output][2], activations are int16.
//
//===----------------------------------------------------------------------===//

/// N6. Eight lanes at a time, for the sake of per-lane shifts.
static void prepareInt4(const uint16_t *activations, Int4Inputs &inputs) {
  I16x16 greatest = {};
  for (unsigned i = 0; i < kBlock; i += 16)
    greatest = __builtin_elementwise_max(
        greatest, load<I16x16>(activations + i) & 0x7FFF);
  int most = __builtin_reduce_max(greatest);
  int largest = numerics::exponent(uint16_t(most));
  I16x8 any = {};
  for (unsigned i = 0; i < kBlock; i += 8) {
    I32x8 half = __builtin_convertvector(load<I16x8>(activations + i), I32x8);
    I32x8 field = (half >> 10) & 31;
    I32x8 fraction = half & 0x3FF;
    I32x8 mantissa = field != 0 ? fraction | 0x400 : fraction;
    I32x8 exponent = __builtin_elementwise_max(field, I32x8{} + 1);
    I32x8 aligned = (mantissa << numerics::kGuardBits) >> (largest - exponent);
    I32x8 sign = half >> 31;
    I16x8 value = __builtin_convertvector((aligned ^ sign) - sign, I16x8);
    store(inputs.value + 2 * i, value);
    any |= value;
  }
  inputs.unit = numerics::powerOfTwo(largest - 29);
  inputs.zero = __builtin_reduce_or(any) == 0;
}

/// Of two neighbouring inputs, for each output.
using Pairs = int16_t[kOutputs][2];

static Pairs *pairsOf(Int4Weights &weights) {
  return reinterpret_cast<Pairs *>(weights.panel);
}

/// Places the pairs (even, odd) of 16 outputs, which come in swapped order
/// because interleaving works within the halves of a vector.
static void storePairs(I16x16 even, I16x16 odd, int16_t (*to)[2]) {
  store(to, interleaveLow(even, odd));
  store(to + 8, interleaveHigh(even, odd));
}

/// A word of the tile holds four consecutive inputs of one output.
static void unpackInt4(const Tile &tile, Int4Weights &weights) {
  Tile inputsFirst;
  transpose(tile, Order::swapped, inputsFirst);
  for (unsigned word = 0; word < kBlock / 4; ++word)
    for (unsigned o = 0; o < kOutputs; o += 16) {
      U8x32 codes = load<U8x32>(&inputsFirst.word[word][o]);
      // Inputs 0 and 2, and inputs 1 and 3, in the bytes of each word.
      I16x16 even = I16x16(int4Values(codes & 15));
      I16x16 odd = I16x16(int4Values(codes >> 4));
      auto *pairs = pairsOf(weights) + 2 * word;
      storePairs((even << 8) >> 8, (odd << 8) >> 8, &pairs[0][o]);
      storePairs(even >> 8, odd >> 8, &pairs[1][o]);
    }
}

static void addToWeight(Int4Weights &weights, unsigned input, unsigned output,
                        int value) {
  int16_t &weight = pairsOf(weights)[input / 2][output][input % 2];
  weight = int16_t(weight + value);
}

static void addInt4Line(const Int4Inputs &inputs, const Int4Weights &weights,
                        Sums &sums) {
  I32x8 total[4] = {};
  for (unsigned i = 0; i < kBlock / 2; ++i) {
    I16x16 pair = I16x16(I32x8{} + load<int32_t>(inputs.value + 4 * i));
    for (int o = 0; o < 4; ++o)
      total[o] += dotPairs(
          pair, load<I16x16>(weights.panel + 4 * (i * kOutputs + 8 * o)));
  }
  for (int o = 0; o < 4; ++o) {
    F32x8 term = __builtin_convertvector(total[o], F32x8) *
                 load<F32x8>(weights.scale + 8 * o) * inputs.unit;
    store(sums.output + 8 * o, load<F32x8>(sums.output + 8 * o) + term);
  }
}

static void addInt4(const Int4Inputs *lines, size_t count,
                    const Int4Weights &weights, Sums *sums) {
  for (size_t line = 0; line < count; ++line)
    if (!lines[line].zero)
      addInt4Line(lines[line], weights, sums[line]);
}
