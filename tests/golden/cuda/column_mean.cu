// Bits depend on --fmad=false --prec-div=true --prec-sqrt=true --ftz=false

extern "C" __global__ void __launch_bounds__(32) sinter_kernel(
    const float* a0, const float* a1, const float* a2, float* a3,
    int n0, int n1, int n2,
    int s0_0, int s0_1, int s3_0) {
  const int t0 = n0 * n2;
  const int i0 = blockIdx.x * 32;
  if (const int i1 = i0 + threadIdx.x; i1 < t0 && i1 < i0 + 32) {
    const int i3 = i1 % n2;
    const int i2 = i1 / n2;
    float c2 = 0.0f;
    #pragma unroll 1
    for (int i4 = 0; i4 < ((n1 + 31) / 32); ++i4) {
      const int t1 = i4 * 32;
      float c4 = 0.0f;
      #pragma unroll 8
      for (int i5 = t1; i5 < (n1 < t1 + 32 ? n1 : t1 + 32); ++i5) {
        const float v6 = a0[i2 * s0_0 + i5 * s0_1 + i3];
        const float v7 = a1[i3];
        const float v8 = v6 + v7;
        const float v9 = c4 + v8;
        c4 = v9;
      }
      const float v10 = c2 + c4;
      c2 = v10;
    }
    const float v11 = a2[i2];
    const float v12 = c2 / 1000.0f;
    const float v13 = v12 * v11;
    a3[i2 * s3_0 + i3] = v13;
  }
}
