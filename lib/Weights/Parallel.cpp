//===- Parallel.cpp - A loop over several threads -------------------------===//
#include "Parallel.h"

#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

using namespace edgellm;

namespace {

/// Keeps the exception of the lowest index.
class FirstFailure {
public:
  void record(int64_t index) {
    std::lock_guard lock(mutex);
    if (failure && failedIndex < index)
      return;
    failure = std::current_exception();
    failedIndex = index;
  }

  void rethrow() const {
    if (failure)
      std::rethrow_exception(failure);
  }

private:
  std::mutex mutex;
  std::exception_ptr failure;
  int64_t failedIndex = 0;
};

} // namespace

void edgellm::parallelFor(int64_t count, unsigned workers,
                          const std::function<void(int64_t, unsigned)> &body) {
  std::atomic<int64_t> next = 0;
  FirstFailure failure;
  auto work = [&](unsigned worker) {
    for (int64_t index; (index = next++) < count;) {
      try {
        body(index, worker);
      } catch (...) {
        failure.record(index);
      }
    }
  };
  {
    std::vector<std::jthread> threads;
    for (unsigned worker = 1; worker < workers; ++worker)
      threads.emplace_back(work, worker);
    work(0);
  }
  failure.rethrow();
}
