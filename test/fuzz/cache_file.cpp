//===- cache_file.cpp - Saved caches --------------------------------------===//
#include "CacheFile.h"
#include "Fuzzing.h"

#include <algorithm>
#include <cstring>
#include <vector>

using namespace edgellm;

/// The file with the checksum that it should end with, which no mutation finds.
static std::vector<uint8_t> summed(const uint8_t *data, size_t size) {
  std::vector<uint8_t> file(data, data + size);
  Checksum checksum;
  uint64_t value;
  if (size < sizeof value)
    return file;
  checksum.update(fuzz::bytesOf(data, size - sizeof value));
  value = checksum.value();
  std::memcpy(&file[size - sizeof value], &value, sizeof value);
  return file;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  constexpr CacheFile::Expectation expected = {.identity = 0x0123456789ABCDEF,
                                               .positions = 16,
                                               .vocabulary = 100,
                                               .bytesPerPosition = 128};
  std::vector<uint8_t> bytes = summed(data, size);
  fuzz::MemoryFile file(bytes.data(), bytes.size());
  fuzz::mayFail([&] {
    CacheFile cache(file.path(), expected);
    size_t positions = cache.ids().size();
    fuzz::require(positions <= expected.positions &&
                      cache.rows().size() ==
                          positions * expected.bytesPerPosition,
                  "there are rows of every position");
    fuzz::require(
        std::ranges::all_of(
            cache.ids(), [&](uint32_t id) { return id < expected.vocabulary; }),
        "ids are of the vocabulary");
  });
  return 0;
}
