//===- DensitySearch.h - Where sparsity costs least -------------*- C++ -*-===//
//
// A model gets faster by making matrices sparser, one step of density at a time
// (8, 4, 2, 1 of 8). Which steps come first is a matter of what they lose for
// what they save. The result is one order of steps whose beginnings, of every
// length, are the strategies worth considering: the search for a speed or a
// perplexity is then one over their length.
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_WEIGHTS_DENSITYSEARCH_H
#define EDGELLM_WEIGHTS_DENSITYSEARCH_H

#include <array>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace edgellm {

/// Densities from dense to sparse: 8, 4, 2, 1 of 8.
inline constexpr std::array<unsigned, 4> kDensities = {8, 4, 2, 1};

/// What is known of a matrix at each density, in the order of kDensities.
struct DensityChoice {
  std::string matrix;
  /// Bytes that a decode pass streams for it; falling.
  std::array<double, 4> bytes;
  /// Measured loss: the squared error of its outputs over their square, with
  /// the inputs of a calibration text.
  std::array<double, 4> loss;
};

/// A matrix gets the density `keep` of 8.
struct DensityStep {
  std::string matrix;
  unsigned keep;
  double lossPerByte; ///< added loss over saved bytes
};

/// Steps by rising loss per saved byte, those of a matrix from dense to sparse.
/// A density between two others that loses more than their mix is passed over
/// (the lower convex hull). Equal steps keep the order of the matrices.
std::vector<DensityStep> orderSteps(const std::vector<DensityChoice> &choices);

/// The least number of steps in [0, most] that `isEnough` accepts, which must
/// go on accepting from there; most + 1 when it accepts none. Calls it about
/// log2(most) times.
size_t leastSteps(size_t most, const std::function<bool(size_t)> &isEnough);

} // namespace edgellm

#endif // EDGELLM_WEIGHTS_DENSITYSEARCH_H
