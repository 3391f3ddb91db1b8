//===- Arguments.h - Python objects as what the runtime takes ---*- C++ -*-===//
#ifndef EDGELLM_PYTHON_ARGUMENTS_H
#define EDGELLM_PYTHON_ARGUMENTS_H

#include "Binding.h"

#include <cstdint>
#include <span>
#include <vector>

namespace edgellm::python {

/// A sequence of integers, a list or a NumPy array, as token ids. Throws Error
/// for one that no vocabulary of so many has, TypeError for other objects.
std::vector<uint32_t> idsOf(const py::object &sequence, uint32_t vocabulary);

/// An integer in [minimum, maximum]. Throws Error, which begins with `what`.
uint64_t integerOf(const py::object &object, uint64_t minimum, uint64_t maximum,
                   const char *what);

} // namespace edgellm::python

#endif // EDGELLM_PYTHON_ARGUMENTS_H
