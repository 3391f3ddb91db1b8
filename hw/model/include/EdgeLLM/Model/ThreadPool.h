//===- ThreadPool.h - Threads that share a loop -----------------*- C++ -*-===//
#ifndef EDGELLM_MODEL_THREADPOOL_H
#define EDGELLM_MODEL_THREADPOOL_H

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace edgellm::model {

/// Keeps threads - 1 workers; the caller of a loop is the remaining one.
class ThreadPool {
public:
  using Body = std::function<void(size_t)>;

  /// threads >= 1. Without room for all of them (std::system_error) it works
  /// with those that could be started.
  explicit ThreadPool(unsigned threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool &) = delete;
  ThreadPool &operator=(const ThreadPool &) = delete;

  /// Calls body(0) .. body(count - 1), each once, in no particular order, and
  /// returns when all are done. `operations` estimates the arithmetic of one
  /// call: loops too short to pay for waking a thread stay on this one. The
  /// first exception of a body is rethrown here after the loop has stopped. Not
  /// to be called from within a body.
  void parallelFor(size_t count, size_t operations, const Body &body);

  unsigned threads() const { return unsigned(workers.size()) + 1; }

  /// The pool of this process: EDGELLM_MODEL_THREADS threads, or as many as
  /// the machine has. Throws Error when the variable is not in 1..1024. It is
  /// never destroyed: a run may still be under way when the process exits.
  static ThreadPool &shared();
  static unsigned defaultThreads();

private:
  void work();
  void takeIndices();

  std::vector<std::thread> workers;
  std::mutex turn; // held by the one loop that runs
  std::mutex mutex;
  std::condition_variable started, finished;
  std::atomic<uint64_t> generation = 0; // counts loops; wakes the workers
  std::atomic<unsigned> active = 0; // workers that have not finished this loop
  bool stopping = false;

  const Body *body = nullptr;
  size_t count = 0;
  std::atomic<size_t> next{0};
  std::exception_ptr failure;
};

} // namespace edgellm::model

#endif // EDGELLM_MODEL_THREADPOOL_H
