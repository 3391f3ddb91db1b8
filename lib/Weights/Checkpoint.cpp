//===- Checkpoint.cpp - A model with its weights --------------------------===//
#include "EdgeLLM/Weights/Checkpoint.h"

#include "EdgeLLM/Support/Error.h"
#include "Formats.h"

using namespace edgellm;
namespace fs = std::filesystem;

static OpenedModel openAny(const fs::path &path) {
  std::error_code ignored;
  if (!fs::exists(path, ignored))
    fail(path.string(), ": no such file or directory");
  if (fs::is_directory(path, ignored))
    return openFolder(path);
  switch (formatOf(path)) {
  case FileFormat::gguf:
    return openGGUF(path);
  case FileFormat::llama2c:
    return openLlama2C(path);
  case FileFormat::unknown:
    break;
  }
  fail(path.string(), ": neither a folder, nor a GGUF file, nor a llama2.c "
                      "file, whose name ends in .bin");
}

Checkpoint Checkpoint::open(const fs::path &path) {
  OpenedModel opened = openAny(path);
  return Checkpoint(std::move(opened.model), std::move(opened.files));
}

void Checkpoint::dropPages() const {
  for (const TensorFile &file : parts)
    file.dropPages();
}

const Tensor *Checkpoint::find(std::string_view name) const {
  return findTensor(parts, name);
}

const Tensor &
Checkpoint::require(std::string_view name,
                    const std::vector<int64_t> &expectedShape) const {
  const Tensor *tensor = find(name);
  if (!tensor)
    fail(path().string(), ": tensor '", name, "' of shape ",
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
