//===- Formats.h - Models as they lie on disk -------------------*- C++ -*-===//
#ifndef EDGELLM_LIB_WEIGHTS_FORMATS_H
#define EDGELLM_LIB_WEIGHTS_FORMATS_H

#include "EdgeLLM/Weights/ModelSource.h"
#include "EdgeLLM/Weights/TensorFile.h"

namespace edgellm {

/// The tensor of that name in one of the files, or nullptr.
const Tensor *findTensor(std::span<const TensorFile> files,
                         std::string_view name);

/// A model and its weights, whose files have no tensor in common.
struct OpenedModel {
  ModelDescription model;
  std::vector<TensorFile> files;
};

/// Appends a file. Throws Error when one of its tensors is in another, too.
void addFile(std::vector<TensorFile> &files, TensorFile file);

/// The folder that a file is in.
std::filesystem::path folderOf(const std::filesystem::path &file);

/// A Hugging Face folder: the weights are one file model.safetensors or, when
/// that is absent, the shards that model.safetensors.index.json lists.
OpenedModel openFolder(const std::filesystem::path &directory);

/// A config.json in its folder.
ModelDescription describeConfig(const std::filesystem::path &directory,
                                const std::filesystem::path &path,
                                const std::filesystem::path &file);

/// The formats of which a model is one file.
enum class FileFormat { gguf, llama2c, unknown };

/// Recognises a file by its first bytes, and llama2.c's first format, which has
/// nothing to recognise it by, by the end of its name, ".bin".
FileFormat formatOf(const std::filesystem::path &file);

/// See GGUF.h and Llama2C.h.
OpenedModel openGGUF(const std::filesystem::path &file);
OpenedModel openLlama2C(const std::filesystem::path &file);

} // namespace edgellm

#endif // EDGELLM_LIB_WEIGHTS_FORMATS_H
