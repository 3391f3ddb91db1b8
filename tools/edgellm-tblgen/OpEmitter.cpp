//===- OpEmitter.cpp - The isa dialect's ops and enums, as ODS ------------===//
#include "InstructionTable.h"

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/TableGen/TableGenBackend.h"

using namespace edgellm::tblgen;
using llvm::formatv;
using llvm::raw_ostream;

static void emitEnumeration(const Enumeration &enumeration, raw_ostream &os) {
  os << formatv("def ISA_{0}Attr : I32EnumAttr<\"{0}\", \"{1}\", [\n",
                enumeration.cppType, enumeration.summary);
  for (auto [value, name] : llvm::enumerate(enumeration.cases))
    os << formatv("{0}  I32EnumAttrCase<\"{1}\", {2}>", value ? ",\n" : "",
                  name, value);
  os << "\n]> {\n  let cppNamespace = \"::edgellm::isa::ir\";\n}\n\n";
}

static std::string constraintOf(const Field &field) {
  switch (field.kind) {
  case FieldKind::Number:
    return "I64Attr";
  case FieldKind::Flag:
    return "BoolAttr";
  case FieldKind::Choice:
    return "ISA_" + field.enumeration->cppType + "Attr";
  case FieldKind::Set:
    return "OptionalAttr<ISA_" + field.enumeration->cppType + "SetAttr>";
  case FieldKind::Real:
    return "F32Attr";
  case FieldKind::Affine:
    return "ISA_AffineAttr";
  }
  llvm_unreachable("every kind is handled");
}

/// Values first; then the sets that are not empty, without commas; last the
/// part of the model that the instruction came from. The disassembler prints
/// the same.
static void emitFormat(const Instruction &instruction, raw_ostream &os) {
  os << "  let assemblyFormat = [{\n";
  const char *separator = "";
  for (const Field &field : instruction.fields)
    if (field.kind != FieldKind::Set) {
      os << formatv("    {0}`{1}` `=` ${1}\n", separator, field.name);
      separator = "`,` ";
    }
  for (const Field &field : instruction.fields)
    if (field.kind == FieldKind::Set)
      os << formatv("    (`{0}` ${0}^)?\n", field.name);
  os << "    (`from` $source^)? attr-dict\n  }];\n";
}

static void emitOp(const Instruction &instruction, raw_ostream &os) {
  os << formatv("def ISA_{0}Op : ISA_InstructionOp<\"{1}\"> {{\n"
                "  let summary = \"{2}\";\n"
                "  let description = [{{\n    ```\n{3}    ```\n  }];\n"
                "  let arguments = (ins",
                instruction.name, instruction.mnemonic, instruction.summary,
                llvm::StringRef(instruction.semantics).ltrim('\n').rtrim(' '));
  for (const Field &field : instruction.fields)
    os << ' ' << constraintOf(field) << ":$" << field.name << ",\n   ";
  os << " OptionalAttr<StrAttr>:$source);\n";
  emitFormat(instruction, os);
  os << "}\n\n";
}

void edgellm::tblgen::emitOps(const llvm::RecordKeeper &records,
                              raw_ostream &os) {
  InstructionTable table(records);
  llvm::emitSourceFileHeader("isa ops", os, records);
  for (const Enumeration &enumeration : table.enumerations)
    emitEnumeration(enumeration, os);
  for (const Instruction &instruction : table.instructions)
    emitOp(instruction, os);
}
