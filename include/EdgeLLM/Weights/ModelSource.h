//===- ModelSource.h - A model as the importer needs it ---------*- C++ -*-===//
//
// Models come as
//   a folder      Hugging Face: config.json, safetensors, tokenizer files
//   NAME.gguf     GGUF, whatever the name; NAME-00001-of-0000N.gguf with others
//   NAME.bin      llama2.c, with tokenizer.bin beside it
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_WEIGHTS_MODELSOURCE_H
#define EDGELLM_WEIGHTS_MODELSOURCE_H

#include "EdgeLLM/Weights/ModelConfig.h"
#include "EdgeLLM/Weights/Tensor.h"
#include "EdgeLLM/Weights/TokenizerSource.h"

#include <memory>

namespace edgellm {

/// What every format says of a model.
struct ModelDescription {
  std::filesystem::path path;      ///< as it was opened, a folder or a file
  std::filesystem::path directory; ///< the folder in which its files are
  std::string name;                ///< of the folder, or of the file
  ModelConfig config;
  /// Null when it is in files of the directory.
  std::shared_ptr<const TokenizerSource> tokenizer;
};

/// The shape of a model and what is known of its tensors: a Checkpoint knows
/// everything, ModelShapes what follows from the description.
class ModelSource {
public:
  virtual ~ModelSource() = default;

  const std::filesystem::path &path() const { return model.path; }
  const std::filesystem::path &directory() const { return model.directory; }
  const std::string &name() const { return model.name; }
  const ModelConfig &config() const { return model.config; }
  /// Null when the tokenizer is in files of directory().
  const TokenizerSource *tokenizer() const { return model.tokenizer.get(); }

  /// Where a tensor is stored and how.
  struct Storage {
    std::string file; ///< in directory(); empty when there are only shapes
    DType dtype;      ///< one that isReadable()
  };

  /// Throws Error unless the model may have a tensor of this name and shape.
  virtual Storage storageOf(std::string_view name,
                            const std::vector<int64_t> &shape) const = 0;

protected:
  explicit ModelSource(ModelDescription model) : model(std::move(model)) {}
  ModelSource(ModelSource &&) = default;
  ModelSource &operator=(ModelSource &&) = default;

private:
  ModelDescription model;
};

/// A model without its weights. Whatever tensor it needs it has, in FP16:
/// enough for a program, which depends on no weight.
class ModelShapes : public ModelSource {
public:
  /// Opens a folder with a config.json, such a file whatever its name, or the
  /// head of a GGUF or llama2.c file. Throws Error.
  static ModelShapes open(const std::filesystem::path &path);

  Storage storageOf(std::string_view name,
                    const std::vector<int64_t> &shape) const override;

private:
  using ModelSource::ModelSource;
};

} // namespace edgellm

#endif // EDGELLM_WEIGHTS_MODELSOURCE_H
