//===- NpyHeader.h - Matrices as NumPy files --------------------*- C++ -*-===//
#ifndef EDGELLM_SUPPORT_NPYHEADER_H
#define EDGELLM_SUPPORT_NPYHEADER_H

#include <cstdint>
#include <string>

namespace edgellm {

/// What stands before the values of a float32 matrix in NumPy's format 1.0: C
/// order, little-endian. Its size is a multiple of 64.
std::string npyHeader(uint64_t rows, uint64_t columns);

} // namespace edgellm

#endif // EDGELLM_SUPPORT_NPYHEADER_H
