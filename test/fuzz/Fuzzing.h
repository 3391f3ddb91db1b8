//===- Fuzzing.h - What the fuzzers share -----------------------*- C++ -*-===//
//
// A fuzzer is a libFuzzer executable of one file, NAME.cpp, whose starting
// inputs are test/corpus/NAME: see edgellm_add_fuzzer in cmake/EdgeLLM.cmake.
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_TEST_FUZZ_FUZZING_H
#define EDGELLM_TEST_FUZZ_FUZZING_H

#include "EdgeLLM/Support/Error.h"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <sys/mman.h>
#include <unistd.h>

namespace edgellm::fuzz {

inline std::span<const std::byte> bytesOf(const uint8_t *data, size_t size) {
  return {reinterpret_cast<const std::byte *>(data), size};
}
inline std::string_view textOf(const uint8_t *data, size_t size) {
  return {reinterpret_cast<const char *>(data), size};
}

/// Ends the fuzzer, which writes the input, unless `condition` holds.
inline void require(bool condition, const char *what) {
  if (condition)
    return;
  std::fprintf(stderr, "not so: %s\n", what);
  std::abort();
}

/// Runs `action` on hostile input: it may succeed or throw Error with one line.
/// Anything else ends the fuzzer.
template <typename Action> void mayFail(Action &&action) {
  try {
    action();
  } catch (const Error &error) {
    std::string_view message = error.what();
    require(!message.empty() && message.find('\n') == message.npos,
            "an error is one line");
  }
}

/// An input as a file that no disk has, for readers that take a path.
class MemoryFile {
public:
  MemoryFile(const uint8_t *data, size_t size)
      : descriptor(::memfd_create("input", 0)) {
    require(descriptor >= 0 && ::write(descriptor, data, size) == ssize_t(size),
            "an input can be written");
  }
  ~MemoryFile() { ::close(descriptor); }
  MemoryFile(const MemoryFile &) = delete;
  MemoryFile &operator=(const MemoryFile &) = delete;

  std::string path() const {
    return "/proc/self/fd/" + std::to_string(descriptor);
  }

private:
  int descriptor;
};

} // namespace edgellm::fuzz

/// What libFuzzer calls with each input.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif // EDGELLM_TEST_FUZZ_FUZZING_H
