//===- UnifiedFormat.h - Activations between host and device ----*- C++ -*-===//
//
// A tensor of C channels and R rows is [ceil(C/32) blocks][R rows][32 lanes] of
// FP16; a block of a row is one packet of 64 bytes.
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_RUNTIME_UNIFIEDFORMAT_H
#define EDGELLM_RUNTIME_UNIFIEDFORMAT_H

#include "EdgeLLM/ISA/Encoding.h"

#include <algorithm>
#include <span>

namespace edgellm {

/// FP16 values of a dense tensor, padding lanes included.
inline uint64_t unifiedValues(uint64_t channels, uint64_t rows) {
  return (channels + isa::kLanes - 1) / isa::kLanes * rows * isa::kLanes;
}

/// Writes one row; lanes past its channels become zero.
inline void storeRow(std::span<const uint16_t> row, size_t index, size_t rows,
                     uint16_t *tensor) {
  for (size_t c = 0; c < row.size(); c += isa::kLanes) {
    uint16_t *packet = tensor + c * rows + index * isa::kLanes;
    size_t lanes = std::min<size_t>(isa::kLanes, row.size() - c);
    std::copy_n(&row[c], lanes, packet);
    std::fill_n(packet + lanes, isa::kLanes - lanes, uint16_t(0));
  }
}

/// Reads one row back.
inline void loadRow(const uint16_t *tensor, size_t index, size_t rows,
                    std::span<uint16_t> row) {
  for (size_t c = 0; c < row.size(); c += isa::kLanes) {
    const uint16_t *packet = tensor + c * rows + index * isa::kLanes;
    size_t lanes = std::min<size_t>(isa::kLanes, row.size() - c);
    std::copy_n(packet, lanes, &row[c]);
  }
}

} // namespace edgellm

#endif // EDGELLM_RUNTIME_UNIFIEDFORMAT_H
