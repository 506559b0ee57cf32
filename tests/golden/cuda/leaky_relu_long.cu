// Bits depend on --fmad=false --prec-div=true --prec-sqrt=true --ftz=false

struct alignas(16) f32x4 { float at[4]; };

static __device__ inline void f32x4_stream(f32x4* to, f32x4 x) {
#ifdef __CUDA_ARCH__
  union { f32x4 vector; unsigned word[4]; } bits = {x};
  asm volatile("st.global.cs.v4.u32 [%0], {%1, %2, %3, %4};"
               : : "l"(to), "r"(bits.word[0]), "r"(bits.word[1]), "r"(bits.word[2]), "r"(bits.word[3])
               : "memory");
#else
  *to = x;
#endif
}

extern "C" __global__ void __launch_bounds__(256) sinter_kernel(
    const float* a0, float* a1,
    long long n0,
    float p0) {
  const long long t0 = ((unsigned long long)a0 % 16 == 0) * ((unsigned long long)a1 % 16 == 0);
  const long long i0 = blockIdx.x * 4096ll;
  const long long t1 = n0 < i0 + 4096 ? n0 : i0 + 4096;
  const long long t2 = i0 + ((t1 - i0) & -4096) * t0;
  const long long t3 = t2 + ((t1 - t2) & -1024);
  if (i0 < t2) {
    f32x4 w1[4];
    #pragma unroll
    for (int k = 0; k < 4; ++k) {
      const long long i1 = i0 + threadIdx.x * 4 + k * 1024;
      w1[k] = *(const f32x4*)(a0 + i1);
    }
    #pragma unroll
    for (int k = 0; k < 4; ++k) {
      const long long i1 = i0 + threadIdx.x * 4 + k * 1024;
      f32x4 y1;
      #pragma unroll
      for (int j = 0; j < 4; ++j) {
        const float v1 = w1[k].at[j];
        const float v2 = v1 * p0;
        const bool v3 = v2 > v1;
        const float v4 = v3 ? v2 : v1;
        y1.at[j] = v4;
      }
      f32x4_stream((f32x4*)(a1 + i1), y1);
    }
  }
  #pragma unroll 1
  for (long long step = t2; step < t3; step += 1024) {
    float w5[4];
    #pragma unroll
    for (int k = 0; k < 4; ++k) {
      const long long i2 = step + threadIdx.x + k * 256;
      w5[k] = a0[i2];
    }
    #pragma unroll
    for (int k = 0; k < 4; ++k) {
      const long long i2 = step + threadIdx.x + k * 256;
      const float v5 = w5[k];
      const float v6 = v5 * p0;
      const bool v7 = v6 > v5;
      const float v8 = v7 ? v6 : v5;
      a1[i2] = v8;
    }
  }
  #pragma unroll 1
  for (long long i3 = t3 + threadIdx.x; i3 < n0 && i3 < i0 + 4096; i3 += 256) {
    const float v9 = a0[i3];
    const float v10 = v9 * p0;
    const bool v11 = v10 > v9;
    const float v12 = v11 ? v10 : v9;
    a1[i3] = v12;
  }
}
