//===- WeightView.cpp - The numbers behind a weight attribute -------------===//
#include "EdgeLLM/Import/WeightView.h"

#include "EdgeLLM/Dialect/EdgeLLM/IR/EdgeLLM.h"
#include "EdgeLLM/Support/Error.h"

#include <cmath>

using namespace mlir;
using namespace edgellm;

static MatrixView viewOfLiteral(DenseFPElementsAttr literal) {
  ArrayRef<int64_t> shape = graph::typeOf(literal).getShape();
  auto values = std::make_shared<std::vector<float>>();
  values->reserve(size_t(literal.getNumElements()));
  for (llvm::APFloat value : literal.getValues<llvm::APFloat>()) {
    bool inexact;
    value.convert(llvm::APFloat::IEEEsingle(),
                  llvm::APFloat::rmNearestTiesToEven, &inexact);
    values->push_back(value.convertToFloat());
    if (!std::isfinite(values->back()))
      fail("literal weight element ", values->size() - 1, " is ",
           values->back(), ", expected a finite number");
  }
  int64_t rows = shape.size() > 1 ? shape.front() : 1;
  MatrixView view = viewOf("literal weight", rows, shape.back(), *values);
  view.readRow = [values, read = view.readRow](
                     int64_t row, std::span<float> out) { read(row, out); };
  return view;
}

MatrixView edgellm::viewOf(TypedAttr weight, const Checkpoint *checkpoint) {
  auto external = dyn_cast<graph::ExternalAttr>(weight);
  if (!external)
    return viewOfLiteral(cast<DenseFPElementsAttr>(weight));
  if (external.getFile().empty() || !checkpoint)
    fail("tensor '", external.getTensor().str(),
         "' is known by its shape alone, there are no numbers to read");
  SmallVector<int64_t> shape = external.getTensorShape();
  const Tensor &tensor = checkpoint->require(
      external.getTensor().str(), std::vector(shape.begin(), shape.end()));
  graph::RowRangeAttr rows = external.getRows();
  if (external.getTransposed())
    return transposedViewOf(tensor, rows ? rows.getFirst() : 0,
                            rows ? rows.getLast() : tensor.columns());
  return viewOf(rows ? sliceOf(tensor, rows.getFirst(), rows.getLast())
                     : tensor);
}
