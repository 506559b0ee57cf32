// Bits depend on --fmad=false --prec-div=true --prec-sqrt=true --ftz=false

struct alignas(4) boolx4 { unsigned char at[4]; };
struct alignas(16) f32x4 { float at[4]; };

static __device__ inline void boolx4_stream(boolx4* to, boolx4 x) {
#ifdef __CUDA_ARCH__
  union { boolx4 vector; unsigned word[1]; } bits = {x};
  asm volatile("st.global.cs.u32 [%0], %1;"
               : : "l"(to), "r"(bits.word[0])
               : "memory");
#else
  *to = x;
#endif
}

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
    const float* a0, const unsigned char* a1, unsigned char* a2, float* a3,
    int n0,
    float p0, float p1) {
  const int t0 = ((unsigned long long)a0 % 16 == 0) * ((unsigned long long)a1 % 4 == 0) * ((unsigned long long)a2 % 4 == 0) * ((unsigned long long)a3 % 16 == 0);
  const int i0 = blockIdx.x * 2048;
  const int t1 = n0 < i0 + 2048 ? n0 : i0 + 2048;
  const int t2 = i0 + ((t1 - i0) & -2048) * t0;
  const int t3 = t2 + ((t1 - t2) & -1024);
  if (i0 < t2) {
    f32x4 w2[2];
    boolx4 w4[2];
    #pragma unroll
    for (int k = 0; k < 2; ++k) {
      const int i1 = i0 + threadIdx.x * 4 + k * 1024;
      w2[k] = *(const f32x4*)(a0 + i1);
      w4[k] = *(const boolx4*)(a1 + i1);
    }
    #pragma unroll
    for (int k = 0; k < 2; ++k) {
      const int i1 = i0 + threadIdx.x * 4 + k * 1024;
      boolx4 y2;
      f32x4 y3;
      #pragma unroll
      for (int j = 0; j < 4; ++j) {
        const float v2 = w2[k].at[j];
        const bool v3 = v2 > p0;
        const bool v4 = w4[k].at[j] != 0;
        const bool v5 = v3 && v4;
        const float v6 = v5 ? v2 : p1;
        y2.at[j] = v5;
        y3.at[j] = v6;
      }
      boolx4_stream((boolx4*)(a2 + i1), y2);
      f32x4_stream((f32x4*)(a3 + i1), y3);
    }
  }
  #pragma unroll 1
  for (int step = t2; step < t3; step += 1024) {
    float w7[4];
    unsigned char w9[4];
    #pragma unroll
    for (int k = 0; k < 4; ++k) {
      const int i2 = step + threadIdx.x + k * 256;
      w7[k] = a0[i2];
      w9[k] = a1[i2];
    }
    #pragma unroll
    for (int k = 0; k < 4; ++k) {
      const int i2 = step + threadIdx.x + k * 256;
      const float v7 = w7[k];
      const bool v8 = v7 > p0;
      const bool v9 = w9[k] != 0;
      const bool v10 = v8 && v9;
      const float v11 = v10 ? v7 : p1;
      a2[i2] = v10;
      a3[i2] = v11;
    }
  }
  #pragma unroll 1
  for (int i3 = t3 + threadIdx.x; i3 < n0 && i3 < i0 + 2048; i3 += 256) {
    const float v12 = a0[i3];
    const bool v14 = a1[i3] != 0;
    const bool v13 = v12 > p0;
    const bool v15 = v13 && v14;
    const float v16 = v15 ? v12 : p1;
    a2[i3] = v15;
    a3[i3] = v16;
  }
}
