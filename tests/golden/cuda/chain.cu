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
    const float* a0, const float* a1, const float* a2, const float* a3, float* a4,
    int n0,
    float p0, float p1) {
  const int t0 = ((unsigned long long)a0 % 16 == 0) * ((unsigned long long)a1 % 16 == 0) * ((unsigned long long)a2 % 16 == 0) * ((unsigned long long)a3 % 16 == 0) * ((unsigned long long)a4 % 16 == 0);
  const int i0 = blockIdx.x * 1024;
  const int t1 = n0 < i0 + 1024 ? n0 : i0 + 1024;
  const int t2 = i0 + ((t1 - i0) & -1024) * t0;
  if (i0 < t2) {
    const int i1 = i0 + threadIdx.x * 4;
    const f32x4 w2 = *(const f32x4*)(a0 + i1);
    const f32x4 w4 = *(const f32x4*)(a1 + i1);
    const f32x4 w9 = *(const f32x4*)(a2 + i1);
    const f32x4 w11 = *(const f32x4*)(a3 + i1);
    f32x4 y4;
    #pragma unroll
    for (int j = 0; j < 4; ++j) {
      const float v2 = w2.at[j];
      const float v3 = v2 * p0;
      const float v4 = w4.at[j];
      const float v5 = v3 + v4;
      const float v6 = v5 * p1;
      const bool v7 = v6 > v5;
      const float v8 = v7 ? v6 : v5;
      const float v9 = w9.at[j];
      const float v10 = v8 * v9;
      const float v11 = w11.at[j];
      const float v12 = v10 + v11;
      y4.at[j] = v12;
    }
    f32x4_stream((f32x4*)(a4 + i1), y4);
  }
  #pragma unroll 1
  for (int i2 = t2 + threadIdx.x; i2 < n0 && i2 < i0 + 1024; i2 += 256) {
    const float v13 = a0[i2];
    const float v15 = a1[i2];
    const float v20 = a2[i2];
    const float v22 = a3[i2];
    const float v14 = v13 * p0;
    const float v16 = v14 + v15;
    const float v17 = v16 * p1;
    const bool v18 = v17 > v16;
    const float v19 = v18 ? v17 : v16;
    const float v21 = v19 * v20;
    const float v23 = v21 + v22;
    a4[i2] = v23;
  }
}
