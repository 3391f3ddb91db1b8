//===- edgellm-inspect.cpp - What a package holds -------------------------===//
#include "EdgeLLM/Support/Error.h"
#include "EdgeLLM/Support/Tool.h"
#include "Extract.h"
#include "Listing.h"
#include "MemoryMap.h"

using namespace edgellm;
using namespace edgellm::inspect;

namespace {

struct Arguments {
  std::string package;
  std::optional<std::string> weight, output;
  std::optional<uint64_t> port;
  bool json = false, memory = false, dequantized = false;
};

} // namespace

static CommandLine commandLine(Arguments &a) {
  return {
      "edgellm-inspect",
      "Shows what a package holds: tensors, how they are coded and how much "
      "that costs, files, memory; and takes single tensors out of it.",
      {{"edgellm-inspect demo.pkg",
        "tensors with shape, encoding, bits, error and place; files"},
       {"edgellm-inspect demo.pkg --json | jq '.tensors[].encoding'",
        "the same as one JSON object"},
       {"edgellm-inspect demo.pkg --memory",
        "what each HBM port and the ddr buffer hold"},
       {"edgellm-inspect demo.pkg --weight lm_head.weight --port 3 -o "
        "port3.bin",
        "the bytes that one port streams for a tensor"},
       {"edgellm-inspect demo.pkg --weight lm_head.weight --dequantized -o "
        "w.npy",
        "the values that the machine multiplies with"}},
      {{"PKG", "folder made by edgellm-compile", &a.package}},
      {{"--json", "", "print one JSON object instead of text", Flag{&a.json}},
       {"--memory", "", "draw the memory of HBM ports and ddr buffer",
        Flag{&a.memory}},
       {"--weight", "NAME", "take this tensor out; needs -o", Text{&a.weight}},
       {"--port", "K", "its bytes in port K",
        Integer{&a.port, 0, uint64_t(1) << 16}},
       {"--dequantized", "",
        "its values, float32 [out, in] in the order of the checkpoint",
        Flag{&a.dequantized}},
       {"-o", "FILE", "where to write them", Text{&a.output}}}};
}

static void requireSense(const Arguments &a) {
  if (a.json && a.memory)
    fail("--memory is a drawing, --json prints none: give one of them");
  if (!a.weight) {
    if (a.port || a.dequantized || a.output)
      fail("--port, --dequantized and -o need --weight NAME");
    return;
  }
  if (a.json || a.memory)
    fail("--weight writes a file and prints nothing, drop ",
         a.json ? "--json" : "--memory");
  if (a.port.has_value() == a.dequantized)
    fail("--weight needs either --port K or --dequantized");
  if (!a.output)
    fail("-o FILE is missing, where to write tensor '", *a.weight, "'");
}

static void run(const Arguments &a) {
  requireSense(a);
  PackedModel model(a.package);
  if (!a.weight) {
    print(a.memory ? memoryMap(model)
          : a.json ? listingJson(model)
                   : listingText(model));
    return;
  }
  const TensorRecord &tensor = tensorNamed(model, *a.weight);
  if (a.port)
    writePort(model, tensor, *a.port, *a.output);
  else
    writeDequantized(model, tensor, *a.output);
}

int main(int argc, char **argv) {
  Arguments arguments;
  return runTool(commandLine(arguments), argc, argv, [&] { run(arguments); });
}
