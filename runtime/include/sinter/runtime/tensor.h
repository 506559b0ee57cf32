// Tensor: an array whose ops are recorded lazily and evaluated together, by an Engine.
//
// Ops record into the engine's trace and compute nothing. Reading a tensor (item, to_vector,
// copy_to, printing, a condition) runs the trace as one plan and stores every recorded value that a
// Tensor still refers to. Engine::evaluate runs only what the given tensors need and leaves the
// rest recorded. A value that no Tensor refers to is computed only if another value needs it. A
// trace runs without being read once it reaches EngineOptions::trace.
//
// A run does not store a tensor that is larger than all inputs it is computed from, unless the run
// is for that tensor. An example is the matrix in `(column + row).sum().item<float>()`. Such a
// tensor stays recorded, and the next run that needs it stores it, so no op runs more than twice
// for this reason.
//
// Results do not depend on when a trace runs: 16-bit floats are rounded after every op, as if each
// op ran at once. Rounding::each_op defines what counts as one op.
//
// A loop that records the same ops and reads at the same place is planned and compiled once.
// Numbers beside tensors are parameters, so they may change in every iteration.
//
// Thread safety: tensors of one engine may be used from several threads. One lock serialises their
// recording and running; a user's executor, allocator or log is called under this lock and must not
// use tensors. One Tensor object may be read, but not assigned, by several threads at once. Threads
// that record at the same time record into one trace; give each thread its own Engine to keep their
// traces and plans apart. Tensors keep the shared state of their Engine alive.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <iosfwd>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <sinter/ir/graph.h>
#include <sinter/ir/rethrow.h>
#include <sinter/runtime/view.h>

namespace sinter {

namespace detail {
class Recorder;
struct TensorNode;
}  // namespace detail

/// Options of leaky_relu by name: `x.leaky_relu({.negative_slope = s, .inplace = true})`.
struct TensorLeakyReluOptions {
  double negative_slope = 0.01;
  bool inplace = false;
};

/// A lazy array. Made by Engine::tensor, zeros, ones and full, and by ops. Cheap to copy; a copy is
/// another Tensor of the same value. An in-place op (`inplace`, `+=` and the like) gives this
/// Tensor a new value: copies and ops recorded before keep the old value.
///
/// Ops throw what they throw on Values, and Error(invalid_argument) for operands of different
/// engines and for a default-constructed Tensor. A call that runs the trace also throws what
/// Engine::compile throws, and limit_exceeded if there is not enough memory. The trace survives
/// such an error, and the next read tries again.
class SINTER_API Tensor : public ElementwiseMethods<Tensor>,
                          public StructuralMethods<Tensor>,
                          public ReductionMethods<Tensor>,
                          public ProductMethods<Tensor> {
 public:
  /// A Tensor without a value: any use but assignment throws Error(invalid_argument).
  Tensor() = default;

  [[nodiscard]] DType dtype() const;
  [[nodiscard]] const Shape& shape() const;

  /// Records `op`. Every method calls this generic form. An operand that is an attribute (see
  /// ops.def) must be a number from `scalar` or `constant`.
  static Tensor apply(Op op, std::span<const Tensor> operands, const Attributes& attributes = {});
  /// A number as a Tensor of this tensor's dtype (f32 if this is a mask). Ops record it as a
  /// parameter: other numbers share the plan and the code.
  [[nodiscard]] Tensor scalar(Scalar number) const;
  /// As `scalar`, but recorded as a constant, which belongs to the structure: every number has its
  /// own plan.
  [[nodiscard]] Tensor constant(Scalar number) const;
  /// A tensor on this tensor's engine that counts 0, 1, 2, ... along one axis of `shape`, as
  /// Graph::iota.
  [[nodiscard]] Tensor iota(DType dtype, const Shape& shape, std::int64_t axis = 0) const;
  /// Calls `function` with one Value for each of `tensors`, records its ops, and returns its
  /// results as Tensors. All tensors belong to one engine. `function` must not use tensors. Throws
  /// Error(invalid_graph) if it returns a default-constructed Value or one of another graph, such
  /// as a Value of an earlier call.
  static std::vector<Tensor> record(
      std::span<const Tensor> tensors,
      const std::function<std::vector<Value>(std::span<const Value>)>& function);

  using ElementwiseMethods<Tensor>::leaky_relu;
  Tensor leaky_relu(Scalar negative_slope, bool inplace) {
    return leaky_relu({.negative_slope = negative_slope.value(), .inplace = inplace});
  }
  Tensor leaky_relu(TensorLeakyReluOptions options) {
    const Tensor result = std::as_const(*this).leaky_relu(options.negative_slope);
    return options.inplace ? *this = result : result;
  }

  // In-place ops: the result becomes the value of this Tensor.
  Tensor& operator+=(const Other& b) { return *this = add(b); }
  Tensor& operator-=(const Other& b) { return *this = sub(b); }
  Tensor& operator*=(const Other& b) { return *this = mul(b); }
  Tensor& operator/=(const Other& b) { return *this = div(b); }

  // Comparisons give masks, as `less` does. `==` is deleted because it looks like one truth value
  // for the two tensors; `equal` gives the mask.
  friend Tensor operator<(const Tensor& a, const Other& b) { return a.less(b); }
  friend Tensor operator<=(const Tensor& a, const Other& b) { return a.less_equal(b); }
  friend Tensor operator>(const Tensor& a, const Other& b) { return a.greater(b); }
  friend Tensor operator>=(const Tensor& a, const Other& b) { return a.greater_equal(b); }
  friend Tensor operator<(Scalar a, const Tensor& b) { return b.greater(a); }
  friend Tensor operator<=(Scalar a, const Tensor& b) { return b.greater_equal(a); }
  friend Tensor operator>(Scalar a, const Tensor& b) { return b.less(a); }
  friend Tensor operator>=(Scalar a, const Tensor& b) { return b.less_equal(a); }
  friend bool operator==(const Tensor&, const Tensor&) = delete;

  // Reading. T must be the C++ type of the dtype; another type throws Error(dtype_mismatch).

  /// The value of a tensor with one element. T = double reads any dtype; an i64 beyond 2^53 is
  /// rounded. Throws Error(invalid_argument) unless the tensor has exactly one element.
  template <detail::Element T>
  [[nodiscard]] T item() const {
    if constexpr (std::same_as<T, double>) return number("item");
    T element{};
    check_single("item");
    read(std::as_writable_bytes(std::span(&element, 1)), *dtype_of<T>);
    return element;
  }
  /// True if the one element is not 0, for conditions. Throws as `item`.
  explicit operator bool() const { return !Scalar(number("a condition")).is_zero(); }
  /// The elements in row-major order. Throws Error(limit_exceeded) if there is no memory for the
  /// vector.
  template <detail::Element T>
  [[nodiscard]] std::vector<T> to_vector() const try {
    check_memory("to_vector");
    const auto elements = static_cast<std::size_t>(shape().elements());
    if constexpr (std::same_as<T, bool>) {  // std::vector<bool> has no elements to point to
      const auto bools = std::make_unique<bool[]>(elements);
      copy_to(std::span<bool>(bools.get(), elements));
      return std::vector<bool>(bools.get(), bools.get() + elements);
    } else {
      std::vector<T> vector(elements);
      copy_to(std::span<T>(vector));
      return vector;
    }
  } catch (...) {
    detail::rethrow_as_error();
  }
  /// Copies the elements in row-major order. Throws Error(shape_mismatch) unless `to` has exactly
  /// as many elements.
  template <detail::Element T>
  void copy_to(std::span<T> to) const {
    check_elements(to.size());
    read(std::as_writable_bytes(to), *dtype_of<T>);
  }

 private:
  friend class Engine;
  friend class detail::Recorder;
  friend SINTER_API std::string to_string(const Tensor& tensor);
  friend SINTER_API std::vector<Tensor> gradients(const Tensor& loss, std::span<const Tensor> of);
  explicit Tensor(std::shared_ptr<detail::TensorNode> node) : node_(std::move(node)) {}

  [[nodiscard]] detail::TensorNode& node() const;
  [[nodiscard]] Tensor number_beside(Scalar number, bool structural) const;
  void check_single(std::string_view use) const;
  void check_elements(std::size_t given) const;
  void check_memory(std::string_view use) const;
  [[nodiscard]] double number(std::string_view use) const;
  void read(std::span<std::byte> to, DType asked) const;

  std::shared_ptr<detail::TensorNode> node_;
};

/// The derivatives of `loss`, a float of shape [], with respect to each tensor in `of`, with the
/// shapes of those tensors. They are the gradients of `<sinter/ir/gradients.h>`, recorded like any
/// op. A loop that takes gradients is planned and compiled once.
///
/// Evaluating a tensor forgets how it was computed, so a gradient passes only through ops that are
/// recorded and not yet evaluated. An evaluated tensor may be an element of `of` (weights of the
/// last step) or a constant (data). If an evaluated tensor between `of` and the loss was itself
/// computed from one of `of`, a part of the gradient would be missing: this is an error. The check
/// is exact, through any number of runs: a gradient without error is complete, and a complete
/// gradient is never refused.
///
/// So take gradients before the loss, or any tensor on the way to it, is evaluated. These evaluate:
/// a condition such as `if (hidden.mean() < 0.5)`, a trace that reaches EngineOptions::trace, and a
/// read in another thread. A trace that is at least half full runs directly after gradients are
/// recorded. Hence a loop that reads nothing does not reach the limit in the middle of a step,
/// unless one step takes more than half of EngineOptions::trace.
///
/// If weights are updated one after another, the update of one depends on the others, and a later
/// gradient with respect to those passes through that update: `w = (w - d[0] * rate).detach()`
/// prevents this. If the loss depends on a tensor only through an op that passes no gradient
/// (floor, detach) and then an evaluated tensor, the error says that the loss does not depend on
/// it.
///
/// The gradient of an op uses the operand that the op read, also if the op was in place. So
/// leaky_relu in place with a negative slope has the right gradient, although its result does not
/// show the sign of its operand.
///
/// Throws what gradients of Values throws, and Error(invalid_argument) for an evaluated tensor as
/// described above, the loss included, and for tensors of different engines.
[[nodiscard]] SINTER_API std::vector<Tensor> gradients(const Tensor& loss,
                                                       std::span<const Tensor> of);
[[nodiscard]] inline std::vector<Tensor> gradients(const Tensor& loss,
                                                   std::initializer_list<Tensor> of) {
  return gradients(loss, std::span<const Tensor>(of.begin(), of.size()));
}

/// The elements as text in NumPy's style: `[-0.02, -0.01, 0, 1, 2]`. Rows stand on lines of their
/// own. Each element has the fewest digits that distinguish it from other values of its dtype. In a
/// tensor of more than 1000 elements, axes longer than 6 show their first and last 3. The dtype
/// follows unless it is f32 or bool. Dtype and shape follow, as in `f32[2000]`, if elements are
/// left out or there are none. Reads the tensor.
[[nodiscard]] SINTER_API std::string to_string(const Tensor& tensor);
SINTER_API std::ostream& operator<<(std::ostream& out, const Tensor& tensor);

}  // namespace sinter
