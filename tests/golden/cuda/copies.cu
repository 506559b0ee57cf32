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
    const float* a0, const float* a1, float* a2, float* a3, float* a4,
    int n0, int n1,
    int s0_0, int s2_0, int s3_0, int s4_0,
    float p0) {
  const int t0 = n0 * n1;
  const int t1 = ((unsigned long long)a0 % 16 == 0) * ((unsigned long long)a1 % 16 == 0) * ((unsigned long long)a2 % 16 == 0) * ((unsigned long long)a3 % 16 == 0) * ((unsigned long long)a4 % 16 == 0);
  const int i0 = blockIdx.x * 2048;
  const int t2 = t0 < i0 + 2048 ? t0 : i0 + 2048;
  const int t3 = i0 + ((t2 - i0) & -2048) * t1;
  const int t4 = t3 + ((t2 - t3) & -512);
  if (i0 < t3) {
    f32x4 w1[2];
    f32x4 w2[2];
    #pragma unroll
    for (int k = 0; k < 2; ++k) {
      const int i1 = i0 + threadIdx.x * 4 + k * 1024;
      const int i3 = i1 % n1;
      const int i2 = i1 / n1;
      w1[k] = *(const f32x4*)(a0 + i2 * s0_0 + i3);
      w2[k] = *(const f32x4*)(a1 + i3);
    }
    #pragma unroll
    for (int k = 0; k < 2; ++k) {
      const int i1 = i0 + threadIdx.x * 4 + k * 1024;
      const int i3 = i1 % n1;
      const int i2 = i1 / n1;
      f32x4 y2;
      f32x4 y3;
      f32x4 y4;
      #pragma unroll
      for (int j = 0; j < 4; ++j) {
        const float v1 = w1[k].at[j];
        const float v2 = w2[k].at[j];
        y2.at[j] = v1;
        y3.at[j] = p0;
        y4.at[j] = v2;
      }
      f32x4_stream((f32x4*)(a2 + i2 * s2_0 + i3), y2);
      f32x4_stream((f32x4*)(a3 + i2 * s3_0 + i3), y3);
      f32x4_stream((f32x4*)(a4 + i2 * s4_0 + i3), y4);
    }
  }
  #pragma unroll 1
  for (int step = t3; step < t4; step += 512) {
    float w3[2];
    float w4[2];
    #pragma unroll
    for (int k = 0; k < 2; ++k) {
      const int i4 = step + threadIdx.x + k * 256;
      const int i6 = i4 % n1;
      const int i5 = i4 / n1;
      w3[k] = a0[i5 * s0_0 + i6];
      w4[k] = a1[i6];
    }
    #pragma unroll
    for (int k = 0; k < 2; ++k) {
      const int i4 = step + threadIdx.x + k * 256;
      const int i6 = i4 % n1;
      const int i5 = i4 / n1;
      const float v3 = w3[k];
      const float v4 = w4[k];
      a2[i5 * s2_0 + i6] = v3;
      a3[i5 * s3_0 + i6] = p0;
      a4[i5 * s4_0 + i6] = v4;
    }
  }
  #pragma unroll 1
  for (int i7 = t4 + threadIdx.x; i7 < t0 && i7 < i0 + 2048; i7 += 256) {
    const int i9 = i7 % n1;
    const int i8 = i7 / n1;
    const float v5 = a0[i8 * s0_0 + i9];
    const float v6 = a1[i9];
    a2[i8 * s2_0 + i9] = v5;
    a3[i8 * s3_0 + i9] = p0;
    a4[i8 * s4_0 + i9] = v6;
  }
}
