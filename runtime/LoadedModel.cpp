//===- LoadedModel.cpp - A package in a device ----------------------------===//
#include "LoadedModel.h"

#include "CacheFile.h"
#include "CacheRows.h"
#include "EdgeLLM/ISA/KernelInterface.h"
#include "EdgeLLM/Support/Error.h"
#include "EdgeLLM/Support/Half.h"
#include "EdgeLLM/Support/Installation.h"
#include "UnifiedFormat.h"

#include <cstring>

using namespace edgellm;
namespace fs = std::filesystem;

//===----------------------------------------------------------------------===//
// Package and program
//===----------------------------------------------------------------------===//

template <typename A, typename B>
static void requireEqual(const fs::path &file, const char *what, A inProgram,
                         B inManifest) {
  if (uint64_t(inProgram) != uint64_t(inManifest))
    fail(file.string(), ": ", what, " is ", inProgram, ", ", kManifestName,
         " says ", inManifest);
}

/// Both files are checked by themselves; they must also be about one model.
static void checkAgreement(const Program &program, const Package &package) {
  const Manifest &manifest = package.manifest();
  fs::path file = package.directory() / manifest.program;
  requireEqual(file, "the number of HBM ports", program.ports,
               manifest.ports.size());
  requireEqual(file, "the context", program.context, manifest.context);
  requireEqual(file, "the hidden size", program.hidden, manifest.hidden);
  requireEqual(file, "the vocabulary", program.vocabulary, manifest.vocabulary);
}

static Program loadProgram(const Package &package) {
  package.requireWeights();
  MappedFile file = package.map(package.manifest().program);
  Program program = parseProgram(file.bytes(), file.path().string());
  checkAgreement(program, package);
  return program;
}

static fs::path xclbinFor(const Package &package, const fs::path &chosen) {
  if (!chosen.empty())
    return chosen;
  return shareDirectory() / "xclbin" / (package.manifest().target + ".xclbin");
}

//===----------------------------------------------------------------------===//
// Buffers
//===----------------------------------------------------------------------===//

/// Fills a buffer from a file of the package, zeros after it, and sends it.
/// All of it is written, though nothing depends on what a cache holds before
/// its first use: HBM with ECC reports reads of cells never written.
static void fill(xrt::bo &buffer, const Package &package,
                 const std::string &name) {
  std::byte *host = buffer.map<std::byte *>();
  uint64_t bytes = package.manifest().file(name).bytes;
  package.load(name, [&](uint64_t offset, std::span<const std::byte> piece) {
    std::memcpy(host + offset, piece.data(), piece.size());
  });
  std::memset(host + bytes, 0, buffer.size() - bytes);
  buffer.sync(XCL_BO_SYNC_BO_TO_DEVICE);
}

static std::string nameOf(ert_cmd_state state) {
  switch (state) {
  case ERT_CMD_STATE_ERROR:
    return "ERROR";
  case ERT_CMD_STATE_ABORT:
    return "ABORT";
  case ERT_CMD_STATE_TIMEOUT:
    return "TIMEOUT";
  default:
    return std::to_string(int(state));
  }
}

//===----------------------------------------------------------------------===//
// LoadedModel
//===----------------------------------------------------------------------===//

LoadedModel::LoadedModel(Package opened, const fs::path &xclbin)
    : files(std::move(opened)), code(loadProgram(files)),
      embedding(files.map(files.manifest().embedding)),
      accelerator(xclbinFor(files, xclbin)), cached(code.sequences),
      pass(accelerator.makeRun()) {
  if (accelerator.ports() != code.ports)
    fail("the accelerator has ", accelerator.ports(),
         " HBM ports, the package is compiled for ", code.ports, " (target ",
         files.manifest().target, ")");
  if (const std::string &file = files.manifest().positions; !file.empty())
    positions = files.map(file);
  fillBuffers();
}

const Entry &LoadedModel::entry(const char *name) const {
  const Entry *found = code.findEntry(name);
  if (!found)
    fail((files.directory() / files.manifest().program).string(),
         ": no entry '", name, "'; compile the model again");
  return *found;
}

//===----------------------------------------------------------------------===//
// Loading
//===----------------------------------------------------------------------===//

void LoadedModel::fillBuffers() {
  const Manifest &manifest = files.manifest();
  ddr = fillBuffer(kernel::kDdr, code.ddrPackets * isa::kPacketBytes,
                   manifest.ddr);
  instructions =
      fillBuffer(kernel::kProgram, manifest.file(manifest.program).bytes,
                 manifest.program);
  for (unsigned port = 0; port < code.ports; ++port) {
    ports.push_back(fillBuffer(kernel::kFirstPort + port,
                               code.hbmPackets * isa::kPacketBytes,
                               manifest.ports[port]));
    dropHostCopy(ports.back());
  }
}

xrt::bo LoadedModel::fillBuffer(unsigned argument, uint64_t bytes,
                                const std::string &file) {
  uint64_t found = files.manifest().file(file).bytes;
  if (found > bytes)
    fail((files.directory() / file).string(), ": found ", found,
         " bytes, the program's buffer has ", bytes);
  xrt::bo buffer = accelerator.allocate(argument, bytes);
  fill(buffer, files, file);
  pass.set_arg(int(argument), buffer);
  return buffer;
}

//===----------------------------------------------------------------------===//
// The cache
//===----------------------------------------------------------------------===//

void LoadedModel::select(uint32_t number) {
  if (number >= code.sequences)
    fail("sequence ", number, ": the package is compiled for ", code.sequences,
         ", counted from 0");
  if (number != sequence)
    lastEntry = nullptr;
  sequence = number;
}

void LoadedModel::rewind(uint64_t position) {
  if (position > past())
    fail("cannot rewind to position ", position, ", ", past(), " are cached");
  if (position < past())
    lastEntry = nullptr;
  cached[sequence].resize(position);
}

std::vector<Cache> LoadedModel::caches() const {
  std::vector<Cache> result =
      cachesOf(code, (files.directory() / files.manifest().program).string());
  int64_t offset = int64_t(sequence * code.sequencePackets * code.ports);
  for (Cache &cache : result)
    cache.packet += offset;
  return result;
}

void LoadedModel::save(const fs::path &file) {
  std::vector<Cache> all = caches();
  CacheFileWriter writer(file, identityOf(files.manifest()), ids());
  for (const Cache &cache : all)
    CacheRows(ports, cache, past()).read([&](auto packets) {
      writer.addRows(packets);
    });
  writer.commit();
}

void LoadedModel::load(const fs::path &file) {
  std::vector<Cache> all = caches();
  uint64_t bytes = 0;
  for (const Cache &cache : all)
    bytes += CacheRows(ports, cache, 1).bytes();
  CacheFile saved(file, {identityOf(files.manifest()), code.context,
                         code.vocabulary, bytes});
  rewind(0); // nothing half-written is used when a transfer fails
  std::span<const std::byte> rest = saved.rows();
  for (const Cache &cache : all) {
    CacheRows rows(ports, cache, saved.ids().size());
    rows.write(rest.first(rows.bytes()));
    rest = rest.subspan(rows.bytes());
  }
  cached[sequence] = saved.ids();
}

//===----------------------------------------------------------------------===//
// Passes
//===----------------------------------------------------------------------===//

void LoadedModel::requireFeedable(std::span<const uint32_t> ids) const {
  if (ids.empty())
    fail("no token to feed");
  if (ids.size() > code.context - past())
    fail(ids.size(), " tokens after the ", past(),
         " cached ones exceed the package's context of ", code.context);
  uint32_t greatest = std::ranges::max(ids);
  if (greatest >= code.vocabulary)
    fail("token id ", greatest, " is not in the vocabulary of 0 to ",
         code.vocabulary - 1);
}

void LoadedModel::addPosition(std::span<uint16_t> row,
                              uint64_t position) const {
  if (!positions)
    return;
  const uint16_t *learned =
      reinterpret_cast<const uint16_t *>(positions->bytes().data()) +
      position * row.size();
  for (size_t c = 0; c < row.size(); ++c)
    row[c] = floatToHalf(halfToFloat(row[c]) + halfToFloat(learned[c]));
}

void LoadedModel::sendEmbeddings(const Entry &entry,
                                 std::span<const uint32_t> ids) {
  uint64_t offset = entry.inputPacket * isa::kPacketBytes;
  uint16_t *tensor =
      reinterpret_cast<uint16_t *>(ddr.map<std::byte *>() + offset);
  const uint16_t *table =
      reinterpret_cast<const uint16_t *>(embedding.bytes().data());
  std::vector<uint16_t> row(code.hidden);
  for (size_t i = 0; i < ids.size(); ++i) {
    std::copy_n(table + size_t(ids[i]) * code.hidden, code.hidden, row.begin());
    addPosition(row, past() + i);
    storeRow(row, i, ids.size(), tensor);
  }
  ddr.sync(XCL_BO_SYNC_BO_TO_DEVICE,
           unifiedValues(code.hidden, ids.size()) * sizeof(uint16_t), offset);
}

void LoadedModel::start(const Entry &entry, uint32_t tokens) {
  pass.set_arg(kernel::kEntry, entry.firstPacket);
  pass.set_arg(kernel::kTokens, tokens);
  pass.set_arg(kernel::kPast, past());
  pass.set_arg(kernel::kSequence, sequence);
  pass.start();
  ert_cmd_state state = pass.wait();
  if (state != ERT_CMD_STATE_COMPLETED)
    fail("device: the run of entry '", entry.name, "' (tokens ", tokens,
         ", past ", past(), ") ended in XRT state ", nameOf(state),
         ", expected COMPLETED");
}

isa::Status LoadedModel::fetchStatus() {
  ddr.sync(XCL_BO_SYNC_BO_FROM_DEVICE, isa::kStatusBytes, 0);
  std::span<const std::byte> packet(ddr.map<std::byte *>(), isa::kStatusBytes);
  return isa::readStatus(packet.first<isa::kStatusBytes>());
}

Pass LoadedModel::run(const Entry &entry, std::span<const uint32_t> ids) {
  lastEntry = nullptr; // no logits when anything below fails
  sendEmbeddings(entry, ids);
  start(entry, uint32_t(ids.size()));
  isa::Status status = fetchStatus();
  if (status.code != isa::StatusCode::ok)
    fail("device: entry '", entry.name, "': ", isa::describe(status, code));
  cached[sequence].insert(cached[sequence].end(), ids.begin(), ids.end());
  lastEntry = &entry;
  lastTokens = uint32_t(ids.size());
  return {status.argmaxIndex, status.argmaxValue, status.completed};
}

uint32_t LoadedModel::logitsRows() const {
  return lastEntry->logitsRows ? lastEntry->logitsRows : lastTokens;
}

const uint16_t *LoadedModel::fetchLogits() {
  if (!lastEntry)
    fail(
        "no pass has run since the cache was last set, so there are no logits");
  uint64_t values = unifiedValues(code.vocabulary, logitsRows());
  uint64_t offset = lastEntry->logitsPacket * isa::kPacketBytes;
  ddr.sync(XCL_BO_SYNC_BO_FROM_DEVICE, values * sizeof(uint16_t), offset);
  return reinterpret_cast<const uint16_t *>(ddr.map<std::byte *>() + offset);
}
