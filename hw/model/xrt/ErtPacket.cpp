//===- ErtPacket.cpp - Commands as XRT writes them ------------------------===//
#include "ErtPacket.h"

#include "EdgeLLM/Support/Error.h"

#include <atomic>

using namespace edgellm;
using namespace edgellm::driver;

// Fields of the first word; <ert.h> has them as C bit-fields only, which cannot
// be read and written atomically.
static constexpr uint32_t kStateMask = 0xF;
static unsigned extraMasks(uint32_t header) { return (header >> 10) & 0x3; }
static unsigned payloadWords(uint32_t header) { return (header >> 12) & 0x7FF; }
static unsigned opcodeOf(uint32_t header) { return (header >> 23) & 0x1F; }

ErtPacket::ErtPacket(std::shared_ptr<BufferObject> commandBuffer)
    : buffer(std::move(commandBuffer)) {
  checkSize(sizeof(uint32_t));
  checkSize((1 + payloadWords(header())) * sizeof(uint32_t));
}

void ErtPacket::checkSize(size_t bytes) const {
  if (buffer->host().size() < bytes)
    fail("a command of ", bytes, " bytes in a buffer of ",
         buffer->host().size());
}

/// Buffers begin at a page, so their words are aligned.
static uint32_t *words(const BufferObject &buffer) {
  return reinterpret_cast<uint32_t *>(buffer.host().data());
}

uint32_t ErtPacket::header() const {
  return std::atomic_ref(*words(*buffer)).load(std::memory_order_relaxed);
}

unsigned ErtPacket::opcode() const { return opcodeOf(header()); }

std::span<const uint32_t> ErtPacket::payload() const {
  return {words(*buffer) + 1, payloadWords(header())};
}

/// The payload of ERT_START_CU begins with one to four words of unit masks.
size_t ErtPacket::maskWords() const {
  return std::min<size_t>(1 + extraMasks(header()), payload().size());
}

bool ErtPacket::selectsUnit() const {
  return maskWords() > 0 && (payload()[0] & 1);
}

std::span<const uint32_t> ErtPacket::registers() const {
  return payload().subspan(maskWords());
}

void ErtPacket::setState(ert_cmd_state state) const {
  std::atomic_ref<uint32_t> word(*words(*buffer));
  uint32_t rest = word.load(std::memory_order_relaxed) & ~kStateMask;
  // Release: whoever sees the new state also sees what the run wrote.
  word.store(rest | state, std::memory_order_release);
}
