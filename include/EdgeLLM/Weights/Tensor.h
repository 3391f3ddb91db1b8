//===- Tensor.h - A tensor of a mapped checkpoint file ----------*- C++ -*-===//
#ifndef EDGELLM_WEIGHTS_TENSOR_H
#define EDGELLM_WEIGHTS_TENSOR_H

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace edgellm {

/// Types of the elements of a weight file: those of safetensors, then those of
/// GGUF that are not among them, which pack the elements of a row in blocks. A
/// tensor of any of them is listed; isReadable() says which can be read.
enum class DType {
  BOOL,
  U8,
  I8,
  F8_E5M2,
  F8_E4M3,
  I16,
  U16,
  F16,
  BF16,
  I32,
  U32,
  F32,
  I64,
  U64,
  F64,
  Q4_0,
  Q4_1,
  Q5_0,
  Q5_1,
  Q8_0,
  Q2_K,
  Q3_K,
  Q4_K,
  Q5_K,
  Q6_K,
  IQ2_XXS,
  IQ2_XS,
  IQ3_XXS,
  IQ1_S,
  IQ4_NL,
  IQ3_S,
  IQ2_S,
  IQ4_XS,
  IQ1_M,
  TQ1_0,
  TQ2_0,
  MXFP4,
};

/// The last type that a safetensors file may name.
inline constexpr DType kLastPlainType = DType::F64;

/// The name of the type as its format writes it, "BF16".
std::string_view dtypeName(DType type);

/// Elements of one block, 1 for plain types; a row is a multiple of it.
size_t dtypeBlock(DType type);

/// Size of one block in bytes.
size_t dtypeBytes(DType type);

/// Whether readRow can convert the elements to floats.
bool isReadable(DType type);

/// A tensor where it lies in a mapped file, which must outlive it. `data` is
/// row-major, little-endian, not necessarily aligned, and has exactly
/// rows() * columns() elements, columns() being whole blocks.
struct Tensor {
  std::string name;
  DType dtype;
  std::vector<int64_t> shape;
  std::span<const std::byte> data;
  std::filesystem::path file;

  /// The tensor as a matrix: the last dimension is the columns, all others
  /// together are the rows; a vector is one row.
  int64_t rows() const;
  int64_t columns() const;

  /// "DIR/model.safetensors: tensor 'NAME'", the start of every error message.
  std::string where() const;
};

/// Rows [first, last) of the first dimension (0 <= first <= last <= shape[0]),
/// a tensor called "NAME[first:last]" in the same mapped file. Throws Error
/// when that would cut a block of a vector.
Tensor sliceOf(const Tensor &tensor, int64_t first, int64_t last);

/// "[768, 256]".
std::string shapeText(std::span<const int64_t> shape);

/// Throws Error unless the elements can be read as floats.
void requireReadable(const Tensor &tensor);

/// Converts one row (0 <= row < rows(), out.size() == columns()) to binary32,
/// exactly. Throws Error, naming file, tensor and element, when a value is not
/// finite or the type is not readable. Safe from several threads.
void readRow(const Tensor &tensor, int64_t row, std::span<float> out);

/// The same for one column (0 <= column < columns(), out.size() == rows()) of a
/// plain type; of a packed one throws Error.
/// Columns beside each other share the memory they touch: read them in turn.
void readColumn(const Tensor &tensor, int64_t column, std::span<float> out);

} // namespace edgellm

#endif // EDGELLM_WEIGHTS_TENSOR_H
