//===- TestFiles.h - Checkpoint files for tests -----------------*- C++ -*-===//
#ifndef EDGELLM_TEST_UNIT_WEIGHTS_TESTFILES_H
#define EDGELLM_TEST_UNIT_WEIGHTS_TESTFILES_H

#include "../Testing.h"

#include <cstdint>
#include <cstring>
#include <vector>

namespace edgellm::testing {

/// The bytes of numbers as they lie in memory.
template <typename T> std::string bytesOf(const std::vector<T> &numbers) {
  std::string bytes(numbers.size() * sizeof(T), '\0');
  std::memcpy(bytes.data(), numbers.data(), bytes.size());
  return bytes;
}

/// A safetensors file of this header and data, with the header's true length.
inline std::string safeTensorsBytes(std::string_view header,
                                    std::string_view data) {
  return bytesOf(std::vector<uint64_t>{header.size()})
      .append(header)
      .append(data);
}

/// A fixture with an empty folder.
class FilesTest : public ::testing::Test {
protected:
  std::filesystem::path write(std::string_view name, std::string_view bytes) {
    writeFile(folder / name, bytes);
    return folder / name;
  }

  TemporaryFolder folder;
};

} // namespace edgellm::testing

#endif // EDGELLM_TEST_UNIT_WEIGHTS_TESTFILES_H
