//===- Checkpoint.h - A Hugging Face model directory ------------*- C++ -*-===//
#ifndef EDGELLM_WEIGHTS_CHECKPOINT_H
#define EDGELLM_WEIGHTS_CHECKPOINT_H

#include "EdgeLLM/Weights/ModelSource.h"
#include "EdgeLLM/Weights/SafeTensors.h"

namespace edgellm {

/// File name of the shard that each tensor is said to be in.
using WeightMap = std::map<std::string, std::string, std::less<>>;

/// The "weight_map" of a model.safetensors.index.json. Throws Error, naming
/// `origin`, unless it lists a tensor and every shard is a file beside it.
WeightMap parseWeightMap(std::string_view text, const std::string &origin);

/// config.json and all tensors of a directory. The weights are one file
/// model.safetensors or, when that is absent, the shards that
/// model.safetensors.index.json lists. Files stay mapped, weights are never
/// copied as a whole.
class Checkpoint : public ModelSource {
public:
  /// Opens and checks everything but the values. Throws Error.
  static Checkpoint open(const std::filesystem::path &directory);

  /// The mapped weight files, with every tensor in them.
  const std::vector<SafeTensors> &files() const { return shards; }

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
  using ModelSource::ModelSource;
  void addShard(const std::filesystem::path &file);
  void addShards();
  void dropUnusedPrefix();

  std::vector<SafeTensors> shards;
};

} // namespace edgellm

#endif // EDGELLM_WEIGHTS_CHECKPOINT_H
