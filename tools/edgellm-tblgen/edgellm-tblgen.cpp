//===- edgellm-tblgen.cpp - Generates code from Instructions.td -----------===//
#include "InstructionTable.h"

#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/TableGen/Main.h"
#include "llvm/TableGen/TableGenBackend.h"

using namespace edgellm::tblgen;
using llvm::TableGen::Emitter::Opt;

static Opt outputs[] = {
    {"gen-instructions", emitInstructions,
     "Structs, encoder, decoder and visitor, free of LLVM and the STL"},
    {"gen-isa-ops", emitOps, "The isa dialect's ops and enums (ODS)"},
    {"gen-isa-conversions", emitConversions,
     "Between isa ops and instructions"},
    {"gen-reference", emitReference, "The reference page (Markdown)"},
};

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  llvm::cl::ParseCommandLineOptions(
      argc, argv, "Generates code from the EdgeLLM instruction table\n");

  return llvm::TableGenMain(argv[0], llvm::TableGenMainFn());
}
