//===- Stimulus.cpp - Operands for the dot products -----------------------===//
#include "Stimulus.h"
#include <algorithm>

namespace edgellm::rtl {

using numerics::kBlock;
using numerics::kGroup;

//===----------------------------------------------------------------------===//
// What is right
//===----------------------------------------------------------------------===//

static float int4Term(const Block &block, const Block::Channel &channel) {
  std::array<int8_t, kBlock> weights;
  for (unsigned i = 0; i < kBlock; ++i)
    weights[i] = int8_t(numerics::int4Value(channel.codes[i]));
  return numerics::int4Term(block.activations, weights, channel.scale);
}

static float fp16Term(const Block &block, const Block::Channel &channel) {
  std::span<const uint16_t, kBlock> activations = block.activations;
  return numerics::fp16Term(activations.first<kGroup>(), channel.halves);
}

float expectedSum(const Row &row, unsigned channel) {
  std::vector<float> terms;
  for (const Block &block : row.blocks) {
    const Block::Channel &operands = block.channels[channel];
    terms.push_back(row.fp16 ? fp16Term(block, operands)
                             : int4Term(block, operands));
  }
  return numerics::sum8(terms);
}

//===----------------------------------------------------------------------===//
// Operands
//===----------------------------------------------------------------------===//

uint16_t Stimulus::halfOf(unsigned exponentField) {
  return uint16_t((half() & 0x83FF) | exponentField << 10);
}

template <size_t N> void Stimulus::fillHalves(std::array<uint16_t, N> &values) {
  unsigned kind = below(13), base = below(32);
  uint16_t constant = half();
  for (unsigned i = 0; i < N; ++i) {
    uint16_t any = half();
    uint16_t alternating = uint16_t(constant ^ (i % 2 ? 0x8000 : 0));
    switch (kind) {
    case 0: // nothing but subnormals and zeros
      values[i] = below(3) ? halfOf(0) : any & 0x8000;
      break;
    case 1: // zeros of both signs
      values[i] = any & 0x8000;
      break;
    case 2: // the largest magnitudes there are, of one sign
      values[i] = uint16_t((constant & 0x8000) | 0x7FFF);
      break;
    case 3: // field 31 among all others
      values[i] = below(4) ? any : halfOf(31);
      break;
    case 4: // what cancels
      values[i] = alternating;
      break;
    case 5: // cancels but for a few
      values[i] = below(16) ? alternating : any;
      break;
    case 6: // one exponent, all mantissas
      values[i] = halfOf(base);
      break;
    case 7: // mostly zeros, whatever stands beside them (N7)
      values[i] = below(8) ? any & 0x8000 : halfOf(base);
      break;
    case 8: // a large one far above the others
      values[i] = halfOf(i == base ? 31 : below(4));
      break;
    case 9: // within the reach of the shifts
      values[i] = halfOf(std::min(31u, base + below(20)));
      break;
    case 10: // all bits of the mantissa
      values[i] = halfOf(below(32)) | 0x3FF;
      break;
    case 11: // of one sign and size, for large sums; a few with lower bits
      values[i] = uint16_t(
          (constant & 0x8000) |
          (halfOf(base - (base > 4 ? below(5) / 4 * below(5) : 0)) & 0x7FFF));
      break;
    default: // all patterns
      values[i] = any;
    }
  }
}

void Stimulus::fillCodes(std::array<uint8_t, kBlock> &codes) {
  unsigned kind = below(6);
  for (unsigned i = 0; i < kBlock; ++i) {
    uint8_t any = uint8_t(below(16));
    switch (kind) {
    case 0: // great
      codes[i] = any ? 7 : 6;
      break;
    case 1: // of alternating signs
      codes[i] = i % 2 ? 15 : 7;
      break;
    case 2: // both zeros
      codes[i] = any & 8;
      break;
    case 3: // few
      codes[i] = below(16) ? 8 : any;
      break;
    default:
      codes[i] = any;
    }
  }
}

/// Short rows as often as those that fill all eight sums.
static unsigned rowLength(unsigned random) {
  return random % 3 ? 1 + random / 3 % 9 : 1 + random / 3 % 40;
}

Row Stimulus::row(bool fp16) {
  Row row{fp16, std::vector<Block>(rowLength(below(1 << 20)))};
  for (Block &block : row.blocks) {
    fillHalves(block.activations);
    for (Block::Channel &channel : block.channels) {
      fillCodes(channel.codes);
      fillHalves(channel.halves);
      channel.scale = below(4) ? half() : halfOf(below(2) ? 0 : 31);
    }
  }
  return row;
}

} // namespace edgellm::rtl
