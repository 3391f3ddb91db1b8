//===- CompletionEvents.h - Wakes xclExecWait -------------------*- C++ -*-===//
#ifndef EDGELLM_HW_MODEL_XRT_COMPLETIONEVENTS_H
#define EDGELLM_HW_MODEL_XRT_COMPLETIONEVENTS_H

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace edgellm::driver {

/// Counts finished commands. Each finished command wakes one wait, also one
/// that begins later, as polling the driver's file would.
class CompletionEvents {
public:
  void signal() {
    {
      std::lock_guard lock(mutex);
      ++pending;
    }
    arrived.notify_one();
  }

  /// Whether a command had finished before the time was over; a negative
  /// timeout waits without limit, as poll() does.
  bool wait(int milliseconds) {
    std::unique_lock lock(mutex);
    auto isPending = [this] { return pending > 0; };
    if (milliseconds < 0)
      arrived.wait(lock, isPending);
    else
      arrived.wait_for(lock, std::chrono::milliseconds(milliseconds),
                       isPending);
    return pending > 0 && pending--;
  }

private:
  std::mutex mutex;
  std::condition_variable arrived;
  uint64_t pending = 0;
};

} // namespace edgellm::driver

#endif // EDGELLM_HW_MODEL_XRT_COMPLETIONEVENTS_H
