//===- ModelSource.h - A model as the importer needs it ---------*- C++ -*-===//
#ifndef EDGELLM_WEIGHTS_MODELSOURCE_H
#define EDGELLM_WEIGHTS_MODELSOURCE_H

#include "EdgeLLM/Weights/ModelConfig.h"
#include "EdgeLLM/Weights/Tensor.h"

namespace edgellm {

/// The shape of a model and what is known of its tensors: a Checkpoint knows
/// everything, ModelShapes what follows from config.json.
class ModelSource {
public:
  virtual ~ModelSource() = default;

  /// The folder of config.json.
  const std::filesystem::path &directory() const { return root; }
  const ModelConfig &config() const { return modelConfig; }

  /// Where a tensor is stored and how.
  struct Storage {
    std::string file; ///< in directory(); empty when there are only shapes
    DType dtype;      ///< F32, F16 or BF16
  };

  /// Throws Error unless the model may have a tensor of this name and shape.
  virtual Storage storageOf(std::string_view name,
                            const std::vector<int64_t> &shape) const = 0;

protected:
  ModelSource(std::filesystem::path directory, ModelConfig config)
      : root(std::move(directory)), modelConfig(std::move(config)) {}
  ModelSource(ModelSource &&) = default;
  ModelSource &operator=(ModelSource &&) = default;

  /// For what the tensors themselves tell.
  TensorNames &names() { return modelConfig.names; }

private:
  std::filesystem::path root;
  ModelConfig modelConfig;
};

/// A config.json alone. Whatever tensor the model needs it has, in FP16: enough
/// for a program, which depends on no weight.
class ModelShapes : public ModelSource {
public:
  /// Opens a folder with a config.json, or such a file whatever its name.
  /// Throws Error.
  static ModelShapes open(const std::filesystem::path &path);

  Storage storageOf(std::string_view name,
                    const std::vector<int64_t> &shape) const override;

private:
  using ModelSource::ModelSource;
};

} // namespace edgellm

#endif // EDGELLM_WEIGHTS_MODELSOURCE_H
