//===- PackageWriter.cpp - Writing a package ------------------------------===//
#include "EdgeLLM/Package/Package.h"

#include "EdgeLLM/Support/Error.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

using namespace edgellm;
namespace fs = std::filesystem;

//===----------------------------------------------------------------------===//
// PackageWriter::File
//===----------------------------------------------------------------------===//

PackageWriter::File::File(fs::path shownPath, fs::path path, std::string name)
    : shownPath(std::move(shownPath)), name(std::move(name)),
      stream(path, std::ios::binary) {
  if (!stream)
    fail(this->shownPath.string(), ": cannot write: ", std::strerror(errno));
}

void PackageWriter::File::write(std::span<const std::byte> bytes) {
  checksum.update(bytes);
  size += bytes.size();
  if (!stream.write(reinterpret_cast<const char *>(bytes.data()),
                    std::streamsize(bytes.size())))
    fail(shownPath.string(), ": write failed: ", std::strerror(errno));
}

PackageFile PackageWriter::File::close() {
  stream.close();
  if (!stream)
    fail(shownPath.string(), ": write failed: ", std::strerror(errno));
  return {name, size, checksum.value()};
}

//===----------------------------------------------------------------------===//
// PackageWriter
//===----------------------------------------------------------------------===//

PackageWriter::PackageWriter(const fs::path &destination)
    : destination(destination), directory(destination, kManifestName) {}

PackageWriter::File &PackageWriter::addFile(const std::string &name) {
  auto hasName = [&](const auto &file) { return file->name == name; };
  if (std::ranges::any_of(files, hasName))
    fail(destination.string(), ": file '", name, "' is added twice");
  fs::path path = directory.path() / name;
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  if (error)
    fail((destination / name).string(), ": cannot write: ", error.message());
  files.push_back(std::make_unique<File>(destination / name, path, name));
  return *files.back();
}

void PackageWriter::finish(Manifest manifest) {
  manifest.files.clear();
  for (const std::unique_ptr<File> &file : files)
    manifest.files.push_back(file->close());
  files.clear();
  std::ranges::sort(manifest.files, {}, &PackageFile::path);
  std::string text =
      formatManifest(manifest, (destination / kManifestName).string());
  AtomicFile file(directory.path() / kManifestName);
  file.write(text);
  file.commit();
  directory.commit();
}
