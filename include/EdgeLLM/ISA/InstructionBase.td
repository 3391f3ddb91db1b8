//===- InstructionBase.td - Vocabulary of the instruction table -----------===//
//
// The classes that Instructions.td is written in. edgellm-tblgen reads them.
//
// An instruction is a whole number of 64-byte beats. Its first byte is the
// opcode; the fields follow in the order of the list, from bit 8 of word 0 on,
// each in the lowest free bits of a little-endian 64-bit word and never across
// two words. Bits that no field owns are zero.
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_ISA_INSTRUCTIONBASE_TD
#define EDGELLM_ISA_INSTRUCTIONBASE_TD

/// Text that the reference page begins with, in the order of the names. It is
/// part of the instructions' meaning.
class Chapter<string heading, string paragraphs> {
  string title = heading;
  string text = paragraphs;
}

/// Named values of a field, numbered from 0.
class Enumeration<string cppName, string text, list<string> names> {
  string cppType = cppName;
  string summary = text;
  list<string> cases = names;
}

class Field<string fieldName, int bitCount, string text> {
  string name = fieldName;
  int width = bitCount;
  string summary = text;
}

/// An unsigned number from `least` to `most`; 0 for `most` means all that fits.
class Number<string fieldName, int bitCount, int least, int most,
             string measure, string text> : Field<fieldName, bitCount, text> {
  int min = least;
  int max = most;
  string unit = measure;
}

/// A packet address that does not depend on the request.
class Address<string fieldName, string text>
    : Number<fieldName, 40, 0, 0, "packets", text>;

class Flag<string fieldName, string text> : Field<fieldName, 1, text>;

class Choice<string fieldName, int bitCount, Enumeration which, string text>
    : Field<fieldName, bitCount, text> {
  Enumeration enumeration = which;
}

/// A set of cases, one bit each, the first the lowest.
class Set<string fieldName, Enumeration which, string text>
    : Field<fieldName, !size(which.cases), text> {
  Enumeration enumeration = which;
}

/// A finite binary32 value.
class Real<string fieldName, string text> : Field<fieldName, 32, text>;

/// offset + factor * request register, resolved by the device at issue.
/// Bits 0-39 offset (signed), 40-55 factor (unsigned), 56-59 register.
/// Register `zero` and factor 0 imply each other, so a value has one encoding.
class Affine<string fieldName, string measure, string text>
    : Field<fieldName, 60, text> {
  string unit = measure;
}

class Instruction<bits<8> number, string text, list<Field> layout> {
  bits<8> opcode = number;
  string summary = text;
  list<Field> fields = layout;
  /// The case of the enumeration Unit that executes it; none for what the
  /// sequencer does itself.
  string unit = "";
  /// The exact meaning as a loop nest over packets and lanes.
  string semantics = ?;
}

#endif // EDGELLM_ISA_INSTRUCTIONBASE_TD
