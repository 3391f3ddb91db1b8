//===- ValueRange.h - Values that a number format can hold ------*- C++ -*-===//
#ifndef EDGELLM_LIB_WEIGHTS_VALUERANGE_H
#define EDGELLM_LIB_WEIGHTS_VALUERANGE_H

#include <cstdint>
#include <span>
#include <string>

namespace edgellm {

/// The magnitudes that something can hold.
struct ValueRange {
  float largest;
  const char *sentence; ///< for errors, "FP16 holds at most 65504"
};

/// Every finite binary32 number.
extern const ValueRange kFiniteRange;
/// What rounds to FP16 without overflow.
extern const ValueRange kHalfRange;
/// What an INT4 block can represent.
extern const ValueRange kInt4Range;

/// Throws Error "NAME element [row, column] is VALUE, SENTENCE" for the first
/// value of a row that is NaN or beyond the range.
void requireWithin(const ValueRange &range, std::span<const float> values,
                   const std::string &name, int64_t row);

} // namespace edgellm

#endif // EDGELLM_LIB_WEIGHTS_VALUERANGE_H
