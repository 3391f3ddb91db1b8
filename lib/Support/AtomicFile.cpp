//===- AtomicFile.cpp - Write beside, then rename -------------------------===//
#include "EdgeLLM/Support/AtomicFile.h"

#include "EdgeLLM/Support/Error.h"

#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>
#include <unistd.h>

using namespace edgellm;
namespace fs = std::filesystem;

/// A neighbour of `path` that no other process uses.
static fs::path temporaryNeighbour(const fs::path &path) {
  fs::path name = path.filename();
  if (name.empty() || name == "." || name == "..")
    fail("'", path.string(), "' is no name for an output");
  return path.parent_path() /
         ("." + name.string() + ".partial" + std::to_string(::getpid()));
}

AtomicFile::AtomicFile(const fs::path &path)
    : finalPath(path), temporaryPath(temporaryNeighbour(path)),
      stream(temporaryPath, std::ios::binary | std::ios::trunc) {
  if (!stream)
    fail(path.string(), ": cannot write: ", std::strerror(errno));
}

AtomicFile::~AtomicFile() {
  if (!stream.is_open())
    return;
  stream.close();
  std::error_code ignored;
  fs::remove(temporaryPath, ignored);
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  write(std::string_view(reinterpret_cast<const char *>(bytes.data()),
                         bytes.size()));
}

void AtomicFile::write(std::string_view text) {
  if (!stream.write(text.data(), std::streamsize(text.size())))
    fail(finalPath.string(), ": write failed: ", std::strerror(errno));
}

void AtomicFile::commit() {
  if (!stream.flush())
    fail(finalPath.string(), ": write failed: ", std::strerror(errno));
  std::error_code error;
  fs::rename(temporaryPath, finalPath, error);
  if (error)
    fail(finalPath.string(), ": cannot put in place: ", error.message());
  stream.close();
}

/// True when `path` may be replaced by a folder of ours.
static bool isReplaceable(const fs::path &path, std::string_view marker) {
  if (!fs::exists(fs::symlink_status(path)))
    return true;
  return fs::is_directory(path) &&
         (fs::is_empty(path) || fs::exists(path / marker));
}

AtomicDirectory::AtomicDirectory(const fs::path &destination,
                                 std::string_view marker) {
  finalPath =
      destination.has_filename() ? destination : destination.parent_path();
  temporaryPath = temporaryNeighbour(finalPath);
  try {
    if (!isReplaceable(finalPath, marker))
      fail(finalPath.string(), ": exists and holds no ", marker,
           ", so it is not replaced");
    fs::remove_all(temporaryPath);
    fs::create_directory(temporaryPath);
  } catch (const fs::filesystem_error &error) {
    fail(finalPath.string(), ": cannot write: ", error.code().message());
  }
}

AtomicDirectory::~AtomicDirectory() {
  if (committed)
    return;
  std::error_code ignored;
  fs::remove_all(temporaryPath, ignored);
}

void AtomicDirectory::commit() {
  try {
    fs::remove_all(finalPath);
    fs::rename(temporaryPath, finalPath);
  } catch (const fs::filesystem_error &error) {
    fail(finalPath.string(), ": cannot put in place: ", error.code().message());
  }
  committed = true;
}
