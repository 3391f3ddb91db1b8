//===- InstructionTable.cpp - Instructions.td, checked and laid out -------===//
#include "InstructionTable.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/TableGen/Error.h"
#include "llvm/TableGen/Record.h"

using namespace edgellm::tblgen;
using llvm::PrintFatalError;
using llvm::Record;
using llvm::Twine;

std::string edgellm::tblgen::snakeCase(llvm::StringRef camelCase) {
  std::string result;
  for (char c : camelCase) {
    if (llvm::isUpper(c) && !result.empty())
      result += '_';
    result += llvm::toLower(c);
  }
  return result;
}

std::string Field::cppType() const {
  switch (kind) {
  case FieldKind::Number:
    return "int64_t";
  case FieldKind::Flag:
    return "bool";
  case FieldKind::Choice:
    return enumeration->cppType;
  case FieldKind::Set:
    return "Set<" + enumeration->cppType + ">";
  case FieldKind::Real:
    return "float";
  case FieldKind::Affine:
    return "Affine";
  }
  llvm_unreachable("every kind is handled");
}

static uint64_t lowBits(unsigned bits) {
  return bits == 64 ? ~uint64_t(0) : (uint64_t(1) << bits) - 1;
}

uint64_t Instruction::usedBits(unsigned word) const {
  uint64_t used = word == 0 ? 0xFF : 0;
  for (const Field &field : fields)
    if (field.word == word)
      used |= lowBits(field.bits) << field.shift;
  return used;
}

namespace {

/// Turns records into the table, refusing what cannot be encoded.
class Reader {
public:
  Reader(const llvm::RecordKeeper &records, InstructionTable &table)
      : records(records), table(table) {}

  void read() {
    for (const Record *record : records.getAllDerivedDefinitions("Chapter"))
      table.chapters.push_back({record->getValueAsString("title").str(),
                                record->getValueAsString("text").str()});
    for (const Record *record : records.getAllDerivedDefinitions("Enumeration"))
      table.enumerations.push_back(readEnumeration(record));
    for (const Record *record : records.getAllDerivedDefinitions("Instruction"))
      table.instructions.push_back(readInstruction(record));
    llvm::sort(table.instructions, [](const auto &a, const auto &b) {
      return a.opcode < b.opcode;
    });
  }

private:
  const llvm::RecordKeeper &records;
  InstructionTable &table;
  std::vector<const Record *> opcodeOwners =
      std::vector<const Record *>(256, nullptr);

  static Enumeration readEnumeration(const Record *record) {
    Enumeration result{record->getValueAsString("cppType").str(),
                       record->getValueAsString("summary").str(),
                       {}};
    llvm::StringSet<> seen;
    for (llvm::StringRef name : record->getValueAsListOfStrings("cases")) {
      if (!seen.insert(name).second)
        PrintFatalError(record->getLoc(), "case '" + name + "' stands twice");
      result.cases.push_back(name.str());
    }
    if (result.cases.empty())
      PrintFatalError(record->getLoc(), "an enumeration needs a case");
    return result;
  }

  Instruction readInstruction(const Record *record) {
    Instruction result;
    result.name = record->getName().str();
    result.mnemonic = snakeCase(result.name);
    result.summary = record->getValueAsString("summary").str();
    if (auto semantics = record->getValueAsOptionalString("semantics"))
      result.semantics = semantics->str();
    else
      PrintFatalError(record->getLoc(), "semantics are missing");
    result.opcode = readOpcode(record);
    result.unit = readUnit(record);
    llvm::StringSet<> names;
    for (const Record *field : record->getValueAsListOfDefs("fields")) {
      result.fields.push_back(readField(record, field));
      if (!names.insert(result.fields.back().name).second)
        PrintFatalError(record->getLoc(), "field '" +
                                              result.fields.back().name +
                                              "' stands twice");
    }
    layOut(result);
    return result;
  }

  unsigned readOpcode(const Record *record) {
    const llvm::BitsInit *bits = record->getValueAsBitsInit("opcode");
    std::optional<int64_t> opcode = bits->convertInitializerToInt();
    if (!opcode || *opcode == 0)
      PrintFatalError(record->getLoc(), "opcode must be 1 to 255; zeroed "
                                        "memory is no instruction");
    const Record *&owner = opcodeOwners[*opcode];
    if (owner)
      PrintFatalError(record->getLoc(), "opcode " + Twine(*opcode) +
                                            " belongs to " + owner->getName());
    owner = record;
    return unsigned(*opcode);
  }

  /// The unit must be a case of the enumeration that says what units there are.
  std::string readUnit(const Record *record) {
    std::string unit = record->getValueAsString("unit").str();
    if (unit.empty())
      return unit;
    auto units = llvm::find_if(table.enumerations, [](const Enumeration &e) {
      return e.cppType == "Unit";
    });
    if (units == table.enumerations.end() ||
        !llvm::is_contained(units->cases, unit))
      PrintFatalError(record->getLoc(),
                      "unit '" + unit + "' is no case of the enumeration Unit");
    return unit;
  }

  Field readField(const Record *instruction, const Record *record) {
    Field field;
    field.name = record->getValueAsString("name").str();
    field.summary = record->getValueAsString("summary").str();
    int64_t bits = record->getValueAsInt("width");
    if (bits < 1 || bits > 64)
      PrintFatalError(instruction->getLoc(), "field '" + field.name + "' has " +
                                                 Twine(bits) +
                                                 " bits; allowed are 1 to 64");
    field.bits = unsigned(bits);
    if (record->getValue("unit"))
      field.unit = record->getValueAsString("unit").str();
    if (record->isSubClassOf("Number"))
      readRange(instruction, record, field);
    else if (record->isSubClassOf("Flag"))
      field.kind = FieldKind::Flag;
    else if (record->isSubClassOf("Choice"))
      readChoice(instruction, record, field);
    else if (record->isSubClassOf("Set"))
      readSet(instruction, record, field);
    else if (record->isSubClassOf("Real"))
      field.kind = FieldKind::Real;
    else if (record->isSubClassOf("Affine"))
      field.kind = FieldKind::Affine;
    else
      PrintFatalError(instruction->getLoc(),
                      "field '" + field.name + "' has no kind");
    return field;
  }

  static void readRange(const Record *instruction, const Record *record,
                        Field &field) {
    field.kind = FieldKind::Number;
    if (field.bits > 62)
      PrintFatalError(instruction->getLoc(),
                      "number '" + field.name + "' has more than 62 bits");
    int64_t limit = int64_t(lowBits(field.bits));
    field.min = record->getValueAsInt("min");
    field.max = record->getValueAsInt("max");
    if (field.max == 0)
      field.max = limit;
    if (field.min < 0 || field.min > field.max || field.max > limit)
      PrintFatalError(instruction->getLoc(),
                      "field '" + field.name + "' ranges from " +
                          Twine(field.min) + " to " + Twine(field.max) + "; " +
                          Twine(field.bits) + " bits hold 0 to " +
                          Twine(limit));
  }

  const Enumeration *enumerationOf(const Record *record) {
    llvm::StringRef cppType =
        record->getValueAsDef("enumeration")->getValueAsString("cppType");
    for (const Enumeration &candidate : table.enumerations)
      if (candidate.cppType == cppType)
        return &candidate;
    llvm_unreachable("all enumerations were read before");
  }

  void readChoice(const Record *instruction, const Record *record,
                  Field &field) {
    field.kind = FieldKind::Choice;
    field.enumeration = enumerationOf(record);
    if (field.enumeration->cases.size() > lowBits(field.bits) + 1)
      PrintFatalError(instruction->getLoc(),
                      "field '" + field.name + "' has " + Twine(field.bits) +
                          " bits for " +
                          Twine(field.enumeration->cases.size()) + " cases");
  }

  void readSet(const Record *instruction, const Record *record, Field &field) {
    field.kind = FieldKind::Set;
    field.enumeration = enumerationOf(record);
    constexpr unsigned mostCases = 8; // Set in Encoding.h is a byte
    if (field.bits > mostCases)
      PrintFatalError(instruction->getLoc(),
                      "set '" + field.name + "' has " + Twine(field.bits) +
                          " cases; allowed are 1 to " + Twine(mostCases));
  }

  static void layOut(Instruction &instruction) {
    unsigned word = 0, free = 8;
    for (Field &field : instruction.fields) {
      if (free + field.bits > 64) {
        ++word;
        free = 0;
      }
      field.word = word;
      field.shift = free;
      free += field.bits;
    }
    instruction.words = (word / 8 + 1) * 8;
  }
};

} // namespace

InstructionTable::InstructionTable(const llvm::RecordKeeper &records) {
  Reader(records, *this).read();
}

/// Text with each run of white space as one blank.
static std::string normalised(llvm::StringRef text) {
  llvm::SmallVector<llvm::StringRef> words;
  llvm::SplitString(text, words);
  return llvm::join(words, " ");
}

uint64_t InstructionTable::hash() const {
  std::string text;
  llvm::raw_string_ostream os(text);
  for (const Chapter &chapter : chapters)
    os << normalised(chapter.text) << '\n';
  for (const Enumeration &enumeration : enumerations)
    os << enumeration.cppType << ':' << llvm::join(enumeration.cases, ",")
       << '\n';
  for (const Instruction &instruction : instructions) {
    os << instruction.opcode << ' ' << instruction.name << ' '
       << instruction.unit << '\n';
    for (const Field &field : instruction.fields)
      os << field.name << ' ' << field.cppType() << ' ' << field.word << ' '
         << field.shift << ' ' << field.bits << ' ' << field.min << ' '
         << field.max << '\n';
    os << normalised(instruction.semantics) << '\n';
  }
  uint64_t hash = 0xCBF29CE484222325;
  for (unsigned char c : text)
    hash = (hash ^ c) * 0x100000001B3;
  return hash;
}
