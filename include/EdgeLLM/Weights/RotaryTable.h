//===- RotaryTable.h - Angles of rotary position embeddings -----*- C++ -*-===//
//
// Pair i of the `rotary` channels that turn does so by an angle of
//
//   position * w_i,   w_i = theta^(-2i / rotary)       radians, 0 <= i
//
// (RoFormer, arXiv 2104.09864). Models that were stretched to longer contexts
// turn slower. With s = factor and r_i = original * w_i / (2 pi), the turns
// that pair i makes in the context that the model was first trained for:
//
//   linear   w_i / s                         Position Interpolation, 2306.15595
//   llama3   mix(w_i / s, w_i, t), t = clamp((r_i - low) / (high - low), 0, 1)
//            pairs of fewer turns than `low` are stretched, those of more than
//            `high` left alone; the "NTK by parts" of YaRN, section 3.2, as the
//            models of Llama 3.1 have it
//   yarn     mix(w_i / s, w_i, 1 - t), t = clamp((i - a) / (b - a), 0, 1)
//            the same with a ramp over the index of the pair: a and b are where
//            r_i would be `high` and `low`, kept within 0 and rotary - 1, and
//            whole numbers outwards if `truncate`; YaRN, 2309.00071. Cosines
//            and sines are multiplied by `attention`, by default 0.1 ln s + 1
//            (section 3.3), which makes scores the square of it larger.
//
// with mix(x, y, t) = x (1 - t) + y t. Everything is computed in binary64.
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_WEIGHTS_ROTARYTABLE_H
#define EDGELLM_WEIGHTS_ROTARYTABLE_H

#include <cstddef>
#include <cstdint>
#include <vector>

namespace edgellm {

enum class RopeScalingKind { none, linear, llama3, yarn };

/// How a model was stretched; see the head of this file. Fields that a kind
/// does not use keep the values they have here.
struct RopeScaling {
  /// Beyond these no model's numbers are; within them every angle is finite and
  /// every entry of the table is within FP16.
  static constexpr double kMaxFactor = 1e6, kMaxTokens = 1e9;
  static constexpr double kLeastTurns = 1e-6, kMaxTurns = 1e9;
  static constexpr double kLeastAttention = 1e-3, kMaxAttention = 1e3;

  RopeScalingKind kind = RopeScalingKind::none;
  double factor = 1;    ///< of the context, from 1
  double original = 0;  ///< tokens; llama3 and yarn
  double low = 0;       ///< turns, above 0; llama3 and yarn
  double high = 0;      ///< turns, above low; llama3 and yarn
  double attention = 1; ///< of cosines and sines; yarn
  bool truncate = true; ///< yarn

  /// What is wrong with it for a base `theta`, or nullptr. A predicate without
  /// exceptions, so that IR verifiers can use it.
  const char *problem(double theta) const;

  friend bool operator==(const RopeScaling &, const RopeScaling &) = default;
};

/// YaRN's own choice of `attention` for a factor of at least 1.
double yarnAttention(double factor);

/// The table of a model: package images, the float32 reference and tests take
/// cosines and sines from here.
class RotaryTable {
public:
  struct Turn {
    float cosine, sine;
  };

  /// `rotary` is even and at least 2, theta positive and finite, and
  /// scaling.problem(theta) null.
  RotaryTable(double theta, int64_t rotary, const RopeScaling &scaling);

  int64_t pairs() const { return int64_t(frequencies.size()); }

  /// Of a pair, in radians a token.
  double frequency(int64_t pair) const { return frequencies[size_t(pair)]; }

  /// Of a pair at a position from 0, rounded to binary32.
  Turn at(int64_t position, int64_t pair) const;

private:
  std::vector<double> frequencies; ///< radians a token
  double attention;
};

} // namespace edgellm

#endif // EDGELLM_WEIGHTS_ROTARYTABLE_H
