//===- LoadedModel.h - A package in a device --------------------*- C++ -*-===//
#ifndef EDGELLM_RUNTIME_LOADEDMODEL_H
#define EDGELLM_RUNTIME_LOADEDMODEL_H

#include "Device.h"
#include "EdgeLLM/ISA/Caches.h"
#include "EdgeLLM/ISA/Status.h"
#include "EdgeLLM/Runtime/Session.h"

#include <optional>

namespace edgellm {

/// The buffers of a program in the device, and single passes over them.
class LoadedModel {
public:
  /// Checks that package, program and accelerator fit together, and loads. An
  /// empty `xclbin` means the one of the package's target.
  LoadedModel(Package opened, const std::filesystem::path &xclbin);

  const Package &package() const { return files; }
  const Device &device() const { return accelerator; }
  const Program &program() const { return code; }
  /// The entry `name`, which the program must have.
  const Entry &entry(const char *name) const;
  /// Everything below is about one sequence, at first number 0.
  void select(uint32_t sequence);
  uint32_t selected() const { return sequence; }
  /// What is in its cache.
  const std::vector<uint32_t> &ids() const { return cached[sequence]; }
  uint32_t past() const { return uint32_t(ids().size()); }
  /// Forgets all but the first `position` tokens.
  void rewind(uint64_t position);
  void save(const std::filesystem::path &file);
  void load(const std::filesystem::path &file);

  /// Throws unless ids can be fed, before any of them is.
  void requireFeedable(std::span<const uint32_t> ids) const;
  /// One pass over at most entry.maxTokens ids; adds them to the cache.
  Pass run(const Entry &entry, std::span<const uint32_t> ids);
  /// Logits of the last pass in unified format, now on the host; there are
  /// logitsRows() rows. Throws unless the cache ends with what that pass fed.
  const uint16_t *fetchLogits();
  uint32_t logitsRows() const;

private:
  /// Of the selected sequence.
  std::vector<Cache> caches() const;
  void fillBuffers();
  xrt::bo fillBuffer(unsigned argument, uint64_t bytes,
                     const std::string &file);
  xrt::bo fillPort(unsigned argument, uint64_t bytes, const std::string &file);
  xrt::bo makeBuffer(unsigned argument, uint64_t bytes,
                     const std::string &file);
  void sendEmbeddings(const Entry &entry, std::span<const uint32_t> ids);
  /// Adds the row of a position to an embedding, if the model has positions.
  void addPosition(std::span<uint16_t> row, uint64_t position) const;
  void start(const Entry &entry, uint32_t tokens);
  isa::Status fetchStatus();

  Package files;
  Program code;
  MappedFile embedding;
  std::optional<MappedFile> positions;
  Device accelerator;
  uint32_t sequence = 0;
  std::vector<std::vector<uint32_t>> cached; // ids, by sequence
  // The last pass, if it was a good one and the cache still ends with it.
  const Entry *lastEntry = nullptr;
  uint32_t lastTokens = 0;

  xrt::bo ddr, instructions;
  std::vector<xrt::bo> ports; // without host copies: weights are large
  xrt::run pass;              // ends before the buffers it uses
};

} // namespace edgellm

#endif // EDGELLM_RUNTIME_LOADEDMODEL_H
