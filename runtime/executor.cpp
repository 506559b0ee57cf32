// sinter's own thread pool, the default Executor.
//
// A caller opens a job, works on it, and waits for the workers that joined it. The thread that
// takes the last index of a job closes the job before it runs that index, so workers rarely join a
// job without work. Nested and concurrent calls cannot block each other, because every caller can
// finish its job alone.
//
// Concurrent calls share the threads: workers join jobs only while fewer callers and workers run
// tasks than the pool has threads. A caller that comes later than that begins alone, and workers
// join it as soon as others are done.
//
// Threads start with the first parallel call. They do not survive a fork: in the child everything
// runs on the calling thread.
#include <sinter/runtime/executor.h>

#include <immintrin.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <new>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include <sinter/ir/error.h>
#include <sinter/ir/rethrow.h>

#include "process.h"

namespace sinter {

Executor::~Executor() = default;
Allocator::~Allocator() = default;

namespace {

/// Time that a thread spins, waiting for work or for the end of a job, before it parks. Waking a
/// parked thread takes about 5 to 50 microseconds; spinning keeps the workers awake between calls
/// in close succession.
constexpr std::chrono::microseconds kSpin{20};

/// Spins until `done()` is true or kSpin has passed; returns true in the first case.
template <typename Done>
bool spin_until(Done done) {
  const auto end = std::chrono::steady_clock::now() + kSpin;
  do {
    for (int i = 0; i < 16; ++i) {
      if (done()) return true;
      _mm_pause();
    }
  } while (std::chrono::steady_clock::now() < end);
  return false;
}

/// One parallel_for. It lives on its caller's stack, so only workers that have joined it may access
/// it.
struct Job {
  std::int64_t count;
  void (*task)(void*, std::int64_t);
  void* context;
  std::int64_t places;  ///< workers that may still join; changes under Crew::mutex_
  std::atomic<std::int64_t> next{0};
  std::atomic<int> workers{0};  ///< joined and not yet left; increases under Crew::mutex_
};

/// Blocks all signals in threads started in this scope: signals of the host must run on its own
/// threads.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &saved_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &saved_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t saved_;
};

/// The running worker threads, and the open jobs.
class Crew {
 public:
  explicit Crew(int workers) : most_running_(workers + 1) {
    const SignalsBlocked blocked;
    try {
      threads_.reserve(static_cast<std::size_t>(workers));
      for (int i = 0; i < workers; ++i) threads_.emplace_back([this] { work(); });
    } catch (const std::exception&) {
      // The system is out of threads or memory: the threads that have started do the work.
    }
  }

  ~Crew() {
    {
      const std::lock_guard lock(mutex_);
      dismissed_ = true;
    }
    opened_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  [[nodiscard]] bool forked() const { return detail::process_epoch() != process_; }

  void run(Job& job) {
    open(job);
    take_part(job);
    rest();
    const auto left = [&] { return job.workers.load(std::memory_order_acquire) == 0; };
    if (spin_until(left)) return;
    std::unique_lock lock(mutex_);
    left_.wait(lock, left);
  }

 private:
  void open(Job& job) {
    std::int64_t wake = 0;
    try {
      const std::lock_guard lock(mutex_);
      ++running_;
      open_.push_back(&job);
      has_open_.store(true, std::memory_order_relaxed);
      wake = std::min<std::int64_t>({parked_, job.places, most_running_ - running_});
    } catch (const std::bad_alloc&) {
      return;  // no worker joins; the caller does all the work
    }
    for (; wake > 0; --wake) opened_.notify_one();
  }

  void close(Job& job) {
    const std::lock_guard lock(mutex_);
    remove(job);
  }

  /// Lets no more workers join; under mutex_.
  void remove(Job& job) {
    std::erase(open_, &job);
    has_open_.store(!open_.empty(), std::memory_order_relaxed);
  }

  void take_part(Job& job) {
    for (std::int64_t i = job.next++; i < job.count; i = job.next++) {
      if (i + 1 == job.count) close(job);
      job.task(job.context, i);
    }
  }

  void work() {
    while (Job* job = join()) {
      take_part(*job);
      leave(*job);
    }
  }

  /// Waits for an open job and joins it; null once the crew is dismissed.
  Job* join() {
    spin_until([&] { return has_open_.load(std::memory_order_relaxed); });
    std::unique_lock lock(mutex_);
    ++parked_;
    const auto may_join = [&] { return !open_.empty() && running_ < most_running_; };
    opened_.wait(lock, [&] { return dismissed_ || may_join(); });
    --parked_;
    if (!may_join()) return nullptr;
    Job* const job = open_.front();
    ++running_;
    ++job->workers;
    if (--job->places == 0) remove(*job);
    return job;
  }

  /// A caller has no more tasks to run.
  void rest() {
    const std::lock_guard lock(mutex_);
    free_thread();
  }

  /// Lets a worker run in the place of this thread; under mutex_.
  void free_thread() {
    --running_;
    if (!open_.empty() && parked_ > 0) opened_.notify_one();
  }

  void leave(Job& job) {
    const std::lock_guard lock(mutex_);
    free_thread();
    // Once the caller sees 0 it may return and destroy the job: do not access it after this.
    if (--job.workers == 0) left_.notify_all();
  }

  const std::uint32_t process_ = detail::process_epoch();
  std::mutex mutex_;
  std::condition_variable opened_;  ///< a job was opened, or the crew dismissed
  std::condition_variable left_;    ///< a job's last worker left
  std::vector<Job*> open_;
  std::atomic<bool> has_open_{false};  ///< !open_.empty(), for spinning threads
  const std::int64_t most_running_;
  std::int64_t running_ = 0;  ///< callers and workers that run tasks
  std::int64_t parked_ = 0;
  bool dismissed_ = false;
  std::vector<std::thread> threads_;
};

class ThreadPool final : public Executor {
 public:
  explicit ThreadPool(int threads) : threads_(threads) {}
  ~ThreadPool() override {
    // In a forked child the threads do not exist: joining them, and destroying the condition
    // variable that they wait on, would block for ever.
    if (crew_ != nullptr && crew_->forked()) static_cast<void>(crew_.release());
  }
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  [[nodiscard]] int concurrency() const override { return threads_; }

  void parallel_for(std::int64_t count, void (*task)(void*, std::int64_t), void* context,
                    double) override {
    if (threads_ > 1 && count > 1) {
      start();
      if (crew_ != nullptr && !crew_->forked()) {
        Job job{count, task, context, std::min<std::int64_t>(threads_, count) - 1};
        crew_->run(job);
        return;
      }
    }
    for (std::int64_t i = 0; i < count; ++i) task(context, i);
  }

 private:
  void start() {
    // If a fork happens while another thread is in here, the child runs this a second time.
    std::call_once(started_, [&] {
      static_cast<void>(crew_.release());
      crew_.reset(new (std::nothrow) Crew(threads_ - 1));
    });
  }

  const int threads_;
  std::once_flag started_;
  std::unique_ptr<Crew> crew_;
};

}  // namespace

std::shared_ptr<Executor> make_thread_pool(int threads) try {
  if (threads < 1) {
    fail(ErrorCode::invalid_argument,
         fmt::format("a thread pool of {} threads: give at least 1", threads));
  }
  return std::make_shared<ThreadPool>(threads);
} catch (...) {
  detail::rethrow_as_error();
}

}  // namespace sinter
