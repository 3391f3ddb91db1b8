//===- Disassembly.cpp - Instructions and their errors as text ------------===//
#include "EdgeLLM/ISA/Disassembly.h"

#include <charconv>
#include <ostream>
#include <sstream>

using namespace edgellm::isa;

//===----------------------------------------------------------------------===//
// Fields
//===----------------------------------------------------------------------===//

static const char *expressionOf(Request request, bool multiplied) {
  switch (request) {
  case Request::zero:
    return "";
  case Request::tokens:
    return "tokens";
  case Request::past:
    return "past";
  case Request::context:
    return multiplied ? "(tokens + past)" : "tokens + past";
  case Request::tokens_rounded:
    return "(tokens ceildiv 32) * 32";
  case Request::context_rounded:
    return "((tokens + past) ceildiv 32) * 32";
  }
  return "?";
}

void edgellm::isa::print(std::ostream &os, const Affine &value) {
  os << '<';
  if (value.request == Request::zero) {
    os << value.offset << '>';
    return;
  }
  os << expressionOf(value.request, value.factor != 1);
  if (value.factor != 1)
    os << " * " << value.factor;
  if (value.offset > 0)
    os << " + " << value.offset;
  else if (value.offset < 0)
    os << " - " << -value.offset;
  os << '>';
}

static void printValue(std::ostream &os, int64_t value) { os << value; }

static void printValue(std::ostream &os, bool value) {
  os << (value ? "true" : "false");
}

/// Shortest decimal that reads back as the same value.
static void printValue(std::ostream &os, float value) {
  char digits[32];
  auto end = std::to_chars(digits, digits + sizeof digits, value,
                           std::chars_format::scientific);
  os << std::string(digits, end.ptr);
}

static void printValue(std::ostream &os, const Affine &value) {
  print(os, value);
}

template <typename Enumeration>
static auto printValue(std::ostream &os, Enumeration value)
    -> decltype(nameOf(value), void()) {
  os << nameOf(value);
}

//===----------------------------------------------------------------------===//
// Lines
//===----------------------------------------------------------------------===//

namespace {

/// Prints everything but sets.
struct ValuePrinter {
  std::ostream &os;
  const char *separator = " ";

  template <typename Value>
  void operator()(const FieldInfo &field, const Value &value) {
    os << separator << field.name << " = ";
    printValue(os, value);
    separator = ", ";
  }
  template <typename Enumeration>
  void operator()(const FieldInfo &, const Set<Enumeration> &) {}
};

/// Prints the sets that are not empty: " wait <matrix, vector>".
struct SetPrinter {
  std::ostream &os;

  template <typename Value> void operator()(const FieldInfo &, const Value &) {}
  template <typename Enumeration>
  void operator()(const FieldInfo &field, const Set<Enumeration> &set) {
    if (set.empty())
      return;
    os << ' ' << field.name << ' ';
    const char *separator = "<";
    for (unsigned i = 0; i < casesOf(Enumeration()); ++i)
      if (set.contains(Enumeration(i))) {
        os << separator << nameOf(Enumeration(i));
        separator = ", ";
      }
    os << '>';
  }
};

} // namespace

std::string edgellm::isa::disassemble(std::span<const uint64_t> words) {
  std::ostringstream os;
  DecodeError error;
  auto print = [&](const auto &instruction) {
    os << instruction.mnemonic;
    instruction.forEachField(instruction, ValuePrinter{os});
    instruction.forEachField(instruction, SetPrinter{os});
  };
  if (decodeAndApply(words.data(), words.size(), print, error) == 0)
    return "illegal: " + describe(error);
  return os.str();
}

std::string edgellm::isa::describe(const DecodeError &error) {
  std::ostringstream os;
  if (*error.instruction)
    os << error.instruction << ": ";
  if (*error.field)
    os << "field '" << error.field << "' ";
  switch (error.kind) {
  case DecodeErrorKind::none:
    os << "no error";
    break;
  case DecodeErrorKind::truncated:
    os << error.found << " words are left, " << error.min << " are needed";
    break;
  case DecodeErrorKind::unknown_opcode:
    os << "opcode " << error.found << " is not in the instruction table";
    break;
  case DecodeErrorKind::out_of_range:
    os << "is " << error.found << ", allowed are " << error.min << " to "
       << error.max;
    break;
  case DecodeErrorKind::reserved_bits:
    os << "reserved bits 0x" << std::hex << uint64_t(error.found)
       << " are set, they must be zero";
    break;
  case DecodeErrorKind::not_finite:
    os << "is 0x" << std::hex << error.found << ", an infinity or NaN";
    break;
  case DecodeErrorKind::not_canonical:
    os << "has factor " << error.found
       << "; a factor needs a request register and a register a factor";
    break;
  }
  return os.str();
}
