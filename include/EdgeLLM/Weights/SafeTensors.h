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
TensorTable readSafeTensors(std::span<const std::byte> bytes,
                            const std::filesystem::path &path);

/// The same for a file, which is mapped.
TensorFile openSafeTensors(const std::filesystem::path &path);

} // namespace edgellm

#endif // EDGELLM_WEIGHTS_SAFETENSORS_H
