//===- PageMapping.h - Zeroed pages of memory -------------------*- C++ -*-===//
#ifndef EDGELLM_HW_MODEL_XRT_PAGEMAPPING_H
#define EDGELLM_HW_MODEL_XRT_PAGEMAPPING_H

#include <cstddef>
#include <cstdint>
#include <span>

namespace edgellm::driver {

/// Granularity of banks and of allocations in them.
inline constexpr uint64_t kPageBytes = 4096;

/// Whole pages for `bytes`; 0 when that does not fit 64 bits.
constexpr uint64_t wholePages(uint64_t bytes) {
  return (bytes + kPageBytes - 1) / kPageBytes * kPageBytes;
}

/// Anonymous memory that costs nothing until it is touched: a model of 40 GB of
/// device memory starts at once and needs only the pages a program uses.
class PageMapping {
public:
  /// Throws std::bad_alloc when the address space does not allow it.
  explicit PageMapping(uint64_t bytes);
  ~PageMapping();
  PageMapping(const PageMapping &) = delete;
  PageMapping &operator=(const PageMapping &) = delete;

  std::span<std::byte> bytes() const { return memory; }

  /// Gives the pages back; they read as zero when touched again.
  void discard(uint64_t offset, uint64_t size);

  /// Lets whole pages at `offset` show the first `size` bytes of a file, zeros
  /// after them; what is written there is not written to the file. False when
  /// the system refuses, and the pages are as before.
  bool showFile(uint64_t offset, int file, uint64_t size);

private:
  std::span<std::byte> memory;
};

} // namespace edgellm::driver

#endif // EDGELLM_HW_MODEL_XRT_PAGEMAPPING_H
