//===- BlockKernelBody.h - Source of one set of block kernels ---*- C++ -*-===//
//
// Included by BlockKernels.cpp once for each instruction set, inside a
// namespace and a target attribute of its own; hence no include guard, no
// standard library templates, and everything static. Vectors are 32 bytes: one
// register of AVX2, two of SSE2.
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

/// Moving the fraction to its place and multiplying by 2^112 corrects the
/// exponent bias and normalises subnormals. Exponent field 31 means infinity
/// and NaN, whose exponent bits are all set in binary32 too.
static F32x8 widen(I16x8 halves) {
  I32x8 bits = __builtin_convertvector(halves, I32x8);
  I32x8 moved = (bits << 13) & (I32x8{} + int32_t(0x8FFFE000));
  F32x8 value = F32x8(moved) * 0x1p112f;
  I32x8 isSpecial = (bits & 0x7C00) == 0x7C00;
  return F32x8(I32x8(value) | (isSpecial & 0x7F800000));
}

static void widenHalves(const std::byte *halves, size_t count, float *out) {
  size_t whole = count / 8 * 8;
  for (size_t i = 0; i < whole; i += 8)
    store(out + i, widen(load<I16x8>(halves + 2 * i)));
  if (whole == count)
    return;
  I16x8 rest = {};
  __builtin_memcpy(&rest, halves + 2 * whole, 2 * (count - whole));
  F32x8 last = widen(rest);
  __builtin_memcpy(out + whole, &last, sizeof(float) * (count - whole));
}

static I32x8 magnitudeBits(const float *weights) {
  return load<I32x8>(weights) & 0x7FFFFFFF;
}

static uint32_t largestBits(const float *weights, size_t count) {
  I32x8 largest = {};
  size_t whole = count / 8 * 8;
  for (size_t i = 0; i < whole; i += 8)
    largest = __builtin_elementwise_max(largest, magnitudeBits(weights + i));
  float rest[8] = {};
  __builtin_memcpy(rest, weights + whole, sizeof(float) * (count - whole));
  largest = __builtin_elementwise_max(largest, magnitudeBits(rest));
  return uint32_t(__builtin_reduce_max(largest));
}

/// Adds 1 to the rank of each of 8 weights that the one `distance` behind it,
/// going round, outranks. It must be greater, and only as great where going
/// round led to a lower index.
template <int distance> static I32x8 addRank(I32x8 magnitude, I32x8 rank) {
  constexpr int d = distance;
  I32x8 other = __builtin_shufflevector(magnitude, magnitude, d, (1 + d) % 8,
                                        (2 + d) % 8, (3 + d) % 8, (4 + d) % 8,
                                        (5 + d) % 8, (6 + d) % 8, (7 + d) % 8);
  const I32x8 wraps = {d > 7, d > 6, d > 5, d > 4, d > 3, d > 2, d > 1, d > 0};
  return rank - (other > magnitude - wraps);
}

static void prune(float *block, unsigned keep) {
  for (size_t i = 0; i < kBlockWeights; i += 8) {
    I32x8 magnitude = magnitudeBits(block + i), rank = {};
    rank = addRank<1>(magnitude, rank);
    rank = addRank<2>(magnitude, rank);
    rank = addRank<3>(magnitude, rank);
    rank = addRank<4>(magnitude, rank);
    rank = addRank<5>(magnitude, rank);
    rank = addRank<6>(magnitude, rank);
    rank = addRank<7>(magnitude, rank);
    store(block + i, load<I32x8>(block + i) & (rank < int(keep)));
  }
}

//===----------------------------------------------------------------------===//
// Scale search
//===----------------------------------------------------------------------===//

/// floatToHalf of Support/Half.h for positive numbers.
static I32x8 toHalf(F32x8 value) {
  I32x8 bits = I32x8(value);
  I32x8 normal = (bits - 0x38000000 + 0xFFF + ((bits >> 13) & 1)) >> 13;
  I32x8 subnormal = I32x8(value + 0.5f) - 0x3F000000;
  I32x8 half = bits < 0x38800000 ? subnormal : normal;
  return __builtin_elementwise_min(half, I32x8{} + 0x7BFF);
}

/// The candidates of a block, as FP16 bits, and what is needed of them.
struct Candidates {
  int32_t half[kCandidates];
  float scale[kCandidates];
  int32_t ratio[kCandidates]; ///< largest / scale, rounded, in kStepUnits
};

static void listCandidates(float largest, Candidates &candidates) {
  const F32x8 lane = {0, 1, 2, 3, 4, 5, 6, 7};
  for (unsigned i = 0; i < kCandidates; i += 8) {
    F32x8 level = (lane + float(i)) * kLevelStep + kFirstLevel;
    I32x8 half =
        __builtin_elementwise_max(toHalf(largest / level), I32x8{} + 1);
    F32x8 scale = F32x8(half << 13) * 0x1p112f;
    F32x8 ratio = (largest / scale) * float(kStepUnits) + 0.5f;
    store(candidates.half + i, half);
    store(candidates.scale + i, scale);
    store(candidates.ratio + i, __builtin_convertvector(ratio, I32x8));
  }
}

/// |w| of a block in units of largest / kWholeMagnitude.
static void scaleMagnitudes(const float *block, float largest,
                            I16x16 (&magnitudes)[8]) {
  float unit = kWholeMagnitude / largest;
  for (size_t i = 0; i < kBlockWeights; i += 8) {
    F32x8 scaled = F32x8(magnitudeBits(block + i)) * unit + 0.5f;
    I32x8 whole = __builtin_convertvector(scaled, I32x8);
    store(reinterpret_cast<int16_t *>(magnitudes) + i,
          __builtin_convertvector(whole, I16x8));
  }
}

/// Sums of neighbouring lanes, of `left` and `right` in turn within halves.
static I32x8 addNeighbours(I32x8 left, I32x8 right) {
  return __builtin_shufflevector(left, right, 0, 8, 2, 10, 4, 12, 6, 14) +
         __builtin_shufflevector(left, right, 1, 9, 3, 11, 5, 13, 7, 15);
}

/// Lane k is the sum of the lanes of v[k].
static I32x8 sumsOf(const I32x8 (&v)[8]) {
  I32x8 pairs[4], quads[2];
  for (int i = 0; i < 4; ++i) // lanes k and k + 1 of v[i] and v[i + 4] in turn
    pairs[i] = addNeighbours(v[i], v[i + 4]);
  for (int i = 0; i < 2; ++i)
    quads[i] = __builtin_shufflevector(pairs[i], pairs[i + 2], 0, 1, 8, 9, 4, 5,
                                       12, 13) +
               __builtin_shufflevector(pairs[i], pairs[i + 2], 2, 3, 10, 11, 6,
                                       7, 14, 15);
  // quads[0] has v[0], v[4], v[2], v[6] in each half; quads[1] v[1], v[5], ...
  I32x8 low =
      __builtin_shufflevector(quads[0], quads[1], 0, 8, 2, 10, 1, 9, 3, 11);
  I32x8 high =
      __builtin_shufflevector(quads[0], quads[1], 4, 12, 6, 14, 5, 13, 7, 15);
  return low + high;
}

/// Squared errors of 16 weights, in units of a step, added up in pairs. The
/// error to the nearest multiple of a step is the one to keep unless it is
/// beyond level 7, where the distance from that is greater.
static I32x8 squaredErrors(I16x16 magnitude, I16x16 ratio) {
  constexpr int16_t half = kStepUnits / 2;
  I16x16 steps = multiplyFractions(magnitude, ratio);
  I16x16 nearest = ((steps + half) & int16_t(kStepUnits - 1)) - half;
  I16x16 error =
      __builtin_elementwise_max(nearest, steps - int16_t(7 * kStepUnits));
  return dotPairs(error, error);
}

/// The sums of squared errors of 8 candidates.
static I32x8 stepErrors(const I16x16 (&magnitudes)[8], const int32_t *ratios) {
  I32x8 sums[8];
  for (int k = 0; k < 8; ++k) {
    I16x16 ratio = I16x16(I32x8{} + (ratios[k] << 16 | ratios[k]));
    I32x8 part[8];
    for (int i = 0; i < 8; ++i)
      part[i] = squaredErrors(magnitudes[i], ratio);
    sums[k] = ((part[0] + part[1]) + (part[2] + part[3])) +
              ((part[4] + part[5]) + (part[6] + part[7]));
  }
  return sumsOf(sums);
}

static uint16_t searchScale(const float *block, float largest) {
  Candidates candidates;
  I16x16 magnitudes[8];
  listCandidates(largest, candidates);
  scaleMagnitudes(block, largest, magnitudes);

  const I32x8 lane = {0, 1, 2, 3, 4, 5, 6, 7};
  F32x8 leastError = F32x8{} + __builtin_inff();
  I32x8 leastIndex = {}; // what is left of weights beyond all ranges
  for (unsigned i = 0; i < kCandidates; i += 8) {
    F32x8 scale = load<F32x8>(candidates.scale + i);
    I32x8 squares = stepErrors(magnitudes, candidates.ratio + i);
    F32x8 error = __builtin_convertvector(squares, F32x8) * (scale * scale);
    I32x8 isTried = load<I32x8>(candidates.ratio + i) <= kMaxRatio;
    I32x8 isLess = I32x8(error < leastError) & isTried;
    leastError = isLess ? error : leastError;
    leastIndex = isLess ? lane + int32_t(i) : leastIndex;
  }
  I32x8 isLeast = leastError == __builtin_reduce_min(leastError);
  I32x8 index = isLeast ? leastIndex : I32x8{} + int32_t(kCandidates);
  return uint16_t(candidates.half[__builtin_reduce_min(index)]);
}

//===----------------------------------------------------------------------===//
// Levels
//===----------------------------------------------------------------------===//

/// Adding 1.5 * 2^23 leaves no fraction bits, so that the addition itself
/// rounds, half-way cases to even.
static void roundToLevels(const float *block, float scale, int8_t *values) {
  constexpr float integerAligner = 0x1.8p23f;
  for (size_t i = 0; i < kBlockWeights; i += 8) {
    F32x8 level = load<F32x8>(block + i) / scale;
    level = __builtin_elementwise_max(level, F32x8{} - 7.0f);
    level = __builtin_elementwise_min(level, F32x8{} + 7.0f);
    level = (level + integerAligner) - integerAligner;
    I32x8 whole = __builtin_convertvector(level, I32x8);
    store(values + i, __builtin_convertvector(whole, I8x8));
  }
}

static float sumOf(F32x8 lanes) {
  float v[8];
  store(v, lanes);
  return ((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7]));
}

static BlockLoss loss(const float *block, const int8_t *values, float scale) {
  F32x8 errors = {}, norms = {};
  for (size_t i = 0; i < kBlockWeights; i += 8) {
    F32x8 weight = load<F32x8>(block + i);
    F32x8 value = __builtin_convertvector(load<I8x8>(values + i), F32x8);
    F32x8 error = weight - value * scale;
    errors += error * error;
    norms += weight * weight;
  }
  return {sumOf(errors), sumOf(norms)};
}

/// A code of four bits for each value, the first lowest.
static void packCodes(const int8_t *values, uint32_t *words) {
  for (size_t i = 0; i < kBlockWeights; i += 32) {
    I8x32 value = load<I8x32>(values + i);
    I16x16 code = I16x16(value < 0 ? 8 - value : value);
    I16x16 pair = (code | code >> 4) & 0xFF;
    store(words + i / 8, __builtin_convertvector(pair, I8x16));
  }
}
