//===- Utf8.cpp - Where characters begin and end --------------------------===//
#include "EdgeLLM/Runtime/Utf8.h"

#include "EdgeLLM/Support/Error.h"

#include <algorithm>
#include <iomanip>

using namespace edgellm;

static bool isContinuation(unsigned char byte) { return (byte & 0xC0) == 0x80; }

/// Bytes of the character that `lead` begins, 0 when it begins none.
static size_t characterLength(unsigned char lead) {
  if (lead < 0x80)
    return 1;
  if (lead >= 0xC2 && lead <= 0xDF)
    return 2;
  if ((lead & 0xF0) == 0xE0)
    return 3;
  return lead >= 0xF0 && lead <= 0xF4 ? 4 : 0;
}

/// The second byte decides about overlong forms, surrogates and the end of
/// Unicode.
static bool isSecondByte(unsigned char lead, unsigned char second) {
  switch (lead) {
  case 0xE0:
    return second >= 0xA0 && second <= 0xBF;
  case 0xED:
    return second >= 0x80 && second <= 0x9F;
  case 0xF0:
    return second >= 0x90 && second <= 0xBF;
  case 0xF4:
    return second >= 0x80 && second <= 0x8F;
  default:
    return isContinuation(second);
  }
}

/// How many of the first bytes of `text` fit the character they begin.
static size_t fittingBytes(std::string_view text) {
  size_t length = std::min(characterLength(text[0]), text.size());
  for (size_t i = 1; i < length; ++i) {
    bool fits =
        i == 1 ? isSecondByte(text[0], text[1]) : isContinuation(text[i]);
    if (!fits)
      return i;
  }
  return length;
}

std::optional<size_t> edgellm::findInvalidUtf8(std::string_view text) {
  for (size_t offset = 0; offset < text.size();) {
    size_t fitting = fittingBytes(text.substr(offset));
    if (fitting == 0 || fitting < characterLength(text[offset]))
      return offset;
    offset += fitting;
  }
  return std::nullopt;
}

void edgellm::requireUtf8(std::string_view text, const std::string &what) {
  std::optional<size_t> offset = findInvalidUtf8(text);
  if (offset)
    fail(what, ": byte ", *offset, " (0x", std::hex, std::setw(2),
         std::setfill('0'), unsigned(static_cast<unsigned char>(text[*offset])),
         ") is not valid UTF-8");
}

size_t edgellm::unfinishedBytes(std::string_view bytes) {
  for (size_t tail = 1; tail <= std::min<size_t>(3, bytes.size()); ++tail) {
    std::string_view end = bytes.substr(bytes.size() - tail);
    if (isContinuation(end[0]))
      continue;
    bool fits = fittingBytes(end) == tail && tail < characterLength(end[0]);
    return fits ? tail : 0;
  }
  return 0;
}

bool edgellm::endsInsideCharacter(std::string_view bytes) {
  return unfinishedBytes(bytes) != 0;
}

std::string edgellm::replaceInvalidUtf8(std::string_view bytes) {
  std::string text;
  while (!bytes.empty()) {
    size_t fitting = fittingBytes(bytes);
    bool isWhole = fitting != 0 && fitting == characterLength(bytes[0]);
    std::string_view part = bytes.substr(0, std::max<size_t>(fitting, 1));
    text += isWhole ? part : std::string_view("\uFFFD");
    bytes.remove_prefix(part.size());
  }
  return text;
}

size_t edgellm::countCharacters(std::string_view text) {
  return size_t(std::ranges::count_if(
      text, [](unsigned char byte) { return !isContinuation(byte); }));
}
