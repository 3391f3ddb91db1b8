//===- TargetTool.cpp - Tools that write a file about a machine -----------===//
#include "EdgeLLM/Target/TargetTool.h"

#include "EdgeLLM/Support/Error.h"
#include "EdgeLLM/Support/Installation.h"
#include "EdgeLLM/Support/Tool.h"

using namespace edgellm;

/// A target given by path needs no installation.
static Target targetNamed(const std::string &nameOrPath) {
  if (nameOrPath.ends_with(".json"))
    return loadTarget(nameOrPath);
  return findTarget(nameOrPath, shareDirectory() / "targets");
}

int edgellm::runTargetTool(const TargetTool &tool, int argc, char **argv) {
  std::optional<std::string> target, output;
  CommandLine line{
      .tool = tool.name,
      .summary = tool.summary,
      .examples = {{tool.example, ""}},
      .positionals = {},
      .options = {{"--target", "NAME|FILE",
                   "the machine: a name, or a .json file", Text{&target}},
                  {"-o", "FILE", "where to write it", Text{&output}}}};
  return runTool(line, argc, argv, [&] {
    if (!target || !output)
      fail(target ? "-o" : "--target", " is required; see --help");
    AtomicFile file(*output);
    tool.write(targetNamed(*target), file);
    file.commit();
  });
}
