// Executable: a compiled graph. Call: one bound to its buffers.
#pragma once

#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <sinter/codegen/kernel_abi.h>
#include <sinter/ir/graph.h>
#include <sinter/runtime/device.h>
#include <sinter/runtime/stats.h>
#include <sinter/runtime/view.h>

namespace sinter {

/// A representation that a graph passes through, for `Executable::text` and SINTER_DUMP.
enum class Stage : std::uint8_t {
  graph,  ///< as it was compiled, with this program's numbers: `parse` gives that graph again
  plan,
  loops,
  llvm,      ///< of a program for a CPU
  assembly,  ///< of a program for a CPU
  cuda,      ///< CUDA C; of a program for a CPU what a GPU would get
  ptx,       ///< the same as NVRTC compiles it, for compute capability 9.0 where there is no GPU
  sass,      ///< and its machine code, by nvdisasm or cuobjdump of a CUDA toolkit
};
[[nodiscard]] SINTER_API std::string_view to_string(Stage stage);

namespace detail {
struct Program;       // shared, immutable: what the kernel cache holds
struct BoundProgram;  // a Program with buffers
}  // namespace detail

/// The bare kernel of a Call and what it is called with, for a host that schedules by itself: any
/// cover of [begin, end) by sub-ranges, on any threads, gives the same bits. Neither threads nor
/// the floating-point environment are looked after (see KernelFunction). Valid as long as its Call.
///
/// arguments->scratch is one block, the Call's. Where scratch_bytes is not 0, sub-ranges that run
/// at once need a block each, from the host: `run` takes one.
struct DirectCall {
  KernelFunction function = nullptr;
  const KernelArguments* arguments = nullptr;
  std::int64_t begin = 0;
  std::int64_t end = 0;
  std::int64_t scratch_bytes = 0;  ///< of KernelArguments::scratch, for each sub-range in flight
  void operator()() const { function(arguments, begin, end); }
  /// Indices [from, to), with a block of scratch_bytes bytes, aligned to kScratchAlignment, that no
  /// other call uses at the same time. May be null where that is 0.
  void run(std::int64_t from, std::int64_t to, void* scratch) const {
    KernelArguments own = *arguments;
    own.scratch = scratch;
    function(&own, from, to);
  }
};

/// A program bound to buffers: everything is checked, only the kernels are left. Keeps its program
/// alive, not the buffers. Serves one thread at a time.
class SINTER_API Call {
 public:
  Call(Call&&) noexcept;
  Call& operator=(Call&&) noexcept;
  ~Call();
  void operator()() { (*this)(RunOptions{}); }
  /// Throws as `Executable::run` does for these options.
  void operator()(const RunOptions& options);
  /// The one kernel of this program. Throws Error(unsupported) where there are several, or on a
  /// GPU.
  [[nodiscard]] DirectCall direct() const;

 private:
  friend class Executable;
  explicit Call(std::unique_ptr<detail::BoundProgram> bound);
  std::unique_ptr<detail::BoundProgram> bound_;
};

/// A compiled graph. Cheap to copy, immutable, usable from many threads at once; outlives its
/// Engine. Made by Engine::compile.
class SINTER_API Executable {
 public:
  /// Runs the graph. Buffers are bound in the order in which inputs and outputs were declared.
  /// An output may be the very buffer and layout of an input. Any other output that shares an
  /// element's bytes with an input or output is refused; elements of two buffers may alternate, and
  /// buffers may lie side by side in one matrix. (Layouts that thousands of steps do not tell apart
  /// count as overlapping.) The view of a donated input has to be writable. Throws Error before
  /// anything is written: shape_mismatch, dtype_mismatch,
  /// invalid_buffer (null, misaligned, overlapping, other strides, on another device, read-only),
  /// invalid_argument (wrong number, a stream for a CPU), limit_exceeded (a workspace of more than
  /// the machine's memory), and on a GPU internal (the driver refuses).
  void run(std::initializer_list<ConstTensorView> inputs, std::initializer_list<TensorView> outputs,
           const RunOptions& options = {}) const {
    run(std::span(inputs.begin(), inputs.size()), std::span(outputs.begin(), outputs.size()),
        options);
  }
  void run(std::span<const ConstTensorView> inputs, std::span<const TensorView> outputs,
           const RunOptions& options = {}) const;

  /// Checks as `run` does, once, and gives a call without checks. Repeat bind when buffers move.
  [[nodiscard]] Call bind(std::initializer_list<ConstTensorView> inputs,
                          std::initializer_list<TensorView> outputs) const {
    return bind(std::span(inputs.begin(), inputs.size()),
                std::span(outputs.begin(), outputs.size()));
  }
  [[nodiscard]] Call bind(std::span<const ConstTensorView> inputs,
                          std::span<const TensorView> outputs) const;

  /// What was made of the graph at `stage`. Made anew on each call: nothing is kept for it.
  [[nodiscard]] std::string text(Stage stage) const;

  [[nodiscard]] std::span<const GraphInput> inputs() const;
  [[nodiscard]] std::span<const GraphOutput> outputs() const;
  /// Kernels in the plan.
  [[nodiscard]] int kernels() const;
  /// Time that making this executable took, by stage: 0 where a cache had it.
  [[nodiscard]] CompileTimes compile_times() const;
  /// Bytes that each run takes from the allocator: all that it needs beside the buffers it is given
  /// and kTaskStackBytes of stack. Holds what one kernel leaves to the next, and a scratch block
  /// for each chunk of a kernel that runs at once, as many as the engine has threads.
  [[nodiscard]] std::int64_t workspace_bytes() const;
  /// Bytes of the kernel-cache entry itself; plan and code are shared with others.
  [[nodiscard]] std::int64_t entry_bytes() const;

 private:
  friend class Engine;
  explicit Executable(std::shared_ptr<const detail::Program> program);
  std::shared_ptr<const detail::Program> program_;
};

}  // namespace sinter
