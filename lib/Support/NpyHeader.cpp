//===- NpyHeader.cpp - Matrices as NumPy files ----------------------------===//
#include "EdgeLLM/Support/NpyHeader.h"

using namespace edgellm;

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
