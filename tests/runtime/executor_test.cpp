// The thread pool: every index is called once, from any caller and in nested calls. A forked child
// runs all tasks on its own thread.
#include <sinter/runtime/executor.h>

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <numeric>
#include <set>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <sinter/ir/error.h>

namespace sinter {
namespace {

using Counts = std::vector<std::atomic<int>>;

void count_index(void* context, std::int64_t i) {
  ++(*static_cast<Counts*>(context))[static_cast<std::size_t>(i)];
}

bool each_once(Executor& executor, std::int64_t count) {
  Counts counts(static_cast<std::size_t>(count));
  executor.parallel_for(count, count_index, &counts, 0);
  return std::ranges::all_of(counts, [](const auto& times) { return times == 1; });
}

/// The threads that ran the tasks of a call.
struct Seen {
  std::mutex mutex;
  std::set<std::thread::id> threads;

  void add() {
    const std::lock_guard lock(mutex);
    threads.insert(std::this_thread::get_id());
  }
  [[nodiscard]] std::size_t count() {
    const std::lock_guard lock(mutex);
    return threads.size();
  }
};

/// Returns the threads that ran the tasks of a call. A task takes a millisecond, so that others
/// have the time to come.
std::set<std::thread::id> threads_of(Executor& executor, std::int64_t count) {
  Seen seen;
  executor.parallel_for(
      count,
      [](void* context, std::int64_t) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        static_cast<Seen*>(context)->add();
      },
      &seen, 0);
  return seen.threads;
}

TEST(ThreadPool, CallsEveryIndexOnce) {
  const auto pool = make_thread_pool(4);
  for (std::int64_t count : {0, 1, 2, 3, 4, 5, 64, 1000}) {
    EXPECT_TRUE(each_once(*pool, count)) << count;
  }
}

TEST(ThreadPool, ManyShortCallsInARow) {
  const auto pool = make_thread_pool(3);
  for (int i = 0; i < 5000; ++i) ASSERT_TRUE(each_once(*pool, 3));
}

TEST(ThreadPool, WorkersThatParkedWakeAgain) {
  const auto pool = make_thread_pool(3);
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(each_once(*pool, 6));
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

TEST(ThreadPool, OneThreadRunsAllOnTheCaller) {
  EXPECT_EQ(threads_of(*make_thread_pool(1), 8), std::set{std::this_thread::get_id()});
}

TEST(ThreadPool, UsesSeveralThreadsAtOnce) {
  const auto pool = make_thread_pool(2);
  std::atomic<int> inside = 0;
  // Each of the two tasks waits for the other. One thread alone would never finish.
  pool->parallel_for(
      2,
      [](void* context, std::int64_t) {
        auto& count = *static_cast<std::atomic<int>*>(context);
        ++count;
        while (count < 2) std::this_thread::yield();
      },
      &inside, 0);
  EXPECT_EQ(inside, 2);
}

TEST(ThreadPool, NestedCallsFinish) {
  struct Outer {
    std::shared_ptr<Executor> pool = make_thread_pool(3);
    std::atomic<int> failures = 0;
  } outer;
  outer.pool->parallel_for(
      16,
      [](void* context, std::int64_t) {
        auto& self = *static_cast<Outer*>(context);
        if (!each_once(*self.pool, 32)) ++self.failures;
      },
      &outer, 0);
  EXPECT_EQ(outer.failures, 0);
}

TEST(ThreadPool, CallsFromManyThreadsDoNotDisturbEachOther) {
  const auto pool = make_thread_pool(3);
  std::atomic<int> failures = 0;
  std::vector<std::thread> callers;
  for (int t = 0; t < 8; ++t) {
    callers.emplace_back([&] {
      for (int i = 0; i < 200; ++i) failures += each_once(*pool, 17) ? 0 : 1;
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(failures, 0);
}

/// A call of a pool whose two tasks wait for each other and then for `done`: two threads are busy.
class Occupied {
 public:
  explicit Occupied(Executor& pool)
      : caller_([this, &pool] { pool.parallel_for(2, wait, this, 0); }) {
    while (inside_ < 2) std::this_thread::yield();
  }
  ~Occupied() {
    done = true;
    caller_.join();
  }
  Occupied(const Occupied&) = delete;
  Occupied& operator=(const Occupied&) = delete;

  std::atomic<bool> done = false;

 private:
  static void wait(void* context, std::int64_t) {
    auto& self = *static_cast<Occupied*>(context);
    ++self.inside_;
    while (!self.done) std::this_thread::yield();
  }

  std::atomic<int> inside_ = 0;
  std::thread caller_;
};

TEST(ThreadPool, CallersAndWorkersTogetherAreNoMoreThanItsThreads) {
  const auto pool = make_thread_pool(3);
  const Occupied occupied(*pool);
  // With this caller three threads are busy: the second worker has to stay idle.
  EXPECT_EQ(threads_of(*pool, 8), std::set{std::this_thread::get_id()});
}

TEST(ThreadPool, WorkersJoinACallAsSoonAsOthersAreDone) {
  struct Late {
    std::shared_ptr<Executor> pool = make_thread_pool(3);
    Occupied occupied{*pool};
    Seen seen;
  } late;
  // The first task lets the other call end, and each waits for a second thread.
  late.pool->parallel_for(
      2,
      [](void* context, std::int64_t) {
        auto& self = *static_cast<Late*>(context);
        self.occupied.done = true;
        self.seen.add();
        while (self.seen.count() < 2) std::this_thread::yield();
      },
      &late, 0);
  EXPECT_EQ(late.seen.count(), 2U);
}

/// The worker is idle while two callers run tasks, and wakes when one of them has no more.
TEST(ThreadPool, AnIdleWorkerJoinsWhenACallerIsDone) {
  struct Calls {
    std::shared_ptr<Executor> pool = make_thread_pool(2);
    std::atomic<int> begun = 0;
    std::atomic<bool> done = false;
    std::atomic<std::thread::id> first_caller;
    Seen seen;
  } calls;
  std::thread first([&] {
    calls.first_caller = std::this_thread::get_id();
    calls.pool->parallel_for(
        2,
        [](void* context, std::int64_t) {
          auto& self = *static_cast<Calls*>(context);
          ++self.begun;
          while (self.begun < 2) std::this_thread::yield();
          const bool is_caller = std::this_thread::get_id() == self.first_caller.load();
          while (is_caller && !self.done) std::this_thread::yield();
        },
        &calls, 0);
  });
  while (calls.begun < 2) std::this_thread::yield();
  std::this_thread::sleep_for(std::chrono::milliseconds(2));  // the worker has left, and waits
  calls.pool->parallel_for(
      2,
      [](void* context, std::int64_t) {
        auto& self = *static_cast<Calls*>(context);
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        self.done = true;
        self.seen.add();
        while (self.seen.count() < 2) std::this_thread::yield();
      },
      &calls, 0);
  first.join();
  EXPECT_EQ(calls.seen.count(), 2U);
}

TEST(ThreadPool, WhatTasksWroteIsThereAfterwards) {
  const auto pool = make_thread_pool(4);
  std::vector<int> values(1024);
  for (int round = 1; round <= 50; ++round) {
    pool->parallel_for(
        1024,
        [](void* context, std::int64_t i) {
          ++(*static_cast<std::vector<int>*>(context))[static_cast<std::size_t>(i)];
        },
        &values, 0);
    ASSERT_EQ(std::accumulate(values.begin(), values.end(), 0), 1024 * round);
  }
}

TEST(ThreadPool, AForkedChildRunsOnItsOwnThread) {
  auto pool = make_thread_pool(3);
  ASSERT_TRUE(each_once(*pool, 8));  // the workers have started, and will park soon
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const bool right = each_once(*pool, 8);
    pool.reset();  // has no threads to join here, and must not hang
    _exit(right ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_TRUE(each_once(*pool, 8));
}

TEST(ThreadPool, RefusesLessThanOneThread) {
  try {
    static_cast<void>(make_thread_pool(0));
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    EXPECT_STREQ(error.what(), "a thread pool of 0 threads: give at least 1");
  }
}

}  // namespace
}  // namespace sinter
