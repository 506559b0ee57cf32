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
        const float v36 = fmaf(v32, 0.9375f, 1.0f);
        const float v37 = 1.0f - v36;
        const float v38 = fmaf(v32, 0.9375f, v37);
        const float v39 = v32 / v36;
        const float v40 = v32 * v32;
        const float v41 = fmaf(v40, (-0.7213475f), 12583071.0f);
        const float v42 = v41 - 12583071.0f;
        const float v43 = v42 * 1.3862915f;
        const float v44 = fmaf(v32, v32, v43);
        const float v45 = fmaf(v42, 2.8572135e-06f, v44);
        const float v46 = v45 * v45;
        const float v47 = fmaf(v45, (-4.319763e-05f), 0.0005230517f);
        const float v48 = fmaf(v47, v45, (-0.00520853f));
        const float v49 = fmaf(v48, v45, 0.0416663f);
        const float v50 = fmaf(v49, v45, (-0.24999997f));
        const float v51 = fmaf(v46, v50, v45);
        const float v52 = -v39;
        const float v53 = fmaf(v52, v36, v32);
        const float v54 = fmaf(v52, v38, v53);
        const int v55 = (int)__float_as_uint(v32);
        const int v56 = (int)((unsigned)2129657856 - (unsigned)v55);
        const float v57 = __uint_as_float((unsigned)v56);
        const float v58 = fmaf(v35, 0.0038009565f, (-0.003100307f));
        const float v59 = fmaf(v58, v35, (-0.019338638f));
        const float v60 = fmaf(v59, v35, 0.023689179f);
        const float v61 = fmaf(v60, v35, 0.08197762f);
        const float v62 = fmaf(v61, v35, (-0.27802444f));
        const float v63 = fmaf(v62, v35, 0.35162288f);
        const float v64 = fmaf(v63, v35, (-0.12802169f));
        const float v65 = fmaf(v64, v35, (-0.256883f));
        const float v66 = fmaf(v65, v35, (-0.027645549f));
        const float v67 = fmaf(v54, v57, v66);
        const float v68 = fmaf(v51, v67, v51);
        const float v69 = fmaf(v68, (-0.5f), v67);
        const int v70 = (int)__float_as_uint(v41);
        const int v71 = i32_shift_left(v70, 23);
        const float v72 = __uint_as_float((unsigned)v71);
        const float v73 = fmaf(v39, v69, v39);
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
      const float v85 = fmaf(v81, 0.9375f, 1.0f);
      const float v86 = 1.0f - v85;
      const float v87 = fmaf(v81, 0.9375f, v86);
      const float v88 = v81 / v85;
      const float v89 = v81 * v81;
      const float v90 = fmaf(v89, (-0.7213475f), 12583071.0f);
      const float v91 = v90 - 12583071.0f;
      const float v92 = v91 * 1.3862915f;
      const float v93 = fmaf(v81, v81, v92);
      const float v94 = fmaf(v91, 2.8572135e-06f, v93);
      const float v95 = v94 * v94;
      const float v96 = fmaf(v94, (-4.319763e-05f), 0.0005230517f);
      const float v97 = fmaf(v96, v94, (-0.00520853f));
      const float v98 = fmaf(v97, v94, 0.0416663f);
      const float v99 = fmaf(v98, v94, (-0.24999997f));
      const float v100 = fmaf(v95, v99, v94);
      const float v101 = -v88;
      const float v102 = fmaf(v101, v85, v81);
      const float v103 = fmaf(v101, v87, v102);
      const int v104 = (int)__float_as_uint(v81);
      const int v105 = (int)((unsigned)2129657856 - (unsigned)v104);
      const float v106 = __uint_as_float((unsigned)v105);
      const float v107 = fmaf(v84, 0.0038009565f, (-0.003100307f));
      const float v108 = fmaf(v107, v84, (-0.019338638f));
      const float v109 = fmaf(v108, v84, 0.023689179f);
      const float v110 = fmaf(v109, v84, 0.08197762f);
      const float v111 = fmaf(v110, v84, (-0.27802444f));
      const float v112 = fmaf(v111, v84, 0.35162288f);
      const float v113 = fmaf(v112, v84, (-0.12802169f));
      const float v114 = fmaf(v113, v84, (-0.256883f));
      const float v115 = fmaf(v114, v84, (-0.027645549f));
      const float v116 = fmaf(v103, v106, v115);
      const float v117 = fmaf(v100, v116, v100);
      const float v118 = fmaf(v117, (-0.5f), v116);
      const int v119 = (int)__float_as_uint(v90);
      const int v120 = i32_shift_left(v119, 23);
      const float v121 = __uint_as_float((unsigned)v120);
      const float v122 = fmaf(v88, v118, v88);
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
    const float v134 = fmaf(v130, 0.9375f, 1.0f);
    const float v135 = 1.0f - v134;
    const float v136 = fmaf(v130, 0.9375f, v135);
    const float v137 = v130 / v134;
    const float v138 = v130 * v130;
    const float v139 = fmaf(v138, (-0.7213475f), 12583071.0f);
    const float v140 = v139 - 12583071.0f;
    const float v141 = v140 * 1.3862915f;
    const float v142 = fmaf(v130, v130, v141);
    const float v143 = fmaf(v140, 2.8572135e-06f, v142);
    const float v144 = v143 * v143;
    const float v145 = fmaf(v143, (-4.319763e-05f), 0.0005230517f);
    const float v146 = fmaf(v145, v143, (-0.00520853f));
    const float v147 = fmaf(v146, v143, 0.0416663f);
    const float v148 = fmaf(v147, v143, (-0.24999997f));
    const float v149 = fmaf(v144, v148, v143);
    const float v150 = -v137;
    const float v151 = fmaf(v150, v134, v130);
    const float v152 = fmaf(v150, v136, v151);
    const int v153 = (int)__float_as_uint(v130);
    const int v154 = (int)((unsigned)2129657856 - (unsigned)v153);
    const float v155 = __uint_as_float((unsigned)v154);
    const float v156 = fmaf(v133, 0.0038009565f, (-0.003100307f));
    const float v157 = fmaf(v156, v133, (-0.019338638f));
    const float v158 = fmaf(v157, v133, 0.023689179f);
    const float v159 = fmaf(v158, v133, 0.08197762f);
    const float v160 = fmaf(v159, v133, (-0.27802444f));
    const float v161 = fmaf(v160, v133, 0.35162288f);
    const float v162 = fmaf(v161, v133, (-0.12802169f));
    const float v163 = fmaf(v162, v133, (-0.256883f));
    const float v164 = fmaf(v163, v133, (-0.027645549f));
    const float v165 = fmaf(v152, v155, v164);
    const float v166 = fmaf(v149, v165, v149);
    const float v167 = fmaf(v166, (-0.5f), v165);
    const int v168 = (int)__float_as_uint(v139);
    const int v169 = i32_shift_left(v168, 23);
    const float v170 = __uint_as_float((unsigned)v169);
    const float v171 = fmaf(v137, v167, v137);
    const float v172 = v171 * v170;
    const bool v173 = (-0.0f) > v127;
    const float v174 = v173 ? (-0.0f) : v127;
    const float v175 = fmaf(v172, (-1.1641532e-10f), v174);
    a1[i3] = v175;
  }
}
