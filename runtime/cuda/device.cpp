// CudaDevice: opening a device, its errors in words, and which context is current.
#include "cuda/device.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>

#include <fmt/format.h>

#include <sinter/ir/error.h>

namespace sinter::detail {
namespace {

/// Number of devices, at least 1. Throws Error(unsupported) if there is none, or no working driver.
int count_devices(const CudaDriver& driver) {
  const CudaResult result = driver.init(0);
  if (result == kCudaStubLibrary) {
    fail(ErrorCode::unsupported,
         "no GPU: the library that was found is the toolkit's stub, not a driver");
  }
  int count = 0;
  if (result != 0 && result != kCudaNoDevice) {
    fail(ErrorCode::unsupported,
         fmt::format("no GPU: the driver does not start: {}", driver.text(result)));
  }
  if (result == kCudaNoDevice || driver.device_count(&count) != 0 || count == 0) {
    fail(ErrorCode::unsupported, "no GPU: the driver knows of no device");
  }
  return count;
}

constexpr std::string_view kContextGone =
    ". The context in which this object was made was destroyed: compile, bind and allocate in the "
    "current context";

std::atomic<bool> process_ends{false};

/// Registers an exit handler that sets process_ends. It runs before the driver's own exit handlers,
/// which were registered earlier, so nothing calls the driver after its shutdown.
void watch_for_the_end() {
  static const int registered = std::atexit([] { process_ends = true; });
  static_cast<void>(registered);
}

/// True if `result` reports that a kernel failed while it ran, which makes its context unusable:
/// illegal addresses and instructions, timeouts, traps, memory errors.
bool is_fault(CudaResult result) {
  constexpr std::array kFaults{214, 220, 700, 702, 710, 714, 715, 716, 717, 718, 719};
  return std::ranges::find(kFaults, result) != kFaults.end();
}

}  // namespace

CudaDevice::CudaDevice(CudaDriver driver, int index)
    : driver_(driver), index_(index), process_(getpid()) {
  check(driver_.device_get(&device_, index), "querying the device");
  const auto attribute = [this](CudaAttribute which) {
    int value = 0;
    check(driver_.device_attribute(&value, which, device_), "querying an attribute of the device");
    return value;
  };
  target_.compute_capability = attribute(CudaAttribute::compute_capability_major) * 10 +
                               attribute(CudaAttribute::compute_capability_minor);
  std::array<char, 128> name{};
  check(driver_.device_name(name.data(), static_cast<int>(name.size()) - 1, device_),
        "querying the name of the device");
  // Fields that follow from these, such as near_bytes, get the values of this device.
  target_.model = {.name = name.data(),
                   .multiprocessors = attribute(CudaAttribute::multiprocessors),
                   .threads = attribute(CudaAttribute::threads_per_multiprocessor),
                   .cache_bytes = attribute(CudaAttribute::l2_cache_bytes)};
  int version = 0;
  check(driver_.driver_version(&version), "querying the version of the driver");
  description_ = fmt::format("{} (cuda:{}, compute capability {}.{}, driver {}.{})", name.data(),
                             index, target_.compute_capability / 10,
                             target_.compute_capability % 10, version / 1000, version % 1000 / 10);
}

std::shared_ptr<const CudaDevice> CudaDevice::open(int index,
                                                   const EnvironmentLookup& environment) {
  const CudaDriver driver = CudaDriver::load(environment);
  const int count = count_devices(driver);
  watch_for_the_end();
  if (index < 0 || index >= count) {
    fail(ErrorCode::unsupported,
         fmt::format("there is no device cuda:{}: the driver knows of {}, cuda:0{}", index, count,
                     count == 1 ? "" : fmt::format(" to cuda:{}", count - 1)));
  }
  return std::shared_ptr<const CudaDevice>(new CudaDevice(driver, index));
}

CudaDevice::~CudaDevice() {
  if (primary_ != nullptr && is_reachable()) driver_.primary_release(device_);
}

bool CudaDevice::is_reachable() const { return getpid() == process_ && !process_ends; }

std::uint64_t CudaDevice::number_of(CudaContext context) const {
  unsigned long long number = 0;
  const bool told =
      driver_.context_number != nullptr && driver_.context_number(context, &number) == 0;
  return told ? number : 0;
}

CudaContext CudaDevice::primary() const {
  const std::lock_guard lock(mutex_);
  if (primary_ == nullptr) {
    check(driver_.primary_retain(&primary_, device_), "making the primary context");
  }
  return primary_;
}

void CudaDevice::check_fork() const {
  if (getpid() == process_) return;
  fail(
      ErrorCode::unsupported,
      fmt::format("{} was opened before a fork, which CUDA does not survive: make an Engine in the "
                  "child, and use none before",
                  description_));
}

void CudaDevice::check(CudaResult result, std::string_view what) const {
  if (result == 0) [[likely]] {
    return;
  }
  const std::string where = description_.empty() ? fmt::format("cuda:{}", index_) : description_;
  fail(result == kCudaOutOfMemory ? ErrorCode::limit_exceeded : ErrorCode::internal,
       fmt::format("{} on {}: {}{}", what, where, driver_.text(result), advice(result)));
}

/// Text to add to the driver's message: the consequence of an error and what to do.
std::string CudaDevice::advice(CudaResult result) const {
  if (result == kCudaContextDestroyed) return std::string(kContextGone);
  if (!is_fault(result)) return "";
  if (faulted_.exchange(true)) return ". This fault of a kernel has been reported before";
  const std::uint64_t last = last_launch_.load(std::memory_order_relaxed);
  return fmt::format(
      ". A kernel failed while it ran. The last kernel that sinter launched was sinter_kernel in "
      "{} blocks of {} threads. The context is unusable: reset the device, or start a new process",
      last >> 32, last & 0xffff'ffff);
}

void CudaDevice::check_pointer(const void* pointer, std::string_view label) const {
  const auto address = static_cast<CudaPointer>(reinterpret_cast<std::uintptr_t>(pointer));
  unsigned type = 0;
  const CudaResult result =
      driver_.pointer_attribute(&type, CudaPointerAttribute::memory_type, address);
  if (result == kCudaInvalidValue || (result == 0 && type == 0)) {
    fail(ErrorCode::invalid_buffer,
         fmt::format("{} at {} is host memory, the program runs on cuda:{}: give it device memory, "
                     "as Engine::allocate does",
                     label, fmt::ptr(pointer), index_));
  }
  check(result, "querying the memory type of a pointer");
  if (type != kCudaDeviceMemory) return;  // pinned or managed: all devices can access it
  int owner = 0;
  check(driver_.pointer_attribute(&owner, CudaPointerAttribute::device_ordinal, address),
        "querying the device of a pointer");
  if (owner == index_) return;
  fail(ErrorCode::invalid_buffer,
       fmt::format("{} at {} is memory of cuda:{}, the program runs on cuda:{}", label,
                   fmt::ptr(pointer), owner, index_));
}

CudaScope::CudaScope(const CudaDevice& device) : device_(device) {
  device.check_fork();
  CudaContext& context = owner_.context;
  device.check(device.driver_.context_current(&context), "querying the current context");
  int current = -1;
  if (context != nullptr) {
    device.check(device.driver_.context_device(&current), "querying the current device");
  }
  if (current != device.device_) {
    context = device.primary();
    push();
  }
  owner_.number = device.number_of(context);
}

CudaScope::CudaScope(const CudaDevice& device, const CudaOwner& owner)
    : device_(device), owner_(owner) {
  device.check_fork();
  if (device.number_of(owner.context) != owner.number) {
    fail(ErrorCode::internal,
         fmt::format("{}: at {} there is another context, or none{}", device.description(),
                     fmt::ptr(owner.context), kContextGone));
  }
  CudaContext current = nullptr;
  device.check(device.driver_.context_current(&current), "querying the current context");
  if (current != owner.context) push();
}

void CudaScope::push() {
  device_.check(device_.driver_.context_push(owner_.context), "making a context current");
  pushed_ = true;
}

CudaScope::~CudaScope() {
  CudaContext ignored = nullptr;
  if (pushed_) device_.driver_.context_pop(&ignored);
}

}  // namespace sinter::detail
