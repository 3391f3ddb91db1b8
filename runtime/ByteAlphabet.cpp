//===- ByteAlphabet.cpp - Characters that stand for bytes -----------------===//
#include "ByteAlphabet.h"

#include <array>

using namespace edgellm;

static constexpr bool isPrintable(unsigned byte) {
  return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte != 0xAD);
}

/// The code point of each byte.
static constexpr std::array<unsigned, 256> kCodePoints = [] {
  std::array<unsigned, 256> points = {};
  unsigned next = 256;
  for (unsigned byte = 0; byte < 256; ++byte)
    points[byte] = isPrintable(byte) ? byte : next++;
  return points;
}();

static constexpr unsigned kEnd = 256 + 68; // 68 bytes are not printable

/// The byte of each code point, -1 for one that stands for none.
static constexpr std::array<int, kEnd> kBytes = [] {
  std::array<int, kEnd> bytes = {};
  bytes.fill(-1);
  for (unsigned byte = 0; byte < 256; ++byte)
    bytes[kCodePoints[byte]] = int(byte);
  return bytes;
}();

std::string edgellm::characterOfByte(unsigned char byte) {
  unsigned point = kCodePoints[byte];
  if (point < 0x80)
    return std::string(1, char(point));
  return {char(0xC0 | point >> 6), char(0x80 | (point & 0x3F))};
}

std::optional<std::string> edgellm::bytesOfCharacters(std::string_view text) {
  std::string bytes;
  for (size_t i = 0; i < text.size(); ++i) {
    unsigned point = static_cast<unsigned char>(text[i]);
    if (point >= 0xE0)
      return std::nullopt; // three bytes or more: beyond the alphabet
    if (point >= 0xC0)
      point =
          (point & 0x1F) << 6 | (static_cast<unsigned char>(text[++i]) & 0x3F);
    if (point >= kEnd || kBytes[point] < 0)
      return std::nullopt;
    bytes += char(kBytes[point]);
  }
  return bytes;
}
