// Engine: compiles graphs and caches the results. It owns the target, the JIT compiler, the three
// caches and the executor. A program usually has one for its whole life.
#pragma once

#include <initializer_list>
#include <memory>
#include <ranges>
#include <span>
#include <string_view>
#include <vector>

#include <sinter/ir/graph.h>
#include <sinter/runtime/device_buffer.h>
#include <sinter/runtime/executable.h>
#include <sinter/runtime/options.h>
#include <sinter/runtime/stats.h>
#include <sinter/runtime/tensor.h>
#include <sinter/runtime/tensor_literal.h>

namespace sinter {

/// The CPU of this machine, with the vector extensions that the operating system enables. Throws
/// Error(unsupported) if the CPU is not x86-64, or is older than x86-64-v3 (AVX2), naming the
/// missing features. Needs no LLVM.
[[nodiscard]] SINTER_API Target host_target();
/// True if code for `target` runs on this machine. Needs no LLVM for host_target() and for targets
/// whose `cpu` is x86-64-v3 or -v4 and whose `features` are among those that host_target() names.
/// Other targets need LLVM's table of CPUs: throws Error(unsupported) if the module
/// libsinter-llvm.so is missing then. So does the constructor of an Engine for such a target.
[[nodiscard]] SINTER_API bool runs_here(const Target& target);

namespace detail {
class EngineCore;
struct EngineAccess;
class TensorBuffer;

template <typename Range>
concept ElementRange = std::ranges::contiguous_range<Range> &&
                       Element<std::remove_reference_t<std::ranges::range_reference_t<Range>>>;
template <ElementRange Range>
inline constexpr DType dtype_of_range = *dtype_of<std::ranges::range_value_t<Range>>;
}  // namespace detail

template <typename F>
class Function;

/// Compiles graphs and caches the executables. Cheap to copy: copies share everything. All methods
/// may be called from many threads.
///
/// After fork(), the child may use an engine of its parent, even if other threads were using it at
/// the fork. The child never waits for a thread that only the parent has. It may:
/// - run every Executable and Call. sinter's own pool has no threads in the child, so they run on
///   the calling thread alone;
/// - compile. The child has the caches of its parent; a cache that the parent had locked is empty.
///   If the parent was compiling a graph at the fork, the child compiles that graph itself.
///   Compiling throws Error(unsupported) if another thread was in the first compile of the process
///   at the fork: compile one kernel before forking;
/// - make and use tensors. Tensors of the parent throw Error(unsupported) if another thread was
///   using tensors of the engine at the fork;
/// - destroy all of these objects.
/// An engine for a GPU is the exception, see runtime/README.md. A user's executor, allocator or log
/// must support fork() itself.
///
/// The environment variable SINTER_DUMP lists stages (see Stage; "graph,plan,llvm", for example).
/// The engine writes those stages of every new executable to the log.
class SINTER_API Engine {
 public:
  Engine();
  explicit Engine(EngineOptions options);

  /// Returns the executable of `graph`, from the cache or newly compiled. Each graph, with its
  /// shapes and options, is compiled once, however many threads ask for it. Throws Error on a graph
  /// that the verifier refuses.
  [[nodiscard]] Executable compile(const Graph& graph, const CompileOptions& options = {}) const;

  /// Wraps a C++ function of Values; function.h lists the signatures it may have. Each call traces
  /// the function for the shapes and dtypes of the given views and takes the program from the
  /// kernel cache, so captured numbers may change from call to call.
  template <typename F>
  [[nodiscard]] Function<F> function(F f, const CompileOptions& options = {}) const {
    return Function<F>(*this, std::move(f), options);
  }

  // Tensors: lazy values, see tensor.h. The given elements are copied before the call returns.

  /// A tensor of numbers in braces: `engine.tensor({{1, 2}, {3, 4}})`. Elements of a bool tensor
  /// are given as 0 and 1. Throws Error: shape_mismatch if the lists are ragged, invalid_argument
  /// for a number that an integer dtype or bool cannot represent.
  [[nodiscard]] Tensor tensor(const NestedNumbers& numbers, DType dtype = DType::f32) const;
  /// A tensor of the elements of a contiguous range (vector, array, span) in row-major order, with
  /// the dtype of its C++ type. Throws Error(shape_mismatch) unless the range has as many elements
  /// as `shape`.
  template <detail::ElementRange Range>
  [[nodiscard]] Tensor tensor(const Range& elements, const Shape& shape) const {
    return copy_in(std::as_bytes(std::span(elements)), detail::dtype_of_range<Range>, shape);
  }
  /// As above, with one axis.
  template <detail::ElementRange Range>
  [[nodiscard]] Tensor tensor(const Range& elements) const {
    return tensor(elements, {std::ranges::size(elements)});
  }
  /// A tensor whose elements all are `value`. Throws Error(invalid_argument) if an integer dtype or
  /// bool cannot represent `value`.
  [[nodiscard]] Tensor full(const Shape& shape, Scalar value, DType dtype = DType::f32) const;
  [[nodiscard]] Tensor zeros(const Shape& shape, DType dtype = DType::f32) const {
    return full(shape, 0, dtype);
  }
  [[nodiscard]] Tensor ones(const Shape& shape, DType dtype = DType::f32) const {
    return full(shape, 1, dtype);
  }
  /// Evaluates these tensors, and every op that they depend on, as one plan. Throws Error:
  /// invalid_argument for a tensor of another engine, limit_exceeded if there is not enough memory.
  void evaluate(std::initializer_list<Tensor> tensors) const {
    evaluate(std::span(tensors.begin(), tensors.size()));
  }
  void evaluate(std::span<const Tensor> tensors) const;

  /// Cache counters and compile times of this engine so far.
  [[nodiscard]] Stats stats() const;
  /// Allocates memory on this engine's GPU. Throws Error: unsupported if the engine runs on a CPU,
  /// limit_exceeded if the GPU has not enough free memory.
  [[nodiscard]] DeviceBuffer allocate(std::size_t bytes) const;
  /// The device that programs of this engine run on.
  [[nodiscard]] Device device() const;
  /// The CPU that code is made for. With a GPU engine: this machine's CPU unless
  /// EngineOptions::target names one, or a default Target in a build without LLVM.
  [[nodiscard]] const Target& target() const;
  /// Number of threads that a kernel may use, the calling thread included.
  [[nodiscard]] int threads() const;
  /// Drops every cache entry. Executables in use stay valid.
  void clear_caches() const;

 private:
  [[nodiscard]] Tensor copy_in(std::span<const std::byte> elements, DType dtype,
                               const Shape& shape) const;
  [[nodiscard]] Tensor of_buffer(std::shared_ptr<detail::TensorBuffer> buffer, DType dtype,
                                 const Shape& shape) const;
  friend struct detail::EngineAccess;  // makes engines of other backends, for tests
  explicit Engine(std::shared_ptr<detail::EngineCore> core) : core_(std::move(core)) {}
  std::shared_ptr<detail::EngineCore> core_;
};

}  // namespace sinter

#include <sinter/runtime/function.h>  // IWYU pragma: export
