//===- GGUF.cpp - A file in llama.cpp's format ----------------------------===//
#include "EdgeLLM/Weights/GGUF.h"

#include "ByteCursor.h"
#include "TensorTable.h"

#include "EdgeLLM/Support/Error.h"
#include "EdgeLLM/Support/JsonObject.h"

#include <algorithm>
#include <bit>
#include <limits>

using namespace edgellm;
using nlohmann::json;

namespace {

/// Types of values by their numbers in files.
enum class ValueType : uint32_t {
  u8,
  i8,
  u16,
  i16,
  u32,
  i32,
  f32,
  boolean,
  string,
  array,
  u64,
  i64,
  f64,
};

struct TensorType {
  uint32_t number; ///< in files
  DType type;
};

} // namespace

static constexpr TensorType kTensorTypes[] = {
    {0, DType::F32},      {1, DType::F16},     {2, DType::Q4_0},
    {3, DType::Q4_1},     {6, DType::Q5_0},    {7, DType::Q5_1},
    {8, DType::Q8_0},     {10, DType::Q2_K},   {11, DType::Q3_K},
    {12, DType::Q4_K},    {13, DType::Q5_K},   {14, DType::Q6_K},
    {16, DType::IQ2_XXS}, {17, DType::IQ2_XS}, {18, DType::IQ3_XXS},
    {19, DType::IQ1_S},   {20, DType::IQ4_NL}, {21, DType::IQ3_S},
    {22, DType::IQ2_S},   {23, DType::IQ4_XS}, {24, DType::I8},
    {25, DType::I16},     {26, DType::I32},    {27, DType::I64},
    {28, DType::F64},     {29, DType::IQ1_M},  {30, DType::BF16},
    {34, DType::TQ1_0},   {35, DType::TQ2_0},  {39, DType::MXFP4},
};

static constexpr uint32_t kMaxDimensions = 4;
static constexpr std::string_view kAlignmentKey = "general.alignment";

/// The library is the one at hand that knows UTF-8; it refuses to write any
/// other string.
static bool isUtf8(const json &value) {
  try {
    value.dump();
    return true;
  } catch (const json::exception &) {
    return false;
  }
}

/// JsonObject takes unsigned numbers alone for counts.
template <typename T> static json number(T value) {
  if (std::is_signed_v<T> && value >= T(0))
    return uint64_t(value);
  return value;
}

namespace {

class GGUFReader {
public:
  GGUFReader(std::span<const std::byte> bytes,
             const std::filesystem::path &path)
      : bytes(bytes), path(path), origin(path.string()),
        cursor(bytes.first(std::min<size_t>(bytes.size(), kMaxGGUFHeader)),
               origin) {}

  GGUFContent read();

private:
  struct Counts {
    uint64_t tensors, keys;
  };
  Counts readHead();
  void readKey(json &metadata);
  json readValue(ValueType type, const std::string &what);
  json readArray(const std::string &what);
  json readBool(const std::string &what);
  std::string_view readText(const std::string &what);
  void readTensor(TensorTable &tensors);
  DType readType(const Tensor &tensor);
  std::vector<int64_t> readShape(const Tensor &tensor);
  void place(Tensor &tensor, uint64_t offset,
             std::span<const std::byte> data) const;
  std::span<const std::byte> findData() const;

  std::span<const std::byte> bytes;
  const std::filesystem::path &path;
  std::string origin;
  ByteCursor cursor;
  uint64_t alignment = 32;
  uint64_t values = 0;                                  ///< read so far
  std::map<std::string, uint64_t, std::less<>> offsets; ///< of tensors
};

} // namespace

//===----------------------------------------------------------------------===//
// Keys and values
//===----------------------------------------------------------------------===//

GGUFReader::Counts GGUFReader::readHead() {
  if (cursor.text(4, "the head") != "GGUF")
    fail(origin, ": does not begin with \"GGUF\"");
  uint32_t version = cursor.number<uint32_t>("the head");
  if (version != 2 && version != 3)
    fail(origin, ": GGUF version ", version, ", expected 2 or 3",
         version > 0xFFFF ? "; is the file big-endian?" : "");
  Counts counts;
  counts.tensors = cursor.number<uint64_t>("the head");
  counts.keys = cursor.number<uint64_t>("the head");
  if (counts.tensors > kMaxGGUFEntries || counts.keys > kMaxGGUFEntries)
    fail(origin, ": ", counts.tensors, " tensors and ", counts.keys,
         " keys, at most ", kMaxGGUFEntries, " of each are read");
  return counts;
}

std::string_view GGUFReader::readText(const std::string &what) {
  return cursor.text(cursor.number<uint64_t>(what), what);
}

json GGUFReader::readBool(const std::string &what) {
  unsigned value = cursor.number<uint8_t>(what);
  if (value > 1)
    fail(origin, ": ", what, ": found a boolean ", value, ", expected 0 or 1");
  return value == 1;
}

json GGUFReader::readArray(const std::string &what) {
  auto type = ValueType(cursor.number<uint32_t>(what));
  uint64_t count = cursor.number<uint64_t>(what);
  if (type == ValueType::array)
    fail(origin, ": ", what, ": arrays of arrays are not supported");
  if (count > kMaxGGUFValues - values)
    fail(origin, ": ", what, ": ", count, " elements, at most ", kMaxGGUFValues,
         " values of a file are read");
  json array = json::array();
  for (uint64_t i = 0; i < count; ++i)
    array.push_back(readValue(type, what));
  return array;
}

json GGUFReader::readValue(ValueType type, const std::string &what) {
  ++values;
  switch (type) {
  case ValueType::u8:
    return number(cursor.number<uint8_t>(what));
  case ValueType::i8:
    return number(cursor.number<int8_t>(what));
  case ValueType::u16:
    return number(cursor.number<uint16_t>(what));
  case ValueType::i16:
    return number(cursor.number<int16_t>(what));
  case ValueType::u32:
    return number(cursor.number<uint32_t>(what));
  case ValueType::i32:
    return number(cursor.number<int32_t>(what));
  case ValueType::u64:
    return number(cursor.number<uint64_t>(what));
  case ValueType::i64:
    return number(cursor.number<int64_t>(what));
  case ValueType::f32:
    return cursor.number<float>(what);
  case ValueType::f64:
    return cursor.number<double>(what);
  case ValueType::boolean:
    return readBool(what);
  case ValueType::string:
    return readText(what);
  case ValueType::array:
    return readArray(what);
  }
  fail(origin, ": ", what, ": value type ", uint32_t(type),
       ", expected 0 to 12");
}

void GGUFReader::readKey(json &metadata) {
  std::string key(readText("a key"));
  if (!isPlainString(key) || key.size() > kMaxTensorName || !isUtf8(key))
    fail(origin, ": a key must be 1 to ", kMaxTensorName,
         " bytes of UTF-8 without control characters");
  std::string what = "key '" + key + "'";
  if (metadata.contains(key))
    fail(origin, ": ", what, " stands twice");
  json value = readValue(ValueType(cursor.number<uint32_t>(what)), what);
  if (!isUtf8(value))
    fail(origin, ": ", what, " holds text that is not UTF-8");
  metadata.emplace(std::move(key), std::move(value));
}

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

std::vector<int64_t> GGUFReader::readShape(const Tensor &tensor) {
  std::string what = "tensor '" + tensor.name + "'";
  uint32_t count = cursor.number<uint32_t>(what);
  if (count < 1 || count > kMaxDimensions)
    fail(tensor.where(), " has ", count, " dimensions, expected 1 to ",
         kMaxDimensions);
  std::vector<int64_t> shape;
  for (uint32_t i = 0; i < count; ++i) {
    uint64_t extent = cursor.number<uint64_t>(what);
    if (extent > uint64_t(std::numeric_limits<int64_t>::max()))
      fail(tensor.where(), " has a dimension of ", extent,
           ", too large for 64 bits");
    shape.insert(shape.begin(), int64_t(extent));
  }
  return shape;
}

DType GGUFReader::readType(const Tensor &tensor) {
  uint32_t number = cursor.number<uint32_t>("tensor '" + tensor.name + "'");
  auto found = std::ranges::find(kTensorTypes, number, &TensorType::number);
  if (found == std::end(kTensorTypes))
    fail(tensor.where(), " is of type ", number, ", which is unknown");
  return found->type;
}

void GGUFReader::readTensor(TensorTable &tensors) {
  std::string name(readText("a tensor's name"));
  if (!isUtf8(name))
    fail(origin, ": a tensor's name is not UTF-8");
  requireTensorName(name, origin);
  Tensor tensor{name, DType::F32, {}, {}, path};
  tensor.shape = readShape(tensor);
  tensor.dtype = readType(tensor);
  offsets[name] = cursor.number<uint64_t>("tensor '" + name + "'");
  if (!tensors.emplace(name, tensor).second)
    fail(tensor.where(), " stands twice");
}

std::span<const std::byte> GGUFReader::findData() const {
  uint64_t begin = (cursor.offset() + alignment - 1) & ~(alignment - 1);
  return bytes.subspan(std::min<uint64_t>(begin, bytes.size()));
}

void GGUFReader::place(Tensor &tensor, uint64_t offset,
                       std::span<const std::byte> data) const {
  uint64_t count = byteCount(tensor);
  if (offset % alignment != 0)
    fail(tensor.where(), " begins at byte ", offset,
         " of the data, expected a multiple of ", alignment);
  if (offset > data.size() || count > data.size() - offset)
    fail(tensor.where(), " is ", count, " bytes from byte ", offset,
         " of the data, which has ", data.size());
  tensor.data = data.subspan(offset, count);
}

/// A power of two that leaves room for arithmetic on offsets.
static uint64_t readAlignment(const json &metadata, const std::string &origin) {
  constexpr uint64_t most = uint64_t(1) << 30;
  uint64_t found = JsonObject(metadata, origin).integer(kAlignmentKey, 1, most);
  if (!std::has_single_bit(found))
    fail(origin, ": field '", kAlignmentKey, "': found ", found,
         ", expected a power of two");
  return found;
}

GGUFContent GGUFReader::read() {
  Counts counts = readHead();
  GGUFContent content;
  content.metadata = json::object();
  for (uint64_t i = 0; i < counts.keys; ++i)
    readKey(content.metadata);
  if (content.metadata.contains(kAlignmentKey))
    alignment = readAlignment(content.metadata, origin);
  for (uint64_t i = 0; i < counts.tensors; ++i)
    readTensor(content.tensors);
  std::span<const std::byte> data = findData();
  for (auto &[name, tensor] : content.tensors)
    place(tensor, offsets[name], data);
  requireCoverage(content.tensors, data, alignment, origin);
  return content;
}

GGUFContent edgellm::parseGGUF(std::span<const std::byte> bytes,
                               const std::filesystem::path &path) {
  return GGUFReader(bytes, path).read();
}
