//===- PageMapping.cpp - Zeroed pages of memory ---------------------------===//
#include "PageMapping.h"

#include <cstring>
#include <new>
#include <sys/mman.h>

using namespace edgellm::driver;

static constexpr int kAccess = PROT_READ | PROT_WRITE;
static constexpr int kAnonymous = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;

PageMapping::PageMapping(uint64_t bytes) {
  void *mapped = ::mmap(nullptr, bytes, kAccess, kAnonymous, /*fd=*/-1, 0);
  if (mapped == MAP_FAILED)
    throw std::bad_alloc();
  // Weights are written once and streamed often: with huge pages loading them
  // takes a quarter of the time. Only advice, so a refusal does not matter.
  ::madvise(mapped, bytes, MADV_HUGEPAGE);
  memory = {static_cast<std::byte *>(mapped), size_t(bytes)};
}

PageMapping::~PageMapping() { ::munmap(memory.data(), memory.size()); }

void PageMapping::discard(uint64_t offset, uint64_t size) {
  void *mapped = ::mmap(memory.data() + offset, size, kAccess,
                        kAnonymous | MAP_FIXED, /*fd=*/-1, 0);
  if (mapped == MAP_FAILED) // too many mappings: zeros by hand
    std::memset(memory.data() + offset, 0, size);
  else
    ::madvise(mapped, size, MADV_HUGEPAGE);
}

bool PageMapping::showFile(uint64_t offset, int file, uint64_t size) {
  return ::mmap(memory.data() + offset, size, kAccess, MAP_PRIVATE | MAP_FIXED,
                file, 0) != MAP_FAILED;
}
