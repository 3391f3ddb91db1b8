//===- ValueRange.cpp - Values that a number format can hold --------------===//
#include "ValueRange.h"

#include "BlockKernels.h"

#include "EdgeLLM/Support/Error.h"
#include "EdgeLLM/Weights/Quantize.h"

#include <algorithm>
#include <bit>
#include <limits>

using namespace edgellm;

const ValueRange edgellm::kFiniteRange = {std::numeric_limits<float>::max(),
                                          "expected a finite number"};
// The number before 65520, the half-way case that rounds past 65504.
const ValueRange edgellm::kHalfRange = {0x1.ffdffep15f,
                                        "FP16 holds at most 65504"};
const ValueRange edgellm::kInt4Range = {kInt4Limit,
                                        "INT4 blocks hold at most 458528"};
static_assert(kInt4Limit == 458528);

/// The bits of |value|. As integers they are ordered like the magnitudes, with
/// infinity above every number and NaN above infinity.
static uint32_t magnitudeBits(float value) {
  return std::bit_cast<uint32_t>(value) & 0x7FFFFFFF;
}

void edgellm::requireWithin(const ValueRange &range,
                            std::span<const float> values,
                            const std::string &name, int64_t row) {
  uint32_t limit = magnitudeBits(range.largest);
  // A vectorised pass, as hardly ever one is beyond.
  if (blockKernels().largestBits(values.data(), values.size()) <= limit)
    return;
  auto isBeyond = [&](float value) { return magnitudeBits(value) > limit; };
  auto found = std::ranges::find_if(values, isBeyond);
  fail(name, " element [", row, ", ", found - values.begin(), "] is ", *found,
       ", ", range.sentence);
}
