//===- ModelSource.cpp - A model as the importer needs it -----------------===//
#include "EdgeLLM/Weights/ModelSource.h"

using namespace edgellm;
namespace fs = std::filesystem;

ModelShapes ModelShapes::open(const fs::path &path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored))
    return ModelShapes(path, readModelConfig(path / "config.json"));
  fs::path folder = path.has_parent_path() ? path.parent_path() : ".";
  return ModelShapes(folder, readModelConfig(path));
}

ModelSource::Storage
ModelShapes::storageOf(std::string_view, const std::vector<int64_t> &) const {
  return {"", DType::F16};
}
