// What generated CUDA C uses of the language, for a host compiler: the very text that NVRTC gets is
// included behind this header and runs one thread after another, or, where threads wait for each
// other, each on a stack of its own until it has to wait.
#pragma once

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#define __global__
#define __device__
#define __launch_bounds__(threads)
// In a section of the kernel's own, so that its bounds are known.
#define __shared__ static __attribute__((section(SHARED_SECTION)))

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

// A thread of the block that runs, and what it waits for.
struct Fiber {
  ucontext_t context;
  bool done;
  unsigned barriers;  // that it has come to
  unsigned exchanges;
  unsigned partners;  // whose exchange it waits for, as a mask of its warp; 0 at a barrier
  unsigned long long offered[2];  // in the last exchange, and the one before
};
constexpr unsigned kMaxThreads = 256;
constexpr unsigned kWarp = 32;
static Fiber fibers[kMaxThreads];
static char stacks[kMaxThreads][1 << 16];
static ucontext_t scheduler;
static unsigned thread_count;

// A thread that has ended comes to nothing more, so that what waits for it waits for ever.
static bool is_ready(unsigned thread) {
  const Fiber& own = fibers[thread];
  for (unsigned other = 0; other < thread_count; ++other) {
    const bool joins = other / kWarp == thread / kWarp && (own.partners >> other % kWarp & 1u) != 0;
    if (own.partners == 0 ? fibers[other].barriers < own.barriers
                          : joins && fibers[other].exchanges < own.exchanges) {
      return false;
    }
  }
  return true;
}

static void wait_for_others() {
  Fiber& own = fibers[threadIdx.x];
  if (!is_ready(threadIdx.x)) swapcontext(&own.context, &scheduler);
}

static inline void __syncthreads() {
  ++fibers[threadIdx.x].barriers;
  fibers[threadIdx.x].partners = 0;
  wait_for_others();
}

template <typename T>
static T __shfl_xor_sync(unsigned mask, T value, int distance) {
  const unsigned partner = threadIdx.x ^ (unsigned)distance;
  Fiber& own = fibers[threadIdx.x];
  const unsigned both = 1u << partner % kWarp | 1u << threadIdx.x % kWarp;
  if ((mask & both) != both || partner >= thread_count) {
    fprintf(stderr, "thread %u exchanges with %u under mask %x\n", threadIdx.x, partner, mask);
    abort();
  }
  const unsigned turn = ++own.exchanges % 2;
  memcpy(&own.offered[turn], &value, sizeof value);
  own.partners = mask;
  wait_for_others();
  memcpy(&value, &fibers[partner].offered[turn], sizeof value);
  return value;
}

template <typename... P>
struct Together {
  static inline void (*kernel)(P...);
  static inline void** parameters;
  static void run_thread() {
    launch_thread(kernel, parameters, typename Count<sizeof...(P)>::type{});
    fibers[threadIdx.x].done = true;
  }
};

template <typename... P>
static void run_block(unsigned threads, bool descending) {
  thread_count = threads;
  for (unsigned thread = 0; thread < threads; ++thread) {
    Fiber& fiber = fibers[thread];
    memset(&fiber, 0, sizeof fiber);
    getcontext(&fiber.context);
    fiber.context.uc_stack.ss_sp = stacks[thread];
    fiber.context.uc_stack.ss_size = sizeof stacks[thread];
    fiber.context.uc_link = &scheduler;
    makecontext(&fiber.context, &Together<P...>::run_thread, 0);
  }
  for (bool any = true; any;) {
    any = false;
    bool waiting = false;
    for (unsigned i = 0; i < threads; ++i) {
      const unsigned thread = descending ? threads - 1 - i : i;
      waiting = waiting || !fibers[thread].done;
      if (fibers[thread].done || !is_ready(thread)) continue;
      any = true;
      threadIdx.x = thread;
      swapcontext(&scheduler, &fibers[thread].context);
    }
    if (waiting && !any) {
      fprintf(stderr, "threads of a block wait for some that never come\n");
      abort();
    }
  }
}

// The same of threads that wait for each other. Shared memory is all ones at first, or all zeros.
template <typename... P>
static void launch_together(void (*kernel)(P...), void** parameters, unsigned blocks,
                            unsigned threads, bool descending, char* shared, char* shared_end) {
  Together<P...>::kernel = kernel;
  Together<P...>::parameters = parameters;
  for (unsigned block = 0; block < blocks; ++block) {
    blockIdx.x = descending ? blocks - 1 - block : block;
    for (char* at = shared; at != shared_end; ++at) *at = descending ? 0 : -1;
    run_block<P...>(threads, descending);
  }
}

// Bytes of parameter `position`; 0 where there is none.
template <typename... P>
static unsigned parameter_bytes(void (*)(P...), unsigned position) {
  const unsigned bytes[] = {sizeof(P)..., 0};
  return position < sizeof...(P) ? bytes[position] : 0;
}
