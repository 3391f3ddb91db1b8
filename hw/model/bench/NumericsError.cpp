//===- NumericsError.cpp - Prints the error of the two dot products -------===//
#include "ErrorMeasurement.h"
#include <cstdio>

using namespace edgellm::numerics;

namespace {

constexpr unsigned kSeed = 1;
constexpr size_t kOperands = 1 << 24; // of each line

/// Returns whether the error is within the limit.
bool report(const char *mode, size_t length, double error, double limit) {
  std::printf("%-11s %5zu terms %9.5f %%   limit %.4f %%\n", mode, length,
              100 * error, 100 * limit);
  return error <= limit;
}

} // namespace

int main() {
  ErrorMeasurement measure(kSeed);
  bool good = true;
  std::puts("sum |error| / sum |exact|, normal random operands, before the "
            "result is rounded to FP16");
  for (size_t length : {size_t(kBlock), size_t(4096)})
    good &= report("FP16 x INT4", length,
                   measure.int4(length, kOperands / length), kInt4ErrorLimit);
  for (size_t length : {size_t(kGroup), size_t(4096)})
    good &= report("FP16 x FP16", length,
                   measure.fp16(length, kOperands / length), kFp16ErrorLimit);
  return good ? 0 : 1;
}
