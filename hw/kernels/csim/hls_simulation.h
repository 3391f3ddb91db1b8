//===- hls_simulation.h - The processes of a simulated kernel ---*- C++ -*-===//
//
// What the stand-ins for hls::stream and hls::task share: each process of a
// kernel is a thread, which sleeps while it waits for a stream. When the last
// one that is awake goes to sleep, nothing can wake any of them again: that is
// a deadlock, and the kernel ends with an error instead of hanging.
//
//===----------------------------------------------------------------------===//
#ifndef EDGELLM_HW_KERNELS_CSIM_HLS_SIMULATION_H
#define EDGELLM_HW_KERNELS_CSIM_HLS_SIMULATION_H

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <mutex>
#include <stdexcept>

namespace hls::csim {

/// Thrown where the kernel's control process waits for what never comes.
class Deadlock : public std::runtime_error {
public:
  Deadlock() : std::runtime_error("all processes of the kernel wait") {}
};

/// Ends the threads of tasks; caught by hls::task alone.
struct Stopped {};

/// A thread of the simulation. One mutex for all: processes rarely sleep.
class Process {
public:
  /// That of this thread.
  static Process &current();

  /// Returns after wake(), or when that has been called since the last sleep.
  void sleep();
  void wake();

  /// What this firing of the task found in the streams it looked at without
  /// reading: a task that only found empty ones sleeps.
  bool foundEmpty = false, foundWork = false;

private:
  friend class Simulation;
  std::condition_variable woken;
  bool asleep = false, pending = false;
  bool isTask = false;
};

/// The processes of the running kernel; one kernel runs at a time.
class Simulation {
public:
  static Simulation &instance();

  /// A task is about to start, and ends. The last one to leave makes the
  /// simulation ready for the next kernel; until then all processes exist,
  /// because streams may still name them.
  void enter();
  void leave();
  /// Makes this thread the next process.
  void join();
  /// Makes all tasks end, at the latest when they wait for a stream.
  void stop();
  /// Ends the kernel because a task threw.
  void fail(std::exception_ptr failure);

  /// FIFOs hold at least this many elements, so that threads need not take
  /// turns more often; 0 for the depths that the kernel declares. For streams
  /// that are made from now on.
  static inline size_t leastDepth = 512;

private:
  friend class Process;
  void stopLocked();

  std::mutex mutex; // guards everything, also the state of processes
  std::deque<Process> processes;
  size_t tasks = 0;           // that have not left
  size_t awake = 1;           // with the control process, which joins nothing
  Process *control = nullptr; // once it has slept
  bool stopping = false;
  std::exception_ptr failure;
};

} // namespace hls::csim

#endif // EDGELLM_HW_KERNELS_CSIM_HLS_SIMULATION_H
