// CudaDevice: one GPU as the driver gives it, and the context that calls to it run in.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include <sinter/codegen/cuda.h>

#include "cuda_driver.h"

namespace sinter::detail {

/// A context, and the number by which the driver tells it from one that had the same address
/// before; 0 where the driver tells none.
struct CudaOwner {
  CudaContext context = nullptr;
  std::uint64_t number = 0;
  friend bool operator==(const CudaOwner&, const CudaOwner&) = default;
};

/// Thread-safe. Does not survive a fork, as the driver does not: its use in the child is refused.
class CudaDevice {
 public:
  /// Throws Error(unsupported) where there is no such device, with the reason.
  [[nodiscard]] static std::shared_ptr<const CudaDevice> open(
      int index, const EnvironmentLookup& environment = process_environment);
  ~CudaDevice();
  CudaDevice(const CudaDevice&) = delete;
  CudaDevice& operator=(const CudaDevice&) = delete;

  [[nodiscard]] const CudaDriver& driver() const { return driver_; }
  [[nodiscard]] int index() const { return index_; }
  [[nodiscard]] const GpuTarget& target() const { return target_; }
  /// "NVIDIA H200 (cuda:0, compute capability 9.0, driver 13.0)"
  [[nodiscard]] const std::string& description() const { return description_; }

  /// Throws Error unless `result` is success: limit_exceeded where memory is out, else internal.
  /// "launching sinter_kernel on NVIDIA H200 (...): CUDA_ERROR_...". A fault of a kernel that ran
  /// before, which every call from then on reports, is told once, with what was launched last.
  void check(CudaResult result, std::string_view what) const;
  /// For the message of a fault: what was launched last.
  void note_launch(unsigned blocks, unsigned threads) const {
    last_launch_.store(std::uint64_t{blocks} << 32 | threads, std::memory_order_relaxed);
  }
  /// Throws Error(invalid_buffer) unless kernels of this device can use the memory at `pointer`.
  void check_pointer(const void* pointer, std::string_view label) const;
  /// For destructors: calls `release(driver())` with the context of `owner` current. Does nothing
  /// where that context is gone, with all that was in it, or where the driver must not be asked any
  /// more: in the child of a fork, and when the process ends.
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
  /// 0 also where `context` is gone.
  [[nodiscard]] std::uint64_t number_of(CudaContext context) const;
  [[nodiscard]] std::string advice(CudaResult result) const;

  const CudaDriver driver_;
  const int index_;
  const int process_;
  int device_ = 0;
  GpuTarget target_;
  std::string description_;
  mutable std::atomic<std::uint64_t> last_launch_{0};  // blocks, and threads of each
  mutable std::atomic<bool> faulted_{false};           // and it has been told
  mutable std::mutex mutex_;
  mutable CudaContext primary_ = nullptr;  // retained when it is first needed
};

/// Has a context of the device current: the caller's where it is of this device, else the device's
/// primary one until the end of the scope.
class CudaScope {
 public:
  explicit CudaScope(const CudaDevice& device);
  /// With this context and no other. Throws Error(internal) where it is gone.
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
