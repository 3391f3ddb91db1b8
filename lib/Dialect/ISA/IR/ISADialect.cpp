//===- ISADialect.cpp - The isa dialect -----------------------------------===//
#include "EdgeLLM/Dialect/ISA/IR/ISA.h"

#include "EdgeLLM/Dialect/Request/RequestExpr.h"
#include "EdgeLLM/ISA/Disassembly.h"

#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/TypeSwitch.h"

#include <sstream>

using namespace mlir;
using namespace edgellm::isa;

#include "EdgeLLM/Dialect/ISA/IR/ISADialect.cpp.inc"
#include "EdgeLLM/Dialect/ISA/IR/ISAEnums.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "EdgeLLM/Dialect/ISA/IR/ISAAttrs.cpp.inc"
#define GET_OP_CLASSES
#include "EdgeLLM/Dialect/ISA/IR/ISAOps.cpp.inc"

void ISADialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "EdgeLLM/Dialect/ISA/IR/ISAAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "EdgeLLM/Dialect/ISA/IR/ISAOps.cpp.inc"
      >();
}

//===----------------------------------------------------------------------===//
// Affine fields
//===----------------------------------------------------------------------===//

Attribute AffineAttr::parse(AsmParser &parser, Type) {
  SMLoc loc = parser.getCurrentLocation();
  AffineExpr expr;
  if (parseRequestExpr(parser, expr))
    return {};
  if (std::optional<Affine> field = toField(expr))
    return get(parser.getContext(), *field);
  parser.emitError(loc, "is no constant plus a multiple of one request "
                        "register (tokens, past, tokens + past, or one of "
                        "the sums rounded up to 32)");
  return {};
}

void AffineAttr::print(AsmPrinter &printer) const {
  std::ostringstream text;
  isa::print(text, getValue());
  printer << text.str();
}

//===----------------------------------------------------------------------===//
// Sets of units
//===----------------------------------------------------------------------===//

Attribute UnitSetAttr::parse(AsmParser &parser, Type) {
  FailureOr<Set<Unit>> set = parseUnitSet(parser);
  return failed(set) ? UnitSetAttr() : get(parser.getContext(), *set);
}

void UnitSetAttr::print(AsmPrinter &printer) const {
  printUnitSet(printer, getValue());
}

UnitSetAttr UnitSetAttr::getOptional(MLIRContext *context, Set<Unit> set) {
  return set.empty() ? UnitSetAttr() : get(context, set);
}

//===----------------------------------------------------------------------===//
// Instructions
//===----------------------------------------------------------------------===//

/// The fields are checked by the encoder, so that op and binary cannot differ.
template <typename Instruction>
static LogicalResult verifyEncoding(Operation *op,
                                    const Instruction &instruction) {
  uint64_t words[Instruction::words];
  DecodeError error;
  if (encode(instruction, words, error))
    return success();
  return op->emitError(describe(error));
}

template <typename Instruction>
static LogicalResult appendWords(Operation *op, const Instruction &instruction,
                                 llvm::SmallVectorImpl<uint64_t> &words) {
  uint64_t encoded[Instruction::words];
  DecodeError error;
  if (!encode(instruction, encoded, error))
    return op->emitError(describe(error));
  words.append(encoded, encoded + Instruction::words);
  return success();
}

namespace edgellm::isa {

/// What the generated conversions below read and build optional attributes
/// with.
static Set<Unit> setOf(UnitSetAttr attribute) {
  return attribute ? attribute.getValue() : Set<Unit>();
}

static StringAttr optionalString(OpBuilder &builder, StringRef text) {
  return text.empty() ? StringAttr() : builder.getStringAttr(text);
}

#define GET_ISA_CONVERSION_DEFINITIONS
#include "EdgeLLM/ISA/ISAConversions.h.inc"
} // namespace edgellm::isa

//===----------------------------------------------------------------------===//
// Programs and entries
//===----------------------------------------------------------------------===//

LogicalResult ProgramOp::verifyRegions() {
  llvm::StringSet<> names;
  for (Operation &op : *getBody().begin()) {
    auto entry = dyn_cast<EntryOp>(op);
    if (!entry)
      return op.emitOpError("is no entry point; a program holds nothing else");
    if (!names.insert(entry.getName()).second)
      return entry.emitOpError("'") << entry.getName() << "' stands twice";
  }
  if (names.empty())
    return emitOpError("has no entry point");
  return success();
}

LogicalResult EntryOp::verifyRegions() {
  Block &block = *getBody().begin();
  for (Operation &op : block) {
    if (!llvm::isa<ISADialect>(op.getDialect()) ||
        llvm::isa<EntryOp, ProgramOp>(op))
      return op.emitOpError("is no instruction");
    bool isFirst = &op == &block.front(), isLast = &op == &block.back();
    if (llvm::isa<BeginOp>(op) != isFirst || llvm::isa<EndOp>(op) != isLast)
      return op.emitOpError(
          "is out of place: begin stands first, end last, neither elsewhere");
  }
  if (block.empty())
    return emitOpError("has no instruction");
  return success();
}
