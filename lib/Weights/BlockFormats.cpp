//===- BlockFormats.cpp - Rows of GGUF's packed types ---------------------===//
#include "BlockFormats.h"

#include "EdgeLLM/Support/Half.h"

#include <cstdint>
#include <cstring>
#include <limits>

using namespace edgellm;

/// An FP16 number of a file; NaN for what is not finite.
static float halfAt(const std::byte *data) {
  uint16_t bits;
  std::memcpy(&bits, data, sizeof(bits));
  if ((bits & 0x7FFF) > kHalfMax)
    return std::numeric_limits<float>::quiet_NaN();
  return halfToFloat(bits);
}

static int lowNibble(std::byte byte) { return int(byte) & 15; }
static int highNibble(std::byte byte) { return int(byte) >> 4; }

/// Calls unpack(block's bytes, block's weights) for every block.
template <typename Unpack>
static void forEachBlock(const std::byte *data, std::span<float> out,
                         size_t bytes, size_t weights, Unpack unpack) {
  for (; !out.empty(); out = out.subspan(weights), data += bytes)
    unpack(data, out.data());
}

//===----------------------------------------------------------------------===//
// Blocks of 32
//===----------------------------------------------------------------------===//

void edgellm::readQ4_0(const std::byte *data, std::span<float> out) {
  forEachBlock(data, out, 18, 32, [](const std::byte *block, float *weights) {
    float scale = halfAt(block);
    for (int i = 0; i < 16; ++i) {
      weights[i] = scale * float(lowNibble(block[2 + i]) - 8);
      weights[i + 16] = scale * float(highNibble(block[2 + i]) - 8);
    }
  });
}

void edgellm::readQ4_1(const std::byte *data, std::span<float> out) {
  forEachBlock(data, out, 20, 32, [](const std::byte *block, float *weights) {
    float scale = halfAt(block), least = halfAt(block + 2);
    for (int i = 0; i < 16; ++i) {
      weights[i] = scale * float(lowNibble(block[4 + i])) + least;
      weights[i + 16] = scale * float(highNibble(block[4 + i])) + least;
    }
  });
}

void edgellm::readQ8_0(const std::byte *data, std::span<float> out) {
  forEachBlock(data, out, 34, 32, [](const std::byte *block, float *weights) {
    float scale = halfAt(block);
    for (int i = 0; i < 32; ++i)
      weights[i] = scale * float(int8_t(block[2 + i]));
  });
}

//===----------------------------------------------------------------------===//
// Blocks of 256
//===----------------------------------------------------------------------===//

namespace {

/// The 6-bit numbers of a group of 32.
struct GroupScale {
  int scale, offset;
};

} // namespace

/// Of 12 bytes: groups 0 to 3 in the low six bits of bytes 0 to 3 and 4 to 7;
/// groups 4 to 7 with their low nibbles in bytes 8 to 11 and their upper two
/// bits in what is left of the others.
static GroupScale groupScale(const std::byte *bytes, int group) {
  if (group < 4)
    return {int(bytes[group]) & 63, int(bytes[group + 4]) & 63};
  return {lowNibble(bytes[group + 4]) | int(bytes[group - 4]) >> 6 << 4,
          highNibble(bytes[group + 4]) | int(bytes[group]) >> 6 << 4};
}

/// One group of 32 of Q4_K and Q5_K; `nibbles` and `fifths` are those of the
/// pair of groups and of the block, the latter null in Q4_K.
static void readGroup(const std::byte *block, int group,
                      const std::byte *nibbles, const std::byte *fifths,
                      float *weights) {
  auto [scale, offset] = groupScale(block + 4, group);
  float step = halfAt(block) * float(scale);
  float least = halfAt(block + 2) * float(offset);
  for (int i = 0; i < 32; ++i) {
    int code = group % 2 ? highNibble(nibbles[i]) : lowNibble(nibbles[i]);
    if (fifths)
      code |= (int(fifths[i]) >> group & 1) << 4;
    weights[i] = step * float(code) - least;
  }
}

void edgellm::readQ4_K(const std::byte *data, std::span<float> out) {
  forEachBlock(data, out, 144, 256, [](const std::byte *block, float *weights) {
    for (int group = 0; group < 8; ++group)
      readGroup(block, group, block + 16 + group / 2 * 32, nullptr,
                weights + 32 * group);
  });
}

void edgellm::readQ5_K(const std::byte *data, std::span<float> out) {
  forEachBlock(data, out, 176, 256, [](const std::byte *block, float *weights) {
    for (int group = 0; group < 8; ++group)
      readGroup(block, group, block + 48 + group / 2 * 32, block + 16,
                weights + 32 * group);
  });
}

void edgellm::readQ6_K(const std::byte *data, std::span<float> out) {
  forEachBlock(data, out, 210, 256, [](const std::byte *block, float *weights) {
    const std::byte *scales = block + 192;
    float unit = halfAt(block + 208);
    for (int i = 0; i < 256; ++i) {
      int half = i / 128, quarter = i / 32 % 4, lane = i % 32;
      std::byte low = block[64 * half + 32 * (quarter % 2) + lane];
      int code = quarter < 2 ? lowNibble(low) : highNibble(low);
      std::byte high = block[128 + 32 * half + lane];
      code |= (int(high) >> 2 * quarter & 3) << 4;
      weights[i] = unit * float(int8_t(scales[i / 16]) * (code - 32));
    }
  });
}
