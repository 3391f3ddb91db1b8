//===- Parallel.h - A loop over several threads -----------------*- C++ -*-===//
#ifndef EDGELLM_LIB_WEIGHTS_PARALLEL_H
#define EDGELLM_LIB_WEIGHTS_PARALLEL_H

#include <cstdint>
#include <functional>

namespace edgellm {

/// Calls body(index, worker) once for every index in [0, count), from `workers`
/// >= 1 threads of which the caller is worker 0. Indices are dealt out in
/// order. Every call is made even when one throws; then the exception of the
/// lowest index is rethrown, so that errors do not depend on timing either.
void parallelFor(
    int64_t count, unsigned workers,
    const std::function<void(int64_t index, unsigned worker)> &body);

} // namespace edgellm

#endif // EDGELLM_LIB_WEIGHTS_PARALLEL_H
