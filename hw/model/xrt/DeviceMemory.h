//===- DeviceMemory.h - The memories of the device model --------*- C++ -*-===//
#ifndef EDGELLM_HW_MODEL_XRT_DEVICEMEMORY_H
#define EDGELLM_HW_MODEL_XRT_DEVICEMEMORY_H

#include "PageMapping.h"
#include "XclbinReader.h"

#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

namespace edgellm::driver {

class Bank;

/// A stretch of a bank that belongs to one buffer. Its pages go back, zeroed,
/// with the last owner: the buffer object, or a run that still uses it.
class Allocation {
public:
  /// Made by Bank::allocate.
  Allocation(std::shared_ptr<Bank> bank, uint64_t address, uint64_t size);
  ~Allocation();
  Allocation(const Allocation &) = delete;
  Allocation &operator=(const Allocation &) = delete;

  uint64_t address() const { return first; }
  /// Lets the first `bytes` bytes, and what is left of their last page, be
  /// those of a file (PageMapping::showFile). False when the stretch is shorter
  /// or the system refuses.
  bool showFile(int file, uint64_t bytes);
  /// From a device address inside to the end.
  std::span<std::byte> bytesFrom(uint64_t address) const;
  std::span<std::byte> bytes() const { return bytesFrom(first); }

private:
  std::shared_ptr<Bank> bank;
  uint64_t first, size;
};

/// One memory: its pages and who has which of them. Thread-safe.
class Bank : public std::enable_shared_from_this<Bank> {
public:
  /// Throws std::bad_alloc when the pages cannot be mapped.
  explicit Bank(const BankLayout &layout);

  /// The first gap of `size` bytes, reading as zeros; null without one.
  std::shared_ptr<Allocation> allocate(uint64_t size);
  /// The allocation that contains a device address, null without one.
  std::shared_ptr<Allocation> find(uint64_t address);
  /// The bytes at a range of device addresses, allocated or not; empty when any
  /// lies outside the bank.
  std::span<std::byte> bytes(uint64_t address, uint64_t size) const;

  bool contains(uint64_t address) const;
  bool isUnused();
  uint64_t capacity() const { return layout.bytes; }

private:
  friend class Allocation;
  bool showFile(uint64_t address, int file, uint64_t bytes) {
    return pages.showFile(address - layout.address, file, bytes);
  }
  void release(uint64_t address, uint64_t size);
  uint64_t firstGap(uint64_t size) const;

  struct Taken {
    uint64_t size; // in whole pages
    std::weak_ptr<Allocation> owner;
  };

  const BankLayout layout;
  PageMapping pages;
  std::mutex mutex;                // guards `taken`
  std::map<uint64_t, Taken> taken; // by first address
};

/// All banks of a loaded xclbin. Thread-safe.
class DeviceMemory {
public:
  explicit DeviceMemory(const std::vector<BankLayout> &layouts);

  /// Like Bank::allocate; null also when the bank does not exist.
  std::shared_ptr<Allocation> allocate(unsigned bank, uint64_t size);
  std::shared_ptr<Allocation> find(uint64_t address) const;
  std::span<std::byte> bytes(uint64_t address, uint64_t size) const;

  /// Whether no allocation is left.
  bool isUnused() const;
  uint64_t capacity() const;
  size_t bankCount() const { return banks.size(); }

private:
  Bank *bankOf(uint64_t address) const;

  std::vector<std::shared_ptr<Bank>> banks;
};

} // namespace edgellm::driver

#endif // EDGELLM_HW_MODEL_XRT_DEVICEMEMORY_H
