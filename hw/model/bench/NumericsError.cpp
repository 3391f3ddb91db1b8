//===- NumericsError.cpp - Prints the error of the machine's arithmetic ---===//
#include "ErrorMeasurement.h"
#include <cstdio>

using namespace edgellm::numerics;

namespace {

constexpr unsigned kSeed = 1;
constexpr size_t kOperands = 1 << 24; // of each line

// Both return whether the error is within the limit.
bool reportRounded(const char *what, double error) {
  std::printf("%-23s %9.5f %%   limit %.4f %%\n", what, 100 * error,
              100 * kRoundedErrorLimit);
  return error <= kRoundedErrorLimit;
}

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
  std::puts("after it is rounded, which costs normal numbers 0.018 %");
  constexpr size_t channels = 1024, rows = kOperands / channels;
  good &=
      reportRounded("LayerNorm, mean 0", measure.layerNorm(channels, 0, rows));
  good &= reportRounded("LayerNorm, mean 100",
                        measure.layerNorm(channels, 100, rows));
  good &= reportRounded("GELU", measure.gelu(kOperands));
  return good ? 0 : 1;
}
