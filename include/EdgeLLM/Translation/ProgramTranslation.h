//===- ProgramTranslation.h - isa to program and back -----------*- C++ -*-===//
#ifndef EDGELLM_TRANSLATION_PROGRAMTRANSLATION_H
#define EDGELLM_TRANSLATION_PROGRAMTRANSLATION_H

#include "EdgeLLM/Dialect/ISA/IR/ISA.h"
#include "EdgeLLM/ISA/Program.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace edgellm {

/// The program of an isa.program op, checked as the loader will check it.
llvm::FailureOr<Program> encodeProgram(isa::ProgramOp op);

/// A module with the isa.program of a checked program.
mlir::OwningOpRef<mlir::ModuleOp> decodeProgram(const Program &program,
                                                mlir::MLIRContext &context);

/// `edgellm-translate --isa-to-program` and `--program-to-isa`.
void registerProgramTranslations();

} // namespace edgellm

#endif // EDGELLM_TRANSLATION_PROGRAMTRANSLATION_H
