// Bits depend on --fmad=false --prec-div=true --prec-sqrt=true --ftz=false

extern "C" __global__ void __launch_bounds__(256) sinter_kernel(
    const float* a0, const float* a1, const float* a2, float* a3,
    int n0, int n1,
    int s0_0, int s3_0,
    float p0) {
  const int t0 = n0 * n1;
  const float v0 = a2[0];
  const float v1 = -v0;
  const int i0 = blockIdx.x * 256;
  const int t1 = t0 < i0 + 256 ? t0 : i0 + 256;
  const int t2 = i0 + ((t1 - i0) & -256);
  if (i0 < t2) {
    const int i1 = i0 + threadIdx.x;
    const int i3 = i1 % n1;
    const int i2 = i1 / n1;
    const float v3 = a1[i2];
    const float v6 = a0[i2 * s0_0 + i3];
    const float v4 = v3 * p0;
    const float v5 = v4 + v0;
    const float v7 = v6 * v5;
    const float v8 = v7 + v1;
    a3[i2 * s3_0 + i3] = v8;
  }
  #pragma unroll 1
  for (int i4 = t2 + threadIdx.x; i4 < t0 && i4 < i0 + 256; i4 += 256) {
    const int i6 = i4 % n1;
    const int i5 = i4 / n1;
    const float v9 = a1[i5];
    const float v12 = a0[i5 * s0_0 + i6];
    const float v10 = v9 * p0;
    const float v11 = v10 + v0;
    const float v13 = v12 * v11;
    const float v14 = v13 + v1;
    a3[i5 * s3_0 + i6] = v14;
  }
}
