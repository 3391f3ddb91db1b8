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

/// A package loaded into a device, with the KV cache of one text.
///
/// The device is device 0 of the XRT driver that the environment variable
/// XILINX_XRT names; when it is not set, the device model of this installation.
/// Sessions of a process share it and may run in threads of their own, one
/// thread a session; the device takes their passes one by one.
/// Results do not depend on how a text is divided into calls. Every function
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

  /// Feeds ids (at least one) after those already cached.
  Pass forward(std::span<const uint32_t> ids);

  /// The logits of the last position that forward() fed: FP16 bits, one a token
  /// of the vocabulary, read from the device now. Valid until the next call.
  std::span<const uint16_t> logits();

  /// Feeds ids and hands over the logits of each of their positions, in order.
  using RowConsumer = std::function<void(std::span<const uint16_t> logits)>;
  void score(std::span<const uint32_t> ids, const RowConsumer &consume);

  /// Positions in the KV cache; at most manifest().context.
  uint32_t past() const;
  /// Empties the cache.
  void reset();

private:
  std::unique_ptr<LoadedModel> model; // hides XRT's headers
  std::vector<uint16_t> row;          // what logits() and score() hand out
};

/// Throws Error unless the context has room for a prompt and the tokens
/// generated after it. The last of these is not fed back, so n new tokens take
/// prompt + n - 1 positions, and none take the prompt's.
void requireContext(uint64_t promptTokens, uint64_t newTokens,
                    uint64_t context);

} // namespace edgellm

#endif // EDGELLM_RUNTIME_SESSION_H
