//===- edgellm-xclbin.cpp - Writes xclbins for the device model -----------===//
#include "EdgeLLM/ISA/Instructions.h"
#include "EdgeLLM/Support/AtomicFile.h"
#include "EdgeLLM/Support/Error.h"
#include "EdgeLLM/Support/Installation.h"
#include "EdgeLLM/Support/Tool.h"
#include "EdgeLLM/Target/Target.h"
#include "XclbinWriter.h"

using namespace edgellm;

/// A target given by path needs no installation.
static Target targetNamed(const std::string &nameOrPath) {
  if (nameOrPath.ends_with(".json"))
    return loadTarget(nameOrPath);
  return findTarget(nameOrPath, shareDirectory() / "targets");
}

int main(int argc, char **argv) {
  std::optional<std::string> target, output;
  CommandLine line{
      .tool = "edgellm-xclbin",
      .summary = "Writes the xclbin with which XRT's device model becomes a "
                 "machine like the target.",
      .examples = {{"edgellm-xclbin --target=u280 -o u280.xclbin", ""}},
      .positionals = {},
      .options = {{"--target", "NAME|FILE",
                   "the machine: a name, or a .json file", Text{&target}},
                  {"-o", "FILE", "where to write the xclbin", Text{&output}}}};
  return runTool(line, argc, argv, [&] {
    if (!target || !output)
      fail(target ? "-o" : "--target", " is required; see --help");
    AtomicFile file(*output);
    file.write(driver::writeXclbin(targetNamed(*target), isa::kTableHash));
    file.commit();
  });
}
