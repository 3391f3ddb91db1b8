//===- assembly.cpp - Instructions as text --------------------------------===//
#include "EdgeLLM/ISA/Assembly.h"
#include "EdgeLLM/ISA/Disassembly.h"
#include "Fuzzing.h"

using namespace edgellm;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz::mayFail([&] {
    std::vector<uint64_t> words = isa::assemble(fuzz::textOf(data, size));
    fuzz::require(isa::assemble(isa::disassemble(words)) == words,
                  "an instruction assembles from its own text");
  });
  return 0;
}
