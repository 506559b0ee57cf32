// Bits depend on --fmad=false --prec-div=true --prec-sqrt=true --ftz=false

struct alignas(16) f32x4 { float at[4]; };

static __device__ inline float f32_exchange(float x, int distance) {
  return (float)__shfl_xor_sync(0xffffu << (threadIdx.x & 16u), x, distance);
}

extern "C" __global__ void __launch_bounds__(256) sinter_kernel(
    const float* a0, float* a1,
    int n0) {
  __shared__ float a2[2];
  __shared__ float a3[2048];
  const int t0 = (n0 + 4194303) / 4194304;
  const int t1 = (unsigned long long)a0 % 16 == 0;
  const int i0 = blockIdx.x;
  #pragma unroll 1
  for (int i1 = 0; i1 < t0; ++i1) {
    const int t2 = i1 * 4194304;
    const int t3 = n0 < t2 + 4194304 ? n0 : t2 + 4194304;
    const int t4 = ((t3 - t2) + 2047) / 2048;
    #pragma unroll 1
    for (int i2 = threadIdx.x / 16; i2 < t4; i2 += 16) {
      const int t5 = t2 + i2 * 2048;
      const int t6 = t3 < t5 + 2048 ? t3 : t5 + 2048;
      const int t7 = t5 + ((t6 - t5) & -64) * t1;
      float c1[] = {0.0f, 0.0f, 0.0f, 0.0f};
      #pragma unroll 4
      for (int step = t5; step < t7; step += 64) {
        const int i3 = step + threadIdx.x % 16 * 4;
        const f32x4 w3 = *(const f32x4*)(a0 + i3);
        #pragma unroll
        for (int j = 0; j < 4; ++j) {
          const float v3 = w3.at[j];
          const float v4 = c1[j] + v3;
          c1[j] = v4;
        }
      }
      #pragma unroll 1
      for (int step = t7; step < t6; step += 64) {
        const int i4 = step + threadIdx.x % 16 * 4;
        #pragma unroll
        for (int j = 0; j < 4; ++j) {
          if (i4 + j < t6) {
            const float v7 = a0[i4 + j * 1];
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
      if (threadIdx.x % 16 == 0) a3[i2] = v9;
    }
    __syncthreads();
    float c10[] = {0.0f, 0.0f, 0.0f, 0.0f};
    #pragma unroll 1
    for (int step = 0; step < t4; step += 64) {
      const int i5 = step + threadIdx.x % 16 * 4;
      #pragma unroll
      for (int j = 0; j < 4; ++j) {
        if (i5 + j < t4) {
          const float v12 = a3[i5 + j * 1];
          const float v13 = c10[j] + v12;
          c10[j] = v13;
        }
      }
    }
    #pragma unroll
    for (int h = 8; h > 0; h /= 2) {
      const float o0 = f32_exchange(c10[0], h);
      c10[0] = c10[0] + o0;
      const float o1 = f32_exchange(c10[1], h);
      c10[1] = c10[1] + o1;
      const float o2 = f32_exchange(c10[2], h);
      c10[2] = c10[2] + o2;
      const float o3 = f32_exchange(c10[3], h);
      c10[3] = c10[3] + o3;
    }
    c10[0] = c10[0] + c10[2];
    c10[1] = c10[1] + c10[3];
    c10[0] = c10[0] + c10[1];
    const float v14 = c10[0];
    if (threadIdx.x == 0) a2[i1] = v14;
    __syncthreads();
  }
  __syncthreads();
  float c15[] = {0.0f, 0.0f, 0.0f, 0.0f};
  #pragma unroll 1
  for (int step = 0; step < t0; step += 64) {
    const int i6 = step + threadIdx.x % 16 * 4;
    #pragma unroll
    for (int j = 0; j < 4; ++j) {
      if (i6 + j < t0) {
        const float v17 = a2[i6 + j * 1];
        const float v18 = c15[j] + v17;
        c15[j] = v18;
      }
    }
  }
  #pragma unroll
  for (int h = 8; h > 0; h /= 2) {
    const float o0 = f32_exchange(c15[0], h);
    c15[0] = c15[0] + o0;
    const float o1 = f32_exchange(c15[1], h);
    c15[1] = c15[1] + o1;
    const float o2 = f32_exchange(c15[2], h);
    c15[2] = c15[2] + o2;
    const float o3 = f32_exchange(c15[3], h);
    c15[3] = c15[3] + o3;
  }
  c15[0] = c15[0] + c15[2];
  c15[1] = c15[1] + c15[3];
  c15[0] = c15[0] + c15[1];
  const float v19 = c15[0];
  if (threadIdx.x == 0) a1[0] = v19;
}
