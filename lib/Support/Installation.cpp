//===- Installation.cpp - Where the installed files are -------------------===//
#include "EdgeLLM/Support/Installation.h"

#include "EdgeLLM/Support/Error.h"

#include <system_error>

using namespace edgellm;
namespace fs = std::filesystem;

/// The folder of the running executable.
static fs::path executableDirectory() {
  std::error_code error;
  fs::path executable = fs::read_symlink("/proc/self/exe", error);
  if (error)
    fail("/proc/self/exe: ", error.message());
  return executable.parent_path();
}

static fs::path installed(const fs::path &folder) {
  fs::path start = executableDirectory();
  for (fs::path above = start; above.has_relative_path();) {
    above = above.parent_path();
    std::error_code missing;
    if (fs::is_directory(above / folder, missing))
      return above / folder;
  }
  fail("no folder ", folder.string(), " above ", start.string(),
       ": the installation is incomplete");
}

fs::path edgellm::shareDirectory() { return installed("share/edgellm"); }

fs::path edgellm::libraryDirectory() { return installed("lib/edgellm"); }
