//===- SafeTensors.h - One mapped safetensors file --------------*- C++ -*-===//
//
// Layout of a file: 8 bytes little-endian length N of the header, N bytes of
// JSON {"name": {"dtype", "shape", "data_offsets": [begin, end]}, ...} with an
// optional "__metadata__", then the data that the offsets count from.
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_WEIGHTS_SAFETENSORS_H
#define EDGELLM_WEIGHTS_SAFETENSORS_H

#include "EdgeLLM/Support/MappedFile.h"
#include "EdgeLLM/Weights/Tensor.h"

#include <functional>
#include <map>

namespace edgellm {

/// Maps a file and checks its whole header: every tensor's type, shape and
/// place; the data must be covered without overlap, gap or rest, as the format
/// demands. Nothing of the data is read. Throws Error naming the file and the
/// tensor.
class SafeTensors {
public:
  using Table = std::map<std::string, Tensor, std::less<>>;

  /// The longest header that is read, in bytes.
  static constexpr uint64_t kMaxHeaderBytes = 100'000'000;

  explicit SafeTensors(const std::filesystem::path &path);

  const std::filesystem::path &path() const { return file.path(); }

  /// All tensors by name.
  const Table &tensors() const { return table; }

  /// The tensor of that name, or nullptr. Valid as long as this object or the
  /// one it was moved to.
  const Tensor *find(std::string_view name) const;

  /// See MappedFile::dropPages.
  void dropPages() const { file.dropPages(); }

private:
  MappedFile file;
  Table table;
};

/// The tensors of a file's bytes, checked as the class does; they point into
/// `bytes`. `path` is where errors say that the bytes come from.
SafeTensors::Table parseSafeTensors(std::span<const std::byte> bytes,
                                    const std::filesystem::path &path);

} // namespace edgellm

#endif // EDGELLM_WEIGHTS_SAFETENSORS_H
