//===- edgellm-import.cpp - From a checkpoint to the edgellm dialect ------===//
#include "EdgeLLM/Import/Import.h"
#include "EdgeLLM/Support/AtomicFile.h"
#include "EdgeLLM/Support/Tool.h"
#include "EdgeLLM/Weights/Checkpoint.h"

using namespace edgellm;

int main(int argc, char **argv) {
  std::string checkpoint;
  std::optional<std::string> output;
  std::optional<uint64_t> contextTokens;
  bool shapesOnly = false;
  CommandLine line{
      "edgellm-import",
      "Reads a checkpoint - a Hugging Face folder, a GGUF or a llama2.c file "
      "- into the edgellm dialect.",
      {{"edgellm-import models/demo -o demo.mlir", "the graph as text"},
       {"edgellm-import models/demo | edgellm-opt --edgellm-pipeline",
        "down to instructions, by hand"},
       {"edgellm-import models/configs/llama2-7b --shapes-only",
        "a model whose weights are not at hand"}},
      {{"CKPT",
        "folder with config.json and safetensors files, or a .gguf or .bin "
        "file; config.json is enough with --shapes-only",
        &checkpoint}},
      {{"-o", "FILE", "where to write, by default standard output",
        Text{&output}},
       {"--context", "N", "tokens of the cache, by default the model's",
        Integer{&contextTokens, 1, 1 << 24}},
       {"--shapes-only", "",
        "refer to weights by name and shape, in no file; none is read",
        Flag{&shapesOnly}}}};
  return runTool(line, argc, argv, [&] {
    mlir::MLIRContext context;
    auto module =
        shapesOnly
            ? importModel(context, ModelShapes::open(checkpoint), contextTokens)
            : importModel(context, Checkpoint::open(checkpoint), contextTokens);
    std::string text;
    llvm::raw_string_ostream os(text);
    // The names of the model's parts are locations; they end in the program.
    module->print(os, mlir::OpPrintingFlags().enableDebugInfo());
    os << '\n';
    if (!output)
      return edgellm::print(text);
    AtomicFile file(*output);
    file.write(text);
    file.commit();
  });
}
