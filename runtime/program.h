// Program: an entry of the kernel cache, and how it runs.
//
// A program is small: it shares code, plan and services, and owns only lengths, strides, and values
// of parameters. It refers to no cache and no engine. So entries cannot keep each other alive, and
// an Executable that outlives its Engine is complete.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include <sinter/codegen/kernel_abi.h>
#include <sinter/codegen/schedule.h>
#include <sinter/ir/plan.h>
#include <sinter/runtime/executor.h>
#include <sinter/runtime/options.h>
#include <sinter/runtime/stats.h>
#include <sinter/runtime/view.h>

#include "cuda_device.h"
#include "cuda_program.h"
#include "jit.h"
#include "lower.h"
#include "signature.h"
#include "workspace.h"

namespace sinter::detail {

/// The target and the resources that programs run with. One per Engine, shared by all its programs.
struct Services {
  CodeTarget target;
  std::shared_ptr<const CudaDevice> cuda;  ///< null for a CPU
  bool runs_here = false;
  std::shared_ptr<Executor> executor;
  int threads = 1;
  std::int64_t parallel_bytes = 0;
  std::shared_ptr<Allocator> allocator;
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

struct Program {
  std::shared_ptr<const Services> services;
  std::shared_ptr<const Planned> planned;
  std::vector<Kernel> kernels;
  std::vector<BufferPlace> temporaries;  ///< in the workspace, or in an output or a donated input
  std::size_t most_arguments = 0;        ///< largest number of arguments of a kernel
  std::int64_t scratch_begin = 0;        ///< byte of the workspace where scratch blocks begin
  std::int64_t workspace_bytes = 0;      ///< temporaries, then scratch blocks, which kernels share
  std::vector<double> parameters;
  CompileOptions options;
  CompileTimes times;
  std::int64_t entry_bytes = 0;  ///< of program and key, without the shared plan and code

  [[nodiscard]] std::size_t slots() const {
    return planned->signature.inputs() + planned->signature.outputs() + temporaries.size();
  }
  /// Throws Error unless this machine can run the program on these buffers.
  void check(std::span<const ConstTensorView> inputs, std::span<const TensorView> outputs) const;
  void check(const RunOptions& how) const;
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

/// Derives the remaining fields of a program from its plan and kernels: places, chunks, workspace
/// and entry bytes.
void finish(Program& program, std::size_t key_bytes);

/// Runs a kernel of several chunks, or of none, on `executor`. Each task owns one of the scratch
/// blocks that begin at arguments.scratch, if the kernel needs scratch.
void launch_chunks(const Kernel& kernel, const KernelArguments& arguments, Executor& executor);
/// Runs a kernel: directly if it has one chunk, else on the executor. The caller has set the
/// default FloatEnvironment.
inline void launch(const Kernel& kernel, const KernelArguments& arguments,
                   const Services& services) {
  if (kernel.chunks == 1) [[likely]] {
    kernel.entry(&arguments, 0, kernel.extent);
  } else {
    launch_chunks(kernel, arguments, *services.executor);
  }
}

/// The implementation of Call: a program with its buffers.
struct BoundProgram {
  BoundProgram(std::shared_ptr<const Program> program, std::span<const ConstTensorView> inputs,
               std::span<const TensorView> outputs);

  std::shared_ptr<const Program> program;
  std::optional<BoundCuda> cuda;  ///< set on a GPU; the members below are empty then
  Workspace workspace;
  std::vector<void*> buffers;              ///< pointers of all arguments, kernel by kernel
  std::vector<KernelArguments> arguments;  ///< one per kernel; they point into `buffers`
};

}  // namespace sinter::detail
