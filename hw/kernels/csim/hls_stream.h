//===- hls_stream.h - FIFOs between processes, for C simulation -*- C++ -*-===//
//
// Stands in for the header of this name of Vitis HLS: the part of it that
// hw/kernels uses. A stream has one process that writes and one that reads, as
// in hardware. Both block, and unlike there a full stream blocks too, so that
// depths that do not suffice show.
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_HW_KERNELS_CSIM_HLS_STREAM_H
#define EDGELLM_HW_KERNELS_CSIM_HLS_STREAM_H

#include "hls_simulation.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <memory>

namespace hls {

template <typename T, int depth = 0> class stream;

/// A stream of any depth, as functions take it.
template <typename T> class stream<T, 0> {
public:
  explicit stream(size_t depth = 2)
      : depth(std::max(depth, csim::Simulation::leastDepth)),
        mask(std::bit_ceil(this->depth) - 1),
        elements(std::make_unique<T[]>(mask + 1)) {}
  stream(const stream &) = delete;
  stream &operator=(const stream &) = delete;

  T read() {
    while (isEmpty())
      sleep(reader, [this] { return isEmpty(); });
    size_t at = taken.load(std::memory_order_relaxed);
    T element = elements[at & mask];
    taken.store(at + 1);
    wake(writer);
    return element;
  }
  void write(const T &element) {
    while (isFull())
      sleep(writer, [this] { return isFull(); });
    size_t at = put.load(std::memory_order_relaxed);
    elements[at & mask] = element;
    put.store(at + 1);
    wake(reader);
  }

  /// For the reader. A task whose firing finds nothing but empty streams is
  /// fired again when one of them is no longer empty.
  bool empty() {
    csim::Process &process = csim::Process::current();
    if (isEmpty()) {
      reader.store(&process);
      if (isEmpty()) {
        process.foundEmpty = true;
        return true;
      }
    }
    process.foundWork = true;
    return false;
  }

private:
  bool isEmpty() const { return put.load() == taken.load(); }
  bool isFull() const { return put.load() - taken.load() == depth; }

  /// Sleeps unless the reason has gone after others could see the sleeper.
  template <typename Condition>
  static void sleep(std::atomic<csim::Process *> &sleeper,
                    Condition hasReason) {
    csim::Process &process = csim::Process::current();
    sleeper.store(&process);
    if (hasReason())
      process.sleep();
  }
  static void wake(std::atomic<csim::Process *> &sleeper) {
    if (sleeper.load())
      if (csim::Process *process = sleeper.exchange(nullptr))
        process->wake();
  }

  const size_t depth, mask;
  std::unique_ptr<T[]> elements;
  // Counts of elements since the beginning; each has one process that writes
  // it, on a cache line of its own.
  alignas(64) std::atomic<size_t> put = 0;
  alignas(64) std::atomic<size_t> taken = 0;
  // Who waits, to be woken once.
  alignas(64) std::atomic<csim::Process *> reader = nullptr;
  std::atomic<csim::Process *> writer = nullptr;
};

template <typename T, int depth> class stream : public stream<T, 0> {
public:
  stream() : stream<T, 0>(depth) {}
};

} // namespace hls

#endif // EDGELLM_HW_KERNELS_CSIM_HLS_STREAM_H
