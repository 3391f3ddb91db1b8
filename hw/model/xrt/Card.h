//===- Card.h - The one device of the process -------------------*- C++ -*-===//
#ifndef EDGELLM_HW_MODEL_XRT_CARD_H
#define EDGELLM_HW_MODEL_XRT_CARD_H

#include "ComputeUnit.h"
#include "DeviceMemory.h"
#include "XclbinReader.h"

#include <memory>
#include <mutex>

namespace edgellm::driver {

/// What loading an xclbin makes of the card.
struct Machine {
  explicit Machine(Xclbin loaded);

  const Xclbin xclbin;
  const std::shared_ptr<DeviceMemory> memory;
  ComputeUnit unit;
};

/// The device. All handles of a process share it, as they would share a card
/// in its slot: its memory is one memory, and its compute unit runs one command
/// at a time. Other processes have a card of their own. Thread-safe.
class Card {
public:
  /// The card in the slot: the same as long as anyone holds it.
  static std::shared_ptr<Card> inSlot();

  /// Loads an xclbin; the one already loaded is left alone. Throws Error when
  /// the xclbin is not for this model (see readXclbin), and when another one is
  /// in use.
  void load(const axlf &file);
  /// Null until an xclbin is loaded.
  std::shared_ptr<Machine> machine() const;

  /// Claims the compute unit, shared or for one alone: 0, -EBUSY against a
  /// claim that excludes it, -EINVAL when `xclbin` is not what is loaded.
  int openContext(const Uuid &xclbin, bool shared);
  void closeContext();

private:
  bool isInUse() const;

  mutable std::mutex mutex; // guards everything below
  std::shared_ptr<Machine> current;
  unsigned contexts = 0;
  bool exclusive = false; // the only context there is
};

} // namespace edgellm::driver

#endif // EDGELLM_HW_MODEL_XRT_CARD_H
