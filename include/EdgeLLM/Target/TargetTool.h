//===- TargetTool.h - Tools that write a file about a machine ---*- C++ -*-===//
#ifndef EDGELLM_TARGET_TARGETTOOL_H
#define EDGELLM_TARGET_TARGETTOOL_H

#include "EdgeLLM/Support/AtomicFile.h"
#include "EdgeLLM/Target/Target.h"

#include <functional>

namespace edgellm {

/// A tool with the options --target=NAME|FILE and -o FILE, both required.
struct TargetTool {
  const char *name, *summary, *example;
  std::function<void(const Target &target, AtomicFile &file)> write;
};

/// The tool's main: its exit code. The file appears when it is complete.
int runTargetTool(const TargetTool &tool, int argc, char **argv);

} // namespace edgellm

#endif // EDGELLM_TARGET_TARGETTOOL_H
