// Bits depend on --fmad=false --prec-div=true --prec-sqrt=true --ftz=false

struct alignas(16) f32x4 { float at[4]; };

static __device__ const unsigned table0[16] = {0x3f9f9700u, 0x3fdef5c0u, 0x40114dc0u, 0x402fd240u, 0x405f1d80u, 0x40901ec0u, 0x40b10640u, 0x40d004c0u, 0x40fe8780u, 0x411f3c80u, 0x41401d40u, 0x415b0900u, 0x0u, 0x3ebea900u, 0x3f201740u, 0x3f5f6e40u};
static __device__ const unsigned table1[16] = {0xbaa2b58fu, 0xb9e1f3a8u, 0xb925b285u, 0xb88da657u, 0xb7a624adu, 0xb69bfde9u, 0xb5b3028cu, 0xb4ea5ce2u, 0xb3e24895u, 0xb2b176ffu, 0xb1b26b8au, 0xb12ff9ffu, 0xbca439d8u, 0xbc2c6ddbu, 0xbba956e2u, 0xbb519060u};
static __device__ const unsigned table2[16] = {0x3b721d16u, 0x3ab8ffaeu, 0x3a10f14fu, 0x398552f8u, 0x38b5b54eu, 0x37c25bb9u, 0x36f4bfb6u, 0x363c5652u, 0x355d6081u, 0x3450a7eau, 0x33715975u, 0x32c75c55u, 0x3d790355u, 0x3ccc9a62u, 0x3c6415acu, 0x3c044e1cu};
static __device__ const unsigned table3[16] = {0xbc232c64u, 0xbb89503fu, 0xbaed20b7u, 0xba6d5ebcu, 0xb9b494bbu, 0xb8e2faf1u, 0xb825c046u, 0xb79070c4u, 0xb6c40dfdu, 0xb5e2203bu, 0xb51b876du, 0xb491b551u, 0xbe07f5a4u, 0xbd6a6a54u, 0xbd08fca0u, 0xbca616f2u};
static __device__ const unsigned table4[16] = {0x3cc90157u, 0x3c3b44f9u, 0x3bb378f3u, 0x3b448351u, 0x3aaa4bf4u, 0x39fc3c7fu, 0x3955bca6u, 0x38d32360u, 0x382948c5u, 0x376dc1a4u, 0x36c22cbfu, 0x364e21fbu, 0x3e7ffd11u, 0x3def532bu, 0x3d93c2c0u, 0x3d3d0f7au};
static __device__ const unsigned table5[16] = {0xbd585db2u, 0xbce14f11u, 0xbc71bd23u, 0xbc11bdd1u, 0xbb913197u, 0xbaff96eau, 0xba7ccd79u, 0xba0e3827u, 0xb987749au, 0xb8e87559u, 0xb861e26au, 0xb807b415u, 0xbecc4223u, 0xbe5146c0u, 0xbe09629fu, 0xbdba7cfau};
static __device__ const unsigned table6[16] = {0x3dbe6e02u, 0x3d607547u, 0x3d0857afu, 0x3cb69728u, 0x3c534e48u, 0x3bdf6281u, 0x3b81e6b5u, 0x3b2747f5u, 0x3abe2751u, 0x3a4838c6u, 0x39e81659u, 0x399e081eu, 0x3f000000u, 0x3e91a374u, 0x3e4d09e3u, 0x3e14c976u};
static __device__ const unsigned table7[16] = {0x3e9388cau, 0x3ea5bd93u, 0x3eb15b7cu, 0x3eb80752u, 0x3ebe7acbu, 0x3ec3666fu, 0x3ec62688u, 0x3ec7bba1u, 0x3ec92c0eu, 0x3eca4178u, 0x3ecadec4u, 0x3ecb2f7fu, 0x0u, 0x3e1101deu, 0x3e4f054du, 0x3e7a5810u};

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

static __device__ inline int i32_shift_right(int x, int count) {
  const unsigned places = (unsigned)count;
  return places < 32 ? (int)(x >> places) : (int)(x < 0 ? -1 : 0);
}

extern "C" __global__ void __launch_bounds__(256) sinter_kernel(
    const float* a0, float* a1,
    int n0) {
  const int t0 = ((unsigned long long)a0 % 16 == 0) * ((unsigned long long)a1 % 16 == 0);
  const int i0 = blockIdx.x * 4096;
  const int t1 = n0 < i0 + 4096 ? n0 : i0 + 4096;
  const int t2 = i0 + ((t1 - i0) & -4096) * t0;
  const int t3 = t2 + ((t1 - t2) & -1024);
  if (i0 < t2) {
    f32x4 w16[4];
    #pragma unroll
    for (int k = 0; k < 4; ++k) {
      const int i1 = i0 + threadIdx.x * 4 + k * 1024;
      w16[k] = *(const f32x4*)(a0 + i1);
    }
    #pragma unroll
    for (int k = 0; k < 4; ++k) {
      const int i1 = i0 + threadIdx.x * 4 + k * 1024;
      f32x4 y1;
      #pragma unroll
      for (int j = 0; j < 4; ++j) {
        const float v16 = w16[k].at[j];
        const float v17 = fabsf(v16);
        const bool v18 = 14.85f < v17;
        const float v19 = v18 ? 14.85f : v17;
        const float v20 = v19 + 1.0f;
        const int v21 = (int)__float_as_uint(v20);
        const int v22 = i32_shift_right(v21, 21);
        const float v23 = __uint_as_float(table0[v22 & 15]);
        const float v24 = v19 - v23;
        const float v25 = __uint_as_float(table1[v22 & 15]);
        const float v26 = __uint_as_float(table2[v22 & 15]);
        const float v27 = fmaf(v25, v24, v26);
        const float v28 = __uint_as_float(table3[v22 & 15]);
        const float v29 = fmaf(v27, v24, v28);
        const float v30 = __uint_as_float(table4[v22 & 15]);
        const float v31 = fmaf(v29, v24, v30);
        const float v32 = __uint_as_float(table5[v22 & 15]);
        const float v33 = fmaf(v31, v24, v32);
        const float v34 = __uint_as_float(table6[v22 & 15]);
        const float v35 = fmaf(v33, v24, v34);
        const float v36 = __uint_as_float(table7[v22 & 15]);
        const float v37 = fmaf(v35, v24, v36);
        const float v38 = v36 - v37;
        const float v39 = fmaf(v35, v24, v38);
        const float v40 = v19 * (-0.5f);
        const float v41 = v40 * v19;
        const float v42 = fmaf(v41, 1.442695f, 12583071.0f);
        const float v43 = v42 - 12583071.0f;
        const float v44 = v43 * (-0.69314575f);
        const float v45 = fmaf(v40, v19, v44);
        const float v46 = fmaf(v43, (-1.4286068e-06f), v45);
        const float v47 = fmaf(v46, 0.0013823241f, 0.008368827f);
        const float v48 = fmaf(v47, v46, 0.04166824f);
        const float v49 = fmaf(v48, v46, 0.1666652f);
        const float v50 = fmaf(v49, v46, 0.49999994f);
        const float v51 = v46 * v46;
        const float v52 = fmaf(v51, v50, v46);
        const float v53 = fmaf(v52, v37, v39);
        const float v54 = v37 + v53;
        const int v55 = (int)__float_as_uint(v42);
        const int v56 = i32_shift_left(v55, 23);
        const float v57 = __uint_as_float((unsigned)v56);
        const float v58 = v54 * v57;
        const bool v59 = (-0.0f) > v16;
        const float v60 = v59 ? (-0.0f) : v16;
        const float v61 = fmaf(v58, (-2.3283064e-10f), v60);
        y1.at[j] = v61;
      }
      f32x4_stream((f32x4*)(a1 + i1), y1);
    }
  }
  #pragma unroll 1
  for (int step = t2; step < t3; step += 1024) {
    float w62[4];
    #pragma unroll
    for (int k = 0; k < 4; ++k) {
      const int i2 = step + threadIdx.x + k * 256;
      w62[k] = a0[i2];
    }
    #pragma unroll
    for (int k = 0; k < 4; ++k) {
      const int i2 = step + threadIdx.x + k * 256;
      const float v62 = w62[k];
      const float v63 = fabsf(v62);
      const bool v64 = 14.85f < v63;
      const float v65 = v64 ? 14.85f : v63;
      const float v66 = v65 + 1.0f;
      const int v67 = (int)__float_as_uint(v66);
      const int v68 = i32_shift_right(v67, 21);
      const float v69 = __uint_as_float(table0[v68 & 15]);
      const float v70 = v65 - v69;
      const float v71 = __uint_as_float(table1[v68 & 15]);
      const float v72 = __uint_as_float(table2[v68 & 15]);
      const float v73 = fmaf(v71, v70, v72);
      const float v74 = __uint_as_float(table3[v68 & 15]);
      const float v75 = fmaf(v73, v70, v74);
      const float v76 = __uint_as_float(table4[v68 & 15]);
      const float v77 = fmaf(v75, v70, v76);
      const float v78 = __uint_as_float(table5[v68 & 15]);
      const float v79 = fmaf(v77, v70, v78);
      const float v80 = __uint_as_float(table6[v68 & 15]);
      const float v81 = fmaf(v79, v70, v80);
      const float v82 = __uint_as_float(table7[v68 & 15]);
      const float v83 = fmaf(v81, v70, v82);
      const float v84 = v82 - v83;
      const float v85 = fmaf(v81, v70, v84);
      const float v86 = v65 * (-0.5f);
      const float v87 = v86 * v65;
      const float v88 = fmaf(v87, 1.442695f, 12583071.0f);
      const float v89 = v88 - 12583071.0f;
      const float v90 = v89 * (-0.69314575f);
      const float v91 = fmaf(v86, v65, v90);
      const float v92 = fmaf(v89, (-1.4286068e-06f), v91);
      const float v93 = fmaf(v92, 0.0013823241f, 0.008368827f);
      const float v94 = fmaf(v93, v92, 0.04166824f);
      const float v95 = fmaf(v94, v92, 0.1666652f);
      const float v96 = fmaf(v95, v92, 0.49999994f);
      const float v97 = v92 * v92;
      const float v98 = fmaf(v97, v96, v92);
      const float v99 = fmaf(v98, v83, v85);
      const float v100 = v83 + v99;
      const int v101 = (int)__float_as_uint(v88);
      const int v102 = i32_shift_left(v101, 23);
      const float v103 = __uint_as_float((unsigned)v102);
      const float v104 = v100 * v103;
      const bool v105 = (-0.0f) > v62;
      const float v106 = v105 ? (-0.0f) : v62;
      const float v107 = fmaf(v104, (-2.3283064e-10f), v106);
      a1[i2] = v107;
    }
  }
  #pragma unroll 1
  for (int i3 = t3 + threadIdx.x; i3 < n0 && i3 < i0 + 4096; i3 += 256) {
    const float v108 = a0[i3];
    const float v109 = fabsf(v108);
    const bool v110 = 14.85f < v109;
    const float v111 = v110 ? 14.85f : v109;
    const float v112 = v111 + 1.0f;
    const int v113 = (int)__float_as_uint(v112);
    const int v114 = i32_shift_right(v113, 21);
    const float v115 = __uint_as_float(table0[v114 & 15]);
    const float v116 = v111 - v115;
    const float v117 = __uint_as_float(table1[v114 & 15]);
    const float v118 = __uint_as_float(table2[v114 & 15]);
    const float v119 = fmaf(v117, v116, v118);
    const float v120 = __uint_as_float(table3[v114 & 15]);
    const float v121 = fmaf(v119, v116, v120);
    const float v122 = __uint_as_float(table4[v114 & 15]);
    const float v123 = fmaf(v121, v116, v122);
    const float v124 = __uint_as_float(table5[v114 & 15]);
    const float v125 = fmaf(v123, v116, v124);
    const float v126 = __uint_as_float(table6[v114 & 15]);
    const float v127 = fmaf(v125, v116, v126);
    const float v128 = __uint_as_float(table7[v114 & 15]);
    const float v129 = fmaf(v127, v116, v128);
    const float v130 = v128 - v129;
    const float v131 = fmaf(v127, v116, v130);
    const float v132 = v111 * (-0.5f);
    const float v133 = v132 * v111;
    const float v134 = fmaf(v133, 1.442695f, 12583071.0f);
    const float v135 = v134 - 12583071.0f;
    const float v136 = v135 * (-0.69314575f);
    const float v137 = fmaf(v132, v111, v136);
    const float v138 = fmaf(v135, (-1.4286068e-06f), v137);
    const float v139 = fmaf(v138, 0.0013823241f, 0.008368827f);
    const float v140 = fmaf(v139, v138, 0.04166824f);
    const float v141 = fmaf(v140, v138, 0.1666652f);
    const float v142 = fmaf(v141, v138, 0.49999994f);
    const float v143 = v138 * v138;
    const float v144 = fmaf(v143, v142, v138);
    const float v145 = fmaf(v144, v129, v131);
    const float v146 = v129 + v145;
    const int v147 = (int)__float_as_uint(v134);
    const int v148 = i32_shift_left(v147, 23);
    const float v149 = __uint_as_float((unsigned)v148);
    const float v150 = v146 * v149;
    const bool v151 = (-0.0f) > v108;
    const float v152 = v151 ? (-0.0f) : v108;
    const float v153 = fmaf(v150, (-2.3283064e-10f), v152);
    a1[i3] = v153;
  }
}
