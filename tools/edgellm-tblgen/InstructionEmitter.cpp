//===- InstructionEmitter.cpp - Structs, encoder, decoder, visitor --------===//
//
// The output is shared by compiler, runtime, device model and HLS kernels, so
// it needs <cstdint> alone. The primitives it calls are in ISA/Encoding.h.
//
//===----------------------------------------------------------------------===//
#include "InstructionTable.h"

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/TableGen/TableGenBackend.h"

using namespace edgellm::tblgen;
using llvm::formatv;
using llvm::raw_ostream;

static void emitNames(const Enumeration &enumeration, raw_ostream &os) {
  os << formatv("inline constexpr unsigned k{0}s = {1};\n"
                "constexpr unsigned casesOf({0}) {{ return k{0}s; }\n"
                "constexpr const char *nameOf({0} value) {{\n"
                "  switch (value) {{\n",
                enumeration.cppType, enumeration.cases.size());
  for (const std::string &name : enumeration.cases)
    os << formatv("  case {0}::{1}:\n    return \"{1}\";\n",
                  enumeration.cppType, name);
  os << "  }\n  return \"?\";\n}\n\n";
}

static void emitEnumerations(const InstructionTable &table, raw_ostream &os) {
  for (const Enumeration &enumeration : table.enumerations) {
    os << "/// " << enumeration.summary << ".\nenum class "
       << enumeration.cppType << " : uint8_t {\n";
    for (const std::string &name : enumeration.cases)
      os << "  " << name << ",\n";
    os << "};\n\n";
    emitNames(enumeration, os);
  }
  os << "enum class Opcode : uint8_t {\n";
  for (const Instruction &instruction : table.instructions)
    os << formatv("  {0} = {1:x2},\n", instruction.mnemonic,
                  instruction.opcode);
  os << "};\n\n";
}

/// The greatest value of the bits of a field that has no offset or sign.
static int64_t greatest(const Field &field) {
  switch (field.kind) {
  case FieldKind::Number:
    return field.max;
  case FieldKind::Choice:
    return int64_t(field.enumeration->cases.size()) - 1;
  case FieldKind::Flag:
  case FieldKind::Set:
    return (int64_t(1) << field.bits) - 1;
  case FieldKind::Real:
  case FieldKind::Affine:
    return 0;
  }
  llvm_unreachable("every kind is handled");
}

/// What printing, parsing and tests go over the fields with.
static void emitReflection(const Instruction &instruction, raw_ostream &os) {
  os << "\n  /// Calls action(FieldInfo, field) in the order of the table; "
        "Self\n"
        "  /// is the struct, const or not.\n"
        "  template <typename Self, typename Action>\n"
        "  static void forEachField(Self &self, Action &&action) {\n"
        "    (void)self, (void)action;\n";
  for (const Field &field : instruction.fields)
    os << formatv("    action(FieldInfo{{\"{0}\", {1}, {2}, {3}, {4}, {5}}, "
                  "self.{0});\n",
                  field.name, field.word, field.shift, field.bits, field.min,
                  greatest(field));
  os << "  }\n";
}

static void emitStruct(const Instruction &instruction, raw_ostream &os) {
  os << "/// " << instruction.summary << ".\n///\n";
  llvm::SmallVector<llvm::StringRef> lines;
  llvm::StringRef(instruction.semantics).trim('\n').split(lines, '\n');
  for (llvm::StringRef line : lines)
    if (!line.trim().empty())
      os << "/// " << line.rtrim() << '\n';
  os << formatv("struct {0} {{\n"
                "  static constexpr Opcode opcode = Opcode::{1};\n"
                "  static constexpr const char *mnemonic = \"{1}\";\n"
                "  static constexpr unsigned words = {2};\n",
                instruction.name, instruction.mnemonic, instruction.words);
  if (!instruction.unit.empty())
    os << "  static constexpr Unit unit = Unit::" << instruction.unit << ";\n";
  for (const Field &field : instruction.fields)
    os << "  " << field.cppType() << ' ' << field.name << "{}; ///< "
       << field.summary << '\n';
  emitReflection(instruction, os);
  os << "};\n\n";
}

/// The call that packs or unpacks `field`, without the terminating ')'.
static std::string fieldCall(const Field &field, llvm::StringRef direction) {
  std::string place =
      formatv("words[{0}], {1}, {2}", field.word, field.shift, field.bits);
  switch (field.kind) {
  case FieldKind::Number:
    return formatv("{0}Number({1}, {2}, {3}", direction, place, field.min,
                   field.max);
  case FieldKind::Flag:
    return formatv("{0}Flag({1}", direction, place);
  case FieldKind::Choice:
    return formatv("{0}Choice({1}, {2}", direction, place,
                   field.enumeration->cases.size());
  case FieldKind::Set:
    return formatv("{0}Set({1}", direction, place);
  case FieldKind::Real:
    return formatv("{0}Real({1}", direction, place);
  case FieldKind::Affine:
    return formatv("{0}Affine({1}", direction, place);
  }
  llvm_unreachable("every kind is handled");
}

static void emitFieldCalls(const Instruction &instruction,
                           llvm::StringRef direction, raw_ostream &os) {
  for (const Field &field : instruction.fields)
    os << formatv("  if (!detail::{0}, instruction.{1}, {{\"{2}\", \"{1}\"}, "
                  "error))\n    return false;\n",
                  fieldCall(field, direction), field.name,
                  instruction.mnemonic);
}

static void emitEncode(const Instruction &instruction, raw_ostream &os) {
  os << formatv("/// Writes {0}::words words; false and `error` when a field "
                "is out of range.\n"
                "inline bool encode(const {0} &instruction, uint64_t *words, "
                "DecodeError &error) {{\n"
                "  (void)instruction, (void)error;\n"
                "  for (unsigned i = 0; i < {0}::words; ++i)\n"
                "    words[i] = 0;\n"
                "  words[0] = {1};\n",
                instruction.name, instruction.opcode);
  emitFieldCalls(instruction, "pack", os);
  os << "  return true;\n}\n\n";
}

static void emitDecode(const Instruction &instruction, raw_ostream &os) {
  os << formatv("/// Reads {0}::words words that start with its opcode.\n"
                "inline bool decode(const uint64_t *words, {0} &instruction, "
                "DecodeError &error) {{\n"
                "  (void)instruction;\n",
                instruction.name);
  for (unsigned word = 0; word < instruction.words; ++word)
    os << formatv("  if (!detail::reservedAreZero(words[{0}], {1:x}, "
                  "\"{2}\", error))\n    return false;\n",
                  word, instruction.usedBits(word), instruction.mnemonic);
  emitFieldCalls(instruction, "unpack", os);
  os << "  return true;\n}\n\n";
}

static void emitVisitor(const InstructionTable &table, raw_ostream &os) {
  os << "/// One function an instruction: who implements it handles them "
        "all.\n"
        "class Visitor {\npublic:\n";
  for (const Instruction &instruction : table.instructions)
    os << "  virtual void visit(const " << instruction.name
       << " &instruction) = 0;\n";
  os << "\nprotected:\n  ~Visitor() = default;\n};\n\n"
        "/// Ignores what its heirs do not override; for checks of single\n"
        "/// instructions, never for executing them.\n"
        "class IgnoringVisitor : public Visitor {\npublic:\n";
  for (const Instruction &instruction : table.instructions)
    os << "  void visit(const " << instruction.name << " &) override {}\n";
  os << "};\n\n"
        "/// Calls action(instruction) for whatever it visits.\n"
        "template <typename Action> class EachVisitor final : public Visitor "
        "{\n"
        "public:\n"
        "  explicit EachVisitor(Action &action) : action(action) {}\n";
  for (const Instruction &instruction : table.instructions)
    os << "  void visit(const " << instruction.name
       << " &i) override { action(i); }\n";
  os << "\nprivate:\n  Action &action;\n};\n\n"
        "/// Calls action with a default instruction of each kind.\n"
        "template <typename Action> void forEachInstruction(Action &&action) "
        "{\n";
  for (const Instruction &instruction : table.instructions)
    os << "  action(" << instruction.name << "{});\n";
  os << "}\n\n";
}

static void emitDispatch(const InstructionTable &table, raw_ostream &os) {
  os << "/// Decodes the instruction at `words`, of which `available` may be\n"
        "/// read, and visits it. Returns its length in words, or 0 and "
        "`error`.\n"
        "inline unsigned decodeAndVisit(const uint64_t *words, uint64_t "
        "available,\n"
        "                               Visitor &visitor, DecodeError &error) "
        "{\n"
        "  if (available == 0)\n"
        "    return detail::truncated(\"\", 1, 0, error);\n"
        "  switch (words[0] & 0xFF) {\n";
  for (const Instruction &instruction : table.instructions)
    os << formatv("  case {0}: {{\n"
                  "    if (available < {1}::words)\n"
                  "      return detail::truncated({1}::mnemonic, "
                  "{1}::words, available, error);\n"
                  "    {1} instruction;\n"
                  "    if (!decode(words, instruction, error))\n"
                  "      return 0;\n"
                  "    visitor.visit(instruction);\n"
                  "    return {1}::words;\n"
                  "  }\n",
                  instruction.opcode, instruction.name);
  os << "  }\n  return detail::unknownOpcode(words[0] & 0xFF, error);\n}\n";
}

static void emitFieldNames(const InstructionTable &table, raw_ostream &os) {
  os << "\n/// The name of a field by its position, counted from 1 in the "
        "order "
        "of the\n/// table; null when the instruction has no such field.\n"
        "constexpr const char *fieldName(Opcode opcode, unsigned position) {\n"
        "  switch (opcode) {\n";
  for (const Instruction &instruction : table.instructions) {
    os << "  case Opcode::" << instruction.mnemonic << ":\n"
       << "    switch (position) {\n";
    for (auto [index, field] : llvm::enumerate(instruction.fields))
      os << formatv("    case {0}:\n      return \"{1}\";\n", index + 1,
                    field.name);
    os << "    }\n    break;\n";
  }
  os << "  }\n  return nullptr;\n}\n";
}

void edgellm::tblgen::emitInstructions(const llvm::RecordKeeper &records,
                                       raw_ostream &os) {
  InstructionTable table(records);
  llvm::emitSourceFileHeader("Instructions", os, records);
  os << formatv("/// Identifies this table in programs and devices.\n"
                "inline constexpr uint64_t kTableHash = {0:x};\n\n",
                table.hash());
  emitEnumerations(table, os);
  for (const Instruction &instruction : table.instructions) {
    emitStruct(instruction, os);
    emitEncode(instruction, os);
    emitDecode(instruction, os);
  }
  emitVisitor(table, os);
  emitDispatch(table, os);
  emitFieldNames(table, os);
}
