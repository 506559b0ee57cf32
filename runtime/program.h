// Program: an entry of the kernel cache, and how it runs.
//
// Light by design: code, plan and services are shared, its own are lengths, strides, and the values
// of its parameters. A program owns no cache and no engine, so entries cannot keep each other
// alive, and an Executable that outlives its Engine has all that it needs.
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

/// What programs run on. One per Engine, shared by all that it made.
struct Services {
  CodeTarget target;
  std::shared_ptr<const CudaDevice> cuda;  ///< none for a CPU
  bool runs_here = false;
  std::shared_ptr<Executor> executor;
  int threads = 1;
  std::int64_t parallel_bytes = 0;
  std::shared_ptr<Allocator> allocator;
  mutable WorkspacePool workspaces;
};

/// A graph, its plan, and the check of its buffers: what all values of its parameters share.
struct Planned {
  Graph source;  ///< as the user gave it
  Plan plan;
  Signature signature;
};

/// Where an argument begins. Buffers are slots: inputs, then outputs, then temporaries of the
/// program.
struct BufferPlace {
  static constexpr std::uint32_t kWorkspace = UINT32_MAX;
  std::int64_t byte_offset = 0;
  std::uint32_t slot = 0;

  [[nodiscard]] void* in(void* const* buffers) const {
    // By integers: of an empty buffer the pointer may be null.
    const auto begin = reinterpret_cast<std::uintptr_t>(buffers[slot]);
    return reinterpret_cast<void*>(begin + static_cast<std::uintptr_t>(byte_offset));
  }
};

/// One launch.
struct Kernel {
  std::shared_ptr<const MachineCode> code;
  KernelFunction entry = nullptr;
  LoopSpace space;
  std::vector<DType> parameter_dtypes;
  std::vector<std::uint64_t> parameters;  ///< bits in these dtypes
  std::vector<BufferPlace> places;        ///< of its arguments
  std::int64_t extent = 0;                ///< of the parallel range
  std::int64_t grain = 1;                 ///< chunks begin at multiples of it
  std::int64_t chunks = 1;                ///< parts that may run in parallel; 0 without elements
  std::int64_t scratch_bytes = 0;         ///< of each chunk that runs
  std::int64_t scratch_blocks = 0;        ///< chunks that may run at once, if they need scratch

  /// `scratch`: the first of its scratch blocks, which lie one after another.
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
  std::vector<BufferPlace> temporaries;  ///< in the workspace, or in another slot
  std::size_t most_arguments = 0;        ///< of a kernel
  std::int64_t scratch_begin = 0;        ///< byte of the workspace where scratch blocks begin
  std::int64_t workspace_bytes = 0;      ///< temporaries, then scratch blocks of a kernel at a time
  std::vector<double> parameters;
  CompileOptions options;
  CompileTimes times;
  std::int64_t entry_bytes = 0;  ///< with its key, without what it shares

  [[nodiscard]] std::size_t slots() const {
    return planned->signature.inputs() + planned->signature.outputs() + temporaries.size();
  }
  /// Throws Error unless this machine can run the program on these buffers.
  void check(std::span<const ConstTensorView> inputs, std::span<const TensorView> outputs) const;
  void check(const RunOptions& how) const;
  /// Fills in the buffer of every slot.
  void fill_slots(std::span<const ConstTensorView> inputs, std::span<const TensorView> outputs,
                  std::byte* workspace, void** buffers) const;
  void run(std::span<const ConstTensorView> inputs, std::span<const TensorView> outputs,
           const RunOptions& how) const;
};

/// `program` with other values of its parameters, of the same classes. Itself where they are equal.
[[nodiscard]] std::shared_ptr<const Program> with_parameters(std::shared_ptr<const Program> program,
                                                             std::span<const double> values);

/// Checks and completes what follows from the fields of a program but `times`: chunks and bytes.
void finish(Program& program, std::size_t key_bytes);

/// Runs a kernel, in parallel where its chunks say so. Where it needs scratch, each task owns one
/// of the blocks from arguments.scratch on. The caller has the default FloatEnvironment.
void launch_chunks(const Kernel& kernel, const KernelArguments& arguments, Executor& executor);
inline void launch(const Kernel& kernel, const KernelArguments& arguments,
                   const Services& services) {
  if (kernel.chunks == 1) [[likely]] {
    kernel.entry(&arguments, 0, kernel.extent);
  } else {
    launch_chunks(kernel, arguments, *services.executor);
  }
}

/// A program with its buffers, behind Call.
struct BoundProgram {
  BoundProgram(std::shared_ptr<const Program> program, std::span<const ConstTensorView> inputs,
               std::span<const TensorView> outputs);

  std::shared_ptr<const Program> program;
  std::optional<BoundCuda> cuda;  ///< on a GPU, where what follows is empty
  Workspace workspace;
  std::vector<void*> buffers;  ///< of every kernel in turn
  std::vector<KernelArguments> arguments;
};

}  // namespace sinter::detail
