//===- Format.h - Numbers for people ----------------------------*- C++ -*-===//
#ifndef EDGELLM_PERF_FORMAT_H
#define EDGELLM_PERF_FORMAT_H

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace edgellm::perf {

/// Stands where there is no value.
inline constexpr const char *kNoValue = "–";

/// "12.3", "0.00412", "1234": three digits, or all before the point.
std::string shown(double value);

/// The same with a prefix to the unit: 2.67e11, "B/s" is "267 GB/s". A dash for
/// nothing.
std::string shown(std::optional<double> value, std::string_view unit);

/// "12.3 ms", "45.0 µs".
std::string shownTime(std::optional<double> seconds);

/// "93.1 %", "< 0.1 %", "> 99.9 %", a dash for nothing.
std::string shownShare(std::optional<double> share);

/// A round number on an axis: "0.2", "50", without zeros at its end.
std::string shownTick(double value);

/// A number for a coordinate or a style.
std::string fixed(double value, int decimals = 1);

/// "1 token", "2 tokens".
std::string plural(uint64_t count, std::string_view noun);

} // namespace edgellm::perf

#endif // EDGELLM_PERF_FORMAT_H
