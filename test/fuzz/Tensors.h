//===- Tensors.h - What holds for the tensors of every format ---*- C++ -*-===//
#ifndef EDGELLM_TEST_FUZZ_TENSORS_H
#define EDGELLM_TEST_FUZZ_TENSORS_H

#include "EdgeLLM/Weights/TensorFile.h"
#include "Fuzzing.h"

namespace edgellm::fuzz {

/// Tensors lie in the file, and apart from each other.
inline void requireWithin(const TensorTable &tensors,
                          std::span<const std::byte> file) {
  size_t bytes = 0;
  for (const auto &[name, tensor] : tensors) {
    require(tensor.data.empty() || (tensor.data.data() >= file.data() &&
                                    tensor.data.data() + tensor.data.size() <=
                                        file.data() + file.size()),
            "a tensor lies in the file");
    bytes += tensor.data.size();
  }
  require(bytes <= file.size(), "tensors do not overlap");
}

} // namespace edgellm::fuzz

#endif // EDGELLM_TEST_FUZZ_TENSORS_H
