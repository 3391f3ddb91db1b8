//===- MatrixView.cpp - Rows of weights from any source -------------------===//
#include "EdgeLLM/Weights/MatrixView.h"

#include "ValueRange.h"

#include "EdgeLLM/Support/Error.h"
#include "EdgeLLM/Support/Half.h"

#include <algorithm>

using namespace edgellm;

MatrixView edgellm::viewOf(Tensor tensor) {
  requireReadable(tensor);
  MatrixView view{tensor.where(), tensor.rows(), tensor.columns(), {}};
  view.readRow = [tensor = std::move(tensor)](int64_t row,
                                              std::span<float> out) {
    readRow(tensor, row, out);
  };
  return view;
}

MatrixView edgellm::transposedViewOf(Tensor tensor, int64_t first,
                                     int64_t last) {
  requireReadable(tensor);
  MatrixView view{
      tensor.where() + " transposed", last - first, tensor.rows(), {}};
  view.readRow = [tensor = std::move(tensor), first](int64_t row,
                                                     std::span<float> out) {
    readColumn(tensor, first + row, out);
  };
  return view;
}

MatrixView edgellm::viewOf(std::string name, int64_t rows, int64_t columns,
                           std::span<const float> values) {
  int64_t count;
  if (rows < 0 || columns < 0 ||
      __builtin_mul_overflow(rows, columns, &count) ||
      uint64_t(count) != values.size())
    fail(name, ": ", values.size(), " numbers for a matrix of ", rows, " x ",
         columns);
  auto copyRow = [values](int64_t row, std::span<float> out) {
    std::ranges::copy(values.subspan(size_t(row) * out.size(), out.size()),
                      out.begin());
  };
  return {std::move(name), rows, columns, copyRow};
}

void edgellm::readHalfRow(const MatrixView &matrix, int64_t row,
                          std::span<uint16_t> out) {
  std::vector<float> values(out.size());
  matrix.readRow(row, values);
  requireWithin(kHalfRange, values, matrix.name, row);
  std::ranges::transform(values, out.begin(), floatToHalf);
}
