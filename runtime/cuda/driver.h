// CudaDriver: the functions of libcuda that sinter uses, looked up at run time.
//
// Functions and values are declared here as in cuda.h, which is not needed to build. Handles are
// opaque pointers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "environment.h"

namespace sinter::detail {

using CudaResult = int;  // 0 for success
inline constexpr CudaResult kCudaInvalidValue = 1;
inline constexpr CudaResult kCudaOutOfMemory = 2;
inline constexpr CudaResult kCudaStubLibrary = 34;
inline constexpr CudaResult kCudaNoDevice = 100;
inline constexpr CudaResult kCudaInvalidImage = 200;
inline constexpr CudaResult kCudaNoBinaryForGpu = 209;
inline constexpr CudaResult kCudaInvalidPtx = 218;
inline constexpr CudaResult kCudaUnsupportedPtxVersion = 222;
inline constexpr CudaResult kCudaContextDestroyed = 709;

using CudaContext = void*;
using CudaModule = void*;
using CudaFunction = void*;
using CudaStream = void*;
using CudaPointer = std::uint64_t;

enum class CudaAttribute : int {
  multiprocessors = 16,
  l2_cache_bytes = 38,
  threads_per_multiprocessor = 39,
  compute_capability_major = 75,
  compute_capability_minor = 76,
};

enum class CudaPointerAttribute : int {
  memory_type = 2,
  device_ordinal = 9,
};
inline constexpr int kCudaDeviceMemory = 2;

/// Function pointers into libcuda.
struct CudaDriver {
  CudaResult (*init)(unsigned flags) = nullptr;
  CudaResult (*error_name)(CudaResult result, const char** name) = nullptr;
  CudaResult (*error_string)(CudaResult result, const char** text) = nullptr;
  CudaResult (*driver_version)(int* version) = nullptr;
  CudaResult (*device_count)(int* count) = nullptr;
  CudaResult (*device_get)(int* device, int index) = nullptr;
  CudaResult (*device_name)(char* name, int bytes, int device) = nullptr;
  CudaResult (*device_attribute)(int* value, CudaAttribute attribute, int device) = nullptr;
  CudaResult (*primary_retain)(CudaContext* context, int device) = nullptr;
  CudaResult (*primary_release)(int device) = nullptr;
  CudaResult (*context_current)(CudaContext* context) = nullptr;
  CudaResult (*context_device)(int* device) = nullptr;
  /// Null if the driver is older than CUDA 12.
  CudaResult (*context_number)(CudaContext context, unsigned long long* number) = nullptr;
  CudaResult (*context_push)(CudaContext context) = nullptr;
  CudaResult (*context_pop)(CudaContext* context) = nullptr;
  CudaResult (*module_load)(CudaModule* module, const void* image) = nullptr;
  CudaResult (*module_unload)(CudaModule module) = nullptr;
  CudaResult (*module_function)(CudaFunction* function, CudaModule module,
                                const char* name) = nullptr;
  CudaResult (*launch)(CudaFunction function, unsigned blocks_x, unsigned blocks_y,
                       unsigned blocks_z, unsigned threads_x, unsigned threads_y,
                       unsigned threads_z, unsigned shared_bytes, CudaStream stream,
                       void** parameters, void** extra) = nullptr;
  CudaResult (*allocate)(CudaPointer* memory, std::size_t bytes) = nullptr;
  CudaResult (*release)(CudaPointer memory) = nullptr;
  CudaResult (*allocate_async)(CudaPointer* memory, std::size_t bytes, CudaStream stream) = nullptr;
  CudaResult (*release_async)(CudaPointer memory, CudaStream stream) = nullptr;
  CudaResult (*copy_to_device)(CudaPointer to, const void* from, std::size_t bytes) = nullptr;
  CudaResult (*copy_to_host)(void* to, CudaPointer from, std::size_t bytes) = nullptr;
  CudaResult (*pointer_attribute)(void* value, CudaPointerAttribute attribute,
                                  CudaPointer pointer) = nullptr;

  /// Loads the driver library but does not initialise it. If the variable SINTER_LIBCUDA is set, it
  /// names the only file that is tried. Otherwise these are tried: the library that the process has
  /// loaded already, libcuda.so.1 by the loader's search, its place under WSL. Throws
  /// Error(unsupported) with every path that was tried.
  [[nodiscard]] static CudaDriver load(const EnvironmentLookup& environment);

  /// Text of a result, for example "CUDA_ERROR_OUT_OF_MEMORY (2): out of memory".
  [[nodiscard]] std::string text(CudaResult result) const;
};

}  // namespace sinter::detail
