//===- Caches.h - Where a program keeps keys and values ---------*- C++ -*-===//
#ifndef EDGELLM_ISA_CACHES_H
#define EDGELLM_ISA_CACHES_H

#include "EdgeLLM/ISA/Program.h"

#include <compare>

namespace edgellm {

/// Keys or values of one layer. In sequence 0, channel block b of position p is
/// hbm[packet + b * stride + p].
struct Cache {
  int64_t packet = 0;
  int64_t blocks = 0; ///< channel blocks of all heads
  int64_t stride = 0; ///< packets between them
  auto operator<=>(const Cache &) const = default;
};

/// The caches that the attention of a checked program reads, each once, in the
/// order of their places: what a sequence is besides its token ids. Throws
/// Error, prefixed with `origin`, for a cache that does not hold the program's
/// context or reaches into the next.
std::vector<Cache> cachesOf(const Program &program, const std::string &origin);

} // namespace edgellm

#endif // EDGELLM_ISA_CACHES_H
