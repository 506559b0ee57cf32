// Reductions: combiners, identities and chunks, checks of axes, and the shapes of results.
#include <sinter/ir/reduction.h>

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include <sinter/ir/assert.h>
#include <sinter/ir/element.h>
#include <sinter/ir/rethrow.h>
#include <sinter/ir/structure.h>

#include "graph/infer_call.h"

namespace sinter {

std::int64_t reduction_lanes(DType dtype) { return 256 / info(compute_dtype(dtype)).bytes; }

std::int64_t chunk_elements(DType dtype, bool rows) {
  return kChunkSteps * (rows ? reduction_lanes(dtype) : 1);
}

GroupExtents group_extents(const Shape& shape, const Dims& axes) {
  GroupExtents extents;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (axis < axes[0])
      extents.outer *= shape[axis];
    else if (axis < axes[0] + axes.rank())
      extents.group *= shape[axis];
    else
      extents.inner *= shape[axis];
  }
  return extents;
}

Op combiner(Op reduction) {
  if (info(reduction).kind != OpKind::reduction) {
    fail(ErrorCode::invalid_argument,
         fmt::format("combiner of {}, which is not a reduction", to_string(reduction)));
  }
  switch (reduction) {
    case Op::reduce_sum: return Op::add;
    case Op::reduce_prod: return Op::mul;
    case Op::reduce_min: return Op::min;
    case Op::reduce_max: return Op::max;
    case Op::reduce_any: return Op::logical_or;
    case Op::reduce_all: return Op::logical_and;
    default: break;
  }
  SINTER_ASSERT(false, "a reduction has a combiner");
}

std::uint64_t identity_bits(Op reduction, DType dtype) {
  constexpr double kInf = std::numeric_limits<double>::infinity();
  switch (reduction) {
    case Op::reduce_prod:
    case Op::reduce_all: return element_bits(1, dtype);
    // For integers, infinities saturate to the highest and lowest value.
    case Op::reduce_min: return element_bits(kInf, dtype);
    case Op::reduce_max: return element_bits(-kInf, dtype);
    default: return element_bits(0, dtype);
  }
}

bool is_ordered(Op reduction, DType dtype) {
  return is_floating(dtype) && (reduction == Op::reduce_sum || reduction == Op::reduce_prod);
}

namespace detail {
namespace {

/// Whether each axis of `shape` is reduced. Throws Error for axes that do not exist or repeat.
std::vector<bool> checked_axes(std::string_view op, const Shape& shape, const Dims& axes) {
  std::vector<bool> reduced(static_cast<std::size_t>(shape.rank()), axes.empty());
  for (std::int64_t axis : axes) {
    const auto at = static_cast<std::size_t>(checked_axis(op, shape, axis));
    if (reduced[at]) {
      fail(ErrorCode::invalid_argument,
           fmt::format("{}: axes {} of shape {} name axis {} twice: name each axis once", op,
                       to_string(axes), to_string(shape), at));
    }
    reduced[at] = true;
  }
  return reduced;
}

/// True if `value` is base^n for n of 1 or more; `base` is 2 or more.
bool is_power(std::int64_t value, std::int64_t base) {
  while (value > base && value % base == 0) value /= base;
  return value == base;
}

}  // namespace

std::int64_t chunks_of(std::int64_t elements, std::int64_t chunk) {
  return elements == 0 ? 1 : 1 + (elements - 1) / chunk;
}

ReductionSteps reduction_steps(std::string_view method, const Shape& shape, const Axes& axes,
                               bool keepdims) try {
  ReductionSteps steps;
  if (shape.empty()) {
    static_cast<void>(checked_axes(method, shape, axes.dims()));
    steps.groups.push_back({.axes = {0}, .keeps = false});
    return steps;
  }
  const std::vector<bool> reduced = checked_axes(method, shape, axes.dims());
  // From the last axis to the first, because the innermost group is reduced first. Axes of length 1
  // do not end a group.
  Dims group;
  bool any = false;
  const auto close = [&] {
    if (any) {
      Dims ascending;
      for (int i = group.rank() - 1; i >= 0; --i) ascending.push_back(group[i]);
      steps.groups.push_back({.axes = ascending, .keeps = true});
    }
    group = {};
    any = false;
  };
  for (int axis = shape.rank() - 1; axis >= 0; --axis) {
    const bool own = reduced[static_cast<std::size_t>(axis)];
    if (!own && shape[axis] != 1) {
      close();
      continue;
    }
    group.push_back(axis);
    any = any || own;
  }
  close();
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (!reduced[static_cast<std::size_t>(axis)])
      steps.shape.push_back(shape[axis]);
    else if (keepdims)
      steps.shape.push_back(1);
  }
  // If a single group holds reduced axes only, no axis of length 1 that stays, the reduction drops
  // the axes itself and no reshape is needed.
  if (!keepdims && steps.groups.size() == 1 &&
      shape.rank() - steps.groups[0].axes.rank() == steps.shape.rank()) {
    steps.groups[0].keeps = false;
  }
  return steps;
} catch (...) {
  detail::rethrow_as_error();
}

std::int64_t reduced_count(const Shape& shape, const Shape& result) {
  std::int64_t count = 1;
  // Lengths of 0 count as 1 in both products, so that axes of length 0 that stay cancel.
  for (std::int64_t length : shape) count *= std::max<std::int64_t>(length, 1);
  for (std::int64_t length : result) count /= std::max<std::int64_t>(length, 1);
  const auto empty_axes = [](const Shape& of) { return std::ranges::count(of, 0); };
  return empty_axes(shape) > empty_axes(result) ? 0 : count;
}

Search search_along(Op extreme, const Shape& shape, const Axes& axes, bool keepdims) {
  const bool highest = extreme == Op::reduce_max;
  const std::string_view op = highest ? "argmax" : "argmin";
  const Dims& given = axes.dims();
  if (given.rank() > 1) {
    fail(ErrorCode::invalid_argument,
         fmt::format("{}: axes {} of shape {}: name one axis, or none for the index in the "
                     "flattened tensor",
                     op, to_string(given), to_string(shape)));
  }
  Search search{{shape.elements()}, 0, {}};
  if (!given.empty()) search = {shape, checked_axis(op, shape, given[0]), {}};
  if (search.from[search.axis] == 0) {
    fail(ErrorCode::shape_mismatch,
         fmt::format("{} of shape {}{}: there are no elements, so there is no {} one", op,
                     to_string(shape), given.empty() ? "" : fmt::format(" along axis {}", given[0]),
                     highest ? "highest" : "lowest"));
  }
  for (int axis = 0; axis < shape.rank(); ++axis) {
    const bool searched = given.empty() || axis == search.axis;
    if (!searched)
      search.shape.push_back(shape[axis]);
    else if (keepdims)
      search.shape.push_back(1);
  }
  return search;
}

void check_floating(std::string_view method, DType dtype, const Shape& shape) {
  if (is_floating(dtype)) return;
  fail(ErrorCode::dtype_mismatch,
       fmt::format("{} of {}{}: it computes on floats; convert the tensor first, to the floating "
                   "dtype that the result is to have",
                   method, to_string(dtype), to_string(shape)));
}

void check_reduction(std::string_view method, Op op, DType dtype, const Shape& shape,
                     const Axes& axes) try {
  const bool logical = info(op).rule == DTypeRule::logical;
  if (logical != (dtype == DType::boolean)) {
    fail(ErrorCode::dtype_mismatch,
         fmt::format("{} of {}{}: {}", method, to_string(dtype), to_string(shape),
                     logical ? "it takes a bool mask; compare first, as by not_equal(0)"
                             : "it takes numbers; convert the mask first, as by "
                               "convert(DType::i64), or use any or all"));
  }
  if (op != Op::reduce_min && op != Op::reduce_max) return;
  const std::vector<bool> reduced = checked_axes(method, shape, axes.dims());
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (!reduced[static_cast<std::size_t>(axis)] || shape[axis] != 0) continue;
    fail(ErrorCode::shape_mismatch,
         fmt::format("{} of {}{}: axis {} has no elements, so there is no {} one", method,
                     to_string(dtype), to_string(shape), axis,
                     op == Op::reduce_min ? "lowest" : "highest"));
  }
} catch (...) {
  rethrow_as_error();
}

Shape infer_reduction(const OpCall& call, Attributes& attributes) {
  const Shape& from = call.shape(0);
  const auto refuse = [&](const std::string& reason) {
    fail(ErrorCode::shape_mismatch, fmt::format("{}: {}", call.text(), reason));
  };
  ReductionAttributes reduction = checked_reduction(call, attributes);
  Dims& axes = reduction.axes;
  for (int i = 0; i < axes.rank(); ++i) {
    axes[i] = checked_axis(call.row.name, from, axes[i]);
    if (axes[i] == axes[0] + i) continue;
    refuse(fmt::format("axes {} are not neighbours in ascending order, of 0 to {}", to_string(axes),
                       from.rank() - 1));
  }
  const GroupExtents n = group_extents(from, axes);
  std::int64_t& chunk = reduction.chunk;
  const std::int64_t rule = chunk_elements(call.dtype(0), n.inner == 1);
  if (chunk != 0 && is_ordered(call.row.op, call.dtype(0)) && !is_power(chunk, rule)) {
    refuse(fmt::format("chunks of {} elements: here a chunk has {} elements, or a power of that",
                       chunk, rule));
  }
  // A single chunk is the whole reduction.
  if (chunk >= std::max<std::int64_t>(n.group, 1)) chunk = 0;
  const int last = static_cast<int>(axes[0]) + axes.rank() - 1;
  Shape result;
  for (int axis = 0; axis < from.rank(); ++axis) {
    if (axis < axes[0] || axis > last)
      result.push_back(from[axis]);
    else if (reduction.keeps)
      result.push_back(axis == last && chunk > 0 ? chunks_of(n.group, chunk) : 1);
  }
  const bool has_extreme = call.row.op == Op::reduce_min || call.row.op == Op::reduce_max;
  if (n.group == 0 && has_extreme) {
    refuse(fmt::format("the axes have no elements, so there is no {} one",
                       call.row.op == Op::reduce_min ? "lowest" : "highest"));
  }
  attributes = reduction.generic();
  return result;
}

}  // namespace detail
}  // namespace sinter
