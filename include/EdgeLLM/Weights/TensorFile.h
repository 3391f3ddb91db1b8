//===- TensorFile.h - A mapped file and its tensors -------------*- C++ -*-===//
#ifndef EDGELLM_WEIGHTS_TENSORFILE_H
#define EDGELLM_WEIGHTS_TENSORFILE_H

#include "EdgeLLM/Support/MappedFile.h"
#include "EdgeLLM/Weights/Tensor.h"

#include <functional>
#include <map>

namespace edgellm {

/// Tensors by name, where they lie in the bytes of a file.
using TensorTable = std::map<std::string, Tensor, std::less<>>;

/// A file of weights of whatever format, and what its reader found in it:
/// parseSafeTensors, parseGGUF or parseLlama2C.
class TensorFile {
public:
  /// `tensors` lie in the bytes of `file`, which stay where they are.
  TensorFile(MappedFile file, TensorTable tensors)
      : file(std::move(file)), table(std::move(tensors)) {}

  const std::filesystem::path &path() const { return file.path(); }

  /// All tensors by name.
  const TensorTable &tensors() const { return table; }

  /// The tensor of that name, or nullptr. Valid as long as this object or the
  /// one it was moved to.
  const Tensor *find(std::string_view name) const {
    auto found = table.find(name);
    return found == table.end() ? nullptr : &found->second;
  }

  /// See MappedFile::dropPages.
  void dropPages() const { file.dropPages(); }

private:
  MappedFile file;
  TensorTable table;
};

} // namespace edgellm

#endif // EDGELLM_WEIGHTS_TENSORFILE_H
