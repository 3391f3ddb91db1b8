//===- WeightEncoding.h - Encodings as the packer knows them ----*- C++ -*-===//
#ifndef EDGELLM_DIALECT_EDGELLM_IR_WEIGHTENCODING_H
#define EDGELLM_DIALECT_EDGELLM_IR_WEIGHTENCODING_H

#include "EdgeLLM/Dialect/EdgeLLM/IR/EdgeLLM.h"
#include "EdgeLLM/Weights/Compress.h"

namespace edgellm::graph {

/// What is to become of the numbers of one matrix.
struct MatrixChoice {
  bool fp16 = false;
  bool paddedIndex = false; ///< of 1 of 8
  Compression compression;  ///< of int4
};

/// The encoding of a choice on the type of a weight: null for FP16.
mlir::Attribute encodingOf(const MatrixChoice &choice,
                           mlir::MLIRContext *context);

/// The choice behind an encoding, null or one of the dialect's.
MatrixChoice choiceOf(mlir::Attribute encoding);

} // namespace edgellm::graph

#endif // EDGELLM_DIALECT_EDGELLM_IR_WEIGHTENCODING_H
