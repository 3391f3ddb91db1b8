//===- Installation.cpp - Where the installed files are -------------------===//
#include "EdgeLLM/Support/Installation.h"

#include "EdgeLLM/Support/Error.h"

#include <algorithm>
#include <dlfcn.h>
#include <link.h>
#include <system_error>

using namespace edgellm;
namespace fs = std::filesystem;

/// The loaded file that this code is part of: an executable, or a module of a
/// process that is none of ours, such as Python.
static fs::path ownFile() {
  static const char ours = 0;
  Dl_info info;
  void *object = nullptr;
  if (!::dladdr1(&ours, &info, &object, RTLD_DL_LINKMAP))
    fail("the dynamic linker does not know where this program was loaded from");
  // The executable's own name is empty there.
  fs::path name = static_cast<const link_map *>(object)->l_name;
  if (name.empty())
    name = "/proc/self/exe";
  std::error_code error;
  fs::path file = fs::canonical(name, error);
  if (error)
    fail(name.string(), ": ", error.message());
  return file;
}

static fs::path installed(const fs::path &folder) {
  fs::path start = ownFile().parent_path();
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

std::vector<std::string> edgellm::presetNames(const fs::path &folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (const fs::directory_entry &entry :
       fs::directory_iterator(folder, error)) {
    std::string name = entry.path().stem();
    if (entry.path().extension() == ".json" && !name.ends_with(".schema"))
      names.push_back(std::move(name));
  }
  if (error)
    fail(folder.string(), ": ", error.message());
  std::ranges::sort(names);
  return names;
}
