//===- edgellm-rtl-facts.cpp - What the RTL takes from elsewhere ----------===//
#include "EdgeLLM/ISA/WeightStream.h"
#include "EdgeLLM/Model/Numerics.h"
#include "EdgeLLM/Support/Error.h"
#include "EdgeLLM/Target/TargetTool.h"
#include <sstream>

using namespace edgellm;

/// The numerics fix the inputs of the array; the target repeats them.
static void checkInputs(const char *field, unsigned found, unsigned expected) {
  if (found != expected)
    fail("the target's array.", field, " is ", found, ", hw/numerics.md has ",
         expected);
}

static void define(std::ostream &text, const char *name, int64_t value) {
  text << "localparam int " << name << " = " << value << ";\n";
}

/// Local parameters for the package that includes them.
static std::string facts(const Target &target) {
  const Target::Array &array = target.array;
  checkInputs("int4_inputs", array.int4Inputs, numerics::kBlock);
  checkInputs("fp16_inputs", array.fp16Inputs, numerics::kGroup);
  std::ostringstream text;
  text << "// Written by edgellm-rtl-facts for target " << target.name << ".\n";
  define(text, "INT4_INPUTS", array.int4Inputs);
  define(text, "FP16_INPUTS", array.fp16Inputs);
  define(text, "OUTPUTS", array.outputs);
  define(text, "GUARD_BITS", numerics::kGuardBits);
  define(text, "PRODUCT_DROP", numerics::kProductDrop);
  define(text, "CODE_BITS", isa::codingOf(isa::WeightFormat::int4).weightBits);
  define(text, "KEEP_GROUP", isa::kKeepGroup);
  return text.str();
}

int main(int argc, char **argv) {
  return runTargetTool(
      {.name = "edgellm-rtl-facts",
       .summary = "Writes the parameters that the RTL in hw/rtl shares with a "
                  "target and with the device model.",
       .example = "edgellm-rtl-facts --target=vcu128.json -o edgellm_facts.svh",
       .write = [](const Target &target,
                   AtomicFile &file) { file.write(facts(target)); }},
      argc, argv);
}
