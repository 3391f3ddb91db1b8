//===- status.cpp - Status packets of a device ----------------------------===//
#include "EdgeLLM/ISA/Status.h"
#include "EdgeLLM/ISA/Disassembly.h"
#include "Fuzzing.h"

using namespace edgellm;

/// A status packet, then the program that it speaks of.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < isa::kStatusBytes)
    return 0;
  std::span<const std::byte> bytes = fuzz::bytesOf(data, size);
  isa::Status status = isa::readStatus(bytes.first<isa::kStatusBytes>());
  std::string text = isa::describe(status, bytes.subspan(isa::kStatusBytes));
  fuzz::require(!text.empty() && text.find('\n') == text.npos,
                "a status is described in one line");
  return 0;
}
