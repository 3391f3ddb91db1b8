//===- ByteCursor.h - Reading a binary header -------------------*- C++ -*-===//
#ifndef EDGELLM_LIB_WEIGHTS_BYTECURSOR_H
#define EDGELLM_LIB_WEIGHTS_BYTECURSOR_H

#include "EdgeLLM/Support/Error.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace edgellm {

/// Takes little-endian numbers and texts off the front of a file, never past
/// its end. Errors name the file and what was read.
class ByteCursor {
public:
  ByteCursor(std::span<const std::byte> bytes, std::string origin)
      : bytes(bytes), origin(std::move(origin)) {}

  uint64_t offset() const { return position; }
  uint64_t left() const { return bytes.size() - position; }

  std::span<const std::byte> take(uint64_t count, std::string_view what) {
    if (count > left())
      fail(origin, ": ", what, " is cut off: ", count, " bytes from byte ",
           position, " of ", bytes.size());
    position += count;
    return bytes.subspan(position - count, count);
  }

  template <typename T> T number(std::string_view what) {
    T value;
    std::memcpy(&value, take(sizeof(T), what).data(), sizeof(T));
    return value;
  }

  std::string_view text(uint64_t count, std::string_view what) {
    std::span<const std::byte> taken = take(count, what);
    return {reinterpret_cast<const char *>(taken.data()), taken.size()};
  }

private:
  std::span<const std::byte> bytes;
  std::string origin;
  uint64_t position = 0;
};

} // namespace edgellm

#endif // EDGELLM_LIB_WEIGHTS_BYTECURSOR_H
