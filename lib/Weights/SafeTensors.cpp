//===- SafeTensors.cpp - One mapped safetensors file ----------------------===//
#include "EdgeLLM/Weights/SafeTensors.h"

#include "EdgeLLM/Support/Error.h"
#include "EdgeLLM/Support/JsonObject.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>

using namespace edgellm;
using nlohmann::json;

static constexpr size_t kLengthBytes = 8;
static constexpr size_t kMaxNameBytes = 1024;

//===----------------------------------------------------------------------===//
// One tensor
//===----------------------------------------------------------------------===//

static std::optional<DType> findDType(std::string_view name) {
  for (DType type = DType::BOOL; type <= DType::F64;
       type = DType(size_t(type) + 1))
    if (dtypeName(type) == name)
      return type;
  return std::nullopt;
}

static DType readDType(JsonObject &entry) {
  if (std::optional<DType> type = findDType(entry.string("dtype")))
    return *type;
  std::string known;
  for (DType type = DType::BOOL; type <= DType::F64;
       type = DType(size_t(type) + 1))
    known.append(known.empty() ? "" : ", ").append(dtypeName(type));
  entry.failField("dtype", entry.take("dtype"), "one of " + known);
}

static std::vector<int64_t> readShape(JsonObject &entry) {
  constexpr uint64_t largest = std::numeric_limits<int64_t>::max();
  const json &found = entry.array("shape");
  std::vector<int64_t> shape;
  for (const json &dimension : found) {
    if (!isIntegerBetween(dimension, 0, largest))
      entry.failField("shape", found, "integers from 0");
    shape.push_back(dimension.get<int64_t>());
  }
  return shape;
}

/// Bytes of a tensor, or nothing when they overflow 63 bits.
static std::optional<int64_t> byteCount(std::span<const int64_t> shape,
                                        DType type) {
  int64_t bytes = int64_t(dtypeBytes(type));
  for (int64_t dimension : shape)
    if (__builtin_mul_overflow(bytes, dimension, &bytes))
      return std::nullopt;
  return bytes;
}

static std::span<const std::byte> readData(JsonObject &entry,
                                           std::span<const std::byte> data) {
  const json &offsets = entry.array("data_offsets");
  bool isValid = offsets.size() == 2 &&
                 isIntegerBetween(offsets[1], 0, data.size()) &&
                 isIntegerBetween(offsets[0], 0, offsets[1].get<uint64_t>());
  if (!isValid)
    entry.failField("data_offsets", offsets,
                    "[begin, end] within the file's " +
                        std::to_string(data.size()) + " bytes of data");
  uint64_t begin = offsets[0].get<uint64_t>();
  return data.subspan(begin, offsets[1].get<uint64_t>() - begin);
}

static Tensor readTensor(const std::string &name, const json &value,
                         std::span<const std::byte> data,
                         const std::filesystem::path &file) {
  Tensor tensor{name, DType::F32, {}, {}, file};
  JsonObject entry(value, tensor.where());
  tensor.dtype = readDType(entry);
  tensor.shape = readShape(entry);
  tensor.data = readData(entry, data);
  entry.finish();
  std::optional<int64_t> bytes = byteCount(tensor.shape, tensor.dtype);
  std::string shape = shapeText(tensor.shape);
  if (!bytes)
    fail(tensor.where(), " has shape ", shape, ", too large for 64 bits");
  if (uint64_t(*bytes) != tensor.data.size())
    fail(tensor.where(), " has ", tensor.data.size(), " bytes of data, shape ",
         shape, " of ", dtypeName(tensor.dtype), " takes ", *bytes);
  return tensor;
}

//===----------------------------------------------------------------------===//
// The file
//===----------------------------------------------------------------------===//

/// The JSON text of a file, after its length.
static std::string_view headerText(std::span<const std::byte> bytes,
                                   const std::string &path) {
  if (bytes.size() < kLengthBytes)
    fail(path, ": ", bytes.size(), " bytes, a safetensors file has at least ",
         kLengthBytes);
  uint64_t length;
  std::memcpy(&length, bytes.data(), kLengthBytes);
  if (length > SafeTensors::kMaxHeaderBytes)
    fail(path, ": header of ", length, " bytes, at most ",
         SafeTensors::kMaxHeaderBytes, " are read");
  if (length > bytes.size() - kLengthBytes)
    fail(path, ": header of ", length, " bytes, only ",
         bytes.size() - kLengthBytes, " follow its length");
  return {reinterpret_cast<const char *>(bytes.data()) + kLengthBytes, length};
}

/// Every byte of the data belongs to exactly one tensor.
static void checkCoverage(const SafeTensors::Table &table,
                          std::span<const std::byte> data,
                          const std::string &path) {
  std::vector<const Tensor *> inOrder;
  for (const auto &[name, tensor] : table)
    inOrder.push_back(&tensor);
  auto extent = [&](const Tensor *tensor) {
    size_t begin = size_t(tensor->data.data() - data.data());
    return std::pair(begin, begin + tensor->data.size());
  };
  std::ranges::sort(inOrder, {}, extent);

  size_t covered = 0;
  const Tensor *previous = nullptr;
  auto failGap = [&](size_t end) {
    fail(path, ": bytes ", covered, " to ", end,
         " of the data belong to no tensor");
  };
  for (const Tensor *tensor : inOrder) {
    auto [begin, end] = extent(tensor);
    if (begin < covered)
      fail(tensor->where(), " overlaps tensor '", previous->name, "'");
    if (begin > covered)
      failGap(begin);
    covered = end;
    previous = tensor;
  }
  if (covered < data.size())
    failGap(data.size());
}

SafeTensors::Table
edgellm::parseSafeTensors(std::span<const std::byte> bytes,
                          const std::filesystem::path &path) {
  std::string origin = path.string();
  std::string_view text = headerText(bytes, origin);
  auto data = bytes.subspan(kLengthBytes + text.size());
  json header = parseJson(text, origin);
  JsonObject(header, origin); // the header is an object
  SafeTensors::Table table;
  for (const auto &[name, value] : header.items()) {
    if (name == "__metadata__")
      continue;
    if (!isPlainString(name) || name.size() > kMaxNameBytes)
      fail(origin, ": a tensor's name must be 1 to ", kMaxNameBytes,
           " bytes without control characters");
    table.emplace(name, readTensor(name, value, data, path));
  }
  checkCoverage(table, data, origin);
  return table;
}

SafeTensors::SafeTensors(const std::filesystem::path &path)
    : file(path), table(parseSafeTensors(file.bytes(), path)) {}

const Tensor *SafeTensors::find(std::string_view name) const {
  auto found = table.find(name);
  return found == table.end() ? nullptr : &found->second;
}
