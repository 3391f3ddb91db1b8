//===- BlockCoding.h - Index and codes of a block ---------------*- C++ -*-===//
//
// A block of 128 quantized weights to and from the bytes that
// Weights/WeightLayout.h describes, in every INT4 format.
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_LIB_WEIGHTS_BLOCKCODING_H
#define EDGELLM_LIB_WEIGHTS_BLOCKCODING_H

#include "EdgeLLM/ISA/WeightStream.h"
#include "EdgeLLM/Weights/Quantize.h"

namespace edgellm {

/// Writes isa::indexBytes and isa::codeBytes of a block. `values` are in
/// [-7, 7], at most as many of each 8 nonzero as the format keeps.
void encodeBlock(isa::WeightFormat format,
                 std::span<const int8_t, kQuantBlock> values, std::byte *index,
                 std::byte *codes);

/// The inverse; any bytes will do. What the machine makes of those that no
/// encoder writes is in hw/numerics.md, N18.
void decodeBlock(isa::WeightFormat format, const std::byte *index,
                 const std::byte *codes, std::span<int8_t, kQuantBlock> values);

} // namespace edgellm

#endif // EDGELLM_LIB_WEIGHTS_BLOCKCODING_H
