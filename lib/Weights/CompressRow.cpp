//===- CompressRow.cpp - Single-pass compression of rows ------------------===//
#include "EdgeLLM/Weights/Compress.h"

#include "BlockKernels.h"

#include "EdgeLLM/Support/Error.h"

#include <algorithm>
#include <cassert>

using namespace edgellm;

static void requireSinglePass(const Compression &compression) {
  unsigned keep = compression.keep;
  if (keep != 8 && keep != 4 && keep != 2 && keep != 1)
    fail("density ", keep, " of 8: allowed are 8, 4, 2 and 1");
  if (!compression.isSinglePass())
    fail("a row alone can only be pruned by magnitude and quantized by "
         "roundToNearest or scaleSearch; other methods need the matrix and "
         "calibration");
}

void edgellm::compressRow(std::span<const float> row,
                          const Compression &compression,
                          std::span<int8_t> values,
                          std::span<uint16_t> scales) {
  assert(row.size() % kQuantBlock == 0 && values.size() == row.size() &&
         scales.size() == row.size() / kQuantBlock);
  requireSinglePass(compression);
  for (size_t block = 0; block < scales.size(); ++block) {
    size_t begin = block * kQuantBlock;
    auto weights = row.subspan(begin).first<kQuantBlock>();
    auto levels = values.subspan(begin).first<kQuantBlock>();
    if (compression.keep == kPruneGroup) {
      scales[block] = quantizeBlock(weights, compression.quantize, levels);
      continue;
    }
    float kept[kQuantBlock];
    std::ranges::copy(weights, kept);
    blockKernels().prune(kept, compression.keep);
    scales[block] = quantizeBlock(kept, compression.quantize, levels);
  }
}
