//===- Residents.h - What a program keeps in memory -------------*- C++ -*-===//
#ifndef EDGELLM_LIB_CONVERSION_EDGELLMTOACCEL_RESIDENTS_H
#define EDGELLM_LIB_CONVERSION_EDGELLMTOACCEL_RESIDENTS_H

#include "EdgeLLM/Dialect/Accel/IR/Accel.h"
#include "EdgeLLM/Dialect/EdgeLLM/IR/EdgeLLM.h"

#include "mlir/IR/Builders.h"

namespace edgellm {

/// Creates weights, constants, tables and caches of a program, each once,
/// however many entry points use it.
class Residents {
public:
  explicit Residents(accel::ProgramOp program)
      : program(program), symbols(program), builder(program->getContext()) {}

  mlir::FlatSymbolRefAttr weight(mlir::Location loc, mlir::TypedAttr source,
                                 accel::ChannelsAttr rows,
                                 accel::ChannelsAttr columns);
  mlir::FlatSymbolRefAttr constant(mlir::Location loc, mlir::TypedAttr source,
                                   accel::ChannelsAttr channels);
  mlir::FlatSymbolRefAttr ropeTable(graph::RopeOp rope, int64_t positions);
  accel::CacheOp cache(unsigned index, graph::KVCacheType type);

private:
  accel::ProgramOp program;
  mlir::SymbolTable symbols;
  mlir::OpBuilder builder;
  /// What was created, by everything that tells one resident from another.
  llvm::DenseMap<mlir::Attribute, mlir::Operation *> known;

  mlir::Operation *last = nullptr;

  /// Residents stand in the order of their creation, before the entry points.
  void setInsertionPoint();

  mlir::Operation *findOrCreate(llvm::ArrayRef<mlir::Attribute> key,
                                llvm::function_ref<mlir::Operation *()> create);
};

} // namespace edgellm

#endif // EDGELLM_LIB_CONVERSION_EDGELLMTOACCEL_RESIDENTS_H
