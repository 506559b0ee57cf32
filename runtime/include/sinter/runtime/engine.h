// Engine: the only long-lived object. It owns the target, the JIT, the three caches, the executor.
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

/// The CPU of this machine, as the operating system lets it be used. Throws Error(unsupported) on
/// one older than x86-64-v3, and names what is missing; and in a build without LLVM.
[[nodiscard]] SINTER_API Target host_target();
/// Whether code for `target` runs on this machine.
[[nodiscard]] SINTER_API bool runs_here(const Target& target);

namespace detail {
class EngineCore;
class TensorBuffer;

template <typename Range>
concept ElementRange = std::ranges::contiguous_range<Range> &&
    Element<std::remove_reference_t<std::ranges::range_reference_t<Range>>>;
template <ElementRange Range>
inline constexpr DType dtype_of_range = *dtype_of<std::ranges::range_value_t<Range>>;
}  // namespace detail

template <typename F>
class Function;

/// Compiles graphs and caches what it made. Cheap to copy: copies share everything. All methods may
/// be called from many threads.
///
/// A child of a fork, of a process in which other threads may be using the engine at that moment,
/// may, for as long as it lives:
/// - run every Executable and Call; sinter's own pool has no threads there, so on the caller alone;
/// - compile, for it has the caches of its parent, or empty ones where the parent had one locked,
///   and makes for itself what the parent was making. Only where another thread was at the first
///   compile of the process, it throws Error(unsupported): compile one kernel before forking;
/// - make and use tensors. Those of its parent too, unless another thread was using tensors of the
///   engine: then each of them throws Error(unsupported);
/// - destroy all of it.
/// It never waits for a thread that it does not have. A GPU's engine is the exception, see
/// README.md; so are an executor, allocator or log of the host's, which must see to this
/// themselves.
///
/// SINTER_DUMP=graph,plan,loops,llvm,assembly,cuda,ptx in the environment writes those stages of
/// every new executable to the log.
class SINTER_API Engine {
 public:
  Engine();
  explicit Engine(EngineOptions options);

  /// The executable of `graph`: looked up, or made. One compile per key however many threads ask.
  /// Throws Error on a graph that the verifier refuses.
  [[nodiscard]] Executable compile(const Graph& graph, const CompileOptions& options = {}) const;

  /// Wraps a C++ function of Values that returns a Value or a std::vector<Value>. Each call traces
  /// it for the shapes and dtypes at hand and serves the program from the kernel cache, so captured
  /// numbers may change from call to call.
  template <typename F>
  [[nodiscard]] Function<F> function(F f, const CompileOptions& options = {}) const {
    return Function<F>(*this, std::move(f), options);
  }

  // Tensors: lazy values, see tensor.h. What is given is copied at once.

  /// Of numbers in braces: `engine.tensor({{1, 2}, {3, 4}})`; of dtype bool, of 0 and 1. Throws
  /// Error: shape_mismatch, and invalid_argument for a number that an integer dtype does not hold.
  [[nodiscard]] Tensor tensor(const NestedNumbers& numbers, DType dtype = DType::f32) const;
  /// Of a contiguous range (vector, array, span), row-major, of its dtype; one axis unless said.
  /// Throws Error(shape_mismatch) unless it has as many elements as the shape.
  template <detail::ElementRange Range>
  [[nodiscard]] Tensor tensor(const Range& elements, const Shape& shape) const {
    return copy_in(std::as_bytes(std::span(elements)), detail::dtype_of_range<Range>, shape);
  }
  template <detail::ElementRange Range>
  [[nodiscard]] Tensor tensor(const Range& elements) const {
    return tensor(elements, {std::ranges::size(elements)});
  }
  [[nodiscard]] Tensor full(const Shape& shape, Scalar value, DType dtype = DType::f32) const;
  [[nodiscard]] Tensor zeros(const Shape& shape, DType dtype = DType::f32) const {
    return full(shape, 0, dtype);
  }
  [[nodiscard]] Tensor ones(const Shape& shape, DType dtype = DType::f32) const {
    return full(shape, 1, dtype);
  }
  /// Runs what these tensors need, as one plan. Throws Error(invalid_argument) for a tensor of
  /// another engine, limit_exceeded when memory is short.
  void evaluate(std::initializer_list<Tensor> tensors) const {
    evaluate(std::span(tensors.begin(), tensors.size()));
  }
  void evaluate(std::span<const Tensor> tensors) const;

  [[nodiscard]] Stats stats() const;
  /// Memory on this engine's GPU. Throws Error(unsupported) for a CPU, limit_exceeded where there
  /// is none left.
  [[nodiscard]] DeviceBuffer allocate(std::size_t bytes) const;
  [[nodiscard]] Device device() const;
  /// The CPU; this machine's where programs run on a GPU, none in a build without LLVM.
  [[nodiscard]] const Target& target() const;
  [[nodiscard]] int threads() const;
  /// Drops every cache entry; executables in use stay valid.
  void clear_caches() const;

 private:
  [[nodiscard]] Tensor copy_in(std::span<const std::byte> elements, DType dtype,
                               const Shape& shape) const;
  [[nodiscard]] Tensor of_buffer(std::shared_ptr<detail::TensorBuffer> buffer, DType dtype,
                                 const Shape& shape) const;
  std::shared_ptr<detail::EngineCore> core_;
};

}  // namespace sinter

#include <sinter/runtime/function.h>  // IWYU pragma: export
