// Bits depend on --fmad=false --prec-div=true --prec-sqrt=true --ftz=false

static __device__ inline double f64_exchange(double x, int distance) {
  return (double)__shfl_xor_sync(0xffffu << (threadIdx.x & 16u), x, distance);
}

extern "C" __global__ void __launch_bounds__(32) sinter_kernel(
    const double* a0, double* a1,
    int n0, int n1,
    int s0_0) {
  const int t0 = n1 & -32;
  const int i0 = blockIdx.x * 2;
  if (const int i1 = i0 + threadIdx.x / 16; i1 < (n0 < i0 + 2 ? n0 : i0 + 2)) {
    const int t1 = i1 * s0_0;
    double c1[] = {0.0, 0.0};
    #pragma unroll 4
    for (int step = 0; step < t0; step += 32) {
      double w3[2];
      #pragma unroll
      for (int k = 0; k < 2; ++k) {
        const int i2 = step + threadIdx.x % 16 + k * 16;
        w3[k] = a0[t1 + i2];
      }
      #pragma unroll
      for (int k = 0; k < 2; ++k) {
        const int i2 = step + threadIdx.x % 16 + k * 16;
        const double v3 = w3[k];
        const double v4 = c1[k] + v3;
        c1[k] = v4;
      }
    }
    #pragma unroll 1
    for (int step = t0; step < n1; step += 32) {
      #pragma unroll
      for (int k = 0; k < 2; ++k) {
        const int i3 = step + threadIdx.x % 16 + k * 16;
        if (i3 < n1) {
          const double v7 = a0[t1 + i3];
          const double v8 = c1[k] + v7;
          c1[k] = v8;
        }
      }
    }
    c1[0] = c1[0] + c1[1];
    #pragma unroll
    for (int h = 8; h > 0; h /= 2) {
      const double o0 = f64_exchange(c1[0], h);
      c1[0] = c1[0] + o0;
    }
    const double v9 = c1[0];
    if (threadIdx.x % 16 == 0) a1[i1] = v9;
  }
}
