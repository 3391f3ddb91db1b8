//===- TensorTable.h - What the readers of weight files share ---*- C++ -*-===//
#ifndef EDGELLM_LIB_WEIGHTS_TENSORTABLE_H
#define EDGELLM_LIB_WEIGHTS_TENSORTABLE_H

#include "EdgeLLM/Weights/TensorFile.h"

namespace edgellm {

/// The longest name of a tensor, in bytes.
inline constexpr size_t kMaxTensorName = 1024;

/// Throws Error, which begins with `origin`, unless a tensor may have the name:
/// valid UTF-8 without control characters, neither empty nor too long.
void requireTensorName(std::string_view name, const std::string &origin);

/// Bytes of the tensor by its shape and type. Throws Error when they overflow
/// 63 bits or a row is no whole number of the type's blocks.
uint64_t byteCount(const Tensor &tensor);

/// Throws Error when two tensors of the table overlap, when one does not begin
/// where the one before it ends, rounded up to `alignment`, a power of two, or
/// when `data` goes on behind the last one.
void requireCoverage(const TensorTable &table, std::span<const std::byte> data,
                     uint64_t alignment, const std::string &path);

} // namespace edgellm

#endif // EDGELLM_LIB_WEIGHTS_TENSORTABLE_H
