//===- Checksum.cpp - XXH3 of a stream of bytes ---------------------------===//
#include "EdgeLLM/Package/Checksum.h"

#include <new>
#include <xxhash.h>

using namespace edgellm;

void Checksum::Free::operator()(XXH3_state_s *state) const {
  XXH3_freeState(state);
}

Checksum::Checksum() : state(XXH3_createState()) {
  if (!state || XXH3_64bits_reset(state.get()) != XXH_OK)
    throw std::bad_alloc();
}

Checksum::~Checksum() = default;
Checksum::Checksum(Checksum &&other) noexcept = default;
Checksum &Checksum::operator=(Checksum &&other) noexcept = default;

void Checksum::update(std::span<const std::byte> bytes) {
  // Fails only for a null pointer, which an empty span may hold.
  if (!bytes.empty())
    XXH3_64bits_update(state.get(), bytes.data(), bytes.size());
}

uint64_t Checksum::value() const { return XXH3_64bits_digest(state.get()); }
