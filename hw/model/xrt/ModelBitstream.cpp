//===- ModelBitstream.cpp - What stands for the bitstream -----------------===//
#include "ModelBitstream.h"

#include "EdgeLLM/Support/Error.h"

#include <charconv>

using namespace edgellm;
using namespace edgellm::driver;

static constexpr std::string_view kTitle = "EdgeLLM device model\n";
static constexpr std::string_view kTarget = "target ";
static constexpr std::string_view kPorts = "ports ";
static constexpr std::string_view kChip = "chip packets ";
static constexpr std::string_view kTable = "table ";

std::string driver::hexadecimal(uint64_t value) {
  std::string digits(18, '0');
  digits[1] = 'x';
  for (size_t i = 0; i < 16; ++i)
    digits[17 - i] = "0123456789abcdef"[(value >> (4 * i)) & 0xF];
  return digits;
}

std::string driver::formatBitstream(const ModelBitstream &bitstream) {
  std::string text(kTitle);
  text.append(kTarget).append(bitstream.target) += '\n';
  text.append(kPorts).append(std::to_string(bitstream.ports)) += '\n';
  text.append(kChip).append(std::to_string(bitstream.chipPackets)) += '\n';
  text.append(kTable).append(hexadecimal(bitstream.tableHash)) += '\n';
  return text;
}

/// Takes the line that begins with `label` off `text` and returns its rest.
static std::string_view takeLine(std::string_view &text,
                                 std::string_view label) {
  size_t end = text.find('\n');
  if (!text.starts_with(label) || end == std::string_view::npos)
    fail("its bitstream is not one of the device model");
  std::string_view value = text.substr(label.size(), end - label.size());
  text.remove_prefix(end + 1);
  return value;
}

ModelBitstream driver::parseBitstream(std::string_view text) {
  std::string_view rest = text;
  ModelBitstream result;
  if (rest.starts_with(kTitle))
    rest.remove_prefix(kTitle.size());
  result.target = takeLine(rest, kTarget);
  std::string_view ports = takeLine(rest, kPorts);
  std::string_view chip = takeLine(rest, kChip);
  std::string_view table = takeLine(rest, kTable);
  std::from_chars(ports.begin(), ports.end(), result.ports);
  std::from_chars(chip.begin(), chip.end(), result.chipPackets);
  if (table.starts_with("0x"))
    std::from_chars(table.begin() + 2, table.end(), result.tableHash, 16);
  // Numbers that did not parse, and anything else, would be written otherwise.
  if (formatBitstream(result) != text)
    fail("its bitstream is not one of the device model");
  return result;
}
