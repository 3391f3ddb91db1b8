//===- program.cpp - Program files ----------------------------------------===//
#include "EdgeLLM/ISA/Caches.h"
#include "Fuzzing.h"
#include "InstructionMutator.h"

#include <cstring>
#include <vector>

using namespace edgellm;

/// Where the file has the hash of its instruction table, and its code at the
/// earliest: see ISA/Program.h.
static constexpr size_t kHashOffset = 16, kCodePacket = 3;

/// Every input is of today's table, so that a change of it does not make the
/// inputs that were found before worthless.
static std::vector<std::byte> withTodaysTable(const uint8_t *data,
                                              size_t size) {
  auto bytes = fuzz::bytesOf(data, size);
  std::vector<std::byte> file(bytes.begin(), bytes.end());
  if (size >= kHashOffset + sizeof isa::kTableHash)
    std::memcpy(&file[kHashOffset], &isa::kTableHash, sizeof isa::kTableHash);
  return file;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  // Checks by itself that the program serializes to these bytes.
  fuzz::mayFail([&] {
    Program program = parseProgram(withTodaysTable(data, size), "f");
    cachesOf(program, "f");
  });
  return 0;
}

//===----------------------------------------------------------------------===//
// Mutations
//===----------------------------------------------------------------------===//

extern "C" size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most);

/// Positions in `words` at which instructions begin.
static std::vector<size_t> instructionsOf(std::span<const uint64_t> words) {
  std::vector<size_t> starts;
  isa::IgnoringVisitor visitor;
  isa::DecodeError error;
  for (size_t position = kCodePacket * isa::kPacketWords;
       position < words.size();) {
    unsigned length = isa::decodeAndVisit(
        &words[position], words.size() - position, visitor, error);
    if (length)
      starts.push_back(position);
    position += length ? length : isa::kPacketWords;
  }
  return starts;
}

/// Mostly one field of one instruction: the header's sizes then still hold.
extern "C" size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size,
                                          size_t most, unsigned seed) {
  if (size < sizeof(uint64_t))
    return LLVMFuzzerMutate(data, size, most);
  std::vector<uint64_t> words(size / sizeof(uint64_t));
  std::memcpy(words.data(), data, words.size() * sizeof(uint64_t));
  std::vector<size_t> starts = instructionsOf(words);
  if (starts.empty() || seed % 4 == 0)
    return LLVMFuzzerMutate(data, size, most);
  std::minstd_rand random(seed);
  size_t position = starts[random() % starts.size()];
  fuzz::mutateInstruction(std::span(words).subspan(position),
                          unsigned(random()));
  std::memcpy(data, words.data(), words.size() * sizeof(uint64_t));
  return size;
}
