//===- CacheFile.h - A sequence's cache as a file ---------------*- C++ -*-===//
//
// What Session::save() writes, all numbers little-endian:
//
//   64 bytes   header: magic, version, positions, identity of the package
//   n bytes    token ids, 32 bits each; zeros to a multiple of 64
//   the rows   for each cache of the program (ISA/Caches.h), for each of its
//              channel blocks, the packets of positions 0 to positions - 1
//   8 bytes    XXH3, 64 bit, of everything before
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_RUNTIME_CACHEFILE_H
#define EDGELLM_RUNTIME_CACHEFILE_H

#include "EdgeLLM/Package/Package.h"

namespace edgellm {

/// Program and weights of a package as one number: those of the files that they
/// are made of, by the manifest. A cache is good for no other package.
uint64_t identityOf(const Manifest &manifest);

/// Writes a cache file, which appears whole or not at all.
class CacheFileWriter {
public:
  CacheFileWriter(const std::filesystem::path &path, uint64_t identity,
                  std::span<const uint32_t> ids);
  void addRows(std::span<const std::byte> packets) { append(packets); }
  void commit();

private:
  void append(std::span<const std::byte> bytes);

  AtomicFile file;
  Checksum checksum;
};

/// A cache file that has been checked as a whole.
class CacheFile {
public:
  /// What a file must fit to.
  struct Expectation {
    uint64_t identity = 0;
    uint64_t positions = 0;        ///< at most
    uint64_t vocabulary = 0;       ///< ids are below
    uint64_t bytesPerPosition = 0; ///< in all caches together
  };

  /// Throws Error for a file that is no cache, is damaged or does not fit.
  CacheFile(const std::filesystem::path &path, const Expectation &expected);

  const std::vector<uint32_t> &ids() const { return tokens; }
  /// In the order of the file.
  std::span<const std::byte> rows() const { return packets; }

private:
  void checkHeader(const Expectation &expected);
  void checkContent(const Expectation &expected);

  MappedFile file;
  std::string name; // for messages
  std::vector<uint32_t> tokens;
  std::span<const std::byte> packets;
};

} // namespace edgellm

#endif // EDGELLM_RUNTIME_CACHEFILE_H
