//===- GGUFBytes.h - GGUF files for tests -----------------------*- C++ -*-===//
#ifndef EDGELLM_TEST_UNIT_WEIGHTS_GGUFBYTES_H
#define EDGELLM_TEST_UNIT_WEIGHTS_GGUFBYTES_H

#include "TestFiles.h"

namespace edgellm::testing {

/// The bytes of one number.
template <typename T> std::string numberBytes(T number) {
  return bytesOf(std::vector<T>{number});
}

/// A string as GGUF files have it.
inline std::string ggufText(std::string_view text) {
  return numberBytes<uint64_t>(text.size()).append(text);
}

/// A file under construction; what was added is counted.
class GGUFBytes {
public:
  // Values, with their types before them.
  static std::string u32(uint32_t value) {
    return numberBytes<uint32_t>(4) + numberBytes(value);
  }
  static std::string f32(float value) {
    return numberBytes<uint32_t>(6) + numberBytes(value);
  }
  static std::string boolean(uint8_t value) {
    return numberBytes<uint32_t>(7) + numberBytes(value);
  }
  static std::string text(std::string_view value) {
    return numberBytes<uint32_t>(8) + ggufText(value);
  }
  /// `elements` are values without types.
  static std::string array(uint32_t type, uint64_t count,
                           std::string_view elements) {
    return numberBytes<uint32_t>(9) + numberBytes(type) +
           numberBytes(count).append(elements);
  }
  static std::string texts(const std::vector<std::string> &values) {
    std::string elements;
    for (const std::string &value : values)
      elements += ggufText(value);
    return array(8, values.size(), elements);
  }

  GGUFBytes &key(std::string_view name, std::string_view value) {
    head += ggufText(name).append(value);
    ++keys;
    return *this;
  }

  /// A tensor whose data begin at `offset`; `dimensions` as the file has them.
  GGUFBytes &tensorAt(uint64_t offset, std::string_view name, uint32_t type,
                      const std::vector<uint64_t> &dimensions) {
    infos += ggufText(name) + numberBytes(uint32_t(dimensions.size())) +
             bytesOf(dimensions) + numberBytes(type) + numberBytes(offset);
    ++tensors;
    return *this;
  }

  /// The same behind all data so far, and its data.
  GGUFBytes &tensor(std::string_view name, uint32_t type,
                    const std::vector<uint64_t> &dimensions,
                    std::string_view bytes) {
    tensorAt(data.size(), name, type, dimensions);
    data += bytes;
    data.resize((data.size() + alignment - 1) / alignment * alignment);
    return *this;
  }

  std::string bytes() const {
    std::string file = "GGUF" + numberBytes(version) + numberBytes(tensors) +
                       numberBytes(keys) + head + infos;
    file.resize((file.size() + alignment - 1) / alignment * alignment);
    return file + data;
  }

  uint32_t version = 3;
  uint64_t alignment = 32;
  uint64_t tensors = 0, keys = 0;
  std::string data;

private:
  std::string head, infos;
};

} // namespace edgellm::testing

#endif // EDGELLM_TEST_UNIT_WEIGHTS_GGUFBYTES_H
