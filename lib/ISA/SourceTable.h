//===- SourceTable.h - The sources of a program as bytes --------*- C++ -*-===//
//
// The layout is described in ISA/Program.h.
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_LIB_ISA_SOURCETABLE_H
#define EDGELLM_LIB_ISA_SOURCETABLE_H

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace edgellm {

/// Whole packets; none for no sources.
std::vector<std::byte>
serializeSources(const std::vector<std::string> &sources);

/// The inverse, for a program of `instructions` instructions. Throws Error,
/// prefixed with `origin`, for a table that ends early or names no text.
std::vector<std::string> parseSources(std::span<const std::byte> bytes,
                                      uint64_t instructions,
                                      const std::string &origin);

} // namespace edgellm

#endif // EDGELLM_LIB_ISA_SOURCETABLE_H
