//===- TensorTable.cpp - What the readers of weight files share -----------===//
#include "TensorTable.h"

#include "EdgeLLM/Support/Error.h"
#include "EdgeLLM/Support/JsonObject.h"

#include <algorithm>

using namespace edgellm;

void edgellm::requireTensorName(std::string_view name,
                                const std::string &origin) {
  if (!isPlainString(name) || name.size() > kMaxTensorName)
    fail(origin, ": a tensor's name must be 1 to ", kMaxTensorName,
         " bytes without control characters");
}

uint64_t edgellm::byteCount(const Tensor &tensor) {
  int64_t block = int64_t(dtypeBlock(tensor.dtype));
  int64_t bytes = int64_t(dtypeBytes(tensor.dtype));
  if (tensor.columns() % block != 0)
    fail(tensor.where(), " has shape ", shapeText(tensor.shape), ", a row of ",
         dtypeName(tensor.dtype), " is a multiple of ", block);
  bool overflows = false;
  for (size_t i = 0; i < tensor.shape.size(); ++i) {
    bool isRow = i + 1 == tensor.shape.size();
    int64_t factor = isRow ? tensor.shape[i] / block : tensor.shape[i];
    overflows |= __builtin_mul_overflow(bytes, factor, &bytes);
  }
  if (overflows)
    fail(tensor.where(), " has shape ", shapeText(tensor.shape),
         ", too large for 64 bits");
  return uint64_t(bytes);
}

static uint64_t roundUp(uint64_t value, uint64_t powerOfTwo) {
  return (value + powerOfTwo - 1) & ~(powerOfTwo - 1);
}

void edgellm::requireCoverage(const TensorTable &table,
                              std::span<const std::byte> data,
                              uint64_t alignment, const std::string &path) {
  std::vector<const Tensor *> inOrder;
  for (const auto &[name, tensor] : table)
    inOrder.push_back(&tensor);
  auto extent = [&](const Tensor *tensor) {
    size_t begin = size_t(tensor->data.data() - data.data());
    return std::pair(begin, begin + tensor->data.size());
  };
  std::ranges::sort(inOrder, {}, extent);

  uint64_t covered = 0;
  const Tensor *previous = nullptr;
  auto failGap = [&](size_t end) {
    fail(path, ": bytes ", covered, " to ", end,
         " of the data belong to no tensor");
  };
  for (const Tensor *tensor : inOrder) {
    auto [begin, end] = extent(tensor);
    if (begin < covered)
      fail(tensor->where(), " overlaps tensor '", previous->name, "'");
    if (begin > roundUp(covered, alignment))
      failGap(begin);
    covered = end;
    previous = tensor;
  }
  if (roundUp(covered, alignment) < data.size())
    failGap(data.size());
}
