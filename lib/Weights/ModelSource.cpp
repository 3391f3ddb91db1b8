//===- ModelSource.cpp - A model as the importer needs it -----------------===//
#include "EdgeLLM/Weights/ModelSource.h"

#include "Formats.h"

using namespace edgellm;
namespace fs = std::filesystem;

static ModelDescription describe(const fs::path &path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored))
    return describeConfig(path, path, path / "config.json");
  switch (formatOf(path)) {
  case FileFormat::gguf:
    return openGGUF(path).model;
  case FileFormat::llama2c:
    return openLlama2C(path).model;
  case FileFormat::unknown:
    break;
  }
  return describeConfig(folderOf(path), path, path);
}

ModelShapes ModelShapes::open(const fs::path &path) {
  return ModelShapes(describe(path));
}

ModelSource::Storage
ModelShapes::storageOf(std::string_view, const std::vector<int64_t> &) const {
  return {"", DType::F16};
}
