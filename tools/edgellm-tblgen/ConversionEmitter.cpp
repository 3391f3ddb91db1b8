//===- ConversionEmitter.cpp - Between isa ops and instructions -----------===//
#include "InstructionTable.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/TableGen/TableGenBackend.h"

using namespace edgellm::tblgen;
using llvm::formatv;
using llvm::raw_ostream;

static std::string getter(const Field &field, llvm::StringRef suffix = "") {
  return formatv("op.get{0}{1}()",
                 llvm::convertToCamelFromSnakeCase(field.name, /*upper=*/true),
                 suffix);
}

/// Reads a field of the instruction from the op.
static std::string fromOp(const Field &field) {
  switch (field.kind) {
  case FieldKind::Number:
    return formatv("static_cast<int64_t>({0})", getter(field));
  case FieldKind::Flag:
    return getter(field);
  case FieldKind::Choice:
    return formatv("static_cast<{0}>({1})", field.enumeration->cppType,
                   getter(field));
  case FieldKind::Set:
    return formatv("setOf({0})", getter(field, "Attr"));
  case FieldKind::Real:
    return getter(field) + ".convertToFloat()";
  case FieldKind::Affine:
    return getter(field) + ".getValue()";
  }
  llvm_unreachable("every kind is handled");
}

/// Builds the attribute of a field from the instruction.
static std::string toAttribute(const Field &field) {
  std::string value = "instruction." + field.name;
  switch (field.kind) {
  case FieldKind::Number:
    return formatv("builder.getI64IntegerAttr({0})", value);
  case FieldKind::Flag:
    return formatv("builder.getBoolAttr({0})", value);
  case FieldKind::Choice:
    return formatv("ir::{0}Attr::get(context, static_cast<ir::{0}>({1}))",
                   field.enumeration->cppType, value);
  case FieldKind::Set:
    return formatv("{0}SetAttr::getOptional(context, {1})",
                   field.enumeration->cppType, value);
  case FieldKind::Real:
    return formatv("builder.getF32FloatAttr({0})", value);
  case FieldKind::Affine:
    return formatv("AffineAttr::get(context, {0})", value);
  }
  llvm_unreachable("every kind is handled");
}

static void emitToInstruction(const Instruction &instruction, raw_ostream &os) {
  os << formatv("{0} toInstruction({0}Op op) {{\n  {0} instruction;\n",
                instruction.name);
  for (const Field &field : instruction.fields)
    os << formatv("  instruction.{0} = {1};\n", field.name, fromOp(field));
  os << "  return instruction;\n}\n\n";
}

static void emitCreate(const Instruction &instruction, raw_ostream &os) {
  os << formatv("mlir::Operation *createOp(mlir::OpBuilder &builder, "
                "mlir::Location loc, const {0} &instruction, llvm::StringRef "
                "source) {{\n"
                "  [[maybe_unused]] mlir::MLIRContext *context = "
                "builder.getContext();\n"
                "  (void)instruction;\n"
                "  return {0}Op::create(builder, loc",
                instruction.name);
  for (const Field &field : instruction.fields)
    os << ",\n      " << toAttribute(field);
  os << ",\n      optionalString(builder, source));\n}\n\n";
}

static void emitVerify(const Instruction &instruction, raw_ostream &os) {
  os << formatv("llvm::LogicalResult {0}Op::verify() {{\n"
                "  return verifyEncoding(*this, toInstruction(*this));\n}\n\n",
                instruction.name);
}

static void emitDeclarations(const InstructionTable &table, raw_ostream &os) {
  for (const Instruction &instruction : table.instructions)
    os << formatv("{0} toInstruction({0}Op op);\n"
                  "mlir::Operation *createOp(mlir::OpBuilder &builder, "
                  "mlir::Location loc, const {0} &instruction, "
                  "llvm::StringRef source);\n",
                  instruction.name);
}

static void emitAppend(const InstructionTable &table, raw_ostream &os) {
  os << "llvm::LogicalResult appendEncoding(mlir::Operation *op,\n"
        "                                   llvm::SmallVectorImpl<uint64_t> "
        "&words) {\n"
        "  return llvm::TypeSwitch<mlir::Operation *, "
        "llvm::LogicalResult>(op)\n";
  for (const Instruction &instruction : table.instructions)
    os << formatv("      .Case([&]({0}Op op) {{\n"
                  "        return appendWords(op, toInstruction(op), words);\n"
                  "      })\n",
                  instruction.name);
  os << "      .Default([](mlir::Operation *op) {\n"
        "        return op->emitOpError(\"is no instruction\");\n"
        "      });\n}\n";
}

void edgellm::tblgen::emitConversions(const llvm::RecordKeeper &records,
                                      raw_ostream &os) {
  InstructionTable table(records);
  llvm::emitSourceFileHeader("isa conversions", os, records);
  os << "#ifdef GET_ISA_CONVERSION_DECLARATIONS\n"
        "#undef GET_ISA_CONVERSION_DECLARATIONS\n";
  emitDeclarations(table, os);
  os << "#endif\n\n#ifdef GET_ISA_CONVERSION_DEFINITIONS\n"
        "#undef GET_ISA_CONVERSION_DEFINITIONS\n";
  for (const Instruction &instruction : table.instructions) {
    emitToInstruction(instruction, os);
    emitCreate(instruction, os);
    emitVerify(instruction, os);
  }
  emitAppend(table, os);
  os << "#endif\n";
}
