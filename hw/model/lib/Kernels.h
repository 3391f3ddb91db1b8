//===- Kernels.h - The vectorised inner loops -------------------*- C++ -*-===//
//
// Dot products of one group of inputs with 32 outputs at a time, the lanes
// being the outputs: sums over inputs are then vertical, and what follows a sum
// (scale, exponent, accumulation) is as wide as the sum itself. Weights arrive
// as a Tile and are unpacked into a panel once for all vectors that use it.
//
// Each set of kernels is the same source compiled for another instruction set;
// all give the bits of numerics::int4Term and numerics::fp16Term.
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_MODEL_LIB_KERNELS_H
#define EDGELLM_MODEL_LIB_KERNELS_H

#include "EdgeLLM/ISA/Instructions.h"
#include "EdgeLLM/Model/Numerics.h"
#include <cstddef>
#include <cstdint>
#include <span>

namespace edgellm::model {

using numerics::kBlock;
using numerics::kGroup;
inline constexpr unsigned kOutputs = 32;

/// 64 bytes from each of 32 places: rows of weights, or packets.
struct alignas(64) Tile {
  uint16_t word[32][32];
};

/// One group of activations in the fp16 mode.
struct alignas(32) Fp16Inputs {
  static constexpr unsigned size = kGroup;
  float value[kGroup];
  int8_t exponent[kGroup]; ///< N1; kNoExponent where the value is zero
  bool zero;               ///< all are
};

/// One group of inputs x 32 outputs in the fp16 mode.
struct alignas(64) Fp16Weights {
  float value[kGroup][kOutputs];
  int8_t exponent[kGroup][kOutputs]; ///< as in Fp16Inputs
};

/// So low that no sum with another exponent reaches that of a product.
inline constexpr int8_t kNoExponent = -64;

/// One block of activations in the int4 mode, aligned as N6 says. How the 128
/// numbers of 16 bits lie in `value` is the affair of the set of kernels.
struct alignas(64) Int4Inputs {
  static constexpr unsigned size = kBlock;
  std::byte value[2 * kBlock];
  float unit; ///< what 1 stands for: 2^(E-29)
  bool zero;  ///< all are
};

/// One block of inputs x 32 outputs in the int4 mode; the panel, and what is
/// taken off each output's sum, are the affair of the set of kernels.
struct alignas(64) Int4Weights {
  std::byte panel[2 * kBlock * kOutputs];
  int32_t correction[kOutputs];
  float scale[kOutputs];
};

/// One running sum of N4 for each output.
struct alignas(64) Sums {
  float output[kOutputs];
};

/// Writes the codes of a block of 128 sparse weights as those of a dense one,
/// 64 bytes, zeros where nothing is kept. `index` and `codes` are the block's
/// in its package; up to three bytes behind the index are read, where codes
/// lie. Returns a bit for each group of 8 whose second weight has the address
/// of the first, and is left out.
using Expand = unsigned(const std::byte *index, const std::byte *codes,
                        void *block);

/// Rows of packed weights that follow each other in a port.
struct PackedRows {
  const std::byte *first;
  size_t bytes; ///< of each
  size_t count;
};

/// Products of one vector with rows as they stream, for decode: the weights are
/// used once, and unpacking them into panels would be lost. A row has `groups`
/// blocks in packages (WeightStream.h); results are in the order of the rows.
struct RowKernel {
  void (*prepare)(const uint16_t *activations, Int4Inputs &inputs);
  void (*dot)(const Int4Inputs *inputs, size_t groups, const PackedRows &rows,
              float *results);
};

struct Kernels {
  const char *name;
  /// A packet of activations, and four of them.
  void (*prepareFp16)(const uint16_t *activations, Fp16Inputs &inputs);
  void (*prepareInt4)(const uint16_t *activations, Int4Inputs &inputs);
  /// Rows of the tile are inputs (outputs for the transposed one).
  void (*unpackFp16)(const Tile &tile, Fp16Weights &weights);
  void (*unpackFp16Transposed)(const Tile &tile, Fp16Weights &weights);
  /// Rows of the tile are outputs; the scales are left alone.
  void (*unpackInt4)(const Tile &tile, Int4Weights &weights);
  /// Adds -7 .. 7 to a weight that is one of these.
  void (*addToWeight)(Int4Weights &weights, unsigned input, unsigned output,
                      int value);
  /// One for each sparse format (N18).
  Expand *expand4of8, *expand2of8, *expand1of8Padded, *expand1of8;
  /// Adds the terms of 32 outputs to the sums of each line.
  void (*addFp16)(const Fp16Inputs *lines, size_t count,
                  const Fp16Weights &weights, Sums *sums);
  void (*addInt4)(const Int4Inputs *lines, size_t count,
                  const Int4Weights &weights, Sums *sums);
  /// The tree of N4: s_k is sums[k * stride].
  void (*finish)(const Sums *sums, size_t stride, float *results);
  /// What follows the sums of 32 outputs (N8, N10); `bias` is null where there
  /// is none, `aux` is read where the epilogue does.
  void (*finishVmm)(const float *dots, const uint16_t *bias,
                    isa::Epilogue epilogue, const uint16_t *aux,
                    uint16_t *results);
  void (*finishScores)(const float *dots, float scale, uint16_t *results);
  /// By weight format; null where panels are faster.
  RowKernel row[isa::kWeightFormats];
};

/// The sets that this processor can run, the fastest first.
std::span<const Kernels> supportedKernels();

/// The set that EDGELLM_MODEL_KERNELS names or, when it is not set, the
/// fastest. Throws Error for a name that is none of these.
const Kernels &chosenKernels();

} // namespace edgellm::model

#endif // EDGELLM_MODEL_LIB_KERNELS_H
