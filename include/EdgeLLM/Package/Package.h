//===- Package.h - The folder a compiled model lives in ---------*- C++ -*-===//
//
// A package is a folder: manifest.json, program.bin, ddr.bin, embedding.bin,
// positions.bin where a model has learned positions, a weight image for each
// HBM port and the tokenizer; or manifest.json and program.bin alone, for tools
// that need no weights. The manifest lists every other file with its size and
// checksum.
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_PACKAGE_PACKAGE_H
#define EDGELLM_PACKAGE_PACKAGE_H

#include "EdgeLLM/Package/Checksum.h"
#include "EdgeLLM/Package/Manifest.h"
#include "EdgeLLM/Support/AtomicFile.h"
#include "EdgeLLM/Support/MappedFile.h"

#include <functional>

namespace edgellm {

/// Reads manifest.json of `directory` and checks that every file it lists is
/// there with the size it states. Throws Error.
Manifest readManifest(const std::filesystem::path &directory);

/// A package opened for reading. Sizes are checked when it is opened, checksums
/// when a file is read, so that opening a large package costs nothing.
class Package {
public:
  explicit Package(const std::filesystem::path &directory);

  const Manifest &manifest() const { return contents; }
  const std::filesystem::path &directory() const { return root; }

  /// Throws Error when the package holds the program alone.
  void requireWeights() const;

  /// Maps a file the manifest names after verifying its checksum.
  MappedFile map(std::string_view name) const;

  /// Hands a file over in pieces, first to last, and verifies the checksum on
  /// the way. Throws after the last piece when it differs: until load() has
  /// returned, nothing received may be acted upon.
  using Consumer =
      std::function<void(uint64_t offset, std::span<const std::byte> piece)>;
  void load(std::string_view name, const Consumer &consume) const;

private:
  MappedFile open(const PackageFile &file) const;
  void verify(const PackageFile &file, const Checksum &checksum) const;

  std::filesystem::path root;
  Manifest contents;
};

/// Writes a package beside `destination` and puts it in place as a whole.
class PackageWriter {
public:
  /// A file being written; it counts and sums the bytes as they pass. Each
  /// File belongs to one thread at a time; different ones are independent.
  class File {
  public:
    File(std::filesystem::path shownPath, std::filesystem::path path,
         std::string name);
    void write(std::span<const std::byte> bytes);
    uint64_t bytes() const { return size; }

  private:
    friend class PackageWriter;
    PackageFile close();

    std::filesystem::path shownPath; // where it will be; for messages
    std::string name;
    std::ofstream stream;
    uint64_t size = 0;
    Checksum checksum;
  };

  /// An existing `destination` is replaced only when it is a package or an
  /// empty folder, see AtomicDirectory.
  explicit PackageWriter(const std::filesystem::path &destination);

  /// Starts the file `name`, "hbm/port00.bin", and makes the folders it needs.
  /// The reference is valid until finish().
  File &addFile(const std::string &name);

  /// Closes all files, fills `manifest.files` in the order of their names,
  /// writes manifest.json last and commits. Throws Error, and leaves
  /// `destination` as it was, when the package would not open again.
  void finish(Manifest manifest);

private:
  std::filesystem::path destination;
  AtomicDirectory directory;
  std::vector<std::unique_ptr<File>> files;
};

} // namespace edgellm

#endif // EDGELLM_PACKAGE_PACKAGE_H
