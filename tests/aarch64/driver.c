/* Calls kernels on an AArch64 machine, or on qemu's: reads calls from standard input, writes the
 * buffers of each, as they are after it, to standard output. cross.cpp writes the input. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* As in kernel_abi.h, version 1. */
struct arguments {
  void** buffers;
  int64_t* extents;
  int64_t* strides;
  uint64_t* parameters;
};
typedef void kernel_function(const struct arguments*, int64_t, int64_t);

extern kernel_function* const kernels[]; /* generated */

struct call {
  int64_t kernel, buffers, extents, strides, parameters;
  int64_t range, step; /* [0, range) in pieces of `step` */
};

/* A buffer: its bytes, of which the kernel is given byte `first`. */
struct place {
  int64_t bytes, first;
};

static void* checked(void* memory) {
  if (memory == NULL) exit(2);
  return memory;
}

static void* read_array(int64_t count, size_t size) {
  void* array = checked(malloc((size_t)count * size + 1));
  if (fread(array, size, (size_t)count, stdin) != (size_t)count) exit(3);
  return array;
}

static void serve(const struct call* call) {
  struct arguments arguments;
  arguments.extents = read_array(call->extents, sizeof(int64_t));
  arguments.strides = read_array(call->strides, sizeof(int64_t));
  arguments.parameters = read_array(call->parameters, sizeof(uint64_t));
  struct place* places = read_array(call->buffers, sizeof(struct place));
  char** memory = checked(calloc((size_t)call->buffers, sizeof(char*)));
  arguments.buffers = checked(calloc((size_t)call->buffers, sizeof(void*)));
  for (int64_t i = 0; i < call->buffers; ++i) {
    const size_t bytes = (size_t)places[i].bytes;
    memory[i] = checked(aligned_alloc(64, bytes));
    if (fread(memory[i], 1, bytes, stdin) != bytes) exit(3);
    arguments.buffers[i] = memory[i] + places[i].first;
  }
  for (int64_t at = 0; at < call->range; at += call->step) {
    const int64_t end = at + call->step;
    kernels[call->kernel](&arguments, at, end < call->range ? end : call->range);
  }
  for (int64_t i = 0; i < call->buffers; ++i) {
    if (fwrite(memory[i], 1, (size_t)places[i].bytes, stdout) != (size_t)places[i].bytes) exit(4);
    free(memory[i]);
  }
  free(arguments.extents);
  free(arguments.strides);
  free(arguments.parameters);
  free(arguments.buffers);
  free(places);
  free(memory);
}

int main(void) {
  struct call call;
  while (fread(&call, sizeof call, 1, stdin) == 1) serve(&call);
  return fflush(stdout) == 0 ? 0 : 4;
}
