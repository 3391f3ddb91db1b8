//===- Npy.cpp - Logits as a NumPy file -----------------------------------===//
#include "EdgeLLM/Runtime/Npy.h"

#include "EdgeLLM/Support/Error.h"
#include "EdgeLLM/Support/Half.h"

#include <algorithm>
#include <bit>
#include <string>

using namespace edgellm;

static_assert(std::endian::native == std::endian::little,
              "floats are written as they are in memory");

/// Magic, version 1.0, length, then a Python dictionary padded with spaces so
/// that the data starts at a multiple of 64 bytes.
std::string edgellm::npyHeader(uint64_t rows, uint64_t columns) {
  std::string text = "{'descr': '<f4', 'fortran_order': False, 'shape': (" +
                     std::to_string(rows) + ", " + std::to_string(columns) +
                     "), }";
  constexpr size_t prefixBytes = 10;
  size_t unpadded = prefixBytes + text.size() + 1; // 1: the final newline
  text.append((64 - unpadded % 64) % 64, ' ');
  text += '\n';
  std::string header("\x93NUMPY\x01\x00", 8);
  header += char(text.size() & 0xFF);
  header += char(text.size() >> 8);
  return header + text;
}

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
