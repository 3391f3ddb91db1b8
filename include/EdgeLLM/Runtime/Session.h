//===- Session.h - A model on a device --------------------------*- C++ -*-===//
#ifndef EDGELLM_RUNTIME_SESSION_H
#define EDGELLM_RUNTIME_SESSION_H

#include "EdgeLLM/ISA/Program.h"
#include "EdgeLLM/Package/Package.h"

#include <functional>
#include <memory>

namespace edgellm {

class LoadedModel;

/// What a pass found at its last position.
struct Pass {
  uint32_t argmax = 0;       // the likeliest next token
  uint16_t argmaxLogit = 0;  // its logit, FP16 bits
  uint64_t instructions = 0; // executed by the device in the whole pass
};

/// A package loaded into a device, with the KV caches of as many texts as it
/// was compiled for. What is said of the cache below is about the text that is
/// selected; texts may take turns after any call and do not touch each other.
///
/// The device is device 0 of the XRT driver that the environment variable
/// XILINX_XRT names; when it is not set, the device model of this installation.
/// Sessions of a process share it and may run in threads of their own, one
/// thread a session; the device takes their passes one by one.
/// Results do not depend on how a text is divided into calls, nor on how it
/// came into the cache: by feeding, by rewind() or by load(). Every function
/// throws Error; XRT's own exceptions (std::exception) may pass through.
class Session {
public:
  /// Loads everything the package holds into the device. `xclbin` defaults to
  /// the one of the package's target in this installation.
  explicit Session(Package package, const std::filesystem::path &xclbin = {});
  ~Session();
  Session(const Session &) = delete;
  Session &operator=(const Session &) = delete;

  const Package &package() const;
  const Manifest &manifest() const { return package().manifest(); }
  /// "device model" or the card's name.
  const std::string &deviceName() const;
  bool isDeviceModel() const;

  /// Texts that the device keeps at the same time.
  uint32_t sequences() const;
  /// The one whose turn it is, counted from 0; at first that is 0.
  uint32_t selected() const;
  void select(uint32_t sequence);

  /// Feeds ids (at least one) after those already cached.
  Pass forward(std::span<const uint32_t> ids);

  /// The logits of the last position in the cache, which must have been fed and
  /// not loaded or rewound to, nor selected since: FP16 bits, one a token of
  /// the vocabulary, read from the device now. Valid until the next call.
  std::span<const uint16_t> logits();

  /// Feeds ids and hands over the logits of each of their positions, in order.
  using RowConsumer = std::function<void(std::span<const uint16_t> logits)>;
  void score(std::span<const uint32_t> ids, const RowConsumer &consume);

  /// The tokens in the KV cache; at most manifest().context.
  std::span<const uint32_t> ids() const;
  uint32_t past() const { return uint32_t(ids().size()); }
  /// Forgets all but the first `position` tokens, of past() at most.
  void rewind(uint64_t position);
  /// Empties the cache.
  void reset() { rewind(0); }

  /// Writes what is in the cache to a file, which appears whole or not at all.
  /// It takes 64 bytes and past() times the tokens' keys and values.
  void save(const std::filesystem::path &file);
  /// Puts what save() wrote in place of what is in the cache. A file that is
  /// damaged, or of another package, is refused and changes nothing.
  void load(const std::filesystem::path &file);

private:
  std::unique_ptr<LoadedModel> model; // hides XRT's headers
  std::vector<uint16_t> row;          // what logits() and score() hand out
};

} // namespace edgellm

#endif // EDGELLM_RUNTIME_SESSION_H
