//===- SafeTensors.cpp - A file in Hugging Face's format ------------------===//
#include "EdgeLLM/Weights/SafeTensors.h"

#include "TensorTable.h"

#include "EdgeLLM/Support/Error.h"
#include "EdgeLLM/Support/JsonObject.h"

#include <cstring>
#include <limits>
#include <optional>

using namespace edgellm;
using nlohmann::json;

static constexpr size_t kLengthBytes = 8;

//===----------------------------------------------------------------------===//
// One tensor
//===----------------------------------------------------------------------===//

static std::optional<DType> findDType(std::string_view name) {
  for (DType type = DType::BOOL; type <= kLastPlainType;
       type = DType(size_t(type) + 1))
    if (dtypeName(type) == name)
      return type;
  return std::nullopt;
}

static DType readDType(JsonObject &entry) {
  if (std::optional<DType> type = findDType(entry.string("dtype")))
    return *type;
  std::string known;
  for (DType type = DType::BOOL; type <= kLastPlainType;
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
  uint64_t bytes = byteCount(tensor);
  if (bytes != tensor.data.size())
    fail(tensor.where(), " has ", tensor.data.size(), " bytes of data, shape ",
         shapeText(tensor.shape), " of ", dtypeName(tensor.dtype), " takes ",
         bytes);
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
  if (length > kMaxSafeTensorsHeader)
    fail(path, ": header of ", length, " bytes, at most ",
         kMaxSafeTensorsHeader, " are read");
  if (length > bytes.size() - kLengthBytes)
    fail(path, ": header of ", length, " bytes, only ",
         bytes.size() - kLengthBytes, " follow its length");
  return {reinterpret_cast<const char *>(bytes.data()) + kLengthBytes, length};
}

TensorTable edgellm::parseSafeTensors(std::span<const std::byte> bytes,
                                      const std::filesystem::path &path) {
  std::string origin = path.string();
  std::string_view text = headerText(bytes, origin);
  auto data = bytes.subspan(kLengthBytes + text.size());
  json header = parseJson(text, origin);
  JsonObject(header, origin); // the header is an object
  TensorTable table;
  for (const auto &[name, value] : header.items()) {
    if (name == "__metadata__")
      continue;
    requireTensorName(name, origin);
    table.emplace(name, readTensor(name, value, data, path));
  }
  requireCoverage(table, data, /*alignment=*/1, origin);
  return table;
}

TensorFile edgellm::openSafeTensors(const std::filesystem::path &path) {
  MappedFile file(path);
  TensorTable table = parseSafeTensors(file.bytes(), path);
  return {std::move(file), std::move(table)};
}
