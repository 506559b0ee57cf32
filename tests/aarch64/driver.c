/* Calls kernels on an AArch64 machine or under qemu. Reads calls from standard input, and writes
 * the buffers of each call, after the call, to standard output. cross.cpp writes the input. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* KernelArguments of kernel_abi.h, version 2. */
struct arguments {
  void** buffers;
  int64_t* extents;
  int64_t* strides;
  uint64_t* parameters;
  void* scratch;
  uint64_t flags;
};
typedef void kernel_function(const struct arguments*, int64_t, int64_t);

extern kernel_function* const kernels[]; /* generated */

struct call {
  int64_t kernel, buffers, extents, strides, parameters, scratch;
  int64_t range, step; /* one kernel call for every `step` of [0, range) */
};

/* A buffer: its size, and the offset in bytes of the address that the kernel gets. */
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

/* Bytes of the margins around a scratch block, and the pattern that fills block and margins. */
enum { margin = 64, unwritten = 0xa5 };

/* Returns a block of `bytes` bytes between two margins. */
static unsigned char* scratch_block(int64_t bytes) {
  const size_t whole = ((size_t)bytes + 2 * margin + 63) / 64 * 64;
  unsigned char* memory = checked(aligned_alloc(64, whole));
  memset(memory, unwritten, whole);
  return memory + margin;
}

static void release_scratch(unsigned char* block, int64_t bytes) {
  for (int64_t i = 1; i <= margin; ++i) {
    if (block[-i] != unwritten || block[bytes + i - 1] != unwritten) exit(5);
  }
  free(block - margin);
}

static void serve(const struct call* call) {
  struct arguments arguments;
  arguments.extents = read_array(call->extents, sizeof(int64_t));
  arguments.strides = read_array(call->strides, sizeof(int64_t));
  arguments.parameters = read_array(call->parameters, sizeof(uint64_t));
  arguments.scratch = scratch_block(call->scratch);
  arguments.flags = 0;
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
  release_scratch(arguments.scratch, call->scratch);
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
