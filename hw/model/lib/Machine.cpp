//===- Machine.cpp - What the units of the device share -------------------===//
#include "Machine.h"

namespace edgellm::model {

Operand Machine::operand(const isa::Operands &operands,
                         std::string_view field) const {
  const isa::Operand *named = operands.begin();
  while (named->field != field) // every caller names one that is there
    ++named;
  const isa::OperandRegion &region = named->region;
  auto extent = [&](const isa::Steps &steps) {
    return Extent{isa::resolve(steps.count, tokens, past),
                  resolve(steps.stride)};
  };
  return memory.operand(region.space,
                        {.base = resolve(region.base),
                         .outer = extent(region.outer),
                         .inner = extent(region.inner),
                         .rows = isa::resolve(region.rows, tokens, past)},
                        named->field);
}

void Machine::checkWork(const isa::Operands &operands) const {
  Operand work = operand(operands, "work");
  for (const isa::Operand &other : operands)
    if (other.region.space == isa::Space::chip &&
        other.access != isa::Access::work)
      work.requireApart(operand(operands, other.field), "work");
}

} // namespace edgellm::model
