//===- Status.h - How a run ended -------------------------------*- C++ -*-===//
//
// The status packet: packet 0 of the ddr buffer, written by the device at the
// end of every run. Sixteen little-endian 32-bit words:
//
//   0     code
//   1     instruction: index in the entry, `begin` is 0
//   2     packet of that instruction in the program buffer
//   3     field: position in the instruction table counted from 1, 0 for none
//   4-5   found: the offending value, 64 bits signed
//   6-7   limit: the nearest value that is allowed, 64 bits signed; for an
//         overlap the last packet of the other operand
//   8     argmax: channel that the last instruction with argmax reported
//   9     its value, FP16 bits
//   10    instructions completed
//   11-15 zero
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_ISA_STATUS_H
#define EDGELLM_ISA_STATUS_H

#include "EdgeLLM/ISA/Program.h"
#include "EdgeLLM/ISA/StatusCode.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace edgellm::isa {

struct Status {
  StatusCode code = StatusCode::ok;
  uint32_t instruction = 0;
  uint32_t packet = 0;
  uint32_t field = 0;
  int64_t found = 0;
  int64_t limit = 0;
  uint32_t argmaxIndex = 0;
  uint16_t argmaxValue = 0;
  uint32_t completed = 0;
};

inline constexpr size_t kStatusBytes = 64;

void writeStatus(const Status &status, std::span<std::byte, kStatusBytes> to);
Status readStatus(std::span<const std::byte, kStatusBytes> from);

/// Position of a field of the instruction at `packet` of the program, counted
/// from 1; 0 when the name is empty or no field of it.
uint32_t fieldPosition(std::span<const std::byte> program, uint64_t packet,
                       std::string_view field);

/// One line for the user: which instruction of the program, which field, what
/// was found and what is allowed.
std::string describe(const Status &status, std::span<const std::byte> program);

/// The same with the part of the model that the instruction came from.
std::string describe(const Status &status, const Program &program);

} // namespace edgellm::isa

#endif // EDGELLM_ISA_STATUS_H
