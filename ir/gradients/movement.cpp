// Gradients of structural ops, by structural ops, of reductions, and of products, by products.
#include <optional>
#include <ranges>
#include <utility>
#include <vector>

#include "functions/parts.h"
#include "gradients/rules.h"

namespace sinter::detail::gradient::rules {
namespace {

namespace fn = functions;

/// The elements of x from `start` on, axis by axis, as many as `shape` says.
Value part_of(const Value& x, const Dims& start, const Shape& shape) {
  Attributes attributes;
  attributes.shape = shape;
  attributes.lists[0] = start;
  for (int axis = 0; axis < shape.rank(); ++axis) attributes.lists[1].push_back(1);
  return Value::apply(Op::slice, std::span(&x, 1), attributes);
}

/// x with step - 1 zeros behind every element along `axis`.
Value spread(const Value& x, int axis, std::int64_t step) {
  Shape shape = x.shape();
  const std::int64_t* behind_axis = shape.begin() + axis + 1;
  const std::int64_t rows = Shape(std::span(shape.begin(), behind_axis)).elements();
  const std::int64_t inner = Shape(std::span(behind_axis, shape.end())).elements();
  shape[axis] *= step;
  Attributes behind;
  behind.lists = {Dims{0, 0}, Dims{0, (step - 1) * inner}};
  const Value flat = x.reshape({rows, inner});
  const Value operands[] = {flat, flat.constant(0)};
  return Value::apply(Op::pad, operands, behind).reshape(shape);
}

/// Along one axis of `length` elements, of which a slice took `taken` from `start` on by `step`:
/// the gradients of what it took, in ascending order with zeros between, `first` elements behind
/// the beginning.
struct Placed {
  Value elements;
  std::int64_t first;
};
Placed placed(Value g, int axis, std::int64_t start, std::int64_t step, std::int64_t length) {
  if (step == 0) g = g.sum(axis, true);  // one element, again and again
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

/// A value of the result's shape, with the axes that were reduced as length 1. A scalar broadcasts
/// as it is.
Value kept(const Step& at, const Value& value) {
  const auto& [axes, keep] = at.attributes.lists;
  if (keep[0] == 1 || value.shape().empty()) return value;
  Shape shape = at.x[0].shape();
  for (std::int64_t axis : axes) shape[static_cast<int>(axis)] = 1;
  return value.reshape(shape);
}

/// `op` of a value of the operand's shape, over the same axes, kept.
Value reduced(const Step& at, Op op, const Value& value) {
  return kept(at, Value::apply(op, std::span(&value, 1), at.attributes));
}

/// In equal parts to all elements but those that `beyond` says are not the extreme.
Value shared(const Step& at, const Value& beyond) {
  const Value zero = at.g.constant(0);
  const Value sharing = reduced(at, Op::reduce_sum, fn::choose(beyond, zero, 1));
  const Value share = kept(at, at.g).div(sharing);
  return fn::choose(beyond, zero, share);
}

/// One axis of a value, the second of three, in two halves; of an odd number of elements the middle
/// one is in neither.
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

/// Element i of the lower half times element i of the upper one; then the middle one.
Value products_of(const Halves& of) {
  const Value products = of.low.mul(of.high);
  return of.middle.has_value() ? Value::concat({products, *of.middle}, 1) : products;
}

/// For each element of the halves, `others` of the product that it is in, times the other factor.
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

/// Every matrix transposed.
Value turned(const Value& x) {
  Dims axes;
  for (int axis = 0; axis < x.shape().rank(); ++axis) axes.push_back(axis);
  std::swap(axes[axes.rank() - 1], axes[axes.rank() - 2]);
  return x.transpose(axes);
}

Value product(const Value& a, const Value& b) {
  const Value operands[] = {a, b};
  return Value::apply(Op::mm, operands);
}

/// All matrices under each other, as one.
Value stacked(const Value& x) {
  const std::int64_t columns = x.shape()[x.shape().rank() - 1];
  const std::int64_t rows = Shape(std::span(x.shape().begin(), x.shape().end() - 1)).elements();
  return x.shape().rank() == 2 ? x : x.reshape({rows, columns});
}

}  // namespace

Value broadcast(const Step& at, int) { return at.g; }

Value transpose(const Step& at, int) {
  const Dims& axes = at.attributes.lists[0];
  Dims inverse = axes;
  for (int axis = 0; axis < axes.rank(); ++axis) inverse[static_cast<int>(axes[axis])] = axis;
  return at.g.transpose(inverse);
}

Value reshape(const Step& at, int) {
  const Shape shape = at.x[0].shape();
  return at.g.reshape(shape);
}

Value slice(const Step& at, int) {
  const auto& [start, step] = at.attributes.lists;
  const Shape shape = at.x[0].shape();
  Value g = at.g;
  Attributes around;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    const Placed along = placed(g, axis, start[axis], step[axis], shape[axis]);
    g = along.elements;
    around.lists[0].push_back(along.first);
    around.lists[1].push_back(shape[axis] - along.first - g.shape()[axis]);
  }
  const Value operands[] = {g, g.constant(0)};
  return Value::apply(Op::pad, operands, around);
}

Value concat(const Step& at, int i) {
  const auto axis = static_cast<int>(at.attributes.lists[0][0]);
  const Shape shape = at.x[static_cast<std::size_t>(i)].shape();
  Dims start;
  for (int k = 0; k < shape.rank(); ++k) {
    start.push_back(k == axis && i == 1 ? at.x[0].shape()[axis] : 0);
  }
  return part_of(at.g, start, shape);
}

Value pad(const Step& at, int) {
  const Shape shape = at.x[0].shape();
  return part_of(at.g, at.attributes.lists[0], shape);
}

Value reduce_sum(const Step& at, int) {
  const Shape shape = at.x[0].shape();
  return kept(at, at.g).broadcast_to(shape);
}

/// g times the product of all other elements, without a division: right where elements are 0 or
/// their product is out of range, and in derivatives of every order. Halves of the elements are
/// multiplied until one is left; on the way back each has g times what all others came to.
Value reduce_prod(const Step& at, int) {
  const Value& x = at.x[0];
  const Shape shape = x.shape();
  if (shape.elements() == 0) return kept(at, at.g).broadcast_to(shape);
  const auto [outer, group, inner] = group_extents(shape, at.attributes.lists[0]);
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

/// A matrix that all matrices of a are multiplied by has its gradient from one product over all of
/// their rows.
Value mm(const Step& at, int i) {
  const auto& [a, b, unused] = at.x;
  if (i == 0) return product(at.g, turned(b));
  const Shape shape = b.shape();
  const bool shared = Shape(std::span(shape.begin(), shape.end() - 2)).elements() == 1;
  if (!shared) return product(turned(a), at.g);
  const Value rows = turned(stacked(a));
  const Value gradient = product(rows, stacked(at.g));
  return shape.rank() == 2 ? gradient : gradient.reshape(shape);
}

}  // namespace sinter::detail::gradient::rules
