//===- Package.cpp - Reading a package ------------------------------------===//
#include "EdgeLLM/Package/Package.h"

#include "EdgeLLM/Support/Error.h"

#include <algorithm>

using namespace edgellm;
namespace fs = std::filesystem;

static void checkOnDisk(const fs::path &directory, const PackageFile &file) {
  fs::path path = directory / file.path;
  std::error_code error;
  if (!fs::is_regular_file(path, error))
    fail(path.string(), ": missing or not a regular file, though ",
         kManifestName, " lists it");
  uint64_t found = fs::file_size(path, error);
  if (error)
    fail(path.string(), ": ", error.message());
  if (found != file.bytes)
    fail(path.string(), ": found ", found, " bytes, expected ", file.bytes,
         " (", kManifestName, ")");
}

Manifest edgellm::readManifest(const fs::path &directory) {
  fs::path path = directory / kManifestName;
  std::error_code ignored;
  if (fs::is_directory(directory, ignored) && !fs::exists(path, ignored))
    fail(directory.string(), ": no package, it holds no ", kManifestName);
  Manifest manifest = parseManifest(readTextFile(path), path.string());
  for (const PackageFile &file : manifest.files)
    checkOnDisk(directory, file);
  return manifest;
}

Package::Package(const fs::path &directory)
    : root(directory), contents(readManifest(directory)) {}

void Package::requireWeights() const {
  if (!contents.hasWeights())
    fail(root.string(), ": holds the program alone and no weights to run it "
                        "with; compile the checkpoint without --program-only");
}

/// The size is compared again: the file may have changed since the package was
/// opened, and the mapping must not be read past its end.
MappedFile Package::open(const PackageFile &file) const {
  checkOnDisk(root, file);
  return MappedFile(root / file.path);
}

void Package::verify(const PackageFile &file, const Checksum &checksum) const {
  uint64_t found = checksum.value();
  if (found != file.checksum)
    fail((root / file.path).string(), ": found checksum ", std::hex, found,
         ", expected ", file.checksum, " (", kManifestName,
         "): the file is damaged");
}

MappedFile Package::map(std::string_view name) const {
  const PackageFile &file = contents.file(name);
  MappedFile mapped = open(file);
  Checksum checksum;
  checksum.update(mapped.bytes());
  verify(file, checksum);
  return mapped;
}

void Package::load(std::string_view name, const Consumer &consume) const {
  const PackageFile &file = contents.file(name);
  MappedFile mapped = open(file);
  std::span<const std::byte> rest = mapped.bytes();
  Checksum checksum;
  // Small enough to be summed while it is still in the cache from copying.
  constexpr size_t pieceBytes = size_t(1) << 18;
  for (uint64_t offset = 0; !rest.empty();) {
    auto piece = rest.first(std::min(rest.size(), pieceBytes));
    consume(offset, piece);
    checksum.update(piece);
    offset += piece.size();
    rest = rest.subspan(piece.size());
  }
  verify(file, checksum);
}
