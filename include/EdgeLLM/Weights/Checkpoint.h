//===- Checkpoint.h - A model with its weights ------------------*- C++ -*-===//
#ifndef EDGELLM_WEIGHTS_CHECKPOINT_H
#define EDGELLM_WEIGHTS_CHECKPOINT_H

#include "EdgeLLM/Weights/ModelSource.h"
#include "EdgeLLM/Weights/TensorFile.h"

namespace edgellm {

/// A model in any format that ModelSource.h lists, and all its tensors. Files
/// stay mapped, weights are never copied as a whole.
class Checkpoint : public ModelSource {
public:
  /// Opens and checks everything but the values. Throws Error.
  static Checkpoint open(const std::filesystem::path &path);

  /// The mapped weight files, with every tensor in them.
  const std::vector<TensorFile> &files() const { return parts; }

  /// Gives the weights that were read so far back to the system, see
  /// MappedFile::dropPages.
  void dropPages() const;

  /// The tensor of that name, or nullptr. Valid as long as the checkpoint or
  /// the one it was moved to.
  const Tensor *find(std::string_view name) const;

  /// The tensor of that name. Throws Error when it is absent, not readable as
  /// floats, or of another shape.
  const Tensor &require(std::string_view name,
                        const std::vector<int64_t> &expectedShape) const;

  /// Throws Error where require() does.
  Storage storageOf(std::string_view name,
                    const std::vector<int64_t> &shape) const override;

private:
  Checkpoint(ModelDescription model, std::vector<TensorFile> parts)
      : ModelSource(std::move(model)), parts(std::move(parts)) {}

  std::vector<TensorFile> parts;
};

} // namespace edgellm

#endif // EDGELLM_WEIGHTS_CHECKPOINT_H
