// Gradients of structural ops, by structural ops, of reductions, and of products, by products.
#include <utility>

#include "function_parts.h"
#include "gradient_rules.h"

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

/// The product of all others: of those that are not 0, divided by the element where none is 0. The
/// only 0 among them has their product, and the others nothing.
Value reduce_prod(const Step& at, int) {
  const Value& x = at.x[0];
  const Value is_zero = fn::equal(x, 0);
  const Value one = x.constant(1);
  const Value not_zero = is_zero.select(one, x);
  const Value zeros = reduced(at, Op::reduce_sum, fn::choose(is_zero, one, 0));
  const Value product = reduced(at, Op::reduce_prod, not_zero);
  const Value of_zero = fn::choose(fn::equal(zeros, 1), product, 0);
  const Value of_others = fn::choose(fn::equal(zeros, 0), product, 0).div(not_zero);
  const Value rest = is_zero.select(of_zero, of_others);
  return kept(at, at.g).mul(rest);
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
