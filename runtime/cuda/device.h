// CudaDevice: one GPU and its driver. CudaScope: makes a context of the device current.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include <sinter/codegen/cuda.h>

#include "cuda/driver.h"

namespace sinter::detail {

/// A context and its unique number. The number distinguishes the context from an earlier one at the
/// same address; it is 0 if the driver has no such numbers.
struct CudaOwner {
  CudaContext context = nullptr;
  std::uint64_t number = 0;
  friend bool operator==(const CudaOwner&, const CudaOwner&) = default;
};

/// One GPU. Thread-safe. CUDA does not survive a fork: in a forked child, use throws
/// Error(unsupported).
class CudaDevice {
 public:
  /// Opens device `index`. Throws Error(unsupported), with the reason, if there is none.
  [[nodiscard]] static std::shared_ptr<const CudaDevice> open(
      int index, const EnvironmentLookup& environment = process_environment);
  ~CudaDevice();
  CudaDevice(const CudaDevice&) = delete;
  CudaDevice& operator=(const CudaDevice&) = delete;

  [[nodiscard]] const CudaDriver& driver() const { return driver_; }
  [[nodiscard]] int index() const { return index_; }
  [[nodiscard]] const GpuTarget& target() const { return target_; }
  /// Description for messages, such as "NVIDIA H200 (cuda:0, compute capability 9.0, driver 13.0)".
  [[nodiscard]] const std::string& description() const { return description_; }

  /// Throws Error unless `result` is success: limit_exceeded if the GPU is out of memory, else
  /// internal. The message is like "launching sinter_kernel on NVIDIA H200 (...): CUDA_ERROR_...".
  /// After a kernel faults, every later call of the driver reports the fault; only the first
  /// message describes it, with the last launch.
  void check(CudaResult result, std::string_view what) const;
  /// Remembers a launch for the message of a fault.
  void note_launch(unsigned blocks, unsigned threads) const {
    last_launch_.store(std::uint64_t{blocks} << 32 | threads, std::memory_order_relaxed);
  }
  /// Throws Error(invalid_buffer) unless kernels of this device can access the memory at `pointer`.
  void check_pointer(const void* pointer, std::string_view label) const;
  /// For destructors: calls `release(driver())` with the context of `owner` current. Does nothing
  /// if that context was destroyed, with all its resources, or if the driver must not be called any
  /// more: in a forked child, and when the process ends.
  void release_in(const CudaOwner& owner, auto&& release) const {
    if (!is_reachable() || number_of(owner.context) != owner.number) return;
    if (driver_.context_push(owner.context) != 0) return;
    release(driver_);
    CudaContext ignored = nullptr;
    driver_.context_pop(&ignored);
  }

 private:
  friend class CudaScope;
  CudaDevice(CudaDriver driver, int index);
  [[nodiscard]] CudaContext primary() const;
  void check_fork() const;
  [[nodiscard]] bool is_reachable() const;
  /// The unique number of a context; 0 if the driver has no such numbers, or the context was
  /// destroyed.
  [[nodiscard]] std::uint64_t number_of(CudaContext context) const;
  [[nodiscard]] std::string advice(CudaResult result) const;

  const CudaDriver driver_;
  const int index_;
  const int process_;
  int device_ = 0;
  GpuTarget target_;
  std::string description_;
  mutable std::atomic<std::uint64_t> last_launch_{0};  // blocks << 32 | threads of a block
  mutable std::atomic<bool> faulted_{false};           // a fault has been described in an error
  mutable std::mutex mutex_;
  mutable CudaContext primary_ = nullptr;  // retained at its first use
};

/// A scope in which a context of the device is current: the thread's current context if it belongs
/// to this device, else the device's primary context.
class CudaScope {
 public:
  explicit CudaScope(const CudaDevice& device);
  /// Makes the context of `owner` current. Throws Error(internal) if it was destroyed.
  CudaScope(const CudaDevice& device, const CudaOwner& owner);
  ~CudaScope();
  CudaScope(const CudaScope&) = delete;
  CudaScope& operator=(const CudaScope&) = delete;

  [[nodiscard]] const CudaOwner& owner() const { return owner_; }

 private:
  void push();
  const CudaDevice& device_;
  CudaOwner owner_;
  bool pushed_ = false;
};

}  // namespace sinter::detail
