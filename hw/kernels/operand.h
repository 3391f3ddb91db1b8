//===- operand.h - Operands as the sequencer checks them ------------------===//
#ifndef EDGELLM_HW_KERNELS_OPERAND_H
#define EDGELLM_HW_KERNELS_OPERAND_H

#include "resolve.h"

namespace edgellm::kernels {

/// A resolved affine field: 40 bits, and 16 times 34.
using Value = ap_int<52>;
/// Sums of products of counts and values.
using Wide = ap_int<96>;

/// `count` things that are `stride` packets apart.
struct Extent {
  ap_uint<34> count = 1;
  Value stride = 0; ///< of no effect when count is 1

  /// From the first to the last.
  Wide reach() const { return (count - 1) * stride; }
  Address step() const { return count == 1 ? Address(0) : Address(stride); }
};

/// Packets base + o*outer + n*inner + row. All counts are positive.
struct Operand {
  isa::Space space;
  Value base;
  Extent outer, inner;
  ap_uint<34> rows;
  Wide first, last; ///< packets that bound it

  Operand(isa::Space space, Value base, Extent outer, Extent inner,
          ap_uint<34> rows);

  /// With the extents as they are, and rows next to each other.
  Region region() const {
    return {unsigned(space), Address(base), outer.step(), inner.step(), 1};
  }
  /// With `inner` in groups of `group`, the outer index counting them.
  Region grouped(Count group) const {
    Address step = inner.step();
    return {unsigned(space), Address(base), group * step, step, 1};
  }
};

/// Whether it lies where operands may lie, and moves those in KV memory from
/// sequence 0 to that of the pass.
bool place(Operand &operand, const Pass &pass, unsigned field, Fault &fault);

/// Whether all its packets are different.
bool isDistinct(const Operand &operand, unsigned field, Fault &fault);

/// Whether the packets between first and last of both have none in common.
bool areApart(const Operand &operand, const Operand &other, unsigned field,
              Fault &fault);

/// The same, but the very same packets are fine.
bool areApartOrSame(const Operand &operand, const Operand &other,
                    unsigned field, Fault &fault);

bool refuse(StatusCode code, unsigned field, Wide found, Wide limit,
            Fault &fault);

/// Whether least <= first and last <= most.
bool isInside(Wide first, Wide last, Wide least, Wide most, unsigned field,
              Fault &fault);

} // namespace edgellm::kernels

#endif // EDGELLM_HW_KERNELS_OPERAND_H
