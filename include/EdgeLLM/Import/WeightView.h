//===- WeightView.h - The numbers behind a weight attribute -----*- C++ -*-===//
#ifndef EDGELLM_IMPORT_WEIGHTVIEW_H
#define EDGELLM_IMPORT_WEIGHTVIEW_H

#include "EdgeLLM/Weights/Checkpoint.h"
#include "EdgeLLM/Weights/MatrixView.h"

#include "mlir/IR/BuiltinAttributes.h"

namespace edgellm {

/// The numbers that a weight attribute of the edgellm dialect refers to: a
/// tensor of the checkpoint, some rows of one, or a literal. The encoding of
/// its type changes nothing. The checkpoint must outlive the view; it may be
/// null for a literal. Throws Error when the tensor is missing, misshapen or in
/// no file, the model being known by its shapes alone.
MatrixView viewOf(mlir::TypedAttr weight, const Checkpoint *checkpoint);

} // namespace edgellm

#endif // EDGELLM_IMPORT_WEIGHTVIEW_H
