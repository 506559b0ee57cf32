// Bits depend on --fmad=false --prec-div=true --prec-sqrt=true --ftz=false

struct alignas(16) f32x4 { float at[4]; };

static __device__ inline float f32_exchange(float x, int distance) {
  return (float)__shfl_xor_sync(0xffffu << (threadIdx.x & 16u), x, distance);
}

extern "C" __global__ void __launch_bounds__(256) sinter_kernel(
    const float* a0, float* a1,
    int n0, int n1,
    int s0_0) {
  const int t0 = (n1 & -64) * ((unsigned long long)a0 % 16 == 0);
  const int i0 = blockIdx.x * 16;
  if (const int i1 = i0 + threadIdx.x / 16; i1 < (n0 < i0 + 16 ? n0 : i0 + 16)) {
    const int t1 = i1 * s0_0;
    float c1[] = {0.0f, 0.0f, 0.0f, 0.0f};
    #pragma unroll 4
    for (int step = 0; step < t0; step += 64) {
      const int i2 = step + threadIdx.x % 16 * 4;
      const f32x4 w3 = *(const f32x4*)(a0 + t1 + i2);
      #pragma unroll
      for (int j = 0; j < 4; ++j) {
        const float v3 = w3.at[j];
        const float v4 = c1[j] + v3;
        c1[j] = v4;
      }
    }
    #pragma unroll 1
    for (int step = t0; step < n1; step += 64) {
      const int i3 = step + threadIdx.x % 16 * 4;
      #pragma unroll
      for (int j = 0; j < 4; ++j) {
        if (i3 + j < n1) {
          const float v7 = a0[t1 + i3 + j * 1];
          const float v8 = c1[j] + v7;
          c1[j] = v8;
        }
      }
    }
    #pragma unroll
    for (int h = 8; h > 0; h /= 2) {
      const float o0 = f32_exchange(c1[0], h);
      c1[0] = c1[0] + o0;
      const float o1 = f32_exchange(c1[1], h);
      c1[1] = c1[1] + o1;
      const float o2 = f32_exchange(c1[2], h);
      c1[2] = c1[2] + o2;
      const float o3 = f32_exchange(c1[3], h);
      c1[3] = c1[3] + o3;
    }
    c1[0] = c1[0] + c1[2];
    c1[1] = c1[1] + c1[3];
    c1[0] = c1[0] + c1[1];
    const float v9 = c1[0];
    if (threadIdx.x % 16 == 0) a1[i1] = v9;
  }
}
