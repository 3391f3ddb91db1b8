//===- InstructionTable.h - Instructions.td, checked ------------*- C++ -*-===//
//
// What every generator reads. Errors in the table end the program with the
// line and column of the record that is wrong.
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_TBLGEN_INSTRUCTIONTABLE_H
#define EDGELLM_TBLGEN_INSTRUCTIONTABLE_H

#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <string>
#include <vector>

namespace llvm {
class Record;
class RecordKeeper;
class raw_ostream;
} // namespace llvm

namespace edgellm::tblgen {

struct Enumeration {
  std::string cppType, summary;
  std::vector<std::string> cases;
};

/// Text of the reference page.
struct Chapter {
  std::string title, text;
};

enum class FieldKind { Number, Flag, Choice, Set, Real, Affine };

struct Field {
  FieldKind kind;
  std::string name, summary, unit;
  unsigned bits, word, shift;
  int64_t min = 0, max = 0;                 // Number only
  const Enumeration *enumeration = nullptr; // Choice and Set only

  /// The C++ type of the field in the instruction's struct.
  std::string cppType() const;
};

struct Instruction {
  std::string name, mnemonic, summary, semantics;
  std::string unit; // a case of Unit, or empty
  unsigned opcode;
  unsigned words; // a multiple of 8
  std::vector<Field> fields;

  /// Bits of `word` that belong to the opcode or a field.
  uint64_t usedBits(unsigned word) const;
};

struct InstructionTable {
  std::vector<Chapter> chapters;
  std::vector<Enumeration> enumerations;
  std::vector<Instruction> instructions; // by opcode

  explicit InstructionTable(const llvm::RecordKeeper &records);

  /// FNV-1a over everything that changes the meaning of a program.
  uint64_t hash() const;
};

/// "AttentionScores" -> "attention_scores".
std::string snakeCase(llvm::StringRef camelCase);

// One function an output, registered in edgellm-tblgen.cpp.
void emitInstructions(const llvm::RecordKeeper &records, llvm::raw_ostream &os);
void emitOps(const llvm::RecordKeeper &records, llvm::raw_ostream &os);
void emitConversions(const llvm::RecordKeeper &records, llvm::raw_ostream &os);
void emitReference(const llvm::RecordKeeper &records, llvm::raw_ostream &os);

} // namespace edgellm::tblgen

#endif // EDGELLM_TBLGEN_INSTRUCTIONTABLE_H
