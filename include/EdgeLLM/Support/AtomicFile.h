//===- AtomicFile.h - Write beside, then rename -----------------*- C++ -*-===//
#ifndef EDGELLM_SUPPORT_ATOMICFILE_H
#define EDGELLM_SUPPORT_ATOMICFILE_H

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <span>
#include <string_view>

namespace edgellm {

/// A file that appears whole or not at all: bytes go to a neighbour with a
/// unique name; commit() renames it into place, destruction without commit
/// removes it. Every failure throws Error with the final path.
class AtomicFile {
public:
  explicit AtomicFile(const std::filesystem::path &path);
  ~AtomicFile();
  AtomicFile(const AtomicFile &) = delete;
  AtomicFile &operator=(const AtomicFile &) = delete;

  void write(std::span<const std::byte> bytes);
  void write(std::string_view text);
  void commit();

private:
  std::filesystem::path finalPath, temporaryPath;
  std::ofstream stream;
};

/// The same for a folder: fill path(), then commit() puts it in place of
/// `destination`. An existing destination is replaced only when it is empty or
/// holds `marker`, the file that says the folder was made by us; anything else
/// is refused with an Error.
class AtomicDirectory {
public:
  AtomicDirectory(const std::filesystem::path &destination,
                  std::string_view marker);
  ~AtomicDirectory();
  AtomicDirectory(const AtomicDirectory &) = delete;
  AtomicDirectory &operator=(const AtomicDirectory &) = delete;

  const std::filesystem::path &path() const { return temporaryPath; }
  void commit();

private:
  std::filesystem::path finalPath, temporaryPath;
  bool committed = false;
};

} // namespace edgellm

#endif // EDGELLM_SUPPORT_ATOMICFILE_H
