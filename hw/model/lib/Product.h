//===- Product.h - One panel product of the array ---------------*- C++ -*-===//
//
// What VMM, Q*K^T and S*V have in common: lines of grouped inputs times 32
// outputs. Weights of a group are unpacked once for all lines.
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_MODEL_LIB_PRODUCT_H
#define EDGELLM_MODEL_LIB_PRODUCT_H

#include "Kernels.h"
#include <new>
#include <vector>

namespace edgellm::model {

/// The prepared inputs of some lines, those of a group side by side.
template <typename Inputs> class InputLines {
public:
  InputLines(size_t groups, size_t lines)
      : groups(groups), lines(lines), inputs(groups * lines) {}

  Inputs &at(size_t group, size_t line) { return inputs[group * lines + line]; }
  const Inputs &at(size_t group, size_t line) const {
    return inputs[group * lines + line];
  }

  const size_t groups, lines;

private:
  std::vector<Inputs> inputs;
};

/// Keeps a hostile program, whose operands may repeat the same few packets,
/// from taking the host's memory. Models need some ten megabytes.
template <typename Inputs>
void requireAffordable(double sets, double groups, double lines) {
  constexpr double limit = 1 << 30;
  if (sets * groups * lines * sizeof(Inputs) > limit)
    throw std::bad_alloc();
}

/// Calls finish(line, results) with the 32 dot products of each line.
/// unpack(group, weights) delivers the weights; `add` is the kernel.
template <typename Inputs, typename Weights, typename Unpack, typename Finish>
void multiply(const InputLines<Inputs> &inputs, const Kernels &kernels,
              void (*add)(const Inputs *, size_t, const Weights &, Sums *),
              Unpack unpack, Finish finish) {
  // Sum k of all lines, then sum k+1: the lines of a group meet in one stretch
  // of memory, not in the few cache sets that a power-of-two stride leaves.
  std::vector<Sums> sums(8 * inputs.lines);
  Weights weights;
  for (size_t group = 0; group < inputs.groups; ++group) {
    unpack(group, weights);
    add(&inputs.at(group, 0), inputs.lines, weights,
        &sums[group % 8 * inputs.lines]);
  }
  for (size_t line = 0; line < inputs.lines; ++line) {
    float results[kOutputs];
    kernels.finish(&sums[line], inputs.lines, results);
    finish(line, results);
  }
}

/// Multiply-adds of one call of multiply, for ThreadPool::parallelFor.
template <typename Inputs>
size_t operationsOf(const InputLines<Inputs> &inputs) {
  return inputs.groups * inputs.lines * Inputs::size * kOutputs;
}

} // namespace edgellm::model

#endif // EDGELLM_MODEL_LIB_PRODUCT_H
