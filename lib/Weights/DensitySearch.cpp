//===- DensitySearch.cpp - Where sparsity costs least ---------------------===//
#include "EdgeLLM/Weights/DensitySearch.h"

#include <algorithm>
#include <numeric>
#include <utility>

using namespace edgellm;

static double slope(const DensityChoice &choice, size_t from, size_t to) {
  double saved = choice.bytes[from] - choice.bytes[to];
  return (choice.loss[to] - choice.loss[from]) / saved;
}

/// Indices of the densities on the lower convex hull of loss over saved bytes,
/// dense first; what saves nothing is left out.
static std::vector<size_t> hullOf(const DensityChoice &choice) {
  std::vector<size_t> hull = {0};
  for (size_t next = 1; next < kDensities.size(); ++next) {
    if (!(choice.bytes[next] < choice.bytes[hull.back()]))
      continue;
    while (hull.size() > 1 &&
           slope(choice, hull[hull.size() - 2], hull.back()) >=
               slope(choice, hull.back(), next))
      hull.pop_back();
    hull.push_back(next);
  }
  return hull;
}

std::vector<DensityStep>
edgellm::orderSteps(const std::vector<DensityChoice> &choices) {
  std::vector<DensityStep> steps;
  for (const DensityChoice &choice : choices) {
    std::vector<size_t> hull = hullOf(choice);
    for (size_t i = 1; i < hull.size(); ++i)
      steps.push_back({choice.matrix, kDensities[hull[i]],
                       slope(choice, hull[i - 1], hull[i])});
  }
  // Slopes of a hull rise, so the steps of a matrix stay in order.
  std::vector<size_t> order(steps.size());
  std::iota(order.begin(), order.end(), size_t(0));
  std::ranges::sort(order, {}, [&](size_t index) {
    return std::pair(steps[index].lossPerByte, index);
  });
  std::vector<DensityStep> sorted;
  for (size_t index : order)
    sorted.push_back(std::move(steps[index]));
  return sorted;
}

size_t edgellm::leastSteps(size_t most,
                           const std::function<bool(size_t)> &isEnough) {
  size_t least = 0, end = most + 1;
  while (least < end) {
    size_t middle = least + (end - least) / 2;
    if (isEnough(middle))
      end = middle;
    else
      least = middle + 1;
  }
  return least;
}
