// Kernels for a GPU, run by the host: their text compiled against emulation.h, many at once, and
// called as cuLaunchKernel would.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include <sinter/codegen/cuda.h>

#include "codegen/run_nest.h"

namespace sinter::test {

struct HostCallOptions {
  std::int64_t offset = 0;  ///< of every buffer from an aligned address, in elements
  bool specialize = false;  ///< lengths as constants
  bool wide = false;        ///< 64-bit indices, as for more elements than a test has
  /// So small a device that a few thousand elements are several vectors a thread, and more than its
  /// cache holds.
  GpuTarget target{.resident_threads = 64, .cache_bytes = 1 << 14};
};

/// Calls to make and to check. Kernels of equal text are one.
class HostCalls {
 public:
  HostCalls();
  ~HostCalls();
  HostCalls(const HostCalls&) = delete;
  HostCalls& operator=(const HostCalls&) = delete;

  /// `graph` is one kernel.
  void add(std::string name, const Graph& graph, std::span<const TensorData> inputs,
           const HostCallOptions& options = {});
  /// Makes every call with threads in ascending and in descending order, buffers right behind and
  /// right before a guard page, and expects the bits of the interpreter.
  void run();

 private:
  struct Call {
    std::string name;
    Graph reference;
    LoopNest nest;
    LoopSpace space;
    std::vector<std::uint64_t> numbers;
    std::size_t kernel = 0;
    std::vector<TensorData> inputs;
    std::int64_t offset = 0;
  };
  struct Order {
    Guard guard;
    bool descending;
  };
  [[nodiscard]] std::size_t kernel_of(const LoopNest& nest);
  void compile();
  void check_parameters(std::size_t kernel) const;
  void make(Call& call, const Order& order) const;

  std::string directory_;
  std::map<std::string, std::size_t> numbers_;  // by source
  std::vector<CudaKernel> kernels_;
  std::vector<Call> calls_;
  void* library_ = nullptr;
};

}  // namespace sinter::test
