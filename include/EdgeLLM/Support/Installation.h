//===- Installation.h - Where the installed files are -----------*- C++ -*-===//
#ifndef EDGELLM_SUPPORT_INSTALLATION_H
#define EDGELLM_SUPPORT_INSTALLATION_H

#include <filesystem>
#include <string>
#include <vector>

namespace edgellm {

/// The folder share/edgellm (targets/*.json, xclbin/*.xclbin, ...) that belongs
/// to this code: that of the nearest folder above the file it was loaded from,
/// an executable or a module, that has one. A tool in PREFIX/bin and the Python
/// package in PREFIX/python find PREFIX/share/edgellm, a test deeper in a build
/// tree finds the build tree's. Throws Error when there is none.
std::filesystem::path shareDirectory();

/// Names of the .json files of a folder, without the schema, in order. Throws
/// Error when it cannot be read.
std::vector<std::string> presetNames(const std::filesystem::path &folder);

/// The folder lib/edgellm (the XRT driver below xrt/), found the same way.
std::filesystem::path libraryDirectory();

} // namespace edgellm

#endif // EDGELLM_SUPPORT_INSTALLATION_H
