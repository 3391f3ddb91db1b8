//===- ThreadPoolTest.cpp - Loops shared by threads -----------------------===//
#include "EdgeLLM/Model/ThreadPool.h"
#include "EdgeLLM/Support/Error.h"
#include <cstdlib>
#include <gtest/gtest.h>
#include <numeric>

using namespace edgellm;
using model::ThreadPool;

namespace {

constexpr size_t kLong = 1 << 30; // never worth staying on one thread

TEST(ThreadPoolTest, callsEachIndexOnce) {
  for (unsigned threads : {1u, 2u, 5u}) {
    ThreadPool pool(threads);
    EXPECT_EQ(pool.threads(), threads);
    for (size_t count : {0, 1, 2, 3, 1000}) {
      std::vector<int> calls(count);
      pool.parallelFor(count, kLong, [&](size_t i) { ++calls[i]; });
      EXPECT_EQ(calls, std::vector<int>(count, 1));
    }
  }
}

TEST(ThreadPoolTest, shortLoopsStayOnTheCallingThread) {
  ThreadPool pool(3);
  auto self = std::this_thread::get_id();
  pool.parallelFor(
      10, 1, [&](size_t) { EXPECT_EQ(std::this_thread::get_id(), self); });
}

TEST(ThreadPoolTest, rethrowsAndGoesOn) {
  ThreadPool pool(3);
  auto throwing = [](size_t i) {
    if (i == 17)
      throw std::runtime_error("17");
  };
  for (int repeat = 0; repeat < 20; ++repeat) {
    EXPECT_THROW(pool.parallelFor(100, kLong, throwing), std::runtime_error);
    std::atomic<int> calls = 0;
    pool.parallelFor(100, kLong, [&](size_t) { ++calls; });
    EXPECT_EQ(calls, 100);
  }
}

TEST(ThreadPoolTest, loopsOfSeveralThreadsTakeTurns) {
  ThreadPool pool(2);
  std::vector<size_t> sums(4);
  std::vector<std::thread> callers;
  for (size_t &sum : sums)
    callers.emplace_back([&] {
      for (int repeat = 0; repeat < 50; ++repeat) {
        std::vector<size_t> squares(64);
        pool.parallelFor(64, kLong, [&](size_t i) { squares[i] = i * i; });
        sum += std::accumulate(squares.begin(), squares.end(), size_t(0));
      }
    });
  for (std::thread &caller : callers)
    caller.join();
  EXPECT_EQ(sums, std::vector<size_t>(4, 50 * 85344));
}

TEST(ThreadPoolTest, environmentSetsTheNumberOfThreads) {
  setenv("EDGELLM_MODEL_THREADS", "7", 1);
  EXPECT_EQ(ThreadPool::defaultThreads(), 7u);
  for (const char *text : {"0", "1025", "-1", "two", "", "2 ", "0x2"}) {
    setenv("EDGELLM_MODEL_THREADS", text, 1);
    try {
      ThreadPool::defaultThreads();
      ADD_FAILURE() << "accepted '" << text << "'";
    } catch (const Error &error) {
      EXPECT_EQ(error.what(), std::string("EDGELLM_MODEL_THREADS: found '") +
                                  text + "', expected 1..1024");
    }
  }
  unsetenv("EDGELLM_MODEL_THREADS");
  EXPECT_GE(ThreadPool::defaultThreads(), 1u);
}

} // namespace
