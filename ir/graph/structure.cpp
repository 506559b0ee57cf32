// Structural ops: checks of the arguments of their methods, their canonical attributes, and the
// shapes of their results.
//
//   transpose  axis k of the result is axis axes[k] of x
//   reshape    the elements in row-major order; the node holds the shape
//   slice      element i is x[start + i * step], along each axis; the node holds the shape
//   concat     a, then b, along axis[0]
//   pad        x with low[k] elements `value` before it along axis k, and high[k] after it
//   view       element [i, j, ...] is element offset[0] + i * strides[0] + j * strides[1] + ... of
//              the memory of x, an input or a stored value; only `place_views` records it
//
// In canonical form no axis is negative. A slice has start 0 along an axis of length 0 of its
// result, and step 1 along an axis of length 0 or 1.
#include <sinter/ir/structure.h>

#include <algorithm>

#include <fmt/format.h>

#include <sinter/ir/assert.h>

#include "graph/infer_call.h"

namespace sinter::detail {

// --- Arguments of methods ------------------------------------------------------------------------

int checked_axis(std::string_view op, const Shape& shape, std::int64_t axis) {
  if (axis < -shape.rank() || axis >= shape.rank()) {
    const std::string reason =
        shape.empty() ? "a tensor of rank 0 has no axes"
                      : fmt::format("axes are {} to {}", -shape.rank(), shape.rank() - 1);
    fail(ErrorCode::invalid_argument,
         fmt::format("{}: axis {} of shape {}: {}", op, axis, to_string(shape), reason));
  }
  return static_cast<int>(axis < 0 ? axis + shape.rank() : axis);
}

namespace {

/// Attributes of a slice that takes every element.
SliceAttributes whole(const Shape& shape) {
  SliceAttributes slice{shape, {}, {}};
  for (int axis = 0; axis < shape.rank(); ++axis) {
    slice.start.push_back(0);
    slice.step.push_back(1);
  }
  return slice;
}

[[noreturn]] void refuse_position(const Shape& shape, int axis, std::string_view what,
                                  std::int64_t position, std::int64_t first, std::int64_t last) {
  fail(ErrorCode::invalid_argument,
       fmt::format("slice: {} {} along axis {} of shape {}: positions are {} to {}, or negative "
                   "from the end",
                   what, position, axis, to_string(shape), first, last));
}

}  // namespace

SliceAttributes slice_attributes(const Shape& shape, std::int64_t axis, std::int64_t start,
                                 std::optional<std::int64_t> stop, std::int64_t step) {
  const int at = checked_axis("slice", shape, axis);
  const std::int64_t length = shape[at];
  if (step == 0 || step < -kMaxElements || step > kMaxElements) {
    fail(ErrorCode::invalid_argument,
         fmt::format("slice: a step of {}: steps are -2^48 to 2^48, but not 0", step));
  }
  // An empty slice with a positive step may start at the end. With a negative step the start must
  // be an element.
  const std::int64_t last_start = step > 0 ? length : length - 1;
  const std::int64_t from = start < 0 ? start + length : start;
  if (from < 0 || from > last_start) refuse_position(shape, at, "start", start, 0, last_start);
  std::int64_t to = step > 0 ? length : -1;
  if (stop.has_value()) {
    to = *stop < 0 ? *stop + length : *stop;
    if (to < 0 || to > length) refuse_position(shape, at, "stop", *stop, 0, length);
  }
  const std::int64_t distance = step > 0 ? to - from : from - to;
  const std::int64_t stride = step > 0 ? step : -step;
  SliceAttributes slice = whole(shape);
  slice.shape[at] = distance <= 0 ? 0 : (distance + stride - 1) / stride;
  slice.start[at] = from;
  slice.step[at] = step;
  return slice;
}

SliceAttributes flip_attributes(const Shape& shape, std::int64_t axis) {
  const int at = checked_axis("flip", shape, axis);
  SliceAttributes slice = whole(shape);
  slice.start[at] = std::max<std::int64_t>(shape[at] - 1, 0);
  slice.step[at] = -1;
  return slice;
}

TransposeAttributes transpose_attributes(const Shape& shape, const Dims& axes) {
  TransposeAttributes transpose{axes};
  if (axes.empty()) {
    for (int axis = shape.rank() - 1; axis >= 0; --axis) transpose.axes.push_back(axis);
  }
  return transpose;
}

void refuse_empty_concat() {
  fail(ErrorCode::invalid_argument, "concat of no tensors: give one or more");
}

// --- Shapes of results ---------------------------------------------------------------------------

namespace {

[[noreturn]] void refuse(const OpCall& call, std::string_view reason) {
  fail(ErrorCode::shape_mismatch, fmt::format("{}: {}", call.text(), reason));
}

Shape& own_shape(const OpCall& call, Attributes& attributes) {
  if (attributes.shape.has_value()) return *attributes.shape;
  fail(ErrorCode::invalid_argument, fmt::format("{} needs a shape", call.row.name));
}

/// List i of the call. Throws Error unless it has one entry per axis of x.
Dims& checked_list(const OpCall& call, Attributes& attributes, std::size_t i) {
  Dims& list = attributes.lists[i];
  if (list.rank() == call.shape(0).rank()) return list;
  refuse(call,
         fmt::format("{} {} must have one entry per axis", call.row.lists[i], to_string(list)));
}

Shape transpose_shape(const OpCall& call, Attributes& attributes) {
  Dims& axes = checked_list(call, attributes, 0);
  for (int k = 0; k < axes.rank(); ++k) {
    axes[k] = checked_axis("transpose", call.shape(0), axes[k]);
  }
  Shape result;
  for (std::int64_t axis : axes) {
    if (std::ranges::count(axes, axis) != 1) {
      refuse(call, fmt::format("axes {} are not a permutation of 0 to {}", to_string(axes),
                               axes.rank() - 1));
    }
    result.push_back(call.shape(0)[static_cast<int>(axis)]);
  }
  return result;
}

/// Replaces a length of -1 by the one that gives `to` as many elements as `from`.
void fill_in_length(const Shape& from, Shape& to) {
  const std::ptrdiff_t inferred = std::ranges::count(to, -1);
  if (inferred == 0) return;
  if (inferred > 1) {
    fail(ErrorCode::invalid_argument,
         fmt::format("reshape: {} to {}: {} lengths are -1, and only one may be", to_string(from),
                     to_string(to), inferred));
  }
  std::int64_t others = 1;
  int missing = 0;
  for (int axis = 0; axis < to.rank(); ++axis) {
    if (to[axis] == -1)
      missing = axis;
    else if (__builtin_mul_overflow(others, to[axis], &others))
      others = 0;
  }
  if (others <= 0 || from.elements() % others != 0) {
    fail(ErrorCode::shape_mismatch,
         fmt::format("reshape: {} to {}: no length in place of -1 gives {} elements",
                     to_string(from), to_string(to), from.elements()));
  }
  to[missing] = from.elements() / others;
}

Shape reshape_shape(const OpCall& call, Attributes& attributes) {
  Shape& shape = own_shape(call, attributes);
  fill_in_length(call.shape(0), shape);
  check_shape(shape, "reshape");
  if (shape.elements() == call.shape(0).elements()) return shape;
  refuse(call, fmt::format("to {}, which has {} elements and not {}", to_string(shape),
                           shape.elements(), call.shape(0).elements()));
}

Shape slice_shape(const OpCall& call, Attributes& attributes) {
  Dims& start = checked_list(call, attributes, 0);
  Dims& step = checked_list(call, attributes, 1);
  const Shape& shape = own_shape(call, attributes);
  const Shape& from = call.shape(0);
  check_shape(shape, "slice");
  if (shape.rank() != from.rank()) refuse(call, "the result has as many axes as x");
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (shape[axis] == 0) start[axis] = 0;
    if (shape[axis] <= 1) step[axis] = 1;
    if (shape[axis] == 0) continue;
    std::int64_t last = 0;
    const bool overflows = __builtin_mul_overflow(shape[axis] - 1, step[axis], &last) ||
                           __builtin_add_overflow(last, start[axis], &last);
    const auto inside = [&](std::int64_t at) { return at >= 0 && at < from[axis]; };
    if (!overflows && inside(start[axis]) && inside(last)) continue;
    refuse(call, fmt::format("{} elements from {} by steps of {} leave axis {}", shape[axis],
                             start[axis], step[axis], axis));
  }
  return shape;
}

Shape concat_shape(const OpCall& call, Attributes& attributes) {
  const Shape& a = call.shape(0);
  const Shape& b = call.shape(1);
  Dims& list = attributes.lists[0];
  if (list.rank() != 1) refuse(call, "concat takes one axis");
  const int axis = checked_axis("concat", a, list[0]);
  list[0] = axis;
  Shape result = a;
  if (a.rank() == b.rank()) {
    result[axis] = b[axis];
    if (result == b) {
      result[axis] = a[axis] + b[axis];
      return result;
    }
  }
  refuse(call, fmt::format("all lengths but those of axis {} must be equal", axis));
}

Shape pad_shape(const OpCall& call, Attributes& attributes) {
  const Dims& low = checked_list(call, attributes, 0);
  const Dims& high = checked_list(call, attributes, 1);
  Shape result = call.shape(0);
  for (int axis = 0; axis < result.rank(); ++axis) {
    const auto legal = [](std::int64_t count) { return count >= 0 && count <= kMaxElements; };
    if (!legal(low[axis]) || !legal(high[axis])) {
      refuse(call, fmt::format("{} before and {} after axis {}: a pad takes 0 to 2^48 elements",
                               low[axis], high[axis], axis));
    }
    result[axis] += low[axis] + high[axis];
  }
  return result;
}

/// Range of elements in the memory of a view's operand.
Reach memory_of_operand(const OpCall& call) {
  const Node& node = call.node(0);
  if (node.op != Op::input) return {0, call.shape(0).elements()};
  return reach(call.shape(0), call.graph.inputs[node.payload].strides);
}

Shape view_shape(const OpCall& call, Attributes& attributes) {
  const Shape& shape = own_shape(call, attributes);
  const auto& [strides, offset] = attributes.lists;
  check_shape(shape, "view");
  if (strides.rank() != shape.rank() || offset.rank() != 1) {
    refuse(call, fmt::format("a view of shape {} with strides {} and offset {}", to_string(shape),
                             to_string(strides), to_string(offset)));
  }
  if (shape.elements() == 0) return shape;
  // A view of rank 0 has empty strides, which `reach` takes as dense: one element.
  const Reach walked = reach(shape, Strides(std::span(strides)));
  const Reach memory = memory_of_operand(call);
  const bool inside =
      offset[0] >= memory.lowest - walked.lowest && offset[0] <= memory.end - walked.end;
  if (inside) return shape;
  refuse(call, fmt::format("a view of shape {} with strides {} from {} leaves its memory",
                           to_string(shape), to_string(strides), offset[0]));
}

}  // namespace

Shape infer_structure(const OpCall& call, Attributes& attributes) {
  switch (call.row.op) {
    case Op::transpose: return transpose_shape(call, attributes);
    case Op::reshape: return reshape_shape(call, attributes);
    case Op::slice: return slice_shape(call, attributes);
    case Op::concat: return concat_shape(call, attributes);
    case Op::pad: return pad_shape(call, attributes);
    case Op::view: return view_shape(call, attributes);
    default: break;
  }
  SINTER_ASSERT(false, "every structural op has a shape");
}

}  // namespace sinter::detail
