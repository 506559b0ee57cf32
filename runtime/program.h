// Program: an entry of the kernel cache, and how it runs.
//
// A program is small: it shares code, plan and services, and owns only lengths, strides, and values
// of parameters. It refers to no cache and no engine. So entries cannot keep each other alive, and
// an Executable that outlives its Engine is complete.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <sinter/codegen/kernel_abi.h>
#include <sinter/codegen/schedule.h>
#include <sinter/ir/plan.h>
#include <sinter/runtime/executor.h>
#include <sinter/runtime/options.h>
#include <sinter/runtime/stats.h>
#include <sinter/runtime/view.h>

#include "backend.h"
#include "signature.h"
#include "workspace.h"

namespace sinter::detail {

/// The device and the resources that programs run with. One per Engine, shared by all its programs.
struct Services {
  std::shared_ptr<const Backend> backend;
  std::shared_ptr<Executor> executor;
  int threads = 1;
  double parallel_ns = 0;  ///< least estimated time of a kernel that runs on several threads
  mutable WorkspacePool workspaces;
};

/// A graph, its plan, and the check of its buffers. One object serves all values of the graph's
/// parameters.
struct Planned {
  Graph source;  ///< the user's graph, before any pass
  Plan plan;
  Signature signature;
};

/// Where an argument of a kernel begins: a slot and an offset in it. The slots of a program are its
/// inputs, then its outputs, then its temporaries.
struct BufferPlace {
  /// Slot of a temporary that lies in the workspace.
  static constexpr std::uint32_t kWorkspace = UINT32_MAX;
  std::int64_t byte_offset = 0;
  std::uint32_t slot = 0;

  [[nodiscard]] void* in(void* const* buffers) const {
    // The pointer of an empty buffer may be null, so the offset is added to an integer.
    const auto begin = reinterpret_cast<std::uintptr_t>(buffers[slot]);
    return reinterpret_cast<void*>(begin + static_cast<std::uintptr_t>(byte_offset));
  }
};

/// One kernel launch of a program.
struct Kernel {
  std::shared_ptr<const MachineCode> code;
  KernelFunction entry = nullptr;
  LoopSpace space;
  std::vector<DType> parameter_dtypes;
  std::vector<std::uint64_t> parameters;  ///< their bits in these dtypes
  std::vector<BufferPlace> places;        ///< one per argument
  std::int64_t extent = 0;                ///< length of the parallel range
  double nanoseconds = 0;                 ///< estimated time on one thread
  std::int64_t grain = 1;                 ///< chunks begin at multiples of this index
  std::int64_t chunks = 1;                ///< parts that may run in parallel; 0 without elements
  std::int64_t scratch_bytes = 0;         ///< bytes of scratch for each running chunk
  std::int64_t scratch_blocks = 0;        ///< chunks that may run at once; 0 without scratch

  /// Arguments with the buffer pointers `buffers`. `scratch` points to the first of the kernel's
  /// scratch blocks, which are contiguous.
  [[nodiscard]] KernelArguments arguments(void* const* buffers, std::byte* scratch) const {
    return {buffers,
            space.extents.data(),
            space.strides.data(),
            parameters.data(),
            scratch_bytes == 0 ? nullptr : scratch,
            0};
  }
  void set_parameters(std::span<const double> values);
};

/// What a program is made of.
struct ProgramParts {
  std::shared_ptr<const Services> services;
  std::shared_ptr<const Planned> planned;
  std::vector<Kernel> kernels;
  std::vector<double> parameters;
  CompileOptions options;
  CompileTimes times;
};

struct Program : ProgramParts {
  explicit Program(ProgramParts parts) : ProgramParts(std::move(parts)) {}

  std::vector<BufferPlace> temporaries;  ///< in the workspace, or in an output or a donated input
  std::size_t most_arguments = 0;        ///< largest number of arguments of a kernel
  std::int64_t scratch_begin = 0;        ///< byte of the workspace where scratch blocks begin
  std::int64_t workspace_bytes = 0;      ///< temporaries, then scratch blocks, which kernels share
  std::int64_t entry_bytes = 0;          ///< of program and key, without the shared plan and code

  [[nodiscard]] std::size_t slots() const {
    return planned->signature.inputs() + planned->signature.outputs() + temporaries.size();
  }
  /// Throws Error unless this machine can run the program on these buffers.
  void check(std::span<const ConstTensorView> inputs, std::span<const TensorView> outputs) const;
  /// Writes the pointer of every slot to `buffers`, which has slots() elements.
  void fill_slots(std::span<const ConstTensorView> inputs, std::span<const TensorView> outputs,
                  std::byte* workspace, void** buffers) const;
  void run(std::span<const ConstTensorView> inputs, std::span<const TensorView> outputs,
           const RunOptions& how) const;
};

/// A copy of `program` with other parameter values of the same classes. Returns `program` itself if
/// the values are equal.
[[nodiscard]] std::shared_ptr<const Program> with_parameters(std::shared_ptr<const Program> program,
                                                             std::span<const double> values);

/// Makes a program: derives places, chunks, workspace and entry bytes from its parts. The cache
/// finds it by a key of `key_bytes`.
[[nodiscard]] std::shared_ptr<const Program> make_program(ProgramParts parts,
                                                          std::size_t key_bytes);

}  // namespace sinter::detail
