//===- Program.h - The program file -----------------------------*- C++ -*-===//
//
// program.bin is loaded as a whole into the device's `program` buffer:
//
//   packets 0, 1      header: magic, version, table hash, shapes, sizes
//   packets 2..n+1    one an entry point
//   packets n+2..     code; entries follow each other without gaps
//   the rest          sources: for each instruction in the order of the code
//                     the number of a text (32 bits), then the texts, each
//                     once, ended by a zero byte; zeros to the last packet
//
// All numbers are little-endian. A source names the part of the model that an
// instruction came from ("model.layers.0.mlp.up_proj"), for errors, traces and
// tables; the device does not read it.
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_ISA_PROGRAM_H
#define EDGELLM_ISA_PROGRAM_H

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace edgellm {

inline constexpr uint32_t kProgramVersion = 3;
/// Longest name of an entry point in bytes.
inline constexpr size_t kEntryNameBytes = 23;
/// Longest source of an instruction in bytes.
inline constexpr size_t kSourceBytes = 255;

/// One way to run the program: a pass over `tokens` new tokens.
struct Entry {
  std::string name;          ///< "generate", "decode" or "score"
  uint32_t firstPacket = 0;  ///< first instruction, from the file's start
  uint32_t packets = 0;      ///< length of the code
  uint32_t instructions = 0; ///< number of instructions, begin and end included
  uint32_t maxTokens = 0;    ///< longest pass
  uint64_t inputPacket = 0; ///< embeddings in ddr: hidden channels, tokens rows
  uint64_t logitsPacket = 0; ///< logits in ddr: vocabulary channels
  uint32_t logitsRows = 0;   ///< 1: of the last token; 0: of every token
};

struct Program {
  uint32_t ports = 0;           ///< HBM ports the weights are dealt over
  uint32_t context = 0;         ///< cache capacity in tokens
  uint32_t hidden = 0;          ///< width of an embedding
  uint32_t vocabulary = 0;      ///< logits a token
  uint64_t ddrPackets = 0;      ///< size of the ddr buffer
  uint64_t hbmPackets = 0;      ///< size of the buffer in each port
  uint64_t chipPackets = 0;     ///< of the activation buffer that are used
  uint64_t sequencePackets = 0; ///< of each port, KV memory of one sequence
  uint32_t sequences = 1;       ///< whose KV memory ends each port's buffer
  std::vector<Entry> entries;
  std::vector<uint64_t> code;
  /// One an instruction, in the order of the code; empty when not known.
  std::vector<std::string> sources;

  /// First packet in each port of the KV memory of sequence 0; weights lie
  /// before.
  uint64_t firstSequencePacket() const {
    return hbmPackets - sequences * sequencePackets;
  }
  /// First packet of the code in the file.
  uint32_t codePacket() const { return 2 + uint32_t(entries.size()); }
  /// The words of one entry. The entry must be checked (checkProgram).
  std::span<const uint64_t> codeOf(const Entry &entry) const;
  const Entry *findEntry(const std::string &name) const;
  /// The source of instruction `index` of an entry of this program; empty when
  /// it has none.
  const std::string &sourceOf(const Entry &entry, uint32_t index) const;
  /// The entry whose code holds a packet of the file, if one does.
  const Entry *entryAt(uint64_t packet) const;
};

/// Throws Error, prefixed with `origin`, unless every size agrees, entries are
/// adjacent, every instruction decodes, each entry starts with a `begin` that
/// repeats the header's limits, ends with `end`, and holds neither elsewhere,
/// and its schedule neither deadlocks nor races (see Schedule.h).
void checkProgram(const Program &program, const std::string &origin);

/// Reads and checks a program; the table hash is compared before any code is
/// decoded, and an Error names both hashes.
Program parseProgram(std::span<const std::byte> bytes,
                     const std::string &origin);

/// The inverse of parseProgram: byte for byte.
std::vector<std::byte> serializeProgram(const Program &program);

} // namespace edgellm

#endif // EDGELLM_ISA_PROGRAM_H
