//===- ThreadPool.cpp - Threads that share a loop -------------------------===//
#include "EdgeLLM/Model/ThreadPool.h"
#include "EdgeLLM/Support/Error.h"
#include "FloatingPoint.h"
#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <string_view>
#include <system_error>

namespace edgellm::model {

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

void ThreadPool::work() {
  DefaultFloatingPoint guard;
  uint64_t seen = 0;
  std::unique_lock lock(mutex);
  while (true) {
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
  // Some 0.1 ms of work: waking a thread on a busy machine takes a good part.
  constexpr size_t worthwhile = 1 << 19;
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
