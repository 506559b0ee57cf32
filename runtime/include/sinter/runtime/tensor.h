// Tensor: a lazy value of an Engine, for people who think in arrays.
//
// Ops record and compute nothing. Reading (item, to_vector, copy_to, printing, a condition) runs,
// as one plan, everything that is recorded and that some Tensor still stands for; Engine::evaluate
// does so for what it is given, and leaves the rest recorded. What no Tensor stands for any more is
// computed only where something else needs it. A trace that nobody reads runs by itself past
// EngineOptions::trace.
//
// One kind of Tensor stays recorded when a run was not for it: one that is larger than all inputs
// it is computed from, such as the matrix in `(column + row).sum().item<float>()`. The next run
// that needs it stores it, so no op runs more than twice for this.
//
// When a trace runs does not show in the results. 16-bit floats are rounded after every op
// (Rounding::each_op), as they are where every op runs at once; what counts as one op is said
// there.
//
// A loop that records the same ops, and reads at the same place, is planned and compiled once:
// numbers beside tensors are parameters, so they may change with every turn.
//
// Tensors share the core of their Engine, which lives as long as one of them. Those of one engine
// may be used from several threads: recording and running take turns, behind one lock, which an
// executor, allocator or log of the user's therefore must not meet by using tensors. One Tensor
// object that several threads use is read only, as any other object. Threads that record at the
// same time share a trace, and with it their plans; give each an Engine to keep them apart.
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

/// Options of leaky_relu for calls that read `x.leaky_relu({.negative_slope = s, .inplace =
/// true})`.
struct TensorLeakyReluOptions {
  double negative_slope = 0.01;
  bool inplace = false;
};

/// Made by Engine::tensor, zeros, ones and full, and by ops. Cheap to copy; a copy is another
/// Tensor of the same value. An op in place (`inplace`, `+=` and the like) gives this Tensor a new
/// value: copies, and what was recorded before, keep the old one.
///
/// Ops throw what they throw on Values, and Error(invalid_argument) for operands of different
/// engines and for a Tensor that was default-made. What runs a trace throws limit_exceeded when
/// memory is short, and whatever Engine::compile does; the trace is then still there, and is tried
/// again by the next read.
class SINTER_API Tensor : public ElementwiseMethods<Tensor>,
                          public StructuralMethods<Tensor>,
                          public ReductionMethods<Tensor>,
                          public ProductMethods<Tensor> {
 public:
  /// Holds no value; any use but assignment throws Error.
  Tensor() = default;

  [[nodiscard]] DType dtype() const;
  [[nodiscard]] const Shape& shape() const;

  /// Records `op`; the generic form behind every method. An operand that is an attribute (see
  /// ops.def) must be a number from `scalar` or `constant`.
  static Tensor apply(Op op, std::span<const Tensor> operands, const Attributes& attributes = {});
  /// A number of this tensor's dtype (f32 beside a mask), recorded as a parameter where it is used.
  [[nodiscard]] Tensor scalar(Scalar number) const;
  /// As `scalar`, but it belongs to the structure: another number is another plan.
  [[nodiscard]] Tensor constant(Scalar number) const;
  /// As Graph::iota: counts 0, 1, 2, ... along one axis of `shape`, on this tensor's engine.
  [[nodiscard]] Tensor iota(DType dtype, const Shape& shape, std::int64_t axis = 0) const;
  /// Records a function of Values, each standing for one of `tensors`, of one engine. What it
  /// returns become Tensors. It must not use tensors itself. Throws Error(invalid_graph) if it
  /// returns a default-made Value or one of another graph, such as an earlier call's.
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

  // In place: this Tensor takes the result as its value.
  Tensor& operator+=(const Other& b) { return *this = add(b); }
  Tensor& operator-=(const Other& b) { return *this = sub(b); }
  Tensor& operator*=(const Other& b) { return *this = mul(b); }
  Tensor& operator/=(const Other& b) { return *this = div(b); }

  // Masks, as `less` and so on. `==` would read as one truth about two tensors: use equal.
  friend Tensor operator<(const Tensor& a, const Other& b) { return a.less(b); }
  friend Tensor operator<=(const Tensor& a, const Other& b) { return a.less_equal(b); }
  friend Tensor operator>(const Tensor& a, const Other& b) { return a.greater(b); }
  friend Tensor operator>=(const Tensor& a, const Other& b) { return a.greater_equal(b); }
  friend Tensor operator<(Scalar a, const Tensor& b) { return b.greater(a); }
  friend Tensor operator<=(Scalar a, const Tensor& b) { return b.greater_equal(a); }
  friend Tensor operator>(Scalar a, const Tensor& b) { return b.less(a); }
  friend Tensor operator>=(Scalar a, const Tensor& b) { return b.less_equal(a); }
  friend bool operator==(const Tensor&, const Tensor&) = delete;

  // Reading. T is the C++ type of the dtype, else Error(dtype_mismatch).

  /// The one element of this tensor. As a double it is that of any dtype, an i64 beyond 2^53
  /// rounded. Throws Error(invalid_argument) for more elements, or none.
  template <detail::Element T>
  [[nodiscard]] T item() const {
    if constexpr (std::same_as<T, double>) return number("item");
    T element{};
    check_single("item");
    read(std::as_writable_bytes(std::span(&element, 1)), *dtype_of<T>);
    return element;
  }
  /// Whether the one element is not 0, for conditions. Throws as item.
  explicit operator bool() const { return !Scalar(number("a condition")).is_zero(); }
  /// The elements, row-major. Throws Error(limit_exceeded) where there is no memory for the vector.
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
  /// Copies the elements, row-major. Throws Error(shape_mismatch) unless `to` has as many.
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

/// The derivatives of `loss`, a floating scalar, with respect to each tensor in `of`: those of
/// `<sinter/ir/gradients.h>`, recorded like any op. A loop that takes them is planned and compiled
/// once.
///
/// A gradient goes through what is recorded and not yet evaluated. A tensor that was evaluated is
/// where it begins (weights of the last step) or a constant (data); where it was computed from one
/// of `of`, a part of the gradient would be missing, which is an error. So take gradients before
/// the loss, or what is on the way to it, is read, or runs: `if (hidden.mean() < 0.5)` reads, a
/// trace that is full runs, and so does one that another thread reads from. A trace that is half
/// full runs when gradients have been recorded, so that a loop that reads nothing is not cut short
/// by a full one, unless a step is more than half of EngineOptions::trace. Where weights
/// take turns, a step of one depends on the others, and a gradient by those goes through it:
/// `w = (w - d[0] * rate).detach()` ends that. Which tensors lead to one that was evaluated,
/// through however many runs, is known exactly: a gradient that is not refused lacks nothing, and
/// one whose way was not cut is not refused. A loss that depends on a tensor only by a step (floor,
/// detach) before the evaluated one is said not to depend on it.
///
/// In place or not, an op's gradient is that of the value that it read: also that of leaky_relu in
/// place with a negative slope, whose result does not tell the sign of what was there.
///
/// Throws what gradients of Values does, and Error(invalid_argument) for such a tensor, the loss
/// itself included, and for tensors of different engines.
[[nodiscard]] SINTER_API std::vector<Tensor> gradients(const Tensor& loss,
                                                       std::span<const Tensor> of);
[[nodiscard]] inline std::vector<Tensor> gradients(const Tensor& loss,
                                                   std::initializer_list<Tensor> of) {
  return gradients(loss, std::span<const Tensor>(of.begin(), of.size()));
}

/// Prints like NumPy: `[-0.02, -0.01, 0, 1, 2]`, rows of nested brackets on lines of their own, the
/// fewest digits that tell an element from its neighbours. Of more than 1000 elements, axes longer
/// than 6 show their first and last 3. Behind it stands what cannot be seen: the dtype where it is
/// neither f32 nor bool, and dtype and shape, `f32[2000]`, where elements are left out or there are
/// none. Reads the tensor.
[[nodiscard]] SINTER_API std::string to_string(const Tensor& tensor);
SINTER_API std::ostream& operator<<(std::ostream& out, const Tensor& tensor);

}  // namespace sinter
