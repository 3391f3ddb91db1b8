//===- PassRunner.h - Passes whose errors are thrown ------------*- C++ -*-===//
#ifndef EDGELLM_LIB_COMPILE_PASSRUNNER_H
#define EDGELLM_LIB_COMPILE_PASSRUNNER_H

#include "EdgeLLM/Compile/Compile.h"
#include "EdgeLLM/Pipeline/Pipeline.h"
#include "EdgeLLM/Support/Error.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"

namespace edgellm {

/// Collects the compiler's diagnostics into one line for an Error.
class DiagnosticCollector {
public:
  explicit DiagnosticCollector(mlir::MLIRContext &context)
      : handler(&context, [this](mlir::Diagnostic &diagnostic) {
          if (diagnostic.getSeverity() != mlir::DiagnosticSeverity::Error)
            return mlir::failure();
          append(diagnostic);
          return mlir::success();
        }) {}

  [[noreturn]] void raise() const {
    fail(text.empty() ? "compilation failed" : text);
  }

private:
  std::string text;
  mlir::ScopedDiagnosticHandler handler;

  void append(mlir::Diagnostic &diagnostic) {
    if (!text.empty())
      text += "; ";
    if (auto name = llvm::dyn_cast<mlir::NameLoc>(diagnostic.getLocation()))
      text += name.getName().str() + ": ";
    text += diagnostic.str();
    for (mlir::Diagnostic &note : diagnostic.getNotes())
      text += "; " + note.str();
  }
};

using PipelineBuilder = void (*)(mlir::OpPassManager &,
                                 const PipelineOptions &);

/// Runs a pipeline with the options of a compilation. Throws Error with what
/// the passes report.
void runPasses(mlir::ModuleOp module, PipelineBuilder build,
               const CompileOptions &options);

} // namespace edgellm

#endif // EDGELLM_LIB_COMPILE_PASSRUNNER_H
