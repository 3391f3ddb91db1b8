//===- Testing.h - What the unit tests share --------------------*- C++ -*-===//
#ifndef EDGELLM_TEST_UNIT_TESTING_H
#define EDGELLM_TEST_UNIT_TESTING_H

#include "EdgeLLM/Support/Error.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

namespace edgellm::testing {

/// The message of the Error that `call` throws; a failed expectation and ""
/// when it throws none. Every message must be one line.
template <typename Call> std::string errorOf(Call &&call) {
  try {
    call();
  } catch (const Error &error) {
    std::string message = error.what();
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    return message;
  }
  ADD_FAILURE() << "no Error was thrown";
  return {};
}

/// An empty folder for the time of a test.
class TemporaryFolder {
public:
  TemporaryFolder() {
    std::string name =
        (std::filesystem::temp_directory_path() / "edgellm-XXXXXX").string();
    if (!::mkdtemp(name.data()))
      throw std::runtime_error("mkdtemp failed");
    folder = name;
  }
  ~TemporaryFolder() { std::filesystem::remove_all(folder); }
  TemporaryFolder(const TemporaryFolder &) = delete;
  TemporaryFolder &operator=(const TemporaryFolder &) = delete;

  const std::filesystem::path &path() const { return folder; }
  std::filesystem::path operator/(std::string_view name) const {
    return folder / name;
  }

private:
  std::filesystem::path folder;
};

inline std::string readFile(const std::filesystem::path &path) {
  std::ifstream stream(path, std::ios::binary);
  EXPECT_TRUE(stream.is_open()) << path;
  return {std::istreambuf_iterator<char>(stream), {}};
}

inline void writeFile(const std::filesystem::path &path,
                      std::string_view content) {
  std::ofstream stream(path, std::ios::binary);
  stream << content;
  ASSERT_TRUE(stream.flush()) << path;
}

} // namespace edgellm::testing

#endif // EDGELLM_TEST_UNIT_TESTING_H
