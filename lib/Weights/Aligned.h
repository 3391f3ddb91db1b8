//===- Aligned.h - Arrays for vector loads ----------------------*- C++ -*-===//
#ifndef EDGELLM_LIB_WEIGHTS_ALIGNED_H
#define EDGELLM_LIB_WEIGHTS_ALIGNED_H

#include <cstddef>
#include <new>
#include <vector>

namespace edgellm {

/// Memory that starts at a multiple of 64 bytes, a cache line and the widest
/// vector.
template <typename T> struct AlignedAllocator {
  using value_type = T;
  static constexpr std::align_val_t alignment{64};

  AlignedAllocator() = default;
  template <typename U> AlignedAllocator(const AlignedAllocator<U> &) {}

  T *allocate(size_t count) {
    return static_cast<T *>(::operator new(count * sizeof(T), alignment));
  }
  void deallocate(T *memory, size_t) { ::operator delete(memory, alignment); }

  friend bool operator==(const AlignedAllocator &, const AlignedAllocator &) {
    return true;
  }
};

template <typename T> using AlignedVector = std::vector<T, AlignedAllocator<T>>;

} // namespace edgellm

#endif // EDGELLM_LIB_WEIGHTS_ALIGNED_H
