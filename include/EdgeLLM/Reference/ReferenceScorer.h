//===- ReferenceScorer.h - Logits in float32 --------------------*- C++ -*-===//
//
// The one header of the reference that needs no MLIR: edgellm-eval loads it
// as a module when it is asked for, and so starts without LLVM.
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_REFERENCE_REFERENCESCORER_H
#define EDGELLM_REFERENCE_REFERENCESCORER_H

#include "EdgeLLM/Runtime/TokenScorer.h"

namespace edgellm {

/// The module in libraryDirectory() and the function it exports.
inline constexpr char kReferenceModule[] = "edgellm_reference.so";
inline constexpr char kOpenReference[] = "edgellmOpenReference";

/// A checkpoint folder through the interpreter. The caller deletes the scorer.
/// Throws Error.
using OpenReference = TokenScorer *(const char *checkpoint);

} // namespace edgellm

#endif // EDGELLM_REFERENCE_REFERENCESCORER_H
