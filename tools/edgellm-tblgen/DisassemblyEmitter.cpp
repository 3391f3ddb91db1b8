//===- DisassemblyEmitter.cpp - Instructions as text ----------------------===//
#include "InstructionTable.h"

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/TableGen/TableGenBackend.h"

using namespace edgellm::tblgen;
using llvm::formatv;
using llvm::raw_ostream;

static void emitNames(const Enumeration &enumeration, raw_ostream &os) {
  os << formatv("static const char *nameOf({0} value) {{\n"
                "  switch (value) {{\n",
                enumeration.cppType);
  for (const std::string &name : enumeration.cases)
    os << formatv("  case {0}::{1}:\n    return \"{1}\";\n",
                  enumeration.cppType, name);
  os << "  }\n  return \"?\";\n}\n\n";
}

static void emitPrint(const Instruction &instruction, raw_ostream &os) {
  os << formatv("void print(std::ostream &os, const {0} &instruction) {{\n"
                "  (void)instruction;\n  os << \"{1}\";\n",
                instruction.name, instruction.mnemonic);
  const char *separator = " ";
  for (const Field &field : instruction.fields) {
    std::string value = "instruction." + field.name;
    if (field.kind == FieldKind::Choice)
      value = "nameOf(" + value + ")";
    os << formatv("  printField(os, \"{0}{1} = \", {2});\n", separator,
                  field.name, value);
    separator = ", ";
  }
  os << "}\n\n";
}

void edgellm::tblgen::emitDisassembly(const llvm::RecordKeeper &records,
                                      raw_ostream &os) {
  InstructionTable table(records);
  llvm::emitSourceFileHeader("Disassembly", os, records);
  os << "#ifdef GET_DISASSEMBLY_DECLARATIONS\n"
        "#undef GET_DISASSEMBLY_DECLARATIONS\n";
  for (const Instruction &instruction : table.instructions)
    os << formatv("void print(std::ostream &os, const {0} &instruction);\n",
                  instruction.name);
  os << "\n/// Prints whatever it visits.\n"
        "class PrintingVisitor final : public Visitor {\npublic:\n"
        "  explicit PrintingVisitor(std::ostream &os) : os(os) {}\n";
  for (const Instruction &instruction : table.instructions)
    os << formatv("  void visit(const {0} &instruction) override {{\n"
                  "    print(os, instruction);\n  }\n",
                  instruction.name);
  os << "\nprivate:\n  std::ostream &os;\n};\n#endif\n\n"
        "#ifdef GET_DISASSEMBLY_DEFINITIONS\n"
        "#undef GET_DISASSEMBLY_DEFINITIONS\n";
  for (const Enumeration &enumeration : table.enumerations)
    emitNames(enumeration, os);
  for (const Instruction &instruction : table.instructions)
    emitPrint(instruction, os);
  os << "#endif\n";
}
