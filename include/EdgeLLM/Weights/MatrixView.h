//===- MatrixView.h - Rows of weights from any source -----------*- C++ -*-===//
#ifndef EDGELLM_WEIGHTS_MATRIXVIEW_H
#define EDGELLM_WEIGHTS_MATRIXVIEW_H

#include "EdgeLLM/Weights/Tensor.h"

#include <functional>

namespace edgellm {

/// A matrix that is read one row at a time: a checkpoint tensor, literal
/// numbers of the IR, or a packed weight image.
struct MatrixView {
  /// How error messages name it, "DIR/model.safetensors: tensor 'NAME'".
  std::string name;
  int64_t rows;
  int64_t columns;
  /// Writes the `columns` values of a row in [0, rows) to `out`. May throw
  /// Error. Called from several threads at once.
  std::function<void(int64_t row, std::span<float> out)> readRow;
};

/// A view of a tensor, whose mapped file must outlive it, as rows() x
/// columns().
MatrixView viewOf(Tensor tensor);

/// A view of columns [first, last) of a matrix, 0 <= first <= last <=
/// columns(), as rows: (last - first) x rows(). Its mapped file must outlive
/// it.
MatrixView transposedViewOf(Tensor tensor, int64_t first, int64_t last);

/// A view of row-major numbers, which must outlive it. Throws Error unless
/// there are rows * columns of them.
MatrixView viewOf(std::string name, int64_t rows, int64_t columns,
                  std::span<const float> values);

/// Reads a row as FP16 (out.size() == columns): exact for values that are FP16,
/// otherwise rounded to nearest even. Throws Error, naming matrix and element,
/// for a value that is not finite or would round past 65504.
void readHalfRow(const MatrixView &matrix, int64_t row,
                 std::span<uint16_t> out);

} // namespace edgellm

#endif // EDGELLM_WEIGHTS_MATRIXVIEW_H
