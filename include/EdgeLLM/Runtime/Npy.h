//===- Npy.h - Logits as a NumPy file ---------------------------*- C++ -*-===//
#ifndef EDGELLM_RUNTIME_NPY_H
#define EDGELLM_RUNTIME_NPY_H

#include "EdgeLLM/Support/AtomicFile.h"
#include "EdgeLLM/Support/NpyHeader.h"

#include <cstdint>
#include <string>
#include <vector>

namespace edgellm {

/// A float32 matrix of FP16 values whose rows are not counted before. The
/// number of rows stands in the header, so rows are kept, as the FP16 bits they
/// are, until commit(). That the file can be written is checked at once.
class NpyWriter {
public:
  NpyWriter(const std::filesystem::path &path, uint32_t columns);

  /// A row of FP16 bits; each becomes the float of exactly its value.
  void addRow(std::span<const uint16_t> row);
  uint64_t rows() const { return halves.size() / columns; }
  void commit();

private:
  AtomicFile file;
  uint32_t columns;
  std::vector<uint16_t> halves;
};

} // namespace edgellm

#endif // EDGELLM_RUNTIME_NPY_H
