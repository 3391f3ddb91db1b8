//===- DeviceMemory.cpp - The memories of the device model ----------------===//
#include "DeviceMemory.h"

#include <algorithm>

using namespace edgellm::driver;

//===----------------------------------------------------------------------===//
// Allocation
//===----------------------------------------------------------------------===//

Allocation::Allocation(std::shared_ptr<Bank> bank, uint64_t address,
                       uint64_t size)
    : bank(std::move(bank)), first(address), size(size) {}

Allocation::~Allocation() { bank->release(first, size); }

std::span<std::byte> Allocation::bytesFrom(uint64_t address) const {
  return bank->bytes(address, first + size - address);
}

bool Allocation::showFile(int file, uint64_t bytes) {
  return bytes <= size && bank->showFile(first, file, bytes);
}

//===----------------------------------------------------------------------===//
// Bank
//===----------------------------------------------------------------------===//

Bank::Bank(const BankLayout &layout) : layout(layout), pages(layout.bytes) {}

bool Bank::contains(uint64_t address) const {
  return address - layout.address < layout.bytes; // wraps below the bank
}

std::span<std::byte> Bank::bytes(uint64_t address, uint64_t size) const {
  uint64_t offset = address - layout.address;
  if (!contains(address) || size > layout.bytes - offset)
    return {};
  return pages.bytes().subspan(offset, size);
}

/// First fit: a bank holds few buffers, and the first gap keeps them together.
uint64_t Bank::firstGap(uint64_t size) const {
  uint64_t gap = layout.address;
  for (const auto &[address, entry] : taken) {
    if (address - gap >= size)
      break;
    gap = address + entry.size;
  }
  return gap;
}

std::shared_ptr<Allocation> Bank::allocate(uint64_t size) {
  if (size == 0 || size > layout.bytes)
    return nullptr;
  // Declared before the lock, as its end needs the lock: see release().
  std::shared_ptr<Allocation> result;
  std::lock_guard lock(mutex);
  uint64_t gap = firstGap(wholePages(size));
  if (bytes(gap, size).empty())
    return nullptr;
  result = std::make_shared<Allocation>(shared_from_this(), gap, size);
  taken[gap] = {wholePages(size), result};
  return result;
}

void Bank::release(uint64_t address, uint64_t size) {
  // Pages first: once the entry is gone another buffer may get them.
  pages.discard(address - layout.address, wholePages(size));
  std::lock_guard lock(mutex);
  taken.erase(address);
}

std::shared_ptr<Allocation> Bank::find(uint64_t address) {
  std::shared_ptr<Allocation> owner; // before the lock, as in allocate()
  std::lock_guard lock(mutex);
  auto next = taken.upper_bound(address);
  if (next == taken.begin())
    return nullptr;
  // Null while the owner is being destroyed: then there is no buffer any more.
  owner = std::prev(next)->second.owner.lock();
  bool inside = owner && address - owner->address() < owner->bytes().size();
  return inside ? owner : nullptr;
}

bool Bank::isUnused() {
  std::lock_guard lock(mutex);
  return taken.empty();
}

//===----------------------------------------------------------------------===//
// DeviceMemory
//===----------------------------------------------------------------------===//

DeviceMemory::DeviceMemory(const std::vector<BankLayout> &layouts) {
  for (const BankLayout &layout : layouts)
    banks.push_back(std::make_shared<Bank>(layout));
}

Bank *DeviceMemory::bankOf(uint64_t address) const {
  for (const std::shared_ptr<Bank> &bank : banks)
    if (bank->contains(address))
      return bank.get();
  return nullptr;
}

std::shared_ptr<Allocation> DeviceMemory::allocate(unsigned bank,
                                                   uint64_t size) {
  return bank < banks.size() ? banks[bank]->allocate(size) : nullptr;
}

std::shared_ptr<Allocation> DeviceMemory::find(uint64_t address) const {
  Bank *bank = bankOf(address);
  return bank ? bank->find(address) : nullptr;
}

std::span<std::byte> DeviceMemory::bytes(uint64_t address,
                                         uint64_t size) const {
  Bank *bank = bankOf(address);
  return bank ? bank->bytes(address, size) : std::span<std::byte>();
}

bool DeviceMemory::isUnused() const {
  return std::ranges::all_of(banks,
                             [](const auto &bank) { return bank->isUnused(); });
}

uint64_t DeviceMemory::capacity() const {
  uint64_t total = 0;
  for (const std::shared_ptr<Bank> &bank : banks)
    total += bank->capacity();
  return total;
}
