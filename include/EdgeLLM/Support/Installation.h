//===- Installation.h - Where the installed files are -----------*- C++ -*-===//
#ifndef EDGELLM_SUPPORT_INSTALLATION_H
#define EDGELLM_SUPPORT_INSTALLATION_H

#include <filesystem>

namespace edgellm {

/// The folder share/edgellm (targets/*.json, xclbin/*.xclbin) that belongs to
/// the running executable: that of the nearest folder above the executable
/// that has one. A tool in PREFIX/bin finds PREFIX/share/edgellm, a test deeper
/// in a build tree finds the build tree's. Throws Error when there is none.
std::filesystem::path shareDirectory();

/// The folder lib/edgellm (the XRT driver below xrt/), found the same way.
std::filesystem::path libraryDirectory();

} // namespace edgellm

#endif // EDGELLM_SUPPORT_INSTALLATION_H
