//===- BlockFormats.h - Rows of GGUF's packed types -------------*- C++ -*-===//
//
// Each function unpacks whole blocks as binary32. Every value is what exact
// arithmetic gives, rounded once, so that no order of operations changes it. A
// scale that is not finite makes its block not finite.
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_LIB_WEIGHTS_BLOCKFORMATS_H
#define EDGELLM_LIB_WEIGHTS_BLOCKFORMATS_H

#include <cstddef>
#include <span>

namespace edgellm {

/// 32 weights: FP16 d, then 4-bit q, byte i holding weights i and i + 16;
/// d * (q - 8).
void readQ4_0(const std::byte *data, std::span<float> out);

/// 32 weights: FP16 d and m, then q as above; d * q + m.
void readQ4_1(const std::byte *data, std::span<float> out);

/// 32 weights: FP16 d, then 8-bit signed q; d * q.
void readQ8_0(const std::byte *data, std::span<float> out);

/// 256 weights in 8 groups of 32: FP16 d and m, 12 bytes of 6-bit scales s and
/// offsets o of the groups, then 4-bit q, where 32 bytes hold two groups, the
/// first in the low nibbles; d * s * q - m * o.
void readQ4_K(const std::byte *data, std::span<float> out);

/// The same with 32 bytes of fifth bits before q, bit g of byte i being that of
/// weight i of group g.
void readQ5_K(const std::byte *data, std::span<float> out);

/// 256 weights in 16 groups of 16: 128 bytes of low nibbles and 64 of the two
/// bits above them, 16 signed scales s, FP16 d; d * s * (q - 32). Weight i of
/// quarter k of a half is in byte i + 32 * (k % 2) of the half's nibbles, low
/// ones for k < 2, and in bits 2k of byte i of its upper bits.
void readQ6_K(const std::byte *data, std::span<float> out);

} // namespace edgellm

#endif // EDGELLM_LIB_WEIGHTS_BLOCKFORMATS_H
