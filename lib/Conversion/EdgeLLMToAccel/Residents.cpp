//===- Residents.cpp - What a program keeps in memory ---------------------===//
#include "Residents.h"

using namespace mlir;
using namespace edgellm;
using namespace edgellm::accel;

/// The tensor's name in the checkpoint, with the rows if only some are meant;
/// literals are called after their role.
static std::string nameOf(TypedAttr source, StringRef role) {
  if (auto external = dyn_cast<graph::ExternalAttr>(source))
    return external.getLabel();
  return role.str();
}

void Residents::setInsertionPoint() {
  if (last)
    builder.setInsertionPointAfter(last);
  else
    builder.setInsertionPointToStart(&program.getBody().front());
}

Operation *Residents::findOrCreate(ArrayRef<Attribute> key,
                                   llvm::function_ref<Operation *()> create) {
  Operation *&op = known[builder.getArrayAttr(key)];
  if (!op) {
    setInsertionPoint();
    op = create();
    symbols.insert(op);
    last = op;
  }
  return op;
}

/// The name may differ from the one asked for when something else had it.
static FlatSymbolRefAttr referTo(Operation *resident) {
  return FlatSymbolRefAttr::get(SymbolTable::getSymbolName(resident));
}

/// LinearOp's verifier lets no other encoding through.
static WeightFormat formatOf(Attribute encoding) {
  if (!encoding)
    return WeightFormat::fp16;
  auto sparse = dyn_cast<graph::BlockSparseAttr>(encoding);
  if (!sparse)
    return WeightFormat::int4;
  switch (sparse.getKeep()) {
  case 4:
    return WeightFormat::int4_4of8;
  case 2:
    return WeightFormat::int4_2of8;
  default:
    return sparse.getPadded() ? WeightFormat::int4_1of8_padded
                              : WeightFormat::int4_1of8;
  }
}

FlatSymbolRefAttr Residents::weight(Location loc, TypedAttr source,
                                    ChannelsAttr rows, ChannelsAttr columns) {
  WeightFormat format = formatOf(graph::typeOf(source).getEncoding());
  return referTo(findOrCreate({source, rows, columns}, [&] {
    return WeightOp::create(builder, loc, nameOf(source, "weight"), source,
                            format, rows, columns, /*address=*/IntegerAttr());
  }));
}

FlatSymbolRefAttr Residents::constant(Location loc, TypedAttr source,
                                      ChannelsAttr channels) {
  return referTo(findOrCreate({source, channels}, [&] {
    return ConstantOp::create(builder, loc, nameOf(source, "constant"), source,
                              channels, /*address=*/IntegerAttr());
  }));
}

FlatSymbolRefAttr Residents::ropeTable(graph::RopeOp rope, int64_t positions) {
  SmallVector<Attribute> key{rope.getThetaAttr(), rope.getRotaryAttr(),
                             rope.getHeadSizeAttr()};
  if (rope.getScalingAttr())
    key.push_back(rope.getScalingAttr());
  return referTo(findOrCreate(key, [&] {
    return RopeTableOp::create(builder, rope.getLoc(), "rope", rope.getTheta(),
                               rope.getRotary(), rope.getHeadSize(), positions,
                               rope.getScalingAttr(),
                               /*address=*/IntegerAttr());
  }));
}

CacheOp Residents::cache(unsigned index, graph::KVCacheType type) {
  Operation *cache = findOrCreate(
      {builder.getI64IntegerAttr(index), TypeAttr::get(type)}, [&] {
        auto buffer = BufferType::get(
            builder.getContext(), type.getHeads(), type.getHeadSize(),
            builder.getAffineConstantExpr(type.getCapacity()), Space::hbm);
        return CacheOp::create(builder, program.getLoc(),
                               "cache" + std::to_string(index), buffer,
                               /*address=*/IntegerAttr());
      });
  return llvm::cast<CacheOp>(cache);
}
