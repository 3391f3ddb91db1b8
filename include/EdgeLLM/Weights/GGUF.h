//===- GGUF.h - A file in llama.cpp's format --------------------*- C++ -*-===//
//
// Layout of a file, version 2 or 3, all numbers little-endian:
//
//   "GGUF", u32 version, u64 count of tensors, u64 count of keys
//   for each key      string, u32 type, value
//   for each tensor   string name, u32 count of dimensions, u64 dimensions (the
//                     first is that of neighbours), u32 type, u64 offset
//   zeros up to a multiple of the alignment, then the data that the offsets,
//   multiples of it too, count from
//
// A string is a u64 count of bytes and UTF-8. A value of type 9 is an array:
// u32 type and u64 count of its elements, then these. "general.alignment" is
// the alignment, by default 32.
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_WEIGHTS_GGUF_H
#define EDGELLM_WEIGHTS_GGUF_H

#include "EdgeLLM/Weights/TensorFile.h"

#include <nlohmann/json.hpp>

namespace edgellm {

/// What is read of a file, so that a hostile one takes no more memory and time
/// than a large one.
inline constexpr uint64_t kMaxGGUFHeader = 100'000'000; ///< bytes before data
inline constexpr uint64_t kMaxGGUFEntries = 1 << 16;    ///< keys; tensors
inline constexpr uint64_t kMaxGGUFValues = 1 << 22; ///< with those in arrays

struct GGUFContent {
  nlohmann::json metadata; ///< an object: values by key, integers unsigned
                           ///< where they are not below 0
  TensorTable tensors;     ///< shapes in C's order, the last is of neighbours
};

/// Checks everything but the data of a file: keys and names are unique and
/// UTF-8, types known, tensors in the file and apart, only padding between
/// them. Arrays of arrays are refused. `bytes` is the file's content, which the
/// tensors refer to, `path` its name. Throws Error naming file and key or
/// tensor.
GGUFContent parseGGUF(std::span<const std::byte> bytes,
                      const std::filesystem::path &path);

} // namespace edgellm

#endif // EDGELLM_WEIGHTS_GGUF_H
