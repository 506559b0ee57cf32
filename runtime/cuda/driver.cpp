// The search for libcuda, and the names of its functions.
#include "cuda/driver.h"

#include <fmt/format.h>

#include <sinter/ir/error.h>

#include "dynamic_library.h"

namespace sinter::detail {
namespace {

/// Only the driver has a library of this name; "libcuda.so" may be the stub of a toolkit.
constexpr const char* kName = "libcuda.so.1";
/// Its path under WSL, where the loader does not search.
constexpr const char* kWindowsSubsystem = "/usr/lib/wsl/lib/libcuda.so.1";

DynamicLibrary find_library(const EnvironmentLookup& environment,
                            std::vector<std::string>& attempts) {
  if (const std::string chosen = environment("SINTER_LIBCUDA"); !chosen.empty()) {
    return DynamicLibrary::open(chosen, attempts);
  }
  if (DynamicLibrary library = DynamicLibrary::loaded(kName)) return library;
  if (DynamicLibrary library = DynamicLibrary::open(kName, attempts)) return library;
  return DynamicLibrary::open(kWindowsSubsystem, attempts);
}

/// Looks up all functions. Returns the name of the first missing one, or "".
std::string find_functions(const DynamicLibrary& library, CudaDriver& to) {
  std::string missing;
  const auto find = [&](const char* name, auto*& function) {
    if (!library.find(name, function) && missing.empty()) missing = name;
  };
  find("cuInit", to.init);
  find("cuGetErrorName", to.error_name);
  find("cuGetErrorString", to.error_string);
  find("cuDriverGetVersion", to.driver_version);
  find("cuDeviceGetCount", to.device_count);
  find("cuDeviceGet", to.device_get);
  find("cuDeviceGetName", to.device_name);
  find("cuDeviceGetAttribute", to.device_attribute);
  find("cuDevicePrimaryCtxRetain", to.primary_retain);
  find("cuDevicePrimaryCtxRelease_v2", to.primary_release);
  find("cuCtxGetCurrent", to.context_current);
  find("cuCtxGetDevice", to.context_device);
  find("cuCtxPushCurrent_v2", to.context_push);
  find("cuCtxPopCurrent_v2", to.context_pop);
  find("cuModuleLoadData", to.module_load);
  find("cuModuleUnload", to.module_unload);
  find("cuModuleGetFunction", to.module_function);
  find("cuLaunchKernel", to.launch);
  find("cuMemAlloc_v2", to.allocate);
  find("cuMemFree_v2", to.release);
  find("cuMemAllocAsync", to.allocate_async);
  find("cuMemFreeAsync", to.release_async);
  find("cuMemcpyHtoD_v2", to.copy_to_device);
  find("cuMemcpyDtoH_v2", to.copy_to_host);
  find("cuPointerGetAttribute", to.pointer_attribute);
  static_cast<void>(library.find("cuCtxGetId", to.context_number));
  return missing;
}

}  // namespace

CudaDriver CudaDriver::load(const EnvironmentLookup& environment) {
  std::vector<std::string> attempts;
  const DynamicLibrary library = find_library(environment, attempts);
  if (!library) {
    fail(ErrorCode::unsupported,
         fmt::format("no GPU: NVIDIA's driver library, libcuda.so.1, was not found. Tried:{}",
                     list_attempts(attempts)));
  }
  CudaDriver driver;
  if (const std::string missing = find_functions(library, driver); !missing.empty()) {
    fail(ErrorCode::unsupported,
         fmt::format("{} is not a supported driver library (CUDA 11.2 or newer): it has no {}",
                     library.path(), missing));
  }
  return driver;
}

std::string CudaDriver::text(CudaResult result) const {
  const char* name = nullptr;
  const char* words = nullptr;
  if (error_name(result, &name) != 0 || name == nullptr) name = "an unknown error";
  if (error_string(result, &words) != 0 || words == nullptr)
    return fmt::format("{} ({})", name, result);
  return fmt::format("{} ({}): {}", name, result, words);
}

}  // namespace sinter::detail
