//===- CacheFile.cpp - A sequence's cache as a file -----------------------===//
#include "CacheFile.h"

#include "EdgeLLM/ISA/Encoding.h"
#include "EdgeLLM/Support/Error.h"

#include <algorithm>
#include <cstring>

using namespace edgellm;

static constexpr char kMagic[8] = {'E', 'd', 'g', 'e', 'L', 'L', 'M', 'C'};
static constexpr uint32_t kVersion = 1;

namespace {

struct FileHeader {
  char magic[8];
  uint32_t version, positions;
  uint64_t identity;
  uint64_t reserved[5];
};
static_assert(sizeof(FileHeader) == isa::kPacketBytes);

} // namespace

uint64_t edgellm::identityOf(const Manifest &manifest) {
  Checksum checksum;
  auto add = [&](const std::string &name) {
    uint64_t each = manifest.file(name).checksum;
    checksum.update(std::as_bytes(std::span(&each, 1)));
  };
  add(manifest.program);
  add(manifest.embedding);
  if (!manifest.positions.empty())
    add(manifest.positions);
  add(manifest.ddr);
  std::ranges::for_each(manifest.ports, add);
  return checksum.value();
}

/// Bytes that the token ids take.
static uint64_t bytesOfIds(uint64_t positions) {
  uint64_t bytes = positions * sizeof(uint32_t);
  return (bytes + isa::kPacketBytes - 1) / isa::kPacketBytes *
         isa::kPacketBytes;
}

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

CacheFileWriter::CacheFileWriter(const std::filesystem::path &path,
                                 uint64_t identity,
                                 std::span<const uint32_t> ids)
    : file(path) {
  FileHeader header{};
  std::memcpy(header.magic, kMagic, sizeof kMagic);
  header.version = kVersion;
  header.positions = uint32_t(ids.size());
  header.identity = identity;
  append(std::as_bytes(std::span(&header, 1)));
  append(std::as_bytes(ids));
  append(std::vector<std::byte>(bytesOfIds(ids.size()) - ids.size_bytes()));
}

void CacheFileWriter::append(std::span<const std::byte> bytes) {
  checksum.update(bytes);
  file.write(bytes);
}

void CacheFileWriter::commit() {
  uint64_t value = checksum.value();
  file.write(std::as_bytes(std::span(&value, 1)));
  file.commit();
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

CacheFile::CacheFile(const std::filesystem::path &path,
                     const Expectation &expected)
    : file(path), name(path.string()) {
  checkHeader(expected);
  checkContent(expected);
}

/// Fills in the sizes of what follows the header.
void CacheFile::checkHeader(const Expectation &expected) {
  std::span<const std::byte> bytes = file.bytes();
  FileHeader header;
  if (bytes.size() < sizeof header)
    fail(name, ": ", bytes.size(), " bytes are no saved cache, the header has ",
         sizeof header);
  std::memcpy(&header, bytes.data(), sizeof header);
  if (std::memcmp(header.magic, kMagic, sizeof kMagic) != 0)
    fail(name, ": not a saved cache (wrong magic)");
  if (header.version != kVersion)
    fail(name, ": cache format ", header.version, ", this version reads ",
         kVersion);
  if (header.identity != expected.identity)
    fail(name, ": saved with package 0x", std::hex, header.identity,
         ", this one is 0x", expected.identity,
         "; a cache is good for the program and weights that computed it");
  if (header.positions > expected.positions)
    fail(name, ": ", header.positions,
         " positions exceed the package's context of ", expected.positions);
  uint64_t rowBytes = header.positions * expected.bytesPerPosition;
  uint64_t needed = sizeof header + bytesOfIds(header.positions) + rowBytes +
                    sizeof(uint64_t);
  if (bytes.size() != needed)
    fail(name, ": found ", bytes.size(), " bytes, ", header.positions,
         " positions take ", needed);
  tokens.resize(header.positions);
  packets = bytes.subspan(needed - sizeof(uint64_t) - rowBytes, rowBytes);
}

void CacheFile::checkContent(const Expectation &expected) {
  std::span<const std::byte> bytes = file.bytes();
  size_t summed = bytes.size() - sizeof(uint64_t);
  uint64_t stored;
  std::memcpy(&stored, bytes.data() + summed, sizeof stored);
  Checksum checksum;
  checksum.update(bytes.first(summed));
  if (checksum.value() != stored)
    fail(name, ": found checksum ", std::hex, checksum.value(), ", expected ",
         stored, ": the file is damaged");
  if (tokens.empty())
    return;
  std::memcpy(tokens.data(), bytes.data() + sizeof(FileHeader),
              tokens.size() * sizeof(uint32_t));
  if (uint32_t id = std::ranges::max(tokens); id >= expected.vocabulary)
    fail(name, ": token id ", id, " is not in the vocabulary of 0 to ",
         expected.vocabulary - 1);
}
