// Bits depend on --fmad=false --prec-div=true --prec-sqrt=true --ftz=false

struct alignas(8) f32x2 { float at[2]; };
struct alignas(16) f64x2 { double at[2]; };

static __device__ inline void f32x2_stream(f32x2* to, f32x2 x) {
#ifdef __CUDA_ARCH__
  union { f32x2 vector; unsigned word[2]; } bits = {x};
  asm volatile("st.global.cs.v2.u32 [%0], {%1, %2};"
               : : "l"(to), "r"(bits.word[0]), "r"(bits.word[1])
               : "memory");
#else
  *to = x;
#endif
}

static __device__ inline void f64x2_stream(f64x2* to, f64x2 x) {
#ifdef __CUDA_ARCH__
  union { f64x2 vector; unsigned word[4]; } bits = {x};
  asm volatile("st.global.cs.v4.u32 [%0], {%1, %2, %3, %4};"
               : : "l"(to), "r"(bits.word[0]), "r"(bits.word[1]), "r"(bits.word[2]), "r"(bits.word[3])
               : "memory");
#else
  *to = x;
#endif
}

extern "C" __global__ void __launch_bounds__(256) sinter_kernel(
    const float* a0, const double* a1, double* a2, float* a3,
    int n0) {
  const int t0 = ((unsigned long long)a0 % 8 == 0) * ((unsigned long long)a1 % 16 == 0) * ((unsigned long long)a2 % 16 == 0) * ((unsigned long long)a3 % 8 == 0);
  const int i0 = blockIdx.x * 1024;
  const int t1 = n0 < i0 + 1024 ? n0 : i0 + 1024;
  const int t2 = i0 + ((t1 - i0) & -1024) * t0;
  const int t3 = t2 + ((t1 - t2) & -512);
  if (i0 < t2) {
    f32x2 w0[2];
    f64x2 w2[2];
    #pragma unroll
    for (int k = 0; k < 2; ++k) {
      const int i1 = i0 + threadIdx.x * 2 + k * 512;
      w0[k] = *(const f32x2*)(a0 + i1);
      w2[k] = *(const f64x2*)(a1 + i1);
    }
    #pragma unroll
    for (int k = 0; k < 2; ++k) {
      const int i1 = i0 + threadIdx.x * 2 + k * 512;
      f64x2 y2;
      f32x2 y3;
      #pragma unroll
      for (int j = 0; j < 2; ++j) {
        const float v0 = w0[k].at[j];
        const double v1 = (double)v0;
        const double v2 = w2[k].at[j];
        const double v3 = v1 + v2;
        const float v4 = (float)v2;
        const float v5 = v4 * v0;
        y2.at[j] = v3;
        y3.at[j] = v5;
      }
      f64x2_stream((f64x2*)(a2 + i1), y2);
      f32x2_stream((f32x2*)(a3 + i1), y3);
    }
  }
  #pragma unroll 1
  for (int step = t2; step < t3; step += 512) {
    float w6[2];
    double w8[2];
    #pragma unroll
    for (int k = 0; k < 2; ++k) {
      const int i2 = step + threadIdx.x + k * 256;
      w6[k] = a0[i2];
      w8[k] = a1[i2];
    }
    #pragma unroll
    for (int k = 0; k < 2; ++k) {
      const int i2 = step + threadIdx.x + k * 256;
      const float v6 = w6[k];
      const double v7 = (double)v6;
      const double v8 = w8[k];
      const double v9 = v7 + v8;
      const float v10 = (float)v8;
      const float v11 = v10 * v6;
      a2[i2] = v9;
      a3[i2] = v11;
    }
  }
  #pragma unroll 1
  for (int i3 = t3 + threadIdx.x; i3 < n0 && i3 < i0 + 1024; i3 += 256) {
    const float v12 = a0[i3];
    const double v14 = a1[i3];
    const double v13 = (double)v12;
    const double v15 = v13 + v14;
    const float v16 = (float)v14;
    const float v17 = v16 * v12;
    a2[i3] = v15;
    a3[i3] = v17;
  }
}
