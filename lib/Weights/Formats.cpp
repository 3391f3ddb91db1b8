//===- Formats.cpp - Models as they lie on disk ---------------------------===//
#include "Formats.h"

#include "EdgeLLM/Support/Error.h"

#include <cstring>

using namespace edgellm;
namespace fs = std::filesystem;

const Tensor *edgellm::findTensor(std::span<const TensorFile> files,
                                  std::string_view name) {
  for (const TensorFile &file : files)
    if (const Tensor *tensor = file.find(name))
      return tensor;
  return nullptr;
}

void edgellm::addFile(std::vector<TensorFile> &files, TensorFile file) {
  for (const auto &[name, tensor] : file.tensors())
    if (const Tensor *other = findTensor(files, name))
      fail(tensor.where(), " is in ", other->file.string(), " too");
  files.push_back(std::move(file));
}

fs::path edgellm::folderOf(const fs::path &file) {
  return file.has_parent_path() ? file.parent_path() : ".";
}

FileFormat edgellm::formatOf(const fs::path &file) {
  MappedFile content(file);
  std::span<const std::byte> bytes = content.bytes();
  auto beginsWith = [&](std::string_view magic) {
    return bytes.size() >= magic.size() &&
           std::memcmp(bytes.data(), magic.data(), magic.size()) == 0;
  };
  if (beginsWith("GGUF"))
    return FileFormat::gguf;
  if (beginsWith("24ka") || file.extension() == ".bin")
    return FileFormat::llama2c;
  return FileFormat::unknown;
}
