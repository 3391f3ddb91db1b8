//===- Residents.cpp - What a program keeps in memory ---------------------===//
#include "Residents.h"

using namespace mlir;
using namespace edgellm;
using namespace edgellm::accel;

/// The tensor's name in the checkpoint; literals are called after their role.
static std::string nameOf(TypedAttr source, StringRef role) {
  if (auto external = dyn_cast<graph::ExternalAttr>(source))
    return external.getTensor().str();
  return role.str();
}

void Residents::setInsertionPoint() {
  if (last)
    builder.setInsertionPointAfter(last);
  else
    builder.setInsertionPointToStart(&program.getBody().front());
}

void Residents::keep(Operation *op) {
  symbols.insert(op);
  last = op;
}

FlatSymbolRefAttr
Residents::findOrCreate(ArrayRef<Attribute> key,
                        llvm::function_ref<Operation *()> create) {
  Operation *&op = known[builder.getArrayAttr(key)];
  if (!op) {
    setInsertionPoint();
    op = create();
    keep(op);
  }
  return FlatSymbolRefAttr::get(SymbolTable::getSymbolName(op));
}

FlatSymbolRefAttr Residents::weight(Location loc, TypedAttr source,
                                    ChannelsAttr rows, ChannelsAttr columns) {
  auto encoding = graph::typeOf(source).getEncoding();
  auto format = encoding ? WeightFormat::int4 : WeightFormat::fp16;
  return findOrCreate({source, rows, columns}, [&] {
    return WeightOp::create(builder, loc, nameOf(source, "weight"), source,
                            format, rows, columns, /*address=*/IntegerAttr());
  });
}

FlatSymbolRefAttr Residents::constant(Location loc, TypedAttr source,
                                      ChannelsAttr channels) {
  return findOrCreate({source, channels}, [&] {
    return ConstantOp::create(builder, loc, nameOf(source, "constant"), source,
                              channels, /*address=*/IntegerAttr());
  });
}

FlatSymbolRefAttr Residents::ropeTable(graph::RopeOp rope, int64_t positions) {
  return findOrCreate(
      {rope.getThetaAttr(), rope.getRotaryAttr(), rope.getHeadSizeAttr()}, [&] {
        return RopeTableOp::create(builder, rope.getLoc(), "rope",
                                   rope.getTheta(), rope.getRotary(),
                                   rope.getHeadSize(), positions,
                                   /*address=*/IntegerAttr());
      });
}

CacheOp Residents::cache(unsigned index, graph::KVCacheType type) {
  std::string name = "cache" + std::to_string(index);
  if (Operation *found = symbols.lookup(name))
    return llvm::cast<CacheOp>(found);
  auto buffer = BufferType::get(
      builder.getContext(), type.getHeads(), type.getHeadSize(),
      builder.getAffineConstantExpr(type.getCapacity()), Space::hbm);
  setInsertionPoint();
  auto cache = CacheOp::create(builder, program.getLoc(), name, buffer,
                               /*address=*/IntegerAttr());
  keep(cache);
  return cache;
}
