//===- ActivationPlanner.h - Where activations live -------------*- C++ -*-===//
#ifndef EDGELLM_LIB_DIALECT_ACCEL_TRANSFORMS_ACTIVATIONPLANNER_H
#define EDGELLM_LIB_DIALECT_ACCEL_TRANSFORMS_ACTIVATIONPLANNER_H

#include "EdgeLLM/Dialect/Accel/IR/Accel.h"

#include "llvm/ADT/MapVector.h"

#include <optional>

namespace edgellm::accel {

/// A stretch of memory in which things that live at the same time do not
/// overlap. Times are positions in an entry.
class Arena {
public:
  /// `cyclic`: go on behind the last thing placed and start over at the end.
  /// What comes next then rarely meets what is still in use, so that steps need
  /// not wait for each other's memory. Otherwise the lowest address that is
  /// free, which takes the least memory.
  Arena(int64_t base, int64_t limit, bool cyclic)
      : base(base), limit(limit), cyclic(cyclic), cursor(base), end(base) {}

  /// The address of `packets` packets in use from `first` to `last`, or none
  /// when there is no room.
  std::optional<int64_t> place(int64_t packets, int64_t first, int64_t last);

  /// Behind the highest packet that was ever placed.
  int64_t getEnd() const { return end; }

private:
  struct Item {
    int64_t address, packets, first, last;
  };
  std::optional<int64_t> findFrom(int64_t start, int64_t packets,
                                  llvm::ArrayRef<Item> neighbours) const;

  int64_t base, limit;
  bool cyclic;
  int64_t cursor, end;
  std::vector<Item> items;
};

/// Decides for each activation buffer of an entry point whether it lives on
/// chip or in DDR, and where.
///
/// All of them go on chip when they fit at the longest pass, but for the input
/// and the logits, which the host reads and writes in DDR. When some do not,
/// half of the activation buffer is for those that do, and half for the slices
/// in which the array takes its inputs from DDR.
class ActivationPlanner {
public:
  /// `ddrBase` is the first free packet of the ddr buffer, `chipPackets` the
  /// size of the activation buffer.
  ActivationPlanner(EntryOp entry, int64_t ddrBase, int64_t chipPackets)
      : entry(entry), ddrBase(ddrBase), chipPackets(chipPackets) {}

  /// Leaves the activation buffer to slices.
  void keepInDDR() { onChip = false; }

  /// Sets addresses, spaces and slices. Fails when not one row of an input
  /// fits on chip.
  llvm::LogicalResult run();

  /// One line for people: how many buffers live where.
  std::string describe() const;

  int64_t getDdrEnd() const { return ddrEnd; }
  int64_t getChipEnd() const { return chipEnd; }

private:
  struct Lifetime {
    int64_t first, last, packets;
    std::optional<int64_t> onChip;
  };

  void collectLifetimes();
  bool isForHost(AllocOp alloc);
  bool placeOnChip(int64_t limit);
  bool anyInputInDDR();
  void apply();
  llvm::LogicalResult setSlices(int64_t base);

  EntryOp entry;
  int64_t ddrBase, chipPackets;
  bool onChip = true;
  int64_t ddrEnd = 0, chipEnd = 0;
  llvm::MapVector<AllocOp, Lifetime> lifetimes;
};

} // namespace edgellm::accel

#endif // EDGELLM_LIB_DIALECT_ACCEL_TRANSFORMS_ACTIVATIONPLANNER_H
