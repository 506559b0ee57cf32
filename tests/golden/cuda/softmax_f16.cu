// Bits depend on --fmad=false --prec-div=true --prec-sqrt=true --ftz=false

struct alignas(8) f16x4 { unsigned short at[4]; };

static __device__ inline float f16_to_f32(unsigned short bits) {
#ifdef __CUDA_ARCH__
  float x;
  asm("cvt.f32.f16 %0, %1;" : "=f"(x) : "h"(bits));
  return x;
#else
  const unsigned sign = (bits & 0x8000u) << 16;
  const unsigned exponent = bits >> 10 & 31u;
  const unsigned fraction = bits & 0x3ffu;
  if (exponent == 31u) return __uint_as_float(sign | 0x7f800000u | fraction << 13);
  if (exponent > 0u) return __uint_as_float(sign | (exponent + 112u) << 23 | fraction << 13);
  return __uint_as_float(sign | __float_as_uint((float)fraction * 0x1p-24f));
#endif
}

static __device__ inline void f16x4_stream(f16x4* to, f16x4 x) {
#ifdef __CUDA_ARCH__
  union { f16x4 vector; unsigned word[2]; } bits = {x};
  asm volatile("st.global.cs.v2.u32 [%0], {%1, %2};"
               : : "l"(to), "r"(bits.word[0]), "r"(bits.word[1])
               : "memory");
#else
  *to = x;
#endif
}

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

static __device__ inline unsigned short f32_to_f16(float x) {
#ifdef __CUDA_ARCH__
  unsigned short bits;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(x));
  return bits;
#else
  const unsigned word = __float_as_uint(x);
  const unsigned sign = word >> 16 & 0x8000u;
  const unsigned magnitude = word & 0x7fffffffu;
  if (magnitude > 0x7f800000u) return 0x7e00u;
  if (magnitude >= 0x477ff000u) return sign | 0x7c00u;
  // Below 2^-14, the last bit of a sum with 0.5 is worth that of the result.
  if (magnitude < 0x38800000u) {
    return sign | (__float_as_uint(__uint_as_float(magnitude) + 0.5f) - 0x3f000000u);
  }
  return sign | (magnitude - 0x38000000u + 0xfffu + (magnitude >> 13 & 1u)) >> 13;
#endif
}

static __device__ inline int i32_shift_left(int x, int count) {
  const unsigned places = (unsigned)count;
  return places < 32 ? (int)((unsigned)x << places) : (int)0;
}

extern "C" __global__ void __launch_bounds__(256) sinter_kernel(
    const unsigned short* a0, unsigned short* a1,
    int n0, int n1,
    int s0_0, int s1_0) {
  const int t0 = (n1 & -64) * (((unsigned long long)a0 % 8 == 0) * ((unsigned long long)a1 % 8 == 0));
  const int i0 = blockIdx.x * 16;
  if (const int i1 = i0 + threadIdx.x / 16; i1 < (n0 < i0 + 16 ? n0 : i0 + 16)) {
    const int t1 = i1 * s0_0;
    const int t2 = i1 * s1_0;
    float c17[] = {__uint_as_float(0xff800000u), __uint_as_float(0xff800000u), __uint_as_float(0xff800000u), __uint_as_float(0xff800000u)};
    #pragma unroll 4
    for (int step = 0; step < t0; step += 64) {
      const int i2 = step + threadIdx.x % 16 * 4;
      const f16x4 w19 = *(const f16x4*)(a0 + t1 + i2);
      #pragma unroll
      for (int j = 0; j < 4; ++j) {
        const unsigned short v19 = w19.at[j];
        const float v20 = f16_to_f32(v19);
        const float v21 = v20;
        const float v22 = f32_max(c17[j], v21);
        c17[j] = v22;
      }
    }
    #pragma unroll 1
    for (int step = t0; step < n1; step += 64) {
      const int i3 = step + threadIdx.x % 16 * 4;
      #pragma unroll
      for (int j = 0; j < 4; ++j) {
        if (i3 + j < n1) {
          const unsigned short v25 = a0[t1 + i3 + j * 1];
          const float v26 = f16_to_f32(v25);
          const float v27 = v26;
          const float v28 = f32_max(c17[j], v27);
          c17[j] = v28;
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
    const float v29 = c17[0];
    float c30[] = {0.0f, 0.0f, 0.0f, 0.0f};
    #pragma unroll 4
    for (int step = 0; step < t0; step += 64) {
      const int i4 = step + threadIdx.x % 16 * 4;
      const f16x4 w32 = *(const f16x4*)(a0 + t1 + i4);
      #pragma unroll
      for (int j = 0; j < 4; ++j) {
        const unsigned short v32 = w32.at[j];
        const float v33 = f16_to_f32(v32);
        const float v34 = v33;
        const float v35 = v34 - v29;
        const bool v36 = (-176.0f) > v35;
        const float v37 = v36 ? (-176.0f) : v35;
        const bool v38 = 89.0f < v37;
        const float v39 = v38 ? 89.0f : v37;
        const float v40 = fmaf(v39, 1.442695f, 12583166.0f);
        const float v41 = v40 - 12583166.0f;
        const float v42 = fmaf(v41, (-0.6931472f), v39);
        const float v43 = fmaf(v41, 1.9046542e-09f, v42);
        const float v44 = fmaf(v43, 0.0013823241f, 0.008368827f);
        const float v45 = fmaf(v44, v43, 0.04166824f);
        const float v46 = fmaf(v45, v43, 0.1666652f);
        const float v47 = fmaf(v46, v43, 0.49999994f);
        const float v48 = fmaf(v47, v43, 1.0f);
        const float v49 = fmaf(v48, v43, 1.0f);
        const int v50 = (int)__float_as_uint(v40);
        const int v51 = (int)(v50 & ((int)-2));
        const int v52 = i32_shift_left(v51, 22);
        const int v53 = i32_shift_left(v50, 23);
        const float v54 = __uint_as_float((unsigned)v52);
        const float v55 = v49 * v54;
        const int v56 = (int)((unsigned)v53 - (unsigned)v52);
        const float v57 = __uint_as_float((unsigned)v56);
        const float v58 = v55 * v57;
        const float v59 = c30[j] + v58;
        c30[j] = v59;
      }
    }
    #pragma unroll 1
    for (int step = t0; step < n1; step += 64) {
      const int i5 = step + threadIdx.x % 16 * 4;
      #pragma unroll
      for (int j = 0; j < 4; ++j) {
        if (i5 + j < n1) {
          const unsigned short v62 = a0[t1 + i5 + j * 1];
          const float v63 = f16_to_f32(v62);
          const float v64 = v63;
          const float v65 = v64 - v29;
          const bool v66 = (-176.0f) > v65;
          const float v67 = v66 ? (-176.0f) : v65;
          const bool v68 = 89.0f < v67;
          const float v69 = v68 ? 89.0f : v67;
          const float v70 = fmaf(v69, 1.442695f, 12583166.0f);
          const float v71 = v70 - 12583166.0f;
          const float v72 = fmaf(v71, (-0.6931472f), v69);
          const float v73 = fmaf(v71, 1.9046542e-09f, v72);
          const float v74 = fmaf(v73, 0.0013823241f, 0.008368827f);
          const float v75 = fmaf(v74, v73, 0.04166824f);
          const float v76 = fmaf(v75, v73, 0.1666652f);
          const float v77 = fmaf(v76, v73, 0.49999994f);
          const float v78 = fmaf(v77, v73, 1.0f);
          const float v79 = fmaf(v78, v73, 1.0f);
          const int v80 = (int)__float_as_uint(v70);
          const int v81 = (int)(v80 & ((int)-2));
          const int v82 = i32_shift_left(v81, 22);
          const int v83 = i32_shift_left(v80, 23);
          const float v84 = __uint_as_float((unsigned)v82);
          const float v85 = v79 * v84;
          const int v86 = (int)((unsigned)v83 - (unsigned)v82);
          const float v87 = __uint_as_float((unsigned)v86);
          const float v88 = v85 * v87;
          const float v89 = c30[j] + v88;
          c30[j] = v89;
        }
      }
    }
    #pragma unroll
    for (int h = 8; h > 0; h /= 2) {
      const float o0 = f32_exchange(c30[0], h);
      c30[0] = c30[0] + o0;
      const float o1 = f32_exchange(c30[1], h);
      c30[1] = c30[1] + o1;
      const float o2 = f32_exchange(c30[2], h);
      c30[2] = c30[2] + o2;
      const float o3 = f32_exchange(c30[3], h);
      c30[3] = c30[3] + o3;
    }
    c30[0] = c30[0] + c30[2];
    c30[1] = c30[1] + c30[3];
    c30[0] = c30[0] + c30[1];
    const float v90 = c30[0];
    #pragma unroll 1
    for (int step = 0; step < t0; step += 64) {
      const int i6 = step + threadIdx.x % 16 * 4;
      const f16x4 w91 = *(const f16x4*)(a0 + t1 + i6);
      f16x4 y1;
      #pragma unroll
      for (int j = 0; j < 4; ++j) {
        const unsigned short v91 = w91.at[j];
        const float v92 = f16_to_f32(v91);
        const float v93 = v92;
        const float v94 = v93 - v29;
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
        const float v118 = v117 / v90;
        const unsigned short v119 = f32_to_f16(v118);
        const float v120 = f16_to_f32(v119);
        const unsigned short v121 = f32_to_f16(v120);
        y1.at[j] = v121;
      }
      f16x4_stream((f16x4*)(a1 + t2 + i6), y1);
    }
    #pragma unroll 1
    for (int i7 = t0 + threadIdx.x % 16; i7 < n1; i7 += 16) {
      const unsigned short v122 = a0[t1 + i7];
      const float v123 = f16_to_f32(v122);
      const float v124 = v123;
      const float v125 = v124 - v29;
      const bool v126 = (-176.0f) > v125;
      const float v127 = v126 ? (-176.0f) : v125;
      const bool v128 = 89.0f < v127;
      const float v129 = v128 ? 89.0f : v127;
      const float v130 = fmaf(v129, 1.442695f, 12583166.0f);
      const float v131 = v130 - 12583166.0f;
      const float v132 = fmaf(v131, (-0.6931472f), v129);
      const float v133 = fmaf(v131, 1.9046542e-09f, v132);
      const float v134 = fmaf(v133, 0.0013823241f, 0.008368827f);
      const float v135 = fmaf(v134, v133, 0.04166824f);
      const float v136 = fmaf(v135, v133, 0.1666652f);
      const float v137 = fmaf(v136, v133, 0.49999994f);
      const float v138 = fmaf(v137, v133, 1.0f);
      const float v139 = fmaf(v138, v133, 1.0f);
      const int v140 = (int)__float_as_uint(v130);
      const int v141 = (int)(v140 & ((int)-2));
      const int v142 = i32_shift_left(v141, 22);
      const int v143 = i32_shift_left(v140, 23);
      const float v144 = __uint_as_float((unsigned)v142);
      const float v145 = v139 * v144;
      const int v146 = (int)((unsigned)v143 - (unsigned)v142);
      const float v147 = __uint_as_float((unsigned)v146);
      const float v148 = v145 * v147;
      const float v149 = v148 / v90;
      const unsigned short v150 = f32_to_f16(v149);
      const float v151 = f16_to_f32(v150);
      const unsigned short v152 = f32_to_f16(v151);
      a1[t2 + i7] = v152;
    }
  }
}
