//===- SweepKernelBody.h - Compiled once for each instruction set ---------===//
// Included by SweepKernels.cpp inside a namespace; see SweepKernels.h.

static F32x16 load(const float *from) { return *(const F32x16 *)from; }
static void store(float *to, F32x16 value) { *(F32x16 *)to = value; }

/// Lane by lane: `yes` where the condition holds, all bits set.
static F32x16 select(I32x16 condition, F32x16 yes, F32x16 no) {
  return F32x16((I32x16(yes) & condition) | (I32x16(no) & ~condition));
}

static F32x16 magnitude(F32x16 value) {
  return F32x16(I32x16(value) & 0x7FFFFFFF);
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

/// Four rows of c at a time: enough independent sums to hide the latency of an
/// addition, and few enough to stay in registers.
template <typename Vector, typename Real>
static void subtractProductOf(Real *c, int64_t cStride, const Real *a,
                              int64_t aStride, const Real *b, int64_t rows,
                              int64_t depth) {
  constexpr int step = 4;
  constexpr int64_t lanes = sizeof(Vector) / sizeof(Real);
  for (int64_t row = 0; row < rows; row += step) {
    Real *sums = c + row * cStride;
    const Real *factors = a + row * aStride;
    Vector sum[step];
    for (int i = 0; i < step; ++i)
      sum[i] = *(const Vector *)(sums + i * cStride);
    for (int64_t k = 0; k < depth; ++k) {
      Vector right = *(const Vector *)(b + k * lanes);
      for (int i = 0; i < step; ++i)
        sum[i] -= right * factors[i * aStride + k];
    }
    for (int i = 0; i < step; ++i)
      *(Vector *)(sums + i * cStride) = sum[i];
  }
}

static void subtractProduct(float *c, const float *a, int64_t aStride,
                            const float *b, int64_t rows, int64_t depth) {
  subtractProductOf<F32x16>(c, kLanes, a, aStride, b, rows, depth);
}

static void subtractProductF64(double *c, int64_t cStride, const double *a,
                               int64_t aStride, const double *b, int64_t rows,
                               int64_t depth) {
  subtractProductOf<F64x8>(c, cStride, a, aStride, b, rows, depth);
}

//===----------------------------------------------------------------------===//
// Levels and scales
//===----------------------------------------------------------------------===//

/// roundHalfEven(level) clamped to [-7, 7]: adding 1.5 * 2^23 leaves no
/// fraction bits, so the addition itself rounds.
static F32x16 nearestLevel(F32x16 level) {
  constexpr float integerAligner = 0x1.8p23f;
  const F32x16 limit = F32x16{} + float(kInt4Max);
  level = select(level > limit, limit, level);
  level = select(level < -limit, -limit, level);
  return (level + integerAligner) - integerAligner;
}

/// 0 where the scale is 0.
static F32x16 levelOf(F32x16 weight, F32x16 scale) {
  F32x16 divisor = select(scale > 0, scale, F32x16{} + 1.0f);
  return select(scale > 0, nearestLevel(weight / divisor), F32x16{});
}

/// The nearest FP16, saturated, and 2^-24 for what would round to 0.
static F32x16 roundScale(F32x16 scale) {
  constexpr uint16_t smallest = 0x0001;
  for (int lane = 0; lane < kLanes; ++lane)
    scale[lane] = halfToFloat(std::max(floatToHalf(scale[lane]), smallest));
  return scale;
}

static F32x16 weightedError(const float *block, const float *importance,
                            F32x16 scale) {
  F32x16 inverse = 1.0f / scale, sum = {};
  for (int64_t j = 0; j < kSweepBlock; ++j) {
    F32x16 weight = load(block + j * kLanes);
    F32x16 error = weight - nearestLevel(weight * inverse) * scale;
    sum += error * error * importance[j];
  }
  return sum;
}

static void searchScales(const float *block, const float *importance,
                         float *scales) {
  F32x16 largest = {};
  for (int64_t j = 0; j < kSweepBlock; ++j) {
    F32x16 weight = magnitude(load(block + j * kLanes));
    largest = select(weight > largest, weight, largest);
  }
  constexpr float firstLevel = 6.5f, lastLevel = 10.5f, step = 0.125f;
  F32x16 best = roundScale(largest / firstLevel);
  F32x16 least = weightedError(block, importance, best);
  for (float level = firstLevel + step; level <= lastLevel; level += step) {
    F32x16 scale = roundScale(largest / level);
    F32x16 error = weightedError(block, importance, scale);
    best = select(error < least, scale, best);
    least = select(error < least, error, least);
  }
  store(scales, select(largest > 0, best, F32x16{}));
}

//===----------------------------------------------------------------------===//
// Sweep
//===----------------------------------------------------------------------===//

/// Those that fewer than `keep` others come before.
static void chooseMask(const float *group, const float *importance,
                       unsigned keep, float *mask) {
  F32x16 score[8];
  I32x16 before[8] = {};
  for (int i = 0; i < 8; ++i) {
    F32x16 weight = load(group + i * kLanes);
    score[i] = weight * weight * importance[i];
    for (int lower = 0; lower < i; ++lower) {
      I32x16 lowerIsFirst = score[lower] >= score[i]; // -1 where true
      before[i] -= lowerIsFirst;
      before[lower] -= ~lowerIsFirst;
    }
  }
  for (int i = 0; i < 8; ++i)
    store(mask + i * kLanes,
          select(before[i] < int(keep), F32x16{} + 1.0f, F32x16{}));
}

static void sweepBlock(const BlockSweep &block) {
  F32x16 scale = block.scales ? load(block.scales) : F32x16{} + 1.0f;
  for (int64_t j = 0; j < kSweepBlock; ++j) {
    float *weights = block.weights + j * kLanes;
    if (block.keep > 0 && j % 8 == 0)
      chooseMask(weights, block.importance + j, block.keep,
                 block.mask + j * kLanes);
    F32x16 weight = load(weights);
    F32x16 result = block.scales ? levelOf(weight, scale) : weight;
    result *= load(block.mask + j * kLanes);
    store(block.results + j * kLanes, result);
    const float *factors = block.factor + j * kSweepBlock;
    F32x16 error = (weight - result * scale) / factors[j];
    store(block.errors + j * kLanes, error);
    for (int64_t later = j + 1; later < kSweepBlock; ++later) {
      float *other = block.weights + later * kLanes;
      store(other, load(other) - error * factors[later]);
    }
  }
}

//===----------------------------------------------------------------------===//
// Descent
//===----------------------------------------------------------------------===//

/// Channel j of q has moved by `change`.
static void addChange(const BlockDescent &block, int64_t j, F32x16 change) {
  float *changes = block.changes + j * kLanes;
  store(changes, load(changes) + change);
  const float *row = block.hessian + j * kSweepBlock;
  for (int64_t k = 0; k < kSweepBlock; ++k) {
    float *gradient = block.gradient + k * kLanes;
    store(gradient, load(gradient) - change * row[k]);
  }
}

static void clearChanges(const BlockDescent &block) {
  for (int64_t j = 0; j < kSweepBlock; ++j)
    store(block.changes + j * kLanes, F32x16{});
}

/// s + (g v) / (v H v), the minimum of the loss along v, as FP16.
static F32x16 bestScale(const BlockDescent &block, F32x16 scale) {
  F32x16 slope = {}, curvature = {};
  for (int64_t j = 0; j < kSweepBlock; ++j) {
    const float *row = block.hessian + j * kSweepBlock;
    F32x16 product = {};
    for (int64_t k = 0; k < kSweepBlock; ++k)
      product += load(block.results + k * kLanes) * row[k];
    F32x16 level = load(block.results + j * kLanes);
    slope += level * load(block.gradient + j * kLanes);
    curvature += level * product;
  }
  I32x16 isDefined = curvature > 0; // not without levels
  F32x16 fitted = scale + slope / select(isDefined, curvature, scale + 1.0f);
  return select(isDefined & (fitted > 0), roundScale(fitted), scale);
}

static void descendLevels(const BlockDescent &block, float *scales) {
  clearChanges(block);
  F32x16 old = load(scales), scale = bestScale(block, old);
  store(scales, scale);
  for (int64_t j = 0; j < kSweepBlock; ++j)
    addChange(block, j, load(block.results + j * kLanes) * (scale - old));
  for (int64_t j = 0; j < kSweepBlock; ++j) {
    F32x16 level = load(block.results + j * kLanes);
    F32x16 step =
        load(block.gradient + j * kLanes) / block.hessian[j * kSweepBlock + j];
    F32x16 next = levelOf(level * scale + step, scale);
    next *= load(block.mask + j * kLanes);
    store(block.results + j * kLanes, next);
    addChange(block, j, (next - level) * scale);
  }
}

/// x H x^T - 2 c x^T for the vectors x of a group, with few nonzero elements,
/// and how it falls with x; all lane by lane.
struct GroupProblem {
  const float *hessian; // of the group, row-major with stride kSweepBlock
  F32x16 gradient[8];   // c - x H
  F32x16 values[8];     // x

  float at(int i, int j) const { return hessian[i * kSweepBlock + j]; }

  void move(int i, F32x16 change) {
    values[i] += change;
    for (int j = 0; j < 8; ++j)
      gradient[j] -= change * at(i, j);
  }

  F32x16 loss(const F32x16 *target) const {
    F32x16 sum = {};
    for (int i = 0; i < 8; ++i)
      sum -= values[i] * (target[i] + gradient[i]);
    return sum;
  }

  /// Adds the element that alone would lessen the loss most to those kept.
  void keepBest(I32x16 *kept) const {
    F32x16 best = F32x16{} - 1.0f;
    I32x16 which = {};
    for (int i = 0; i < 8; ++i) {
      F32x16 gain = gradient[i] * gradient[i] / at(i, i);
      I32x16 isBetter = (gain > best) & ~kept[i];
      which = (isBetter & i) | (~isBetter & which);
      best = select(isBetter, gain, best);
    }
    for (int i = 0; i < 8; ++i)
      kept[i] |= which == i;
  }

  /// One pass of coordinate descent over the elements kept.
  void fit(const I32x16 *kept) {
    for (int i = 0; i < 8; ++i)
      move(i, select(kept[i], gradient[i] / at(i, i), F32x16{}));
  }
};

/// Finds `keep` elements greedily, exact for one of 8, starting from x = 0.
static void solveGroup(GroupProblem &problem, unsigned keep, I32x16 *kept) {
  constexpr int fits = 4; // elements of a group are coupled weakly
  for (int i = 0; i < 8; ++i) {
    problem.values[i] = F32x16{};
    kept[i] = I32x16{};
  }
  for (unsigned count = 0; count < keep; ++count) {
    problem.keepBest(kept);
    for (int pass = 0; pass < (count == 0 ? 1 : fits); ++pass)
      problem.fit(kept);
  }
}

/// A group for which nothing better is found is left alone.
static void reselectGroup(const BlockDescent &block, int64_t first,
                          unsigned keep) {
  GroupProblem now;
  now.hessian = block.hessian + first * kSweepBlock + first;
  for (int i = 0; i < 8; ++i) {
    now.values[i] = load(block.results + (first + i) * kLanes);
    now.gradient[i] = load(block.gradient + (first + i) * kLanes);
  }
  GroupProblem next = now;
  for (int i = 0; i < 8; ++i)
    next.move(i, -now.values[i]);
  F32x16 target[8];
  std::copy_n(next.gradient, 8, target);
  I32x16 kept[8];
  solveGroup(next, keep, kept);
  I32x16 isBetter = next.loss(target) < now.loss(target);
  for (int i = 0; i < 8; ++i) {
    float *mask = block.mask + (first + i) * kLanes;
    F32x16 isKept = select(kept[i], F32x16{} + 1.0f, F32x16{});
    store(mask, select(isBetter, isKept, load(mask)));
    F32x16 value = select(isBetter, next.values[i], now.values[i]);
    store(block.results + (first + i) * kLanes, value);
    addChange(block, first + i, value - now.values[i]);
  }
}

static void reselect(const BlockDescent &block, unsigned keep) {
  clearChanges(block);
  for (int64_t first = 0; first < kSweepBlock; first += 8)
    reselectGroup(block, first, keep);
}
