// The fake driver and compiler of fake/fake_cuda.cpp, and the functions with which tests control
// them.
#pragma once

#include <cstdint>
#include <string>

namespace sinter::test {

/// The fake library, opened like a real driver: its symbols are not visible to other libraries.
class FakeCuda {
 public:
  /// Resets the library: two devices of compute capability 9.0, no failures, no calls counted.
  /// Engines find it from now on.
  FakeCuda();
  ~FakeCuda();
  FakeCuda(const FakeCuda&) = delete;
  FakeCuda& operator=(const FakeCuda&) = delete;

  /// Makes `function` do nothing and return `result` from now on.
  void (*fail)(const char* function, int result) = nullptr;
  /// Restores the initial devices, and clears all failures and counts of calls.
  void (*reset)() = nullptr;
  /// Number of calls of `function` since the last reset.
  int (*calls)(const char* function) = nullptr;
  void (*set_devices)(int count) = nullptr;
  void (*set_capability)(int capability) = nullptr;
  /// Makes loading fail for every image that is not PTX.
  void (*refuse_machine_code)() = nullptr;
  /// Makes a new context that is not primary.
  void* (*make_context)(int device) = nullptr;
  /// Destroys the context with its modules and allocations, and makes a new one at its address.
  void (*replace_context)(void* context) = nullptr;
  /// Number of contexts that this thread has pushed.
  int (*context_depth)() = nullptr;
  int (*allocations)() = nullptr;
  int (*modules)() = nullptr;
  /// Number of times that primary contexts are retained.
  int (*primary_contexts)() = nullptr;
  /// Stream of the last launch.
  void* (*last_stream)() = nullptr;

  int (*push_context)(void* context) = nullptr;
  int (*pop_context)(void** context) = nullptr;

  [[nodiscard]] static std::string path();

 private:
  template <typename Function>
  void find(const char* name, Function*& function);
  void* library_ = nullptr;
  // Old values of the environment variables that name the driver and NVRTC.
  std::string driver_;
  std::string nvrtc_;
};

}  // namespace sinter::test
