// Executable: a compiled graph. Call: an Executable bound to its buffers, without checks.
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
  graph,     ///< the source graph with this program's parameters; `parse` reads it back
  plan,      ///< kernels, the buffers between them, and why values are stored
  loops,     ///< the LoopNest of every kernel
  llvm,      ///< LLVM IR; only of a program for a CPU
  assembly,  ///< machine code as text; only of a program for a CPU
  cuda,      ///< CUDA C; of a program for a CPU, the code that a GPU would get
  ptx,       ///< PTX by NVRTC; for compute capability 9.0 if the program is for a CPU
  sass,      ///< a GPU's machine code as text, by nvdisasm or cuobjdump of a CUDA toolkit
};
[[nodiscard]] SINTER_API std::string_view to_string(Stage stage);

namespace detail {
struct Program;      // an entry of the kernel cache: shared, immutable
class BoundProgram;  // a Program with its buffers
}  // namespace detail

/// The kernel function of a Call and its arguments, for a host that schedules by itself. The host
/// may split [begin, end) into any sub-ranges and run them on any threads: the bits are the same.
/// The host sets the floating-point environment (see KernelFunction). Valid as long as its Call.
///
/// `arguments->scratch` is the one scratch block of the Call. If scratch_bytes is not 0, sub-ranges
/// that run at the same time each need a block of their own: pass it to `run`.
struct DirectCall {
  KernelFunction function = nullptr;
  const KernelArguments* arguments = nullptr;
  std::int64_t begin = 0;
  std::int64_t end = 0;
  std::int64_t scratch_bytes = 0;  ///< size of KernelArguments::scratch
  /// Computes all indices with the Call's own scratch block.
  void operator()() const { function(arguments, begin, end); }
  /// Computes indices [from, to). `scratch` points to scratch_bytes bytes, aligned to
  /// kScratchAlignment, that no other call uses at the same time. It may be null if scratch_bytes
  /// is 0.
  void run(std::int64_t from, std::int64_t to, void* scratch) const {
    KernelArguments own = *arguments;
    own.scratch = scratch;
    function(&own, from, to);
  }
};

/// An Executable bound to buffers. All checks are done, so a call only runs the kernels. Keeps the
/// program alive, but not the buffers. May be used by one thread at a time.
class SINTER_API Call {
 public:
  Call(Call&&) noexcept;
  Call& operator=(Call&&) noexcept;
  ~Call();
  /// Runs the kernels on the bound buffers.
  void operator()() { (*this)(RunOptions{}); }
  /// As above. Throws as `Executable::run` does for these options.
  void operator()(const RunOptions& options);
  /// The kernel of a program that has exactly one, for a host that schedules by itself. Throws
  /// Error(unsupported) if the program has another number of kernels, or runs on a GPU.
  [[nodiscard]] DirectCall direct() const;

 private:
  friend class Executable;
  explicit Call(std::unique_ptr<detail::BoundProgram> bound);
  std::unique_ptr<detail::BoundProgram> bound_;
};

/// A compiled graph. Cheap to copy, immutable, usable from many threads at once. May outlive its
/// Engine. Made by Engine::compile.
class SINTER_API Executable {
 public:
  /// Runs the graph. Views are given in the order in which inputs and outputs were declared.
  ///
  /// An output may have the same buffer and layout as an input, if the program reads each element
  /// of the input for the last time before it writes that element of the output. Apart from that,
  /// no output may share a byte of an element with an input or with another output. Elements of two
  /// buffers may alternate, and buffers may lie side by side in one matrix. (If an exact test takes
  /// more than some thousands of steps, buffers whose ranges overlap are refused.) The view of a
  /// donated input must be writable.
  ///
  /// Throws Error before anything is written: shape_mismatch; dtype_mismatch; invalid_buffer (null,
  /// misaligned, overlapping, read-only, with other strides or on another device); invalid_argument
  /// (a wrong number of views, a stream for a CPU); limit_exceeded (not enough memory for the
  /// workspace); and on a GPU internal (an error of the driver).
  void run(std::initializer_list<ConstTensorView> inputs, std::initializer_list<TensorView> outputs,
           const RunOptions& options = {}) const {
    run(std::span(inputs.begin(), inputs.size()), std::span(outputs.begin(), outputs.size()),
        options);
  }
  void run(std::span<const ConstTensorView> inputs, std::span<const TensorView> outputs,
           const RunOptions& options = {}) const;

  /// Checks the views as `run` does and returns a Call, which runs without checks. Bind again when
  /// a buffer moves.
  [[nodiscard]] Call bind(std::initializer_list<ConstTensorView> inputs,
                          std::initializer_list<TensorView> outputs) const {
    return bind(std::span(inputs.begin(), inputs.size()),
                std::span(outputs.begin(), outputs.size()));
  }
  [[nodiscard]] Call bind(std::span<const ConstTensorView> inputs,
                          std::span<const TensorView> outputs) const;

  /// The program at `stage` as text. Generated on each call: the program stores no text.
  [[nodiscard]] std::string text(Stage stage) const;

  /// The inputs of the source graph, in the order of the views.
  [[nodiscard]] std::span<const GraphInput> inputs() const;
  /// The outputs of the source graph, in the order of the views.
  [[nodiscard]] std::span<const GraphOutput> outputs() const;
  /// Number of kernels in the plan.
  [[nodiscard]] int kernels() const;
  /// Compile time of this executable by stage; 0 for a stage whose result came from a cache.
  [[nodiscard]] CompileTimes compile_times() const;
  /// Bytes of the workspace that each run takes from the allocator. The workspace holds temporaries
  /// (values that one kernel writes and a later one reads; Plan::workspace_bytes counts these
  /// alone) and scratch blocks: one for each part of a kernel that runs at the same time, at most
  /// one per thread of the engine. A run needs no other memory, except its buffers and
  /// kTaskStackBytes of stack in each thread.
  [[nodiscard]] std::int64_t workspace_bytes() const;
  /// Bytes of the kernel-cache entry, without the plan and the code, which other entries share.
  [[nodiscard]] std::int64_t entry_bytes() const;

 private:
  friend class Engine;
  explicit Executable(std::shared_ptr<const detail::Program> program);
  std::shared_ptr<const detail::Program> program_;
};

}  // namespace sinter
