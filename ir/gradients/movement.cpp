// Gradients of structural ops, reductions and products. Those of structural ops are structural ops,
// those of products are products.
#include <optional>
#include <ranges>
#include <utility>
#include <vector>

#include "functions/parts.h"
#include "gradients/rules.h"

namespace sinter::detail::gradient::rules {
namespace {

namespace fn = functions;

/// The slice of x that begins at `start` and has shape `shape`.
Value part_of(const Value& x, const Dims& start, const Shape& shape) {
  SliceAttributes part{shape, start, {}};
  for (int axis = 0; axis < shape.rank(); ++axis) part.step.push_back(1);
  return Value::apply(Op::slice, std::span(&x, 1), part.generic());
}

/// x with step - 1 zeros after every element along `axis`.
Value spread(const Value& x, int axis, std::int64_t step) {
  Shape shape = x.shape();
  const std::int64_t* after_axis = shape.begin() + axis + 1;
  const std::int64_t rows = Shape(std::span(shape.begin(), after_axis)).elements();
  const std::int64_t inner = Shape(std::span(after_axis, shape.end())).elements();
  shape[axis] *= step;
  const PadAttributes padding{{0, 0}, {0, (step - 1) * inner}};
  const Value flat = x.reshape({rows, inner});
  const Value operands[] = {flat, flat.constant(0)};
  return Value::apply(Op::pad, operands, padding.generic()).reshape(shape);
}

/// The gradient of a slice along one axis, before it is padded: the gradients of the elements that
/// the slice took, in ascending order of position, with zeros for the elements between them.
struct Placed {
  Value elements;
  std::int64_t first;  ///< position of the first one along the axis
};
/// `g` is the gradient of the slice, which took elements start, start + step, ... of `length`.
Placed placed(Value g, int axis, std::int64_t start, std::int64_t step, std::int64_t length) {
  if (step == 0) g = g.sum(axis, true);  // the slice repeats one element
  const std::int64_t taken = g.shape()[axis];
  if (taken == 0) return {g, 0};
  if (step < 0) g = g.flip(axis);
  const std::int64_t first = step < 0 ? start + (taken - 1) * step : start;
  const std::int64_t distance = step < 0 ? -step : step;
  if (taken == 1 || distance == 1) return {g, first};
  g = spread(g, axis, distance);
  const std::int64_t room = length - first;
  return {g.shape()[axis] > room ? g.slice(axis, 0, room) : g, first};
}

// --- Reductions ----------------------------------------------------------------------------------

/// `value`, which has the shape of the result, with the reduced axes kept as length 1. A scalar is
/// returned as it is, since it broadcasts.
Value kept(const Step& at, const Value& value) {
  const auto reduction = ReductionAttributes::of(at.attributes);
  if (reduction.keeps || value.shape().empty()) return value;
  Shape shape = at.x[0].shape();
  for (std::int64_t axis : reduction.axes) shape[static_cast<int>(axis)] = 1;
  return value.reshape(shape);
}

/// Reduces a value of the operand's shape by `op` over the same axes; they are kept with length 1.
Value reduced(const Step& at, Op op, const Value& value) {
  return kept(at, Value::apply(op, std::span(&value, 1), at.attributes));
}

/// Divides g equally among the elements that equal the extreme; `beyond` is true for the others.
Value shared(const Step& at, const Value& beyond) {
  const Value zero = at.g.constant(0);
  const Value sharing = reduced(at, Op::reduce_sum, fn::choose(beyond, zero, 1));
  const Value share = kept(at, at.g).div(sharing);
  return fn::choose(beyond, zero, share);
}

/// The two halves of a value of rank 3 along axis 1. If the length is odd, the middle element is in
/// neither.
struct Halves {
  Value low, high;
  std::optional<Value> middle;
};
Halves halves_of(const Value& x) {
  const std::int64_t length = x.shape()[1];
  const std::int64_t half = length / 2;
  const Value low = x.slice(1, 0, half);
  Halves halves{low, x.slice(1, length - half), std::nullopt};
  if (length % 2 == 1) halves.middle = x.slice(1, half, half + 1);
  return halves;
}

/// Products of element i of the lower half and element i of the upper one, then the middle element.
Value products_of(const Halves& of) {
  const Value products = of.low.mul(of.high);
  return of.middle.has_value() ? Value::concat({products, *of.middle}, 1) : products;
}

/// Gradients of the elements of both halves and the middle, from `others`, the gradients of the
/// results of products_of(). The gradient of a factor is that of its product times the other
/// factor.
Value others_of(const Halves& of, const Value& others) {
  const std::int64_t half = of.low.shape()[1];
  const Value of_pair = of.middle.has_value() ? others.slice(1, 0, half) : others;
  const Value of_low = of_pair.mul(of.high);
  const Value of_high = of_pair.mul(of.low);
  if (!of.middle.has_value()) return Value::concat({of_low, of_high}, 1);
  const Value of_middle = others.slice(1, half);
  return Value::concat({of_low, of_middle, of_high}, 1);
}

// --- Products ------------------------------------------------------------------------------------

/// Transposes every matrix.
Value transposed(const Value& x) {
  Dims axes;
  for (int axis = 0; axis < x.shape().rank(); ++axis) axes.push_back(axis);
  std::swap(axes[axes.rank() - 1], axes[axes.rank() - 2]);
  return x.transpose(axes);
}

Value product(const Value& a, const Value& b) {
  const Value operands[] = {a, b};
  return Value::apply(Op::mm, operands);
}

/// Stacks the rows of all matrices into one matrix.
Value stacked(const Value& x) {
  const std::int64_t columns = x.shape()[x.shape().rank() - 1];
  const std::int64_t rows = Shape(std::span(x.shape().begin(), x.shape().end() - 1)).elements();
  return x.shape().rank() == 2 ? x : x.reshape({rows, columns});
}

}  // namespace

Value broadcast(const Step& at, int) { return at.g; }

Value transpose(const Step& at, int) {
  const Dims axes = TransposeAttributes::of(at.attributes).axes;
  Dims inverse = axes;
  for (int axis = 0; axis < axes.rank(); ++axis) inverse[static_cast<int>(axes[axis])] = axis;
  return at.g.transpose(inverse);
}

Value reshape(const Step& at, int) {
  const Shape shape = at.x[0].shape();
  return at.g.reshape(shape);
}

Value slice(const Step& at, int) {
  const auto taken = SliceAttributes::of(at.attributes);
  const Shape shape = at.x[0].shape();
  Value g = at.g;
  PadAttributes around;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    const Placed along = placed(g, axis, taken.start[axis], taken.step[axis], shape[axis]);
    g = along.elements;
    around.low.push_back(along.first);
    around.high.push_back(shape[axis] - along.first - g.shape()[axis]);
  }
  const Value operands[] = {g, g.constant(0)};
  return Value::apply(Op::pad, operands, around.generic());
}

Value concat(const Step& at, int i) {
  const int axis = ConcatAttributes::of(at.attributes).axis;
  const Shape shape = at.x[static_cast<std::size_t>(i)].shape();
  Dims start;
  for (int k = 0; k < shape.rank(); ++k) {
    start.push_back(k == axis && i == 1 ? at.x[0].shape()[axis] : 0);
  }
  return part_of(at.g, start, shape);
}

Value pad(const Step& at, int) {
  const Shape shape = at.x[0].shape();
  return part_of(at.g, PadAttributes::of(at.attributes).low, shape);
}

Value reduce_sum(const Step& at, int) {
  const Shape shape = at.x[0].shape();
  return kept(at, at.g).broadcast_to(shape);
}

/// g times the product of all other elements. There is no division, so it is right for elements
/// that are 0, for products out of range, and for derivatives of every order. Halves of the
/// elements are multiplied with each other until one element remains. On the way back, each factor
/// gets g times the product of all others.
Value reduce_prod(const Step& at, int) {
  const Value& x = at.x[0];
  const Shape shape = x.shape();
  if (shape.elements() == 0) return kept(at, at.g).broadcast_to(shape);
  const Dims axes = ReductionAttributes::of(at.attributes).axes;
  const auto [outer, group, inner] = group_extents(shape, axes);
  std::vector<Halves> levels;
  Value product = x.reshape({outer, group, inner});
  while (product.shape()[1] > 1) {
    levels.push_back(halves_of(product));
    product = products_of(levels.back());
  }
  Value others = at.g.reshape({outer, 1, inner});
  for (const Halves& level : std::views::reverse(levels)) others = others_of(level, others);
  return others.reshape(shape);
}

Value reduce_min(const Step& at, int) { return shared(at, at.x[0].greater(kept(at, at.y))); }

Value reduce_max(const Step& at, int) { return shared(at, at.x[0].less(kept(at, at.y))); }

/// If all matrices of a are multiplied by one matrix b, the gradient of b is one product over the
/// rows of all matrices of a.
Value mm(const Step& at, int i) {
  const auto& [a, b, unused] = at.x;
  if (i == 0) return product(at.g, transposed(b));
  const Shape shape = b.shape();
  const bool shared = Shape(std::span(shape.begin(), shape.end() - 2)).elements() == 1;
  if (!shared) return product(transposed(a), at.g);
  const Value rows = transposed(stacked(a));
  const Value gradient = product(rows, stacked(at.g));
  return shape.rank() == 2 ? gradient : gradient.reshape(shape);
}

}  // namespace sinter::detail::gradient::rules
