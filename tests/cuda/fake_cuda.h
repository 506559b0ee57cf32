// The fake driver and compiler of fake/fake_cuda.cpp, and how tests steer them.
#pragma once

#include <cstdint>
#include <string>

namespace sinter::test {

/// Opened like any driver: nothing of it is visible to another library of this process.
class FakeCuda {
 public:
  /// The one library, as it is at the beginning: two devices of compute capability 9.0, no
  /// failures, no calls counted. From now on Engines find it.
  FakeCuda();
  ~FakeCuda();
  FakeCuda(const FakeCuda&) = delete;
  FakeCuda& operator=(const FakeCuda&) = delete;

  /// From now on `function` does nothing and returns `result`.
  void (*fail)(const char* function, int result) = nullptr;
  /// No failures, no calls counted.
  void (*reset)() = nullptr;
  /// How often it was called since the last reset.
  int (*calls)(const char* function) = nullptr;
  void (*set_devices)(int count) = nullptr;
  void (*set_capability)(int capability) = nullptr;
  /// Only PTX is loaded.
  void (*refuse_machine_code)() = nullptr;
  /// A new context, as a caller makes one.
  void* (*make_context)(int device) = nullptr;
  /// At this address there is another context now: what was loaded and allocated in it is gone.
  void (*replace_context)(void* context) = nullptr;
  /// Contexts that this thread has pushed.
  int (*context_depth)() = nullptr;
  int (*allocations)() = nullptr;
  int (*modules)() = nullptr;
  /// How often they are retained.
  int (*primary_contexts)() = nullptr;
  /// Of the last launch.
  void* (*last_stream)() = nullptr;

  int (*push_context)(void* context) = nullptr;
  int (*pop_context)(void** context) = nullptr;

  [[nodiscard]] static std::string path();

 private:
  template <typename Function>
  void find(const char* name, Function*& function);
  void* library_ = nullptr;
  // Of the environment, as they were.
  std::string driver_;
  std::string nvrtc_;
};

}  // namespace sinter::test
