// Bits depend on --fmad=false --prec-div=true --prec-sqrt=true --ftz=false

struct alignas(8) f32x2 { float at[2]; };

extern "C" __global__ void __launch_bounds__(256) sinter_kernel(
    const float* a0, const float* a1, const float* a2, float* a3,
    int n0, int n1, int n2,
    int s0_0, int s0_1, int s2_0, int s3_0, int s3_1,
    float p0) {
  const int t0 = n0 * n1 * n2;
  const int t1 = ((unsigned long long)a0 % 8 == 0) * ((unsigned long long)a2 % 8 == 0) * ((unsigned long long)a3 % 8 == 0);
  const int i0 = blockIdx.x * 512;
  const int t2 = t0 < i0 + 512 ? t0 : i0 + 512;
  const int t3 = i0 + ((t2 - i0) & -512) * t1;
  const int t4 = t3 + ((t2 - t3) & -512);
  if (i0 < t3) {
    const int i1 = i0 + threadIdx.x * 2;
    const int i4 = i1 % n2;
    const int i3 = i1 / n2 % n1;
    const int i2 = i1 / n2 / n1;
    const f32x2 w1 = *(const f32x2*)(a0 + i2 * s0_0 + i3 * s0_1 + i4);
    const float v2 = a1[i3];
    const f32x2 w7 = *(const f32x2*)(a2 + i2 * s2_0 + i4);
    f32x2 y3;
    #pragma unroll
    for (int j = 0; j < 2; ++j) {
      const float v1 = w1.at[j];
      const float v3 = v1 + v2;
      const float v4 = v3 * p0;
      const bool v5 = v4 > v3;
      const float v6 = v5 ? v4 : v3;
      const float v7 = w7.at[j];
      const float v8 = v6 * v7;
      y3.at[j] = v8;
    }
    *(f32x2*)(a3 + i2 * s3_0 + i3 * s3_1 + i4) = y3;
  }
  #pragma unroll 1
  for (int step = t3; step < t4; step += 512) {
    float w9[2];
    float w10[2];
    float w15[2];
    #pragma unroll
    for (int k = 0; k < 2; ++k) {
      const int i5 = step + threadIdx.x + k * 256;
      const int i8 = i5 % n2;
      const int i7 = i5 / n2 % n1;
      const int i6 = i5 / n2 / n1;
      w9[k] = a0[i6 * s0_0 + i7 * s0_1 + i8];
      w10[k] = a1[i7];
      w15[k] = a2[i6 * s2_0 + i8];
    }
    #pragma unroll
    for (int k = 0; k < 2; ++k) {
      const int i5 = step + threadIdx.x + k * 256;
      const int i8 = i5 % n2;
      const int i7 = i5 / n2 % n1;
      const int i6 = i5 / n2 / n1;
      const float v9 = w9[k];
      const float v10 = w10[k];
      const float v11 = v9 + v10;
      const float v12 = v11 * p0;
      const bool v13 = v12 > v11;
      const float v14 = v13 ? v12 : v11;
      const float v15 = w15[k];
      const float v16 = v14 * v15;
      a3[i6 * s3_0 + i7 * s3_1 + i8] = v16;
    }
  }
  #pragma unroll 1
  for (int i9 = t4 + threadIdx.x; i9 < t0 && i9 < i0 + 512; i9 += 256) {
    const int i12 = i9 % n2;
    const int i11 = i9 / n2 % n1;
    const int i10 = i9 / n2 / n1;
    const float v17 = a0[i10 * s0_0 + i11 * s0_1 + i12];
    const float v18 = a1[i11];
    const float v23 = a2[i10 * s2_0 + i12];
    const float v19 = v17 + v18;
    const float v20 = v19 * p0;
    const bool v21 = v20 > v19;
    const float v22 = v21 ? v20 : v19;
    const float v24 = v22 * v23;
    a3[i10 * s3_0 + i11 * s3_1 + i12] = v24;
  }
}
