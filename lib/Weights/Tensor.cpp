//===- Tensor.cpp - A tensor of a mapped checkpoint file ------------------===//
#include "EdgeLLM/Weights/Tensor.h"

#include "BlockKernels.h"
#include "ValueRange.h"

#include "EdgeLLM/Support/Error.h"

#include <bit>
#include <cassert>
#include <cstring>
#include <sstream>

using namespace edgellm;

static_assert(std::endian::native == std::endian::little,
              "tensors are read as they lie in the file");

namespace {

struct DTypeInfo {
  std::string_view name;
  size_t bytes;
};

} // namespace

/// Indexed by DType.
static constexpr DTypeInfo kDTypes[] = {
    {"BOOL", 1}, {"U8", 1},  {"I8", 1},  {"F8_E5M2", 1}, {"F8_E4M3", 1},
    {"I16", 2},  {"U16", 2}, {"F16", 2}, {"BF16", 2},    {"I32", 4},
    {"U32", 4},  {"F32", 4}, {"I64", 8}, {"U64", 8},     {"F64", 8},
};
static_assert(std::size(kDTypes) == size_t(DType::F64) + 1);

std::string_view edgellm::dtypeName(DType type) {
  return kDTypes[size_t(type)].name;
}

size_t edgellm::dtypeBytes(DType type) { return kDTypes[size_t(type)].bytes; }

int64_t Tensor::rows() const {
  int64_t product = 1;
  for (size_t i = 0; i + 1 < shape.size(); ++i)
    product *= shape[i];
  return product;
}

int64_t Tensor::columns() const { return shape.empty() ? 1 : shape.back(); }

std::string Tensor::where() const {
  return file.string() + ": tensor '" + name + "'";
}

std::string edgellm::shapeText(std::span<const int64_t> shape) {
  std::ostringstream text;
  for (size_t i = 0; i < shape.size(); ++i)
    text << (i ? ", " : "") << shape[i];
  return "[" + text.str() + "]";
}

Tensor edgellm::sliceOf(const Tensor &tensor, int64_t first, int64_t last) {
  assert(!tensor.shape.empty() && 0 <= first && first <= last &&
         last <= tensor.shape[0]);
  Tensor slice = tensor;
  slice.name += "[" + std::to_string(first) + ":" + std::to_string(last) + "]";
  slice.shape[0] = last - first;
  size_t rowBytes =
      tensor.shape[0] ? tensor.data.size() / size_t(tensor.shape[0]) : 0;
  slice.data = tensor.data.subspan(size_t(first) * rowBytes,
                                   size_t(last - first) * rowBytes);
  return slice;
}

void edgellm::requireReadable(const Tensor &tensor) {
  if (tensor.dtype != DType::F32 && tensor.dtype != DType::F16 &&
      tensor.dtype != DType::BF16)
    fail(tensor.where(), " has dtype ", dtypeName(tensor.dtype),
         ", expected F32, F16 or BF16");
}

//===----------------------------------------------------------------------===//
// Conversion
//===----------------------------------------------------------------------===//

/// BF16 is the upper half of binary32.
static void widenBfloats(const std::byte *data, std::span<float> out) {
  for (size_t i = 0; i < out.size(); ++i) {
    uint16_t bits;
    std::memcpy(&bits, data + i * sizeof(bits), sizeof(bits));
    out[i] = std::bit_cast<float>(uint32_t(bits) << 16);
  }
}

/// Elements that follow each other in memory.
static void convert(DType type, const std::byte *data, std::span<float> out) {
  if (type == DType::F32)
    std::memcpy(out.data(), data, out.size_bytes());
  else if (type == DType::F16)
    blockKernels().widenHalves(data, out.size(), out.data());
  else
    widenBfloats(data, out);
}

void edgellm::readRow(const Tensor &tensor, int64_t row, std::span<float> out) {
  assert(row >= 0 && row < tensor.rows());
  assert(int64_t(out.size()) == tensor.columns());
  requireReadable(tensor);
  convert(tensor.dtype,
          tensor.data.data() +
              size_t(row) * out.size() * dtypeBytes(tensor.dtype),
          out);
  requireWithin(kFiniteRange, out, tensor.where(), row);
}

/// Copies `count` elements that are `stride` bytes apart.
template <size_t bytes>
static void gather(const std::byte *from, size_t stride, size_t count,
                   std::byte *to) {
  for (size_t i = 0; i < count; ++i)
    std::memcpy(to + i * bytes, from + i * stride, bytes);
}

void edgellm::readColumn(const Tensor &tensor, int64_t column,
                         std::span<float> out) {
  assert(column >= 0 && column < tensor.columns());
  assert(int64_t(out.size()) == tensor.rows());
  requireReadable(tensor);
  size_t bytes = dtypeBytes(tensor.dtype);
  size_t stride = size_t(tensor.columns()) * bytes;
  const std::byte *from = tensor.data.data() + size_t(column) * bytes;
  std::vector<std::byte> elements(out.size() * bytes);
  (bytes == 2 ? gather<2> : gather<4>)(from, stride, out.size(),
                                       elements.data());
  convert(tensor.dtype, elements.data(), out);
  requireWithin(kFiniteRange, out, tensor.where() + " transposed", column);
}
