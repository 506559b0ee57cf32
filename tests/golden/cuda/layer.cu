// Bits depend on --fmad=false --prec-div=true --prec-sqrt=true --ftz=false

struct alignas(4) boolx4 { unsigned char at[4]; };
struct alignas(16) f32x4 { float at[4]; };

extern "C" __global__ void __launch_bounds__(256) sinter_kernel(
    const float* a0, const float* a1, const float* a2, const float* a3, float* a4, unsigned char* a5,
    int n0, int n1, int n2,
    int s0_1, int s1_2, int s4_1, int s5_1,
    float p0, float p1) {
  alignas(16) __shared__ float a6[1088];
  alignas(16) __shared__ float a7[2112];
  const int t0 = (n1 + 63) / 64;
  const int t1 = (n2 + 127) / 128;
  const int t2 = n1 - 1;
  const int t3 = n0 - 1;
  const int t4 = n2 - 1;
  const int t5 = ((unsigned long long)a3 % 16 == 0) * ((unsigned long long)a4 % 16 == 0) * ((unsigned long long)a5 % 4 == 0);
  const int i0 = blockIdx.x;
  const int i2 = i0 % t1;
  const int i1 = i0 / t1;
  const int t6 = i1 * 64;
  const int t7 = i2 * 128;
  const int t8 = t5 * (((n1 - t6) < 64 ? (n1 - t6) : 64) & -64) * (((n2 - t7) < 128 ? (n2 - t7) : 128) & -128);
  float c4[32];
  #pragma unroll
  for (int k = 0; k < 32; ++k) c4[k] = 0.0f;
  #pragma unroll 1
  for (int i3 = 0; i3 < ((n0 + 15) / 16); ++i3) {
    const int t9 = i3 * 16;
    {
      float w6[4];
      #pragma unroll
      for (int k = 0; k < 4; ++k) {
        const int i4 = threadIdx.x + k * 256;
        const int i6 = i4 % 16;
        const int i5 = i4 / 16;
        w6[k] = a0[(t9 + i6 < t3 ? t9 + i6 : t3) + (t6 + i5 < t2 ? t6 + i5 : t2) * s0_1];
      }
      #pragma unroll
      for (int k = 0; k < 4; ++k) {
        const int i4 = threadIdx.x + k * 256;
        const int i6 = i4 % 16;
        const int i5 = i4 / 16;
        const float v6 = w6[k];
        a6[i6 * 68 + i5] = v6;
      }
    }
    {
      float w7[8];
      #pragma unroll
      for (int k = 0; k < 8; ++k) {
        const int i7 = threadIdx.x + k * 256;
        const int i9 = i7 % 16;
        const int i8 = i7 / 16;
        w7[k] = a1[(t9 + i9 < t3 ? t9 + i9 : t3) + (t7 + i8 < t4 ? t7 + i8 : t4) * s1_2];
      }
      #pragma unroll
      for (int k = 0; k < 8; ++k) {
        const int i7 = threadIdx.x + k * 256;
        const int i9 = i7 % 16;
        const int i8 = i7 / 16;
        const float v7 = w7[k];
        a7[i9 * 132 + i8] = v7;
      }
    }
    __syncthreads();
    {
      const int i13 = threadIdx.x * 4 % 128;
      const int i12 = threadIdx.x * 4 / 128;
      #pragma unroll 8
      for (int i14 = 0; i14 < ((n0 - t9) < 16 ? (n0 - t9) : 16); ++i14) {
        const f32x4 w13 = *(const f32x4*)(a7 + i14 * 132 + i13);
        float w12[8];
        #pragma unroll
        for (int k = 0; k < 8; ++k) {
          w12[k] = a6[i14 * 68 + i12 * 8 + k];
        }
        #pragma unroll
        for (int k = 0; k < 8; ++k) {
          const float v12 = w12[k];
          #pragma unroll
          for (int j = 0; j < 4; ++j) {
            const float v13 = w13.at[j];
            const float v14 = fmaf(v12, v13, c4[k * 4 + j]);
            c4[k * 4 + j] = v14;
          }
        }
      }
    }
    __syncthreads();
  }
  if (0 < t8) {
    const int i18 = threadIdx.x * 4 % 128;
    const int i17 = threadIdx.x * 4 / 128;
    const int t10 = t7 + i18;
    const f32x4 w19 = *(const f32x4*)(a3 + t10);
    float w17[8];
    #pragma unroll
    for (int k = 0; k < 8; ++k) {
      const int t11 = t6 + i17 * 8 + k;
      w17[k] = a2[t11];
    }
    #pragma unroll
    for (int k = 0; k < 8; ++k) {
      const int t11 = t6 + i17 * 8 + k;
      const float v17 = w17[k];
      f32x4 y4;
      boolx4 y5;
      #pragma unroll
      for (int j = 0; j < 4; ++j) {
        const float v18 = c4[k * 4 + j] * v17;
        const float v19 = w19.at[j];
        const float v20 = v18 + v19;
        const float v21 = v20 * p0;
        const bool v22 = v20 > 0.0f;
        const float v23 = v22 ? v20 : v21;
        const bool v24 = v20 > p1;
        y4.at[j] = v23;
        y5.at[j] = v24;
      }
      *(f32x4*)(a4 + t11 * s4_1 + t10) = y4;
      *(boolx4*)(a5 + t11 * s5_1 + t10) = y5;
    }
  }
  if (0 < (8192 - t8)) {
    const int i22 = threadIdx.x * 4 % 128;
    const int i21 = threadIdx.x * 4 / 128;
    const int t12 = t7 + i22;
    #pragma unroll
    for (int k = 0; k < 8; ++k) {
      const int t13 = t6 + i21 * 8 + k;
      #pragma unroll
      for (int j = 0; j < 4; ++j) {
        if (t13 < n1 && t12 + j < n2) {
          const float v27 = a2[t13];
          const float v28 = c4[k * 4 + j] * v27;
          const float v29 = a3[t12 + j * 1];
          const float v30 = v28 + v29;
          const float v31 = v30 * p0;
          const bool v32 = v30 > 0.0f;
          const float v33 = v32 ? v30 : v31;
          const bool v34 = v30 > p1;
          a4[t13 * s4_1 + t12 + j * 1] = v33;
          a5[t13 * s5_1 + t12 + j * 1] = v34;
        }
      }
    }
  }
}
