// Bits depend on --fmad=false --prec-div=true --prec-sqrt=true --ftz=false

struct alignas(16) f32x4 { float at[4]; };

static __device__ inline float f32_exchange(float x, int distance) {
  return (float)__shfl_xor_sync(0xffffu << (threadIdx.x & 16u), x, distance);
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
    const float* a0, const float* a1, const float* a2, float* a3,
    int n0, int n1,
    int s0_0, int s3_0,
    float p0) {
  const int t0 = (n1 & -64) * (((unsigned long long)a0 % 16 == 0) * ((unsigned long long)a1 % 16 == 0) * ((unsigned long long)a2 % 16 == 0) * ((unsigned long long)a3 % 16 == 0));
  const int i0 = blockIdx.x * 16;
  if (const int i1 = i0 + threadIdx.x / 16; i1 < (n0 < i0 + 16 ? n0 : i0 + 16)) {
    const int t1 = i1 * s0_0;
    const int t2 = i1 * s3_0;
    float c4[] = {0.0f, 0.0f, 0.0f, 0.0f};
    #pragma unroll 4
    for (int step = 0; step < t0; step += 64) {
      const int i2 = step + threadIdx.x % 16 * 4;
      const f32x4 w6 = *(const f32x4*)(a0 + t1 + i2);
      #pragma unroll
      for (int j = 0; j < 4; ++j) {
        const float v6 = w6.at[j];
        const float v7 = c4[j] + v6;
        c4[j] = v7;
      }
    }
    #pragma unroll 1
    for (int step = t0; step < n1; step += 64) {
      const int i3 = step + threadIdx.x % 16 * 4;
      #pragma unroll
      for (int j = 0; j < 4; ++j) {
        if (i3 + j < n1) {
          const float v10 = a0[t1 + i3 + j * 1];
          const float v11 = c4[j] + v10;
          c4[j] = v11;
        }
      }
    }
    #pragma unroll
    for (int h = 8; h > 0; h /= 2) {
      const float o0 = f32_exchange(c4[0], h);
      c4[0] = c4[0] + o0;
      const float o1 = f32_exchange(c4[1], h);
      c4[1] = c4[1] + o1;
      const float o2 = f32_exchange(c4[2], h);
      c4[2] = c4[2] + o2;
      const float o3 = f32_exchange(c4[3], h);
      c4[3] = c4[3] + o3;
    }
    c4[0] = c4[0] + c4[2];
    c4[1] = c4[1] + c4[3];
    c4[0] = c4[0] + c4[1];
    const float v12 = c4[0];
    const float v13 = v12 / 768.0f;
    float c14[] = {0.0f, 0.0f, 0.0f, 0.0f};
    #pragma unroll 4
    for (int step = 0; step < t0; step += 64) {
      const int i4 = step + threadIdx.x % 16 * 4;
      const f32x4 w16 = *(const f32x4*)(a0 + t1 + i4);
      #pragma unroll
      for (int j = 0; j < 4; ++j) {
        const float v16 = w16.at[j];
        const float v17 = v16 - v13;
        const float v18 = v17 * v17;
        const float v19 = c14[j] + v18;
        c14[j] = v19;
      }
    }
    #pragma unroll 1
    for (int step = t0; step < n1; step += 64) {
      const int i5 = step + threadIdx.x % 16 * 4;
      #pragma unroll
      for (int j = 0; j < 4; ++j) {
        if (i5 + j < n1) {
          const float v22 = a0[t1 + i5 + j * 1];
          const float v23 = v22 - v13;
          const float v24 = v23 * v23;
          const float v25 = c14[j] + v24;
          c14[j] = v25;
        }
      }
    }
    #pragma unroll
    for (int h = 8; h > 0; h /= 2) {
      const float o0 = f32_exchange(c14[0], h);
      c14[0] = c14[0] + o0;
      const float o1 = f32_exchange(c14[1], h);
      c14[1] = c14[1] + o1;
      const float o2 = f32_exchange(c14[2], h);
      c14[2] = c14[2] + o2;
      const float o3 = f32_exchange(c14[3], h);
      c14[3] = c14[3] + o3;
    }
    c14[0] = c14[0] + c14[2];
    c14[1] = c14[1] + c14[3];
    c14[0] = c14[0] + c14[1];
    const float v26 = c14[0];
    const float v27 = v26 / 768.0f;
    const float v28 = v27 + p0;
    const float v29 = sqrtf(v28);
    #pragma unroll 1
    for (int step = 0; step < t0; step += 64) {
      const int i6 = step + threadIdx.x % 16 * 4;
      const f32x4 w30 = *(const f32x4*)(a0 + t1 + i6);
      const f32x4 w33 = *(const f32x4*)(a1 + i6);
      const f32x4 w35 = *(const f32x4*)(a2 + i6);
      f32x4 y3;
      #pragma unroll
      for (int j = 0; j < 4; ++j) {
        const float v30 = w30.at[j];
        const float v31 = v30 - v13;
        const float v32 = v31 / v29;
        const float v33 = w33.at[j];
        const float v34 = v32 * v33;
        const float v35 = w35.at[j];
        const float v36 = v34 + v35;
        y3.at[j] = v36;
      }
      f32x4_stream((f32x4*)(a3 + t2 + i6), y3);
    }
    #pragma unroll 1
    for (int i7 = t0 + threadIdx.x % 16; i7 < n1; i7 += 16) {
      const float v37 = a0[t1 + i7];
      const float v40 = a1[i7];
      const float v42 = a2[i7];
      const float v38 = v37 - v13;
      const float v39 = v38 / v29;
      const float v41 = v39 * v40;
      const float v43 = v41 + v42;
      a3[t2 + i7] = v43;
    }
  }
}
