//===- Checkpoint.cpp - A Hugging Face model directory --------------------===//
#include "EdgeLLM/Weights/Checkpoint.h"

#include "EdgeLLM/Support/Error.h"
#include "EdgeLLM/Support/JsonObject.h"

using namespace edgellm;
using nlohmann::json;
namespace fs = std::filesystem;

static constexpr std::string_view kSingleFile = "model.safetensors";
static constexpr std::string_view kIndexFile = "model.safetensors.index.json";

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
  return parseWeightMap(readTextFile(file, SafeTensors::kMaxHeaderBytes),
                        file.string());
}

void Checkpoint::addShard(const fs::path &file) {
  SafeTensors shard(file);
  for (const auto &[name, tensor] : shard.tensors())
    if (const Tensor *other = find(name))
      fail(tensor.where(), " is in ", other->file.string(), " too");
  shards.push_back(std::move(shard));
}

/// Loads every shard once, then checks that each tensor is where the map says.
static void checkIndex(const Checkpoint &checkpoint, const WeightMap &weightMap,
                       const fs::path &index) {
  for (const auto &[name, shard] : weightMap) {
    const Tensor *tensor = checkpoint.find(name);
    if (!tensor || tensor->file.filename() != shard)
      fail(index.string(), ": tensor '", name, "' is not in ", shard,
           ", where weight_map says it is");
  }
}

void Checkpoint::addShards() {
  std::error_code ignored;
  fs::path single = directory() / kSingleFile, index = directory() / kIndexFile;
  if (fs::exists(single, ignored))
    return addShard(single);
  if (!fs::exists(index, ignored))
    fail(directory().string(), ": holds neither ", kSingleFile, " nor ",
         kIndexFile);
  WeightMap weightMap = readIndex(index);
  std::set<std::string> names;
  for (const auto &[name, shard] : weightMap)
    if (names.insert(shard).second)
      addShard(directory() / shard);
  checkIndex(*this, weightMap, index);
}

/// A family's prefix is either before all names or before none.
void Checkpoint::dropUnusedPrefix() {
  std::string name = std::string(config().names.embedding) + ".weight";
  if (find(name))
    names().prefix = {};
}

Checkpoint Checkpoint::open(const fs::path &directory) {
  std::error_code ignored;
  if (!fs::is_directory(directory, ignored))
    fail(directory.string(), ": no such directory");
  Checkpoint checkpoint(directory, readModelConfig(directory / "config.json"));
  checkpoint.addShards();
  checkpoint.dropUnusedPrefix();
  return checkpoint;
}

void Checkpoint::dropPages() const {
  for (const SafeTensors &shard : shards)
    shard.dropPages();
}

const Tensor *Checkpoint::find(std::string_view name) const {
  for (const SafeTensors &shard : shards)
    if (const Tensor *tensor = shard.find(name))
      return tensor;
  return nullptr;
}

const Tensor &
Checkpoint::require(std::string_view name,
                    const std::vector<int64_t> &expectedShape) const {
  const Tensor *tensor = find(name);
  if (!tensor)
    fail(directory().string(), ": tensor '", name, "' of shape ",
         shapeText(expectedShape), " is missing");
  requireReadable(*tensor);
  if (tensor->shape != expectedShape)
    fail(tensor->where(), " has shape ", shapeText(tensor->shape),
         ", expected ", shapeText(expectedShape));
  return *tensor;
}

ModelSource::Storage
Checkpoint::storageOf(std::string_view name,
                      const std::vector<int64_t> &shape) const {
  const Tensor &tensor = require(name, shape);
  return {tensor.file.filename().string(), tensor.dtype};
}
