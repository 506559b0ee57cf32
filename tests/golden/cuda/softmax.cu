// Bits depend on --fmad=false --prec-div=true --prec-sqrt=true --ftz=false

struct alignas(16) f32x4 { float at[4]; };

static __device__ inline float f32_exchange(float x, int distance) {
  return (float)__shfl_xor_sync(0xffffu << (threadIdx.x & 16u), x, distance);
}

static __device__ inline float f32_max(float a, float b) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
  float most;
  asm("max.NaN.f32 %0, %1, %2;" : "=f"(most) : "f"(a), "f"(b));
  return most;
#else
  if (a != a || b != b) return a + b;
  if (a == b) return __uint_as_float(__float_as_uint(a) & __float_as_uint(b));
  return a > b ? a : b;
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

static __device__ inline int i32_shift_left(int x, int count) {
  const unsigned places = (unsigned)count;
  return places < 32 ? (int)((unsigned)x << places) : (int)0;
}

extern "C" __global__ void __launch_bounds__(64) sinter_kernel(
    const float* a0, float* a1,
    int n0, int n1,
    int s0_0, int s1_0) {
  __shared__ float a2[4];
  __shared__ float a3[4];
  const int t0 = (n1 + 2047) / 2048;
  const int t1 = ((unsigned long long)a0 % 16 == 0) * ((unsigned long long)a1 % 16 == 0);
  const int t2 = (n1 & -256) * t1;
  const int i0 = blockIdx.x;
  const int t3 = i0 * s0_0;
  const int t4 = i0 * s1_0;
  #pragma unroll 1
  for (int i1 = threadIdx.x / 16; i1 < t0; i1 += 4) {
    const int t5 = i1 * 2048;
    const int t6 = n1 < t5 + 2048 ? n1 : t5 + 2048;
    const int t7 = t5 + ((t6 - t5) & -64) * t1;
    float c17[] = {__uint_as_float(0xff800000u), __uint_as_float(0xff800000u), __uint_as_float(0xff800000u), __uint_as_float(0xff800000u)};
    #pragma unroll 4
    for (int step = t5; step < t7; step += 64) {
      const int i2 = step + threadIdx.x % 16 * 4;
      const f32x4 w19 = *(const f32x4*)(a0 + t3 + i2);
      #pragma unroll
      for (int j = 0; j < 4; ++j) {
        const float v19 = w19.at[j];
        const float v20 = f32_max(c17[j], v19);
        c17[j] = v20;
      }
    }
    #pragma unroll 1
    for (int step = t7; step < t6; step += 64) {
      const int i3 = step + threadIdx.x % 16 * 4;
      #pragma unroll
      for (int j = 0; j < 4; ++j) {
        if (i3 + j < t6) {
          const float v23 = a0[t3 + i3 + j * 1];
          const float v24 = f32_max(c17[j], v23);
          c17[j] = v24;
        }
      }
    }
    #pragma unroll
    for (int h = 8; h > 0; h /= 2) {
      const float o0 = f32_exchange(c17[0], h);
      c17[0] = f32_max(c17[0], o0);
      const float o1 = f32_exchange(c17[1], h);
      c17[1] = f32_max(c17[1], o1);
      const float o2 = f32_exchange(c17[2], h);
      c17[2] = f32_max(c17[2], o2);
      const float o3 = f32_exchange(c17[3], h);
      c17[3] = f32_max(c17[3], o3);
    }
    c17[0] = f32_max(c17[0], c17[2]);
    c17[1] = f32_max(c17[1], c17[3]);
    c17[0] = f32_max(c17[0], c17[1]);
    const float v25 = c17[0];
    if (threadIdx.x % 16 == 0) a2[i1] = v25;
  }
  __syncthreads();
  float c26[] = {__uint_as_float(0xff800000u), __uint_as_float(0xff800000u), __uint_as_float(0xff800000u), __uint_as_float(0xff800000u)};
  #pragma unroll 1
  for (int step = 0; step < t0; step += 64) {
    const int i4 = step + threadIdx.x % 16 * 4;
    #pragma unroll
    for (int j = 0; j < 4; ++j) {
      if (i4 + j < t0) {
        const float v28 = a2[i4 + j * 1];
        const float v29 = f32_max(c26[j], v28);
        c26[j] = v29;
      }
    }
  }
  #pragma unroll
  for (int h = 8; h > 0; h /= 2) {
    const float o0 = f32_exchange(c26[0], h);
    c26[0] = f32_max(c26[0], o0);
    const float o1 = f32_exchange(c26[1], h);
    c26[1] = f32_max(c26[1], o1);
    const float o2 = f32_exchange(c26[2], h);
    c26[2] = f32_max(c26[2], o2);
    const float o3 = f32_exchange(c26[3], h);
    c26[3] = f32_max(c26[3], o3);
  }
  c26[0] = f32_max(c26[0], c26[2]);
  c26[1] = f32_max(c26[1], c26[3]);
  c26[0] = f32_max(c26[0], c26[1]);
  const float v30 = c26[0];
  #pragma unroll 1
  for (int i5 = threadIdx.x / 16; i5 < t0; i5 += 4) {
    const int t8 = i5 * 2048;
    const int t9 = n1 < t8 + 2048 ? n1 : t8 + 2048;
    const int t10 = t8 + ((t9 - t8) & -64) * t1;
    float c31[] = {0.0f, 0.0f, 0.0f, 0.0f};
    #pragma unroll 4
    for (int step = t8; step < t10; step += 64) {
      const int i6 = step + threadIdx.x % 16 * 4;
      const f32x4 w33 = *(const f32x4*)(a0 + t3 + i6);
      #pragma unroll
      for (int j = 0; j < 4; ++j) {
        const float v33 = w33.at[j];
        const float v34 = v33 - v30;
        const bool v35 = (-176.0f) > v34;
        const float v36 = v35 ? (-176.0f) : v34;
        const bool v37 = 89.0f < v36;
        const float v38 = v37 ? 89.0f : v36;
        const float v39 = fmaf(v38, 1.442695f, 12583166.0f);
        const float v40 = v39 - 12583166.0f;
        const float v41 = fmaf(v40, (-0.6931472f), v38);
        const float v42 = fmaf(v40, 1.9046542e-09f, v41);
        const float v43 = fmaf(v42, 0.0013823241f, 0.008368827f);
        const float v44 = fmaf(v43, v42, 0.04166824f);
        const float v45 = fmaf(v44, v42, 0.1666652f);
        const float v46 = fmaf(v45, v42, 0.49999994f);
        const float v47 = fmaf(v46, v42, 1.0f);
        const float v48 = fmaf(v47, v42, 1.0f);
        const int v49 = (int)__float_as_uint(v39);
        const int v50 = (int)(v49 & ((int)-2));
        const int v51 = i32_shift_left(v50, 22);
        const int v52 = i32_shift_left(v49, 23);
        const float v53 = __uint_as_float((unsigned)v51);
        const float v54 = v48 * v53;
        const int v55 = (int)((unsigned)v52 - (unsigned)v51);
        const float v56 = __uint_as_float((unsigned)v55);
        const float v57 = v54 * v56;
        const float v58 = c31[j] + v57;
        c31[j] = v58;
      }
    }
    #pragma unroll 1
    for (int step = t10; step < t9; step += 64) {
      const int i7 = step + threadIdx.x % 16 * 4;
      #pragma unroll
      for (int j = 0; j < 4; ++j) {
        if (i7 + j < t9) {
          const float v61 = a0[t3 + i7 + j * 1];
          const float v62 = v61 - v30;
          const bool v63 = (-176.0f) > v62;
          const float v64 = v63 ? (-176.0f) : v62;
          const bool v65 = 89.0f < v64;
          const float v66 = v65 ? 89.0f : v64;
          const float v67 = fmaf(v66, 1.442695f, 12583166.0f);
          const float v68 = v67 - 12583166.0f;
          const float v69 = fmaf(v68, (-0.6931472f), v66);
          const float v70 = fmaf(v68, 1.9046542e-09f, v69);
          const float v71 = fmaf(v70, 0.0013823241f, 0.008368827f);
          const float v72 = fmaf(v71, v70, 0.04166824f);
          const float v73 = fmaf(v72, v70, 0.1666652f);
          const float v74 = fmaf(v73, v70, 0.49999994f);
          const float v75 = fmaf(v74, v70, 1.0f);
          const float v76 = fmaf(v75, v70, 1.0f);
          const int v77 = (int)__float_as_uint(v67);
          const int v78 = (int)(v77 & ((int)-2));
          const int v79 = i32_shift_left(v78, 22);
          const int v80 = i32_shift_left(v77, 23);
          const float v81 = __uint_as_float((unsigned)v79);
          const float v82 = v76 * v81;
          const int v83 = (int)((unsigned)v80 - (unsigned)v79);
          const float v84 = __uint_as_float((unsigned)v83);
          const float v85 = v82 * v84;
          const float v86 = c31[j] + v85;
          c31[j] = v86;
        }
      }
    }
    #pragma unroll
    for (int h = 8; h > 0; h /= 2) {
      const float o0 = f32_exchange(c31[0], h);
      c31[0] = c31[0] + o0;
      const float o1 = f32_exchange(c31[1], h);
      c31[1] = c31[1] + o1;
      const float o2 = f32_exchange(c31[2], h);
      c31[2] = c31[2] + o2;
      const float o3 = f32_exchange(c31[3], h);
      c31[3] = c31[3] + o3;
    }
    c31[0] = c31[0] + c31[2];
    c31[1] = c31[1] + c31[3];
    c31[0] = c31[0] + c31[1];
    const float v87 = c31[0];
    if (threadIdx.x % 16 == 0) a3[i5] = v87;
  }
  __syncthreads();
  float c88[] = {0.0f, 0.0f, 0.0f, 0.0f};
  #pragma unroll 1
  for (int step = 0; step < t0; step += 64) {
    const int i8 = step + threadIdx.x % 16 * 4;
    #pragma unroll
    for (int j = 0; j < 4; ++j) {
      if (i8 + j < t0) {
        const float v90 = a3[i8 + j * 1];
        const float v91 = c88[j] + v90;
        c88[j] = v91;
      }
    }
  }
  #pragma unroll
  for (int h = 8; h > 0; h /= 2) {
    const float o0 = f32_exchange(c88[0], h);
    c88[0] = c88[0] + o0;
    const float o1 = f32_exchange(c88[1], h);
    c88[1] = c88[1] + o1;
    const float o2 = f32_exchange(c88[2], h);
    c88[2] = c88[2] + o2;
    const float o3 = f32_exchange(c88[3], h);
    c88[3] = c88[3] + o3;
  }
  c88[0] = c88[0] + c88[2];
  c88[1] = c88[1] + c88[3];
  c88[0] = c88[0] + c88[1];
  const float v92 = c88[0];
  #pragma unroll 1
  for (int step = 0; step < t2; step += 256) {
    const int i9 = step + threadIdx.x * 4;
    const f32x4 w93 = *(const f32x4*)(a0 + t3 + i9);
    f32x4 y1;
    #pragma unroll
    for (int j = 0; j < 4; ++j) {
      const float v93 = w93.at[j];
      const float v94 = v93 - v30;
      const bool v95 = (-176.0f) > v94;
      const float v96 = v95 ? (-176.0f) : v94;
      const bool v97 = 89.0f < v96;
      const float v98 = v97 ? 89.0f : v96;
      const float v99 = fmaf(v98, 1.442695f, 12583166.0f);
      const float v100 = v99 - 12583166.0f;
      const float v101 = fmaf(v100, (-0.6931472f), v98);
      const float v102 = fmaf(v100, 1.9046542e-09f, v101);
      const float v103 = fmaf(v102, 0.0013823241f, 0.008368827f);
      const float v104 = fmaf(v103, v102, 0.04166824f);
      const float v105 = fmaf(v104, v102, 0.1666652f);
      const float v106 = fmaf(v105, v102, 0.49999994f);
      const float v107 = fmaf(v106, v102, 1.0f);
      const float v108 = fmaf(v107, v102, 1.0f);
      const int v109 = (int)__float_as_uint(v99);
      const int v110 = (int)(v109 & ((int)-2));
      const int v111 = i32_shift_left(v110, 22);
      const int v112 = i32_shift_left(v109, 23);
      const float v113 = __uint_as_float((unsigned)v111);
      const float v114 = v108 * v113;
      const int v115 = (int)((unsigned)v112 - (unsigned)v111);
      const float v116 = __uint_as_float((unsigned)v115);
      const float v117 = v114 * v116;
      const float v118 = v117 / v92;
      y1.at[j] = v118;
    }
    f32x4_stream((f32x4*)(a1 + t4 + i9), y1);
  }
  #pragma unroll 1
  for (int i10 = t2 + threadIdx.x; i10 < n1; i10 += 64) {
    const float v119 = a0[t3 + i10];
    const float v120 = v119 - v30;
    const bool v121 = (-176.0f) > v120;
    const float v122 = v121 ? (-176.0f) : v120;
    const bool v123 = 89.0f < v122;
    const float v124 = v123 ? 89.0f : v122;
    const float v125 = fmaf(v124, 1.442695f, 12583166.0f);
    const float v126 = v125 - 12583166.0f;
    const float v127 = fmaf(v126, (-0.6931472f), v124);
    const float v128 = fmaf(v126, 1.9046542e-09f, v127);
    const float v129 = fmaf(v128, 0.0013823241f, 0.008368827f);
    const float v130 = fmaf(v129, v128, 0.04166824f);
    const float v131 = fmaf(v130, v128, 0.1666652f);
    const float v132 = fmaf(v131, v128, 0.49999994f);
    const float v133 = fmaf(v132, v128, 1.0f);
    const float v134 = fmaf(v133, v128, 1.0f);
    const int v135 = (int)__float_as_uint(v125);
    const int v136 = (int)(v135 & ((int)-2));
    const int v137 = i32_shift_left(v136, 22);
    const int v138 = i32_shift_left(v135, 23);
    const float v139 = __uint_as_float((unsigned)v137);
    const float v140 = v134 * v139;
    const int v141 = (int)((unsigned)v138 - (unsigned)v137);
    const float v142 = __uint_as_float((unsigned)v141);
    const float v143 = v140 * v142;
    const float v144 = v143 / v92;
    a1[t4 + i10] = v144;
  }
}
