//===- ReferenceEmitter.cpp - The instruction reference, as Markdown ------===//
#include "InstructionTable.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"

using namespace edgellm::tblgen;
using llvm::formatv;
using llvm::raw_ostream;

static std::string rangeOf(const Field &field) {
  switch (field.kind) {
  case FieldKind::Number:
    return formatv("{0} to {1}", field.min, field.max);
  case FieldKind::Flag:
    return "0, 1";
  case FieldKind::Choice:
    return llvm::join(field.enumeration->cases, ", ");
  case FieldKind::Set:
    return "any of " + llvm::join(field.enumeration->cases, ", ");
  case FieldKind::Real:
    return "finite binary32";
  case FieldKind::Affine:
    return "offset + factor * request";
  }
  llvm_unreachable("every kind is handled");
}

static void emitInstruction(const Instruction &instruction, raw_ostream &os) {
  os << formatv(
      "## {0}\n\n{1}. Opcode {2:x2}, {3} bytes, {4}.\n\n", instruction.mnemonic,
      instruction.summary, instruction.opcode, instruction.words * 8,
      instruction.unit.empty() ? "sequencer" : instruction.unit + " unit");
  if (!instruction.fields.empty())
    os << "| field | word | bits | range | unit | meaning |\n"
          "|---|---|---|---|---|---|\n";
  for (const Field &field : instruction.fields)
    os << formatv("| `{0}` | {1} | {2}-{3} | {4} | {5} | {6} |\n", field.name,
                  field.word, field.shift, field.shift + field.bits - 1,
                  rangeOf(field), field.unit, field.summary);
  llvm::StringRef semantics(instruction.semantics);
  os << "\n```\n" << semantics.ltrim('\n').rtrim() << "\n```\n\n";
}

void edgellm::tblgen::emitReference(const llvm::RecordKeeper &records,
                                    raw_ostream &os) {
  InstructionTable table(records);
  os << formatv("# Instruction reference\n\n"
                "Generated from Instructions.td; table hash {0:x}.\n\n",
                table.hash());
  for (const Chapter &chapter : table.chapters)
    os << formatv("## {0}\n\n{1}\n\n", chapter.title,
                  llvm::StringRef(chapter.text).trim('\n'));
  for (const Instruction &instruction : table.instructions)
    emitInstruction(instruction, os);
}
