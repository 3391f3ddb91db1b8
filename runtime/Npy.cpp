//===- Npy.cpp - Logits as a NumPy file -----------------------------------===//
#include "EdgeLLM/Runtime/Npy.h"

#include "EdgeLLM/Support/Error.h"
#include "EdgeLLM/Support/Half.h"

#include <algorithm>
#include <bit>

using namespace edgellm;

static_assert(std::endian::native == std::endian::little,
              "floats are written as they are in memory");

NpyWriter::NpyWriter(const std::filesystem::path &path, uint32_t columns)
    : file(path), columns(columns) {}

void NpyWriter::addRow(std::span<const uint16_t> row) {
  if (row.size() != columns)
    fail("a row of ", row.size(), " values in a matrix of ", columns,
         " columns");
  halves.insert(halves.end(), row.begin(), row.end());
}

void NpyWriter::commit() {
  file.write(npyHeader(rows(), columns));
  std::vector<float> floats(columns);
  for (size_t begin = 0; begin < halves.size(); begin += columns) {
    std::ranges::transform(std::span(halves).subspan(begin, columns),
                           floats.begin(), halfToFloat);
    file.write(std::as_bytes(std::span(floats)));
  }
  file.commit();
}
