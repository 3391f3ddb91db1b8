//===- SafeTensors.h - A file in Hugging Face's format ----------*- C++ -*-===//
//
// Layout of a file: 8 bytes little-endian length N of the header, N bytes of
// JSON {"name": {"dtype", "shape", "data_offsets": [begin, end]}, ...} with an
// optional "__metadata__", then the data that the offsets count from.
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_WEIGHTS_SAFETENSORS_H
#define EDGELLM_WEIGHTS_SAFETENSORS_H

#include "EdgeLLM/Weights/TensorFile.h"

namespace edgellm {

/// The longest header that is read, in bytes.
inline constexpr uint64_t kMaxSafeTensorsHeader = 100'000'000;

/// Checks the whole header of a file: every tensor's type, shape and place; the
/// data must be covered without overlap, gap or rest, as the format demands.
/// Nothing of the data is read. `bytes` is the file's content, which the
/// tensors refer to, `path` its name. Throws Error naming the file and the
/// tensor.
TensorTable parseSafeTensors(std::span<const std::byte> bytes,
                             const std::filesystem::path &path);

/// The same for a file, which is mapped.
TensorFile openSafeTensors(const std::filesystem::path &path);

/// File name of the shard that each tensor is said to be in.
using WeightMap = std::map<std::string, std::string, std::less<>>;

/// The "weight_map" of a model.safetensors.index.json. Throws Error, naming
/// `origin`, unless it lists a tensor and every shard is a file beside it.
WeightMap parseWeightMap(std::string_view text, const std::string &origin);

} // namespace edgellm

#endif // EDGELLM_WEIGHTS_SAFETENSORS_H
