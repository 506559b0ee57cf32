// Bits depend on --fmad=false --prec-div=true --prec-sqrt=true --ftz=false

struct alignas(16) f32x4 { float at[4]; };

extern "C" __global__ void __launch_bounds__(256) sinter_kernel(
    const float* a0, const float* a1, const float* a2, const float* a3, const float* a4, const float* a5, float* a6,
    int n0, int n1,
    int s0_0, int s5_0, int s6_0,
    float p0, float p1) {
  const int t0 = n0 * n1;
  const int t1 = ((unsigned long long)a0 % 16 == 0) * ((unsigned long long)a1 % 16 == 0) * ((unsigned long long)a2 % 16 == 0) * ((unsigned long long)a3 % 16 == 0) * ((unsigned long long)a4 % 16 == 0) * ((unsigned long long)a5 % 16 == 0) * ((unsigned long long)a6 % 16 == 0);
  const int i0 = blockIdx.x * 1024;
  const int t2 = t0 < i0 + 1024 ? t0 : i0 + 1024;
  const int t3 = i0 + ((t2 - i0) & -1024) * t1;
  if (i0 < t3) {
    const int i1 = i0 + threadIdx.x * 4;
    const int i3 = i1 % n1;
    const int i2 = i1 / n1;
    const f32x4 w2 = *(const f32x4*)(a0 + i2 * s0_0 + i3);
    const f32x4 w3 = *(const f32x4*)(a1 + i3);
    const f32x4 w5 = *(const f32x4*)(a2 + i3);
    const f32x4 w7 = *(const f32x4*)(a3 + i3);
    const f32x4 w9 = *(const f32x4*)(a4 + i3);
    const f32x4 w15 = *(const f32x4*)(a5 + i2 * s5_0 + i3);
    f32x4 y6;
    #pragma unroll
    for (int j = 0; j < 4; ++j) {
      const float v2 = w2.at[j];
      const float v3 = w3.at[j];
      const float v4 = v2 - v3;
      const float v5 = w5.at[j];
      const float v6 = v4 * v5;
      const float v7 = w7.at[j];
      const float v8 = v6 * v7;
      const float v9 = w9.at[j];
      const float v10 = v8 + v9;
      const float v11 = v10 * p0;
      const bool v12 = v11 > v10;
      const float v13 = v12 ? v11 : v10;
      const float v14 = v13 * p1;
      const float v15 = w15.at[j];
      const float v16 = v14 + v15;
      y6.at[j] = v16;
    }
    *(f32x4*)(a6 + i2 * s6_0 + i3) = y6;
  }
  #pragma unroll 1
  for (int i4 = t3 + threadIdx.x; i4 < t0 && i4 < i0 + 1024; i4 += 256) {
    const int i6 = i4 % n1;
    const int i5 = i4 / n1;
    const float v17 = a0[i5 * s0_0 + i6];
    const float v18 = a1[i6];
    const float v20 = a2[i6];
    const float v22 = a3[i6];
    const float v24 = a4[i6];
    const float v30 = a5[i5 * s5_0 + i6];
    const float v19 = v17 - v18;
    const float v21 = v19 * v20;
    const float v23 = v21 * v22;
    const float v25 = v23 + v24;
    const float v26 = v25 * p0;
    const bool v27 = v26 > v25;
    const float v28 = v27 ? v26 : v25;
    const float v29 = v28 * p1;
    const float v31 = v29 + v30;
    a6[i5 * s6_0 + i6] = v31;
  }
}
