// The part of CUDA C that generated kernels use, for a host compiler. The source that NVRTC gets
// follows this header unchanged. Threads run one after another; in kernels whose threads wait for
// each other, each thread has a stack of its own and runs until it has to wait.
#pragma once

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#define __global__
#define __device__
#define __launch_bounds__(threads)
// Each kernel has its own section for shared memory, whose bounds the linker provides.
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

// Launches as by cuLaunchKernel: `parameters[i]` points to the value of parameter i.
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

// Runs all threads one after another, each to its end, in ascending or in descending order.
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

// A thread of the current block, and the state of its waits.
struct Fiber {
  ucontext_t context;
  bool done;
  unsigned barriers;   // number of barriers that it has reached
  unsigned exchanges;  // number of exchanges that it has begun
  unsigned partners;   // lanes of its warp that its exchange waits for, as a mask; 0 at a barrier
  unsigned long long offered[2];  // values of its last two exchanges, by parity of their number
};
constexpr unsigned kMaxThreads = 256;
constexpr unsigned kWarp = 32;
static Fiber fibers[kMaxThreads];
static char stacks[kMaxThreads][1 << 16];
static ucontext_t scheduler;
static unsigned thread_count;

// True if all threads that `thread` waits for have arrived. A thread that has ended arrives
// nowhere, so threads that need it wait for ever and run_block reports a deadlock.
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
      fprintf(stderr, "deadlock: all remaining threads of a block wait\n");
      abort();
    }
  }
}

// Like launch(), for threads that wait for each other. Every bit of shared memory is set before an
// ascending block and clear before a descending block.
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

// Bytes of parameter `position` of a kernel; 0 if it has no such parameter.
template <typename... P>
static unsigned parameter_bytes(void (*)(P...), unsigned position) {
  const unsigned bytes[] = {sizeof(P)..., 0};
  return position < sizeof...(P) ? bytes[position] : 0;
}
