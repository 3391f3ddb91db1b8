//===- HuggingFace.cpp - A Hugging Face folder ----------------------------===//
#include "EdgeLLM/Weights/SafeTensors.h"
#include "Formats.h"

#include "EdgeLLM/Support/Error.h"
#include "EdgeLLM/Support/JsonObject.h"

using namespace edgellm;
using nlohmann::json;
namespace fs = std::filesystem;

static constexpr std::string_view kSingleFile = "model.safetensors";
static constexpr std::string_view kIndexFile = "model.safetensors.index.json";

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

/// A shard lies in the directory itself, whatever an index from somewhere says.
static bool isPlainFileName(const json &value) {
  return isPlainString(value) && value != "." && value != ".." &&
         value.get_ref<const std::string &>().find('/') == std::string::npos;
}

WeightMap edgellm::parseWeightMap(std::string_view text,
                                  const std::string &origin) {
  json root = parseJson(text, origin);
  JsonObject weightMap = JsonObject(root, origin).object("weight_map");
  WeightMap result;
  for (const auto &[name, shard] : root["weight_map"].items()) {
    if (!isPlainFileName(shard))
      weightMap.failField(name, shard, "the name of a file beside the index");
    result.emplace(name, shard.get<std::string>());
  }
  if (result.empty())
    fail(origin, ": field 'weight_map' lists no tensor");
  return result;
}

static WeightMap readIndex(const fs::path &file) {
  return parseWeightMap(readTextFile(file, kMaxSafeTensorsHeader),
                        file.string());
}

/// Every shard is loaded once; then each tensor must be where the map says.
static void checkIndex(std::span<const TensorFile> files,
                       const WeightMap &weightMap, const fs::path &index) {
  for (const auto &[name, shard] : weightMap) {
    const Tensor *tensor = findTensor(files, name);
    if (!tensor || tensor->file.filename() != shard)
      fail(index.string(), ": tensor '", name, "' is not in ", shard,
           ", where weight_map says it is");
  }
}

static std::vector<TensorFile> openShards(const fs::path &directory) {
  fs::path index = directory / kIndexFile;
  WeightMap weightMap = readIndex(index);
  std::set<std::string> names;
  std::vector<TensorFile> files;
  for (const auto &[name, shard] : weightMap)
    if (names.insert(shard).second)
      addFile(files, openSafeTensors(directory / shard));
  checkIndex(files, weightMap, index);
  return files;
}

static std::vector<TensorFile> openWeights(const fs::path &directory) {
  std::error_code ignored;
  if (fs::exists(directory / kIndexFile, ignored) &&
      !fs::exists(directory / kSingleFile, ignored))
    return openShards(directory);
  if (!fs::exists(directory / kSingleFile, ignored))
    fail(directory.string(), ": holds neither ", kSingleFile, " nor ",
         kIndexFile);
  std::vector<TensorFile> files;
  files.push_back(openSafeTensors(directory / kSingleFile));
  return files;
}

//===----------------------------------------------------------------------===//
// The folder
//===----------------------------------------------------------------------===//

ModelDescription edgellm::describeConfig(const fs::path &directory,
                                         const fs::path &path,
                                         const fs::path &file) {
  ModelConfig config = readModelConfig(file);
  return {path, directory, fs::canonical(directory).filename().string(),
          std::move(config), nullptr};
}

/// A family's prefix is either before all names or before none.
static void dropUnusedPrefix(TensorNames &names,
                             std::span<const TensorFile> files) {
  if (findTensor(files, std::string(names.embedding) + ".weight"))
    names.prefix = {};
}

OpenedModel edgellm::openFolder(const fs::path &directory) {
  OpenedModel opened = {
      describeConfig(directory, directory, directory / "config.json"),
      openWeights(directory)};
  dropUnusedPrefix(opened.model.config.names, opened.files);
  return opened;
}
