//===- ActivationPlanner.cpp - Where activations live ---------------------===//
#include "ActivationPlanner.h"

#include "EdgeLLM/Dialect/Accel/IR/Layout.h"

#include "llvm/Support/FormatVariadic.h"

#include <limits>

using namespace mlir;
using namespace edgellm;
using namespace edgellm::accel;

//===----------------------------------------------------------------------===//
// Arena
//===----------------------------------------------------------------------===//

/// `neighbours` are sorted by address.
std::optional<int64_t> Arena::findFrom(int64_t start, int64_t packets,
                                       ArrayRef<Item> neighbours) const {
  int64_t address = start;
  for (const Item &other : neighbours) {
    if (other.address + other.packets <= address)
      continue;
    if (address + packets <= other.address)
      break;
    address = other.address + other.packets;
  }
  if (packets > limit - address)
    return std::nullopt;
  return address;
}

std::optional<int64_t> Arena::place(int64_t packets, int64_t first,
                                    int64_t last) {
  SmallVector<Item> neighbours;
  for (const Item &other : items)
    if (other.first <= last && first <= other.last)
      neighbours.push_back(other);
  llvm::sort(neighbours, [](const Item &a, const Item &b) {
    return a.address < b.address;
  });
  std::optional<int64_t> address =
      findFrom(cyclic ? cursor : base, packets, neighbours);
  if (!address && cyclic)
    address = findFrom(base, packets, neighbours);
  if (!address)
    return std::nullopt;
  cursor = *address + packets;
  end = std::max(end, cursor);
  // What has died can meet nothing that is placed later: positions only grow.
  llvm::erase_if(items, [&](const Item &item) { return item.last < first; });
  items.push_back({*address, packets, first, last});
  return address;
}

//===----------------------------------------------------------------------===//
// ActivationPlanner
//===----------------------------------------------------------------------===//

/// From creation to the last operation that names the buffer or rows of it. A
/// step's output never shares memory with its inputs.
void ActivationPlanner::collectLifetimes() {
  int64_t maxTokens = entry.getMaxTokens();
  for (auto [position, op] : llvm::enumerate(*entry.getBody().begin())) {
    if (auto alloc = dyn_cast<AllocOp>(op))
      lifetimes[alloc] = {int64_t(position), int64_t(position),
                          packetsOf(alloc.getType(), maxTokens), std::nullopt};
    for (Value operand : op.getOperands())
      if (auto alloc = baseOf(operand).getDefiningOp<AllocOp>())
        lifetimes[alloc].last = position;
  }
}

/// Embeddings come from the host and logits go to it.
bool ActivationPlanner::isForHost(AllocOp alloc) {
  auto end = cast<ReturnOp>(entry.getBody().front().getTerminator());
  return alloc.getInput() ||
         (end.getLogits() && baseOf(end.getLogits()) == alloc.getResult());
}

/// Places what fits below `limit`; true when that is all.
bool ActivationPlanner::placeOnChip(int64_t limit) {
  Arena chip(0, limit, /*cyclic=*/true);
  bool all = true;
  for (auto &[alloc, lifetime] : lifetimes) {
    lifetime.onChip.reset();
    if (isForHost(alloc))
      continue;
    lifetime.onChip =
        chip.place(lifetime.packets, lifetime.first, lifetime.last);
    all &= lifetime.onChip.has_value();
  }
  chipEnd = chip.getEnd();
  return all;
}

/// The input that a step of the array takes in slices, if the operation is one,
/// and the channel blocks of a row that are on chip at the same time.
static std::pair<Value, int64_t> slicedInput(Operation *op) {
  if (auto vmm = dyn_cast<VmmOp>(op))
    return {vmm.getInput(), bufferType(vmm.getInput()).getBlocks()};
  if (auto scores = dyn_cast<AttentionScoresOp>(op))
    return {scores.getQuery(), bufferType(scores.getQuery()).getHeadBlocks()};
  if (auto values = dyn_cast<AttentionValuesOp>(op))
    return {values.getProbabilities(),
            bufferType(values.getProbabilities()).getHeadBlocks()};
  return {};
}

bool ActivationPlanner::anyInputInDDR() {
  return llvm::any_of(*entry.getBody().begin(), [&](Operation &op) {
    Value input = slicedInput(&op).first;
    auto alloc = input ? baseOf(input).getDefiningOp<AllocOp>() : AllocOp();
    return alloc && !lifetimes.find(alloc)->second.onChip;
  });
}

/// Gives a value and all row ranges of it another space.
static void setSpace(Value value, Space space) {
  BufferType type = bufferType(value);
  value.setType(BufferType::get(type.getContext(), type.getHeads(),
                                type.getChannels(), type.getRows(), space));
  for (Operation *user : value.getUsers())
    if (auto rows = dyn_cast<RowsOp>(user))
      setSpace(rows.getResult(), space);
}

void ActivationPlanner::apply() {
  Arena ddr(ddrBase, std::numeric_limits<int64_t>::max(), /*cyclic=*/false);
  for (auto &[buffer, lifetime] : lifetimes) {
    AllocOp alloc = buffer;
    if (lifetime.onChip) {
      alloc.setAddress(*lifetime.onChip);
      setSpace(alloc.getResult(), Space::chip);
    } else {
      // There is no limit here that it could fail for; the plan as a whole is
      // compared with the machine.
      alloc.setAddress(
          *ddr.place(lifetime.packets, lifetime.first, lifetime.last));
      setSpace(alloc.getResult(), Space::ddr);
    }
  }
  ddrEnd = ddr.getEnd();
}

/// Lays two slices of every input that comes from DDR from packet `base` on,
/// as many rows as fit.
LogicalResult ActivationPlanner::setSlices(int64_t base) {
  constexpr int64_t mostRows = 65535; // the field's
  int64_t room = chipPackets - base;
  for (Operation &op : *entry.getBody().begin()) {
    auto [input, blocks] = slicedInput(&op);
    if (!input || bufferType(input).getSpace() != Space::ddr)
      continue;
    int64_t rows = std::min(
        {room / (2 * blocks), mostRows, int64_t(entry.getMaxTokens())});
    if (rows < 1)
      return op.emitOpError()
             << "takes rows of " << blocks << " packets from ddr, two of which "
             << "do not fit into the " << room
             << " packets that the activation buffer has for them";
    op.setAttr("slice", SliceAttr::get(op.getContext(), rows, base));
    chipEnd = std::max(chipEnd, base + 2 * rows * blocks);
  }
  return success();
}

LogicalResult ActivationPlanner::run() {
  collectLifetimes();
  int64_t half = chipPackets / 2;
  if (!placeOnChip(onChip ? chipPackets : 0) || anyInputInDDR())
    placeOnChip(onChip ? half : 0);
  apply();
  return setSlices(half);
}

std::string ActivationPlanner::describe() const {
  size_t onChipCount = llvm::count_if(
      lifetimes, [](const auto &item) { return item.second.onChip; });
  return llvm::formatv("{0}: {1} of {2} activation buffers on chip, {3} of {4} "
                       "packets; packets {5} to {6} of ddr for the others",
                       EntryOp(entry).getName(), onChipCount, lifetimes.size(),
                       chipEnd, chipPackets, ddrBase, ddrEnd);
}
