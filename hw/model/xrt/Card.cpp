//===- Card.cpp - The one device of the process ---------------------------===//
#include "Card.h"

#include "EdgeLLM/ISA/Instructions.h"
#include "EdgeLLM/Support/Error.h"

#include <cerrno>

using namespace edgellm;
using namespace edgellm::driver;

Machine::Machine(Xclbin loaded)
    : xclbin(std::move(loaded)),
      memory(std::make_shared<DeviceMemory>(xclbin.banks)),
      unit(memory, xclbin.bitstream, isa::kTableHash,
           engineFor(xclbin.bitstream.target)) {}

std::shared_ptr<Card> Card::inSlot() {
  static std::mutex mutex;
  static std::weak_ptr<Card> slot;
  std::lock_guard lock(mutex);
  std::shared_ptr<Card> card = slot.lock();
  if (!card)
    slot = card = std::make_shared<Card>();
  return card;
}

void Card::load(const axlf &file) {
  Xclbin xclbin = readXclbin(file);
  if (xclbin.bitstream.tableHash != isa::kTableHash)
    fail("its instruction table is ", hexadecimal(xclbin.bitstream.tableHash),
         ", this model's is ", hexadecimal(isa::kTableHash));
  std::lock_guard lock(mutex);
  if (current && current->xclbin.uuid == xclbin.uuid)
    return;
  if (isInUse())
    fail("the xclbin for ", current->xclbin.bitstream.target,
         " is loaded and in use");
  current = std::make_shared<Machine>(std::move(xclbin));
}

/// Buffers and contexts belong to the xclbin they were made for.
bool Card::isInUse() const {
  return current && (contexts > 0 || !current->memory->isUnused());
}

std::shared_ptr<Machine> Card::machine() const {
  std::lock_guard lock(mutex);
  return current;
}

int Card::openContext(const Uuid &xclbin, bool shared) {
  std::lock_guard lock(mutex);
  if (!current || current->xclbin.uuid != xclbin)
    return -EINVAL;
  if (exclusive || (!shared && contexts > 0))
    return -EBUSY;
  exclusive = !shared;
  ++contexts;
  return 0;
}

void Card::closeContext() {
  std::lock_guard lock(mutex);
  --contexts;
  exclusive = false;
}
