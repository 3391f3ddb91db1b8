//===- Status.cpp - How a run ended ---------------------------------------===//
#include "EdgeLLM/ISA/Status.h"

#include "EdgeLLM/ISA/Disassembly.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <sstream>
#include <vector>

namespace edgellm::isa {

static_assert(std::endian::native == std::endian::little);

using Words = std::array<uint32_t, kStatusBytes / sizeof(uint32_t)>;

static int64_t join(uint32_t low, uint32_t high) {
  return int64_t(uint64_t(high) << 32 | low);
}

void writeStatus(const Status &status, std::span<std::byte, kStatusBytes> to) {
  uint64_t found = uint64_t(status.found), limit = uint64_t(status.limit);
  Words words = {
      uint32_t(status.code), status.instruction,    status.packet,
      status.field,          uint32_t(found),       uint32_t(found >> 32),
      uint32_t(limit),       uint32_t(limit >> 32), status.argmaxIndex,
      status.argmaxValue,    status.completed};
  std::memcpy(to.data(), words.data(), kStatusBytes);
}

Status readStatus(std::span<const std::byte, kStatusBytes> from) {
  Words words;
  std::memcpy(words.data(), from.data(), kStatusBytes);
  Status status;
  status.code = StatusCode(words[0]);
  status.instruction = words[1];
  status.packet = words[2];
  status.field = words[3];
  status.found = join(words[4], words[5]);
  status.limit = join(words[6], words[7]);
  status.argmaxIndex = words[8];
  status.argmaxValue = uint16_t(words[9]);
  status.completed = words[10];
  return status;
}

//===----------------------------------------------------------------------===//
// Fields
//===----------------------------------------------------------------------===//

/// The code from `packet` on, as much as an instruction may take; empty past
/// the end.
static std::vector<uint64_t> wordsAt(std::span<const std::byte> program,
                                     uint64_t packet) {
  uint64_t packets = program.size() / kPacketBytes;
  if (packet >= packets)
    return {};
  constexpr uint64_t longest = 8; // packets of an instruction
  std::vector<uint64_t> words(std::min(packets - packet, longest) *
                              kPacketWords);
  std::memcpy(words.data(), program.data() + packet * kPacketBytes,
              words.size() * sizeof(uint64_t));
  return words;
}

static const char *fieldNameAt(std::span<const std::byte> program,
                               uint64_t packet, uint32_t position) {
  std::vector<uint64_t> words = wordsAt(program, packet);
  return words.empty() ? nullptr : fieldName(Opcode(words[0] & 0xFF), position);
}

uint32_t fieldPosition(std::span<const std::byte> program, uint64_t packet,
                       std::string_view field) {
  if (field.empty())
    return 0;
  for (uint32_t position = 1;; ++position) {
    const char *name = fieldNameAt(program, packet, position);
    if (!name)
      return 0;
    if (field == name)
      return position;
  }
}

//===----------------------------------------------------------------------===//
// Messages
//===----------------------------------------------------------------------===//

/// "vmm: 'src'", or the mnemonic alone, or nothing.
static std::string placeOf(const Status &status,
                           std::span<const std::byte> program) {
  std::string text = disassemble(wordsAt(program, status.packet));
  std::string mnemonic = text.substr(0, text.find(' '));
  const char *name = fieldNameAt(program, status.packet, status.field);
  return name ? mnemonic + ": '" + name + "'" : mnemonic;
}

static std::string describeIllegal(const Status &status,
                                   std::span<const std::byte> program) {
  std::string text = disassemble(wordsAt(program, status.packet));
  std::ostringstream os;
  if (status.field != 0)
    os << placeOf(status, program) << " is " << status.found
       << ", which the machine does not allow; the limit is " << status.limit;
  else if (text.starts_with("illegal"))
    os << text;
  else
    os << "the entry starts with " << text << ", not with begin";
  return os.str();
}

/// The machine's buffers may be smaller than `begin` says; operands may leave
/// what it says.
static std::string describeBounds(const Status &status,
                                  std::span<const std::byte> program) {
  std::ostringstream os;
  std::string place = placeOf(status, program);
  os << place;
  if (place.starts_with(Begin::mnemonic))
    os << " is " << status.found << ", the machine's buffer has "
       << status.limit << " packets";
  else
    os << " reaches packet " << status.found << ", the limit is "
       << status.limit;
  return os.str();
}

static std::string describeError(const Status &status,
                                 std::span<const std::byte> program) {
  std::ostringstream os;
  switch (status.code) {
  case StatusCode::ok:
    break;
  case StatusCode::illegal_instruction:
    os << describeIllegal(status, program);
    break;
  case StatusCode::out_of_bounds:
    os << describeBounds(status, program);
    break;
  case StatusCode::request_range:
    os << placeOf(status, program) << " is " << status.found
       << " for this request, the limit is " << status.limit;
    break;
  case StatusCode::no_end:
    os << "the entry goes on without an end instruction";
    break;
  case StatusCode::overlap:
    os << placeOf(status, program) << " starts at packet " << status.found
       << " and overlaps packets up to " << status.limit
       << " that the instruction also uses";
    break;
  case StatusCode::missing_token:
    os << placeOf(status, program) << " takes a token of the "
       << nameOf(Unit(status.found))
       << " unit that no earlier instruction puts";
    break;
  }
  return os.str();
}

/// `source` is empty or says where the instruction came from.
static std::string describe(const Status &status,
                            std::span<const std::byte> program,
                            const std::string &source) {
  std::ostringstream os;
  if (status.code == StatusCode::ok) {
    os << "completed " << status.completed << " instructions";
    return os.str();
  }
  os << "instruction " << status.instruction;
  if (!source.empty())
    os << " (" << source << ')';
  os << " at packet " << status.packet << ": "
     << describeError(status, program);
  return os.str();
}

std::string describe(const Status &status, std::span<const std::byte> program) {
  return describe(status, program, "");
}

std::string describe(const Status &status, const Program &program) {
  const Entry *entry = program.entryAt(status.packet);
  std::vector<std::byte> bytes = serializeProgram(program);
  return describe(status, bytes,
                  entry ? program.sourceOf(*entry, status.instruction) : "");
}

} // namespace edgellm::isa
