//===- Tensor.cpp - A tensor of a mapped checkpoint file ------------------===//
#include "EdgeLLM/Weights/Tensor.h"

#include "BlockFormats.h"
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

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

static void copyFloats(const std::byte *data, std::span<float> out) {
  std::memcpy(out.data(), data, out.size_bytes());
}

static void widenHalves(const std::byte *data, std::span<float> out) {
  blockKernels().widenHalves(data, out.size(), out.data());
}

/// BF16 is the upper half of binary32.
static void widenBfloats(const std::byte *data, std::span<float> out) {
  for (size_t i = 0; i < out.size(); ++i) {
    uint16_t bits;
    std::memcpy(&bits, data + i * sizeof(bits), sizeof(bits));
    out[i] = std::bit_cast<float>(uint32_t(bits) << 16);
  }
}

namespace {

struct DTypeInfo {
  std::string_view name;
  size_t block, bytes;
  /// Converts whole blocks; null where nobody needed it yet.
  void (*read)(const std::byte *data, std::span<float> out) = nullptr;
};

} // namespace

/// Indexed by DType.
static constexpr DTypeInfo kDTypes[] = {
    {"BOOL", 1, 1},
    {"U8", 1, 1},
    {"I8", 1, 1},
    {"F8_E5M2", 1, 1},
    {"F8_E4M3", 1, 1},
    {"I16", 1, 2},
    {"U16", 1, 2},
    {"F16", 1, 2, widenHalves},
    {"BF16", 1, 2, widenBfloats},
    {"I32", 1, 4},
    {"U32", 1, 4},
    {"F32", 1, 4, copyFloats},
    {"I64", 1, 8},
    {"U64", 1, 8},
    {"F64", 1, 8},
    {"Q4_0", 32, 18, readQ4_0},
    {"Q4_1", 32, 20, readQ4_1},
    {"Q5_0", 32, 22},
    {"Q5_1", 32, 24},
    {"Q8_0", 32, 34, readQ8_0},
    {"Q2_K", 256, 84},
    {"Q3_K", 256, 110},
    {"Q4_K", 256, 144, readQ4_K},
    {"Q5_K", 256, 176, readQ5_K},
    {"Q6_K", 256, 210, readQ6_K},
    {"IQ2_XXS", 256, 66},
    {"IQ2_XS", 256, 74},
    {"IQ3_XXS", 256, 98},
    {"IQ1_S", 256, 50},
    {"IQ4_NL", 32, 18},
    {"IQ3_S", 256, 110},
    {"IQ2_S", 256, 82},
    {"IQ4_XS", 256, 136},
    {"IQ1_M", 256, 56},
    {"TQ1_0", 256, 54},
    {"TQ2_0", 256, 66},
    {"MXFP4", 32, 17},
};
static_assert(std::size(kDTypes) == size_t(DType::MXFP4) + 1);

static const DTypeInfo &infoOf(DType type) { return kDTypes[size_t(type)]; }

std::string_view edgellm::dtypeName(DType type) { return infoOf(type).name; }

size_t edgellm::dtypeBlock(DType type) { return infoOf(type).block; }

size_t edgellm::dtypeBytes(DType type) { return infoOf(type).bytes; }

bool edgellm::isReadable(DType type) { return infoOf(type).read; }

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

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
  // A vector's elements are its rows here, a matrix's rows are whole blocks.
  int64_t rowElements = 1;
  for (size_t i = 1; i < tensor.shape.size(); ++i)
    rowElements *= tensor.shape[i];
  size_t block = dtypeBlock(tensor.dtype), bytes = dtypeBytes(tensor.dtype);
  size_t begin = size_t(first * rowElements), end = size_t(last * rowElements);
  if (begin % block != 0 || end % block != 0)
    fail(slice.where(), " of ", dtypeName(tensor.dtype),
         " does not begin and end at multiples of ", block);
  slice.data =
      tensor.data.subspan(begin / block * bytes, (end - begin) / block * bytes);
  return slice;
}

static std::string readableNames() {
  std::string names;
  for (const DTypeInfo &info : kDTypes)
    if (info.read)
      names.append(names.empty() ? "" : ", ").append(info.name);
  return names;
}

void edgellm::requireReadable(const Tensor &tensor) {
  if (!isReadable(tensor.dtype))
    fail(tensor.where(), " has type ", dtypeName(tensor.dtype),
         ", expected one of ", readableNames());
}

void edgellm::readRow(const Tensor &tensor, int64_t row, std::span<float> out) {
  assert(row >= 0 && row < tensor.rows());
  assert(int64_t(out.size()) == tensor.columns());
  requireReadable(tensor);
  const DTypeInfo &info = infoOf(tensor.dtype);
  size_t rowBytes = out.size() / info.block * info.bytes;
  info.read(tensor.data.data() + size_t(row) * rowBytes, out);
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
  const DTypeInfo &info = infoOf(tensor.dtype);
  if (info.block != 1)
    fail(tensor.where(), " of ", info.name, " cannot be read column by column");
  size_t bytes = info.bytes;
  size_t stride = size_t(tensor.columns()) * bytes;
  const std::byte *from = tensor.data.data() + size_t(column) * bytes;
  std::vector<std::byte> elements(out.size() * bytes);
  (bytes == 2 ? gather<2> : gather<4>)(from, stride, out.size(),
                                       elements.data());
  info.read(elements.data(), out);
  requireWithin(kFiniteRange, out, tensor.where() + " transposed", column);
}
