//===- operand.cpp - Operands as the sequencer checks them ----------------===//
#include "operand.h"

namespace edgellm::kernels {

static ap_int<64> clamped(Wide value) {
  const Wide most = (Wide(1) << 63) - 1;
  if (value > most)
    return most;
  return value < -most - 1 ? ap_int<64>(-most - 1) : ap_int<64>(value);
}

bool refuse(StatusCode code, unsigned field, Wide found, Wide limit,
            Fault &fault) {
  fault.code = code;
  fault.field = field;
  fault.found = clamped(found);
  fault.limit = clamped(limit);
  return false;
}

bool isInside(Wide first, Wide last, Wide least, Wide most, unsigned field,
              Fault &fault) {
  if (first < least)
    return refuse(StatusCode::out_of_bounds, field, first, least, fault);
  if (last > most)
    return refuse(StatusCode::out_of_bounds, field, last, most, fault);
  return true;
}

Operand::Operand(isa::Space space, Value base, Extent outer, Extent inner,
                 ap_uint<34> rows)
    : space(space), base(base), outer(outer), inner(inner), rows(rows),
      first(base), last(base + rows - 1) {
  for (Wide reach : {outer.reach(), inner.reach()}) {
    if (reach < 0)
      first += reach;
    else
      last += reach;
  }
}

/// Packets of hbm in `packets` packets of every port.
static Wide dealt(ap_uint<34> packets) { return packets * machine::kPorts; }

bool place(Operand &operand, const Pass &pass, unsigned field, Fault &fault) {
  Wide least = 0, most = 0, offset = 0;
  if (operand.space == isa::Space::ddr) {
    least = 1; // packet 0 is the status
    most = pass.ddrPackets - 1;
  } else if (operand.space == isa::Space::chip) {
    most = pass.chipPackets - 1;
  } else {
    least = dealt(pass.weightPackets);
    most = dealt(pass.weightPackets + pass.kvPackets) - 1;
    offset = pass.sequence * dealt(pass.kvPackets);
  }
  if (!isInside(operand.first, operand.last, least, most, field, fault))
    return false;
  operand.base += offset;
  operand.first += offset;
  operand.last += offset;
  return true;
}

static Wide magnitude(Wide value) { return value < 0 ? Wide(-value) : value; }

/// Whether an extent steps over blocks of `length` packets.
static bool steps(const Extent &extent, Wide length) {
  return extent.count == 1 || magnitude(extent.stride) >= length;
}

/// Whether blocks that `shorter` steps over, and together `longer`, do not
/// meet.
static bool areNested(const Extent &shorter, const Extent &longer, Wide rows) {
  return steps(shorter, rows) &&
         steps(longer, magnitude(shorter.reach()) + rows);
}

bool isDistinct(const Operand &operand, unsigned field, Fault &fault) {
  if (areNested(operand.inner, operand.outer, operand.rows) ||
      areNested(operand.outer, operand.inner, operand.rows))
    return true;
  return refuse(StatusCode::overlap, field, operand.first, operand.last, fault);
}

bool areApart(const Operand &operand, const Operand &other, unsigned field,
              Fault &fault) {
  if (operand.space == other.space && operand.first <= other.last &&
      other.first <= operand.last)
    return refuse(StatusCode::overlap, field, operand.first, other.last, fault);
  return true;
}

static bool areSame(const Extent &left, const Extent &right) {
  return left.count == right.count && left.step() == right.step();
}

bool areApartOrSame(const Operand &operand, const Operand &other,
                    unsigned field, Fault &fault) {
  bool same = operand.space == other.space && operand.base == other.base &&
              operand.rows == other.rows &&
              areSame(operand.outer, other.outer) &&
              areSame(operand.inner, other.inner);
  return same || areApart(operand, other, field, fault);
}

} // namespace edgellm::kernels
