//===- RequestExpr.h - Sizes that depend on the request ---------*- C++ -*-===//
//
// An affine expression over two symbols: s0 = tokens, new in this pass, and
// s1 = past, already cached. accel sizes and isa fields are written with it:
//
//   <tokens>   <tokens + past>   <past * 64 + 4096>   <(tokens ceildiv 32) *
//   32>
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_DIALECT_REQUEST_REQUESTEXPR_H
#define EDGELLM_DIALECT_REQUEST_REQUESTEXPR_H

#include "EdgeLLM/ISA/Encoding.h"

#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/OpImplementation.h"

#include <optional>

namespace edgellm {

mlir::AffineExpr getTokens(mlir::MLIRContext *context);
mlir::AffineExpr getPast(mlir::MLIRContext *context);
mlir::AffineExpr getConstant(mlir::MLIRContext *context, int64_t value);

/// Parses "<expression>" and prints it.
mlir::ParseResult parseRequestExpr(mlir::AsmParser &parser,
                                   mlir::AffineExpr &result);
void printRequestExpr(llvm::raw_ostream &os, mlir::AffineExpr expr);

/// The value for one pass of an expression that toField accepts.
int64_t evaluate(mlir::AffineExpr expr, int64_t tokens, int64_t past);

/// The instruction field that computes `expr`: a constant plus a multiple of
/// one request register. None when no single register fits.
std::optional<isa::Affine> toField(mlir::AffineExpr expr);

mlir::AffineExpr fromField(const isa::Affine &field,
                           mlir::MLIRContext *context);

} // namespace edgellm

#endif // EDGELLM_DIALECT_REQUEST_REQUESTEXPR_H
