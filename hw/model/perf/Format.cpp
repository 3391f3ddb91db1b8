//===- Format.cpp - Numbers for people ------------------------------------===//
#include "Format.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

using namespace edgellm;

std::string perf::fixed(double value, int decimals) {
  char text[400]; // the longest double has 309 digits before the point
  std::snprintf(text, sizeof text, "%.*f", decimals,
                std::isfinite(value) ? value : 0.0);
  return text;
}

std::string perf::shown(double value) {
  if (value == 0 || !std::isfinite(value))
    return value == 0 ? "0" : kNoValue;
  // 999.6 has four digits before the point once it is rounded to three.
  char rounded[32];
  std::snprintf(rounded, sizeof rounded, "%.2e", value);
  int exponent = std::atoi(std::strchr(rounded, 'e') + 1);
  return fixed(value, std::clamp(2 - exponent, 0, 9));
}

std::string perf::shown(std::optional<double> value, std::string_view unit) {
  static constexpr std::string_view prefixes[] = {"", "k", "M", "G", "T", "P"};
  if (!value || !std::isfinite(*value))
    return kNoValue;
  size_t prefix = 0;
  double scaled = *value;
  for (; scaled >= 999.5 && prefix + 1 < std::size(prefixes); ++prefix)
    scaled /= 1000;
  return shown(scaled) + " " + std::string(prefixes[prefix]) +
         std::string(unit);
}

std::string perf::shownTick(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value);
  return text;
}

std::string perf::shownTime(std::optional<double> seconds) {
  if (!seconds)
    return kNoValue;
  if (*seconds > 0 && *seconds < 0.9995e-6)
    return shown(*seconds * 1e9) + " ns";
  if (*seconds < 0.9995e-3)
    return shown(*seconds * 1e6) + " µs";
  if (*seconds < 0.9995)
    return shown(*seconds * 1e3) + " ms";
  return shown(*seconds) + " s";
}

std::string perf::shownShare(std::optional<double> share) {
  if (!share)
    return kNoValue;
  if (*share > 0 && *share < 0.0005)
    return "< 0.1 %";
  if (*share >= 0.9995 && *share < 1)
    return "> 99.9 %";
  return fixed(*share * 100, 1) + " %";
}

std::string perf::plural(uint64_t count, std::string_view noun) {
  return std::to_string(count) + " " + std::string(noun) +
         (count == 1 ? "" : "s");
}
