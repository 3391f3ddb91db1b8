//===- RotaryTable.cpp - Angles of rotary position embeddings -------------===//
#include "EdgeLLM/Weights/RotaryTable.h"

#include <algorithm>
#include <cmath>
#include <numbers>

using namespace edgellm;

//===----------------------------------------------------------------------===//
// RopeScaling
//===----------------------------------------------------------------------===//

static bool isBetween(double value, double least, double most) {
  return value >= least && value <= most; // false for a NaN
}

const char *RopeScaling::problem(double theta) const {
  if (kind == RopeScalingKind::none)
    return nullptr;
  if (!isBetween(factor, 1, kMaxFactor))
    return "factor must be from 1 to 1e6";
  if (!isBetween(attention, kLeastAttention, kMaxAttention))
    return "attention must be from 1e-3 to 1e3";
  if (kind == RopeScalingKind::linear)
    return nullptr;
  if (!isBetween(original, 1, kMaxTokens))
    return "the original context must be from 1 to 1e9 tokens";
  if (!isBetween(low, kLeastTurns, kMaxTurns) ||
      !isBetween(high, low, kMaxTurns) || low == high)
    return "turns must be 0 < low < high, at most 1e9";
  if (kind == RopeScalingKind::yarn && !(theta > 1))
    return "yarn needs a theta above 1";
  return nullptr;
}

double edgellm::yarnAttention(double factor) {
  return 0.1 * std::log(factor) + 1;
}

//===----------------------------------------------------------------------===//
// Frequencies
//===----------------------------------------------------------------------===//

static std::vector<double> unscaled(double theta, int64_t rotary) {
  std::vector<double> frequencies;
  for (int64_t pair = 0; pair < rotary / 2; ++pair)
    frequencies.push_back(
        std::pow(theta, -2.0 * double(pair) / double(rotary)));
  return frequencies;
}

/// From w / factor at t = 0 to w at t = 1.
static double stretched(double frequency, double factor, double t) {
  t = std::clamp(t, 0.0, 1.0);
  return frequency / factor * (1 - t) + frequency * t;
}

static void stretchByTurns(std::vector<double> &frequencies,
                           const RopeScaling &scaling) {
  for (double &frequency : frequencies) {
    double turns = scaling.original * frequency / (2 * std::numbers::pi);
    frequency = stretched(frequency, scaling.factor,
                          (turns - scaling.low) / (scaling.high - scaling.low));
  }
}

/// The index, not a whole number, of the pair that makes so many turns.
static double pairOfTurns(double turns, double theta, double rotary,
                          double original) {
  return rotary * std::log(original / (2 * std::numbers::pi * turns)) /
         (2 * std::log(theta));
}

static void stretchByIndex(std::vector<double> &frequencies, double theta,
                           double rotary, const RopeScaling &scaling) {
  double first = pairOfTurns(scaling.high, theta, rotary, scaling.original);
  double last = pairOfTurns(scaling.low, theta, rotary, scaling.original);
  if (scaling.truncate) {
    first = std::floor(first);
    last = std::ceil(last);
  }
  first = std::max(first, 0.0);
  last = std::min(last, rotary - 1);
  // A ramp of no length is a step; the definition gives it this width.
  double length = first == last ? 0.001 : last - first;
  for (size_t pair = 0; pair < frequencies.size(); ++pair)
    frequencies[pair] = stretched(frequencies[pair], scaling.factor,
                                  1 - (double(pair) - first) / length);
}

//===----------------------------------------------------------------------===//
// RotaryTable
//===----------------------------------------------------------------------===//

RotaryTable::RotaryTable(double theta, int64_t rotary,
                         const RopeScaling &scaling)
    : frequencies(unscaled(theta, rotary)), attention(scaling.attention) {
  switch (scaling.kind) {
  case RopeScalingKind::none:
    break;
  case RopeScalingKind::linear:
    for (double &frequency : frequencies)
      frequency /= scaling.factor;
    break;
  case RopeScalingKind::llama3:
    stretchByTurns(frequencies, scaling);
    break;
  case RopeScalingKind::yarn:
    stretchByIndex(frequencies, theta, double(rotary), scaling);
    break;
  }
}

RotaryTable::Turn RotaryTable::at(int64_t position, int64_t pair) const {
  double angle = double(position) * frequencies[size_t(pair)];
  return {float(attention * std::cos(angle)),
          float(attention * std::sin(angle))};
}
