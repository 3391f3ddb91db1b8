//===- Fields.cpp - Numbering of instruction fields -----------------------===//
//
// The instruction table is known here only through what is generated from it.
// Disassembly lists the fields in the order of the table, as "name = value".
//
//===----------------------------------------------------------------------===//
#include "Fields.h"
#include "EdgeLLM/ISA/Disassembly.h"
#include <algorithm>
#include <cstring>

namespace edgellm::model {

std::vector<uint64_t> instructionWords(std::span<const std::byte> program,
                                       uint64_t packet) {
  uint64_t packets = program.size() / isa::kPacketBytes;
  if (packet >= packets)
    return {};
  constexpr uint64_t longest = 8; // packets of an instruction
  uint64_t available = std::min(packets - packet, longest);
  std::vector<uint64_t> words(available * isa::kPacketWords);
  std::memcpy(words.data(), program.data() + packet * isa::kPacketBytes,
              words.size() * sizeof(uint64_t));
  return words;
}

std::vector<std::string> fieldNames(std::span<const std::byte> program,
                                    uint64_t packet) {
  std::string text = isa::disassemble(instructionWords(program, packet));
  std::vector<std::string> names;
  for (size_t end = text.find(" = "); end != std::string::npos;
       end = text.find(" = ", end + 1)) {
    size_t start = text.rfind(' ', end - 1) + 1;
    names.push_back(text.substr(start, end - start));
  }
  return names;
}

uint32_t fieldPosition(std::span<const std::byte> program, uint64_t packet,
                       std::string_view field) {
  if (field.empty())
    return 0;
  std::vector<std::string> names = fieldNames(program, packet);
  auto found = std::ranges::find(names, field);
  return found == names.end() ? 0 : uint32_t(found - names.begin()) + 1;
}

} // namespace edgellm::model
