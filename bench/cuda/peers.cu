// The peers of sinter's kernels on a GPU, compiled by nvcc: a copy of the same mix of reads and
// writes, and CUB's DeviceTransform with the same operators.
#include <cstdint>

#include <cub/device/device_transform.cuh>
#include <cuda/std/tuple>
#include <cuda_fp16.h>

namespace {

/// 16-byte words of each input that a thread has in flight.
constexpr int kWords = 4;
constexpr int kThreads = 256;

struct Inputs {
  const uint4* at[4];
};

template <int count>
__global__ void __launch_bounds__(kThreads) copy_mix(Inputs inputs, uint4* y, std::int64_t words) {
  const std::int64_t first = blockIdx.x * std::int64_t{kThreads * kWords} + threadIdx.x;
  uint4 all[kWords];
#pragma unroll
  for (int k = 0; k < kWords; ++k) {
    const std::int64_t at = first + k * kThreads;
    all[k] = {0, 0, 0, 0};
    if (at >= words) continue;
#pragma unroll
    for (int i = 0; i < count; ++i) {
      const uint4 word = inputs.at[i][at];
      all[k] = {all[k].x | word.x, all[k].y | word.y, all[k].z | word.z, all[k].w | word.w};
    }
  }
#pragma unroll
  for (int k = 0; k < kWords; ++k) {
    if (first + k * kThreads < words) y[first + k * kThreads] = all[k];
  }
}

template <typename T>
struct LeakyRelu {
  __device__ T operator()(T x) const {
    const float wide = static_cast<float>(x);
    return static_cast<T>(wide > 0 ? wide : wide * 0.01F);
  }
};

struct LeakyReluOfSum {
  __device__ float operator()(float a, float b) const { return LeakyRelu<float>{}(a + b); }
};

}  // namespace

extern "C" void peer_copy(const void* const* inputs, int count, void* output, std::int64_t bytes) {
  Inputs words{};
  for (int i = 0; i < count; ++i) words.at[i] = static_cast<const uint4*>(inputs[i]);
  const std::int64_t n = bytes / 16;
  const auto blocks = static_cast<unsigned>((n + kThreads * kWords - 1) / (kThreads * kWords));
  auto* y = static_cast<uint4*>(output);
  switch (count) {
    case 1: copy_mix<1><<<blocks, kThreads>>>(words, y, n); break;
    case 2: copy_mix<2><<<blocks, kThreads>>>(words, y, n); break;
    case 3: copy_mix<3><<<blocks, kThreads>>>(words, y, n); break;
    default: copy_mix<4><<<blocks, kThreads>>>(words, y, n); break;
  }
}

extern "C" void peer_transform_f32(const void* x, void* y, std::int64_t n) {
  cub::DeviceTransform::Transform(static_cast<const float*>(x), static_cast<float*>(y), n,
                                  LeakyRelu<float>{});
}

extern "C" void peer_transform_f16(const void* x, void* y, std::int64_t n) {
  cub::DeviceTransform::Transform(static_cast<const __half*>(x), static_cast<__half*>(y), n,
                                  LeakyRelu<__half>{});
}

extern "C" void peer_transform_sum(const void* a, const void* b, void* y, std::int64_t n) {
  cub::DeviceTransform::Transform(
      cuda::std::make_tuple(static_cast<const float*>(a), static_cast<const float*>(b)),
      static_cast<float*>(y), n, LeakyReluOfSum{});
}
