// What generated CUDA C uses of the language, for a host compiler: the very text that NVRTC gets is
// included behind this header and runs one thread after another.
#pragma once

#include <math.h>
#include <string.h>

#define __global__
#define __device__
#define __launch_bounds__(threads)

struct uint3 {
  unsigned x, y, z;
};
static uint3 threadIdx, blockIdx;

static inline float __uint_as_float(unsigned bits) {
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}
static inline unsigned __float_as_uint(float x) {
  unsigned bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}
static inline double __longlong_as_double(long long bits) {
  double x;
  memcpy(&x, &bits, sizeof x);
  return x;
}
static inline long long __double_as_longlong(double x) {
  long long bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

// A launch as cuLaunchKernel makes it: `parameters` points to the value of each.
template <unsigned... I>
struct Numbers {};
template <unsigned N, unsigned... I>
struct Count : Count<N - 1, N - 1, I...> {};
template <unsigned... I>
struct Count<0, I...> {
  using type = Numbers<I...>;
};

template <typename... P, unsigned... I>
static void launch_thread(void (*kernel)(P...), void** parameters, Numbers<I...>) {
  kernel(*static_cast<P*>(parameters[I])...);
}

// Runs every thread of every block to its end, in ascending order or in descending order.
template <typename... P>
static void launch(void (*kernel)(P...), void** parameters, unsigned blocks, unsigned threads,
                   bool descending) {
  for (unsigned block = 0; block < blocks; ++block) {
    blockIdx.x = descending ? blocks - 1 - block : block;
    for (unsigned thread = 0; thread < threads; ++thread) {
      threadIdx.x = descending ? threads - 1 - thread : thread;
      launch_thread(kernel, parameters, typename Count<sizeof...(P)>::type{});
    }
  }
}

// Bytes of parameter `position`; 0 where there is none.
template <typename... P>
static unsigned parameter_bytes(void (*)(P...), unsigned position) {
  const unsigned bytes[] = {sizeof(P)..., 0};
  return position < sizeof...(P) ? bytes[position] : 0;
}
