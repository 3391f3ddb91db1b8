//===- MappedFile.h - A read-only memory-mapped file ------------*- C++ -*-===//
#ifndef EDGELLM_SUPPORT_MAPPEDFILE_H
#define EDGELLM_SUPPORT_MAPPEDFILE_H

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace edgellm {

/// Maps a regular file for its lifetime. Pages are read on first use, so a
/// checkpoint larger than memory can be walked. Throws Error, naming the path,
/// when the file is missing, unreadable or not a regular file. Reading what
/// another program has cut off since then raises SIGBUS, see runTool.
class MappedFile {
public:
  explicit MappedFile(const std::filesystem::path &path);
  ~MappedFile();
  MappedFile(MappedFile &&other) noexcept;
  MappedFile &operator=(MappedFile &&other) noexcept;
  MappedFile(const MappedFile &) = delete;
  MappedFile &operator=(const MappedFile &) = delete;

  std::span<const std::byte> bytes() const { return {data, size}; }
  const std::filesystem::path &path() const { return name; }
  /// Open for reading as long as this object is.
  int descriptor() const { return file; }

  /// Gives the pages that were read back to the system, so that walking a file
  /// larger than memory does not fill it. They are read again when used again.
  void dropPages() const;

private:
  /// Delegated to, so that the destructor closes on every way out.
  MappedFile(const std::filesystem::path &path, int file)
      : name(path), file(file) {}

  std::filesystem::path name;
  int file = -1;
  const std::byte *data = nullptr;
  size_t size = 0;
};

/// Reads a text file of at most `limit` bytes. Throws Error like MappedFile.
std::string readTextFile(const std::filesystem::path &path,
                         size_t limit = size_t(1) << 28);

} // namespace edgellm

#endif // EDGELLM_SUPPORT_MAPPEDFILE_H
