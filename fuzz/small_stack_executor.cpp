// Threads with stacks of their own, filled with a pattern that shows how much of them is used.
#include <sinter/fuzz/small_stack_executor.h>

#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace sinter::fuzz {
namespace {

constexpr int kUntouched = 0xa5;

[[noreturn]] void fail_to(const char* what) {
  throw std::runtime_error(std::string("small stacks: the system does not ") + what);
}

/// The stack of a thread above a guard page. A pattern shows how many bytes the thread used.
class Stack {
 public:
  explicit Stack(std::size_t bytes) {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    bytes_ = (bytes + page - 1) / page * page;
    mapped_ = bytes_ + page;
    void* memory = mmap(nullptr, mapped_, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (memory == MAP_FAILED) fail_to("map a stack");
    guard_ = static_cast<std::byte*>(memory);
    if (mprotect(guard_, page, PROT_NONE) != 0) fail_to("protect a page");
    lowest_ = guard_ + page;
    std::memset(lowest_, kUntouched, bytes_);
  }
  ~Stack() { munmap(guard_, mapped_); }
  Stack(const Stack&) = delete;
  Stack& operator=(const Stack&) = delete;

  [[nodiscard]] std::size_t touched() const {
    const std::byte* end = lowest_ + bytes_;
    const auto untouched = [](std::byte byte) { return byte == std::byte{kUntouched}; };
    return static_cast<std::size_t>(end - std::find_if_not(lowest_, lowest_ + bytes_, untouched));
  }
  void apply(pthread_attr_t& attributes) const {
    if (pthread_attr_setstack(&attributes, lowest_, bytes_) != 0) fail_to("take a stack so small");
  }

 private:
  std::byte* guard_ = nullptr;
  std::byte* lowest_ = nullptr;
  std::size_t bytes_ = 0;
  std::size_t mapped_ = 0;
};

struct Job {
  std::int64_t count;
  void (*task)(void*, std::int64_t);
  void* context;
  std::atomic<std::int64_t> next{0};
};

void* take_part(void* shared) {
  Job& job = *static_cast<Job*>(shared);
  for (std::int64_t i = job.next++; i < job.count; i = job.next++) job.task(job.context, i);
  return nullptr;
}

/// Runs the job on `threads` new threads. Returns the largest number of bytes of stack that one of
/// them used.
std::size_t run(Job& job, int threads, std::size_t stack_bytes) {
  std::vector<std::unique_ptr<Stack>> stacks;
  std::vector<pthread_t> running;
  for (int i = 0; i < threads; ++i) {
    stacks.push_back(std::make_unique<Stack>(stack_bytes));
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    stacks.back()->apply(attributes);
    pthread_t thread{};
    const int refused = pthread_create(&thread, &attributes, take_part, &job);
    pthread_attr_destroy(&attributes);
    if (refused != 0) break;
    running.push_back(thread);
  }
  for (const pthread_t thread : running) pthread_join(thread, nullptr);
  if (running.empty()) fail_to("start a thread");
  std::size_t most = 0;
  for (const auto& stack : stacks) most = std::max(most, stack->touched());
  return most;
}

std::size_t bytes_of_empty_thread() {
  constexpr std::size_t kAmple = std::size_t{1} << 20;
  Job empty{1, [](void*, std::int64_t) {}, nullptr};
  return run(empty, 1, kAmple);
}

}  // namespace

SmallStackExecutor::SmallStackExecutor(int threads)
    : threads_(threads), thread_bytes_(bytes_of_empty_thread()) {}

void SmallStackExecutor::parallel_for(std::int64_t count, void (*task)(void*, std::int64_t),
                                      void* context, double) {
  Job job{count, task, context};
  const auto threads = static_cast<int>(std::min<std::int64_t>(threads_, count));
  const std::size_t touched = run(job, threads, thread_bytes_ + kTaskStackBytes);
  tasks_ += count;
  const std::size_t took = touched > thread_bytes_ ? touched - thread_bytes_ : 0;
  for (std::size_t most = most_bytes_; took > most;) {
    if (most_bytes_.compare_exchange_weak(most, took)) break;
  }
}

}  // namespace sinter::fuzz
