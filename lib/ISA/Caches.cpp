//===- Caches.cpp - Where a program keeps keys and values -----------------===//
#include "EdgeLLM/ISA/Caches.h"

#include "EdgeLLM/ISA/Instructions.h"
#include "EdgeLLM/Support/Error.h"

#include <set>

using namespace edgellm;

template <typename Instruction> static Cache cacheOf(const Instruction &) {
  return {};
}
static Cache cacheOf(const isa::AttentionScores &scores) {
  return {scores.keys, scores.kv_heads * scores.head_blocks, scores.key_stride};
}
static Cache cacheOf(const isa::AttentionValues &values) {
  return {values.values, values.kv_heads * values.head_blocks,
          values.value_stride};
}

/// `room` is where something else begins, the next cache or sequence.
static void requireRoom(const Cache &cache, int64_t context, int64_t room,
                        const std::string &origin) {
  int64_t end = cache.packet + (cache.blocks - 1) * cache.stride + context;
  if (cache.stride < context || end > room)
    fail(origin, ": the cache at packet ", cache.packet, " of hbm, ",
         cache.blocks, " blocks ", cache.stride,
         " packets apart, does not hold the context of ", context,
         " before packet ", room, ", which is not its own");
}

std::vector<Cache> edgellm::cachesOf(const Program &program,
                                     const std::string &origin) {
  std::set<Cache> caches;
  isa::DecodeError error;
  for (const Entry &entry : program.entries) {
    std::span<const uint64_t> code = program.codeOf(entry);
    for (size_t at = 0; at < code.size();)
      at += isa::decodeAndApply(
          &code[at], code.size() - at,
          [&](const auto &instruction) {
            if (Cache cache = cacheOf(instruction); cache.blocks > 0)
              caches.insert(cache);
          },
          error);
  }
  int64_t room =
      int64_t(program.firstSequencePacket() + program.sequencePackets) *
      program.ports;
  for (auto cache = caches.rbegin(); cache != caches.rend(); ++cache) {
    requireRoom(*cache, program.context, room, origin);
    room = cache->packet;
  }
  return {caches.begin(), caches.end()};
}
