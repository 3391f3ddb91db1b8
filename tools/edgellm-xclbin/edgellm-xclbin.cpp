//===- edgellm-xclbin.cpp - Writes xclbins for the device model -----------===//
#include "EdgeLLM/ISA/Instructions.h"
#include "EdgeLLM/Target/TargetTool.h"
#include "XclbinWriter.h"

using namespace edgellm;

int main(int argc, char **argv) {
  return runTargetTool(
      {.name = "edgellm-xclbin",
       .summary = "Writes the xclbin with which XRT's device model becomes a "
                  "machine like the target.",
       .example = "edgellm-xclbin --target=u280 -o u280.xclbin",
       .write =
           [](const Target &target, AtomicFile &file) {
             file.write(driver::writeXclbin(target, isa::kTableHash));
           }},
      argc, argv);
}
