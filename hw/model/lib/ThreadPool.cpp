//===- ThreadPool.cpp - Threads that share a loop -------------------------===//
#include "EdgeLLM/Model/ThreadPool.h"
#include "EdgeLLM/Model/FloatingPoint.h"
#include "EdgeLLM/Support/Error.h"
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <string_view>
#include <system_error>

namespace edgellm::model {

static void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

ThreadPool::ThreadPool(unsigned threads) {
  try {
    while (workers.size() + 1 < threads)
      workers.emplace_back([this] { work(); });
  } catch (const std::system_error &) {
    // Fewer threads give the same results.
  }
}

ThreadPool::~ThreadPool() {
  {
    std::lock_guard lock(mutex);
    stopping = true;
  }
  started.notify_all();
  for (std::thread &worker : workers)
    worker.join();
}

void ThreadPool::takeIndices() {
  try {
    for (size_t i = next++; i < count; i = next++)
      (*body)(i);
  } catch (...) {
    next = count; // the others stop at their next index
    std::lock_guard lock(mutex);
    if (!failure)
      failure = std::current_exception();
  }
}

/// Looks again and again for as long as waking a sleeping thread takes, in the
/// hope that it need not sleep: loops follow each other within microseconds.
template <typename Condition> static void spinUntil(Condition condition) {
  constexpr std::chrono::microseconds longEnough(50);
  auto end = std::chrono::steady_clock::now() + longEnough;
  while (!condition() && std::chrono::steady_clock::now() < end)
    for (unsigned i = 0; i < 16 && !condition(); ++i)
      pause();
}

void ThreadPool::work() {
  DefaultFloatingPoint guard;
  uint64_t seen = 0;
  std::unique_lock lock(mutex);
  while (true) {
    lock.unlock();
    spinUntil([&] { return generation != seen; });
    lock.lock();
    started.wait(lock, [&] { return stopping || generation != seen; });
    if (stopping)
      return;
    seen = generation;
    lock.unlock();
    takeIndices();
    lock.lock();
    if (--active == 0)
      finished.notify_one();
  }
}

void ThreadPool::parallelFor(size_t loopCount, size_t operations,
                             const Body &loopBody) {
  // Some 10 microseconds of work: several times what handing it over takes.
  constexpr size_t worthwhile = 1 << 17;
  if (workers.empty() || loopCount <= 1 ||
      operations < worthwhile / loopCount) {
    for (size_t i = 0; i < loopCount; ++i)
      loopBody(i);
    return;
  }
  std::lock_guard oneLoop(turn);
  std::unique_lock lock(mutex);
  body = &loopBody;
  count = loopCount;
  next = 0;
  failure = nullptr;
  active = unsigned(workers.size());
  ++generation;
  lock.unlock();
  started.notify_all();
  takeIndices();
  spinUntil([&] { return active == 0; });
  lock.lock();
  finished.wait(lock, [&] { return active == 0; });
  if (failure)
    std::rethrow_exception(failure);
}

unsigned ThreadPool::defaultThreads() {
  constexpr unsigned most = 1024;
  const char *text = std::getenv("EDGELLM_MODEL_THREADS");
  if (!text)
    return std::clamp(std::thread::hardware_concurrency(), 1u, most);
  std::string_view view(text);
  unsigned threads = 0;
  auto [end, error] =
      std::from_chars(view.data(), view.data() + view.size(), threads);
  if (error != std::errc() || end != view.data() + view.size() || threads < 1 ||
      threads > most)
    fail("EDGELLM_MODEL_THREADS: found '", view, "', expected 1..", most);
  return threads;
}

ThreadPool &ThreadPool::shared() {
  static ThreadPool &pool = *new ThreadPool(defaultThreads());
  return pool;
}

} // namespace edgellm::model
