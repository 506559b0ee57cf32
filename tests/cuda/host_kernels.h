// Runs kernels for a GPU on the host. The texts of many kernels are compiled together with
// emulation.h, and called as cuLaunchKernel would call them.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include <sinter/codegen/cuda.h>

#include "codegen/run_nest.h"

namespace sinter::test {

struct HostCallOptions {
  std::int64_t offset = 0;  ///< elements between an aligned address and the begin of each buffer
  bool specialize = false;  ///< compile the lengths in as constants
  bool wide = false;        ///< use 64-bit indices, which otherwise only huge tensors need
  /// A device so small that a few thousand elements give each thread several vectors and exceed its
  /// cache.
  GpuTarget target{.model = {.multiprocessors = 1, .threads = 64, .cache_bytes = 1 << 14}};
};

/// Collects calls of kernels, then compiles the kernels together, makes the calls and checks them.
/// Kernels with the same text are compiled once.
class HostCalls {
 public:
  HostCalls();
  ~HostCalls();
  HostCalls(const HostCalls&) = delete;
  HostCalls& operator=(const HostCalls&) = delete;

  /// Adds a call. `graph` must be one kernel.
  void add(std::string name, const Graph& graph, std::span<const TensorData> inputs,
           const HostCallOptions& options = {});
  /// Makes every call with threads in ascending and in descending order, and with buffers right
  /// after and right before a guard page. Expects the bits of the interpreter.
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
  std::map<std::string, std::size_t> numbers_;  // index in kernels_, by source
  std::vector<CudaKernel> kernels_;
  std::vector<Call> calls_;
  void* library_ = nullptr;
};

}  // namespace sinter::test
