// Bits depend on --fmad=false --prec-div=true --prec-sqrt=true --ftz=false

struct alignas(16) f32x4 { float at[4]; };

static __device__ inline int i32_shift_left(int x, int count) {
  const unsigned places = (unsigned)count;
  return places < 32 ? (int)((unsigned)x << places) : (int)0;
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
    f32x4 w29[4];
    #pragma unroll
    for (int k = 0; k < 4; ++k) {
      const int i1 = i0 + threadIdx.x * 4 + k * 1024;
      w29[k] = *(const f32x4*)(a0 + i1);
    }
    #pragma unroll
    for (int k = 0; k < 4; ++k) {
      const int i1 = i0 + threadIdx.x * 4 + k * 1024;
      f32x4 y1;
      #pragma unroll
      for (int j = 0; j < 4; ++j) {
        const float v29 = w29[k].at[j];
        const float v30 = fabsf(v29);
        const bool v31 = 14.85f < v30;
        const float v32 = v31 ? 14.85f : v30;
        const float v33 = v32 + 3.625f;
        const float v34 = 5.5f / v33;
        const float v35 = 1.0f - v34;
        const float v36 = fmaf(v35, 0.0038009565f, (-0.003100307f));
        const float v37 = fmaf(v36, v35, (-0.019338638f));
        const float v38 = fmaf(v37, v35, 0.023689179f);
        const float v39 = fmaf(v38, v35, 0.08197762f);
        const float v40 = fmaf(v39, v35, (-0.27802444f));
        const float v41 = fmaf(v40, v35, 0.35162288f);
        const float v42 = fmaf(v41, v35, (-0.12802169f));
        const float v43 = fmaf(v42, v35, (-0.256883f));
        const float v44 = fmaf(v43, v35, (-0.027645549f));
        const float v45 = fmaf(v32, 0.9375f, 1.0f);
        const float v46 = 1.0f - v45;
        const float v47 = fmaf(v32, 0.9375f, v46);
        const float v48 = v32 / v45;
        const float v49 = -v48;
        const float v50 = fmaf(v49, v45, v32);
        const float v51 = fmaf(v49, v47, v50);
        const int v52 = (int)__float_as_uint(v32);
        const int v53 = (int)((unsigned)2129657856 - (unsigned)v52);
        const float v54 = __uint_as_float((unsigned)v53);
        const float v55 = fmaf(v51, v54, v44);
        const float v56 = v32 * v32;
        const float v57 = fmaf(v56, (-0.7213475f), 12583071.0f);
        const float v58 = v57 - 12583071.0f;
        const float v59 = v58 * 1.3862915f;
        const float v60 = fmaf(v32, v32, v59);
        const float v61 = fmaf(v58, 2.8572135e-06f, v60);
        const float v62 = fmaf(v61, (-4.319763e-05f), 0.0005230517f);
        const float v63 = fmaf(v62, v61, (-0.00520853f));
        const float v64 = fmaf(v63, v61, 0.0416663f);
        const float v65 = fmaf(v64, v61, (-0.24999997f));
        const float v66 = v61 * v61;
        const float v67 = fmaf(v66, v65, v61);
        const float v68 = fmaf(v55, (-0.5f), (-0.5f));
        const float v69 = fmaf(v67, v68, v55);
        const int v70 = (int)__float_as_uint(v57);
        const int v71 = i32_shift_left(v70, 23);
        const float v72 = __uint_as_float((unsigned)v71);
        const float v73 = fmaf(v48, v69, v48);
        const float v74 = v73 * v72;
        const bool v75 = (-0.0f) > v29;
        const float v76 = v75 ? (-0.0f) : v29;
        const float v77 = fmaf(v74, (-1.1641532e-10f), v76);
        y1.at[j] = v77;
      }
      *(f32x4*)(a1 + i1) = y1;
    }
  }
  #pragma unroll 1
  for (int step = t2; step < t3; step += 1024) {
    float w78[4];
    #pragma unroll
    for (int k = 0; k < 4; ++k) {
      const int i2 = step + threadIdx.x + k * 256;
      w78[k] = a0[i2];
    }
    #pragma unroll
    for (int k = 0; k < 4; ++k) {
      const int i2 = step + threadIdx.x + k * 256;
      const float v78 = w78[k];
      const float v79 = fabsf(v78);
      const bool v80 = 14.85f < v79;
      const float v81 = v80 ? 14.85f : v79;
      const float v82 = v81 + 3.625f;
      const float v83 = 5.5f / v82;
      const float v84 = 1.0f - v83;
      const float v85 = fmaf(v84, 0.0038009565f, (-0.003100307f));
      const float v86 = fmaf(v85, v84, (-0.019338638f));
      const float v87 = fmaf(v86, v84, 0.023689179f);
      const float v88 = fmaf(v87, v84, 0.08197762f);
      const float v89 = fmaf(v88, v84, (-0.27802444f));
      const float v90 = fmaf(v89, v84, 0.35162288f);
      const float v91 = fmaf(v90, v84, (-0.12802169f));
      const float v92 = fmaf(v91, v84, (-0.256883f));
      const float v93 = fmaf(v92, v84, (-0.027645549f));
      const float v94 = fmaf(v81, 0.9375f, 1.0f);
      const float v95 = 1.0f - v94;
      const float v96 = fmaf(v81, 0.9375f, v95);
      const float v97 = v81 / v94;
      const float v98 = -v97;
      const float v99 = fmaf(v98, v94, v81);
      const float v100 = fmaf(v98, v96, v99);
      const int v101 = (int)__float_as_uint(v81);
      const int v102 = (int)((unsigned)2129657856 - (unsigned)v101);
      const float v103 = __uint_as_float((unsigned)v102);
      const float v104 = fmaf(v100, v103, v93);
      const float v105 = v81 * v81;
      const float v106 = fmaf(v105, (-0.7213475f), 12583071.0f);
      const float v107 = v106 - 12583071.0f;
      const float v108 = v107 * 1.3862915f;
      const float v109 = fmaf(v81, v81, v108);
      const float v110 = fmaf(v107, 2.8572135e-06f, v109);
      const float v111 = fmaf(v110, (-4.319763e-05f), 0.0005230517f);
      const float v112 = fmaf(v111, v110, (-0.00520853f));
      const float v113 = fmaf(v112, v110, 0.0416663f);
      const float v114 = fmaf(v113, v110, (-0.24999997f));
      const float v115 = v110 * v110;
      const float v116 = fmaf(v115, v114, v110);
      const float v117 = fmaf(v104, (-0.5f), (-0.5f));
      const float v118 = fmaf(v116, v117, v104);
      const int v119 = (int)__float_as_uint(v106);
      const int v120 = i32_shift_left(v119, 23);
      const float v121 = __uint_as_float((unsigned)v120);
      const float v122 = fmaf(v97, v118, v97);
      const float v123 = v122 * v121;
      const bool v124 = (-0.0f) > v78;
      const float v125 = v124 ? (-0.0f) : v78;
      const float v126 = fmaf(v123, (-1.1641532e-10f), v125);
      a1[i2] = v126;
    }
  }
  #pragma unroll 1
  for (int i3 = t3 + threadIdx.x; i3 < t1; i3 += 256) {
    const float v127 = a0[i3];
    const float v128 = fabsf(v127);
    const bool v129 = 14.85f < v128;
    const float v130 = v129 ? 14.85f : v128;
    const float v131 = v130 + 3.625f;
    const float v132 = 5.5f / v131;
    const float v133 = 1.0f - v132;
    const float v134 = fmaf(v133, 0.0038009565f, (-0.003100307f));
    const float v135 = fmaf(v134, v133, (-0.019338638f));
    const float v136 = fmaf(v135, v133, 0.023689179f);
    const float v137 = fmaf(v136, v133, 0.08197762f);
    const float v138 = fmaf(v137, v133, (-0.27802444f));
    const float v139 = fmaf(v138, v133, 0.35162288f);
    const float v140 = fmaf(v139, v133, (-0.12802169f));
    const float v141 = fmaf(v140, v133, (-0.256883f));
    const float v142 = fmaf(v141, v133, (-0.027645549f));
    const float v143 = fmaf(v130, 0.9375f, 1.0f);
    const float v144 = 1.0f - v143;
    const float v145 = fmaf(v130, 0.9375f, v144);
    const float v146 = v130 / v143;
    const float v147 = -v146;
    const float v148 = fmaf(v147, v143, v130);
    const float v149 = fmaf(v147, v145, v148);
    const int v150 = (int)__float_as_uint(v130);
    const int v151 = (int)((unsigned)2129657856 - (unsigned)v150);
    const float v152 = __uint_as_float((unsigned)v151);
    const float v153 = fmaf(v149, v152, v142);
    const float v154 = v130 * v130;
    const float v155 = fmaf(v154, (-0.7213475f), 12583071.0f);
    const float v156 = v155 - 12583071.0f;
    const float v157 = v156 * 1.3862915f;
    const float v158 = fmaf(v130, v130, v157);
    const float v159 = fmaf(v156, 2.8572135e-06f, v158);
    const float v160 = fmaf(v159, (-4.319763e-05f), 0.0005230517f);
    const float v161 = fmaf(v160, v159, (-0.00520853f));
    const float v162 = fmaf(v161, v159, 0.0416663f);
    const float v163 = fmaf(v162, v159, (-0.24999997f));
    const float v164 = v159 * v159;
    const float v165 = fmaf(v164, v163, v159);
    const float v166 = fmaf(v153, (-0.5f), (-0.5f));
    const float v167 = fmaf(v165, v166, v153);
    const int v168 = (int)__float_as_uint(v155);
    const int v169 = i32_shift_left(v168, 23);
    const float v170 = __uint_as_float((unsigned)v169);
    const float v171 = fmaf(v146, v167, v146);
    const float v172 = v171 * v170;
    const bool v173 = (-0.0f) > v127;
    const float v174 = v173 ? (-0.0f) : v127;
    const float v175 = fmaf(v172, (-1.1641532e-10f), v174);
    a1[i3] = v175;
  }
}
